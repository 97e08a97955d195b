"""What a measurement was taken on."""

import os
import platform
from importlib import metadata
from pathlib import Path

_PACKAGES = ("auricle", "torch", "numpy", "constriction", "soxr", "av", "pesq", "pystoi", "transformers")


def machine() -> dict[str, str | int | float]:
    """Processor, cores, load, and versions, by name. A load near 0 before a run means that it had the machine alone."""
    facts: dict[str, str | int | float] = {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if platform.system() == "Linux" else os.cpu_count() or 0,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
    if platform.system() != "Windows":
        facts["load"] = round(os.getloadavg()[0], 2)
    for package in _PACKAGES:
        try:
            facts[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return facts


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    if known.is_file():
        for line in known.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()

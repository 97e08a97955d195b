"""What a measurement was taken on."""

import os
import platform
import sys
from importlib import metadata
from pathlib import Path

_PACKAGES = (
    "auricle",
    "torch",
    "numpy",
    "constriction",
    "soxr",
    "av",
    "pesq",
    "pystoi",
    "visqol-python",
    "transformers",
)


def describe_machine() -> dict[str, str | int | float]:
    """Processor, cores, load, and versions, by name. A load near 0 before a run means that it had the machine alone."""
    facts: dict[str, str | int | float] = {
        "processor": _processor(),
        "cores": cores(),
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


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if platform.system() == "Linux" else os.cpu_count() or 1


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def peak_memory() -> int | None:
    """Peak resident bytes of this process alone, None where the system does not tell.

    ``ru_maxrss`` would do, but on Linux it may hold the peak of whatever started the process.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    if platform.system() == "Windows":
        return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

"""Megabytes that `auricle` takes beside torch, and that each extra adds, as the files of installed packages have them.

Run it in an environment that has the extras; a package that is absent is named, and the figure is then too small.
What the core has already is not counted again; what two extras share counts for both.
"""

import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from platform import python_version
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from _shared import parser, publish, run, table

MEGABYTE = 1e6
PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]


def closure(roots: list[Requirement], missing: set[str]) -> dict[str, Distribution]:
    """Installed packages that the requirements lead to, by name."""
    packages: dict[str, Distribution] = {}
    visited: set[tuple[str, str]] = set()
    waiting = [(requirement, extra) for requirement in roots for extra in (*requirement.extras, "")]
    while waiting:
        requirement, extra = waiting.pop()
        name = canonicalize_name(requirement.name)
        if (name, extra) in visited:
            continue
        visited.add((name, extra))
        try:
            package = packages.setdefault(name, distribution(name))
        except PackageNotFoundError:
            missing.add(name)
            continue
        for text in package.requires or ():
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                waiting += [(needed, part) for part in (*needed.extras, "")]
    return packages


def megabytes(package: Distribution) -> float:
    """Size of a package's files on disk, without compiled bytecode."""
    paths = (Path(str(file.locate())) for file in package.files or () if file.suffix != ".pyc")
    return sum(path.stat().st_size for path in paths if path.is_file()) / MEGABYTE


def requirements(extra: str) -> list[Requirement]:
    """What an extra of auricle asks for; the core where it is empty."""
    texts = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    return [Requirement(text) for text in texts]


def measured() -> list[dict[str, Any]]:
    """One row for torch, one for the core beside it, one for each extra."""
    absent: set[str] = set()
    core, torch = closure(requirements(""), absent), closure([Requirement("torch")], absent)
    rows = [_row("torch", torch, absent), _row("core", {k: v for k, v in core.items() if k not in torch}, absent)]
    for extra in sorted(PROJECT["optional-dependencies"].keys() - {"all", "test"}):
        absent = set()
        packages = closure(requirements(extra), absent)
        rows.append(_row(extra, {k: v for k, v in packages.items() if k not in core}, absent))
    return rows


def _row(name: str, packages: dict[str, Distribution], absent: set[str]) -> dict[str, Any]:
    size = round(sum(map(megabytes, packages.values())), 1)
    return {"extra": name, "packages": len(packages), "MB": size, "not installed here": ", ".join(sorted(absent))}


def main() -> None:
    """Measure, print, write."""
    options = parser(__doc__).parse_args()
    rows = measured()
    publish("extras", options.out, {"python": python_version()}, {"rows": rows}, [table(rows)])


if __name__ == "__main__":
    run(main)

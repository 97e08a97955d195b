"""Packages that only some jobs need: loaded where they are used, named with their extra where they are absent."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType, ModuleType

from auricle.errors import MissingPackageError

_DISTRIBUTIONS: Mapping[str, str] = MappingProxyType(
    {
        "pythonosc": "python-osc",
        "rtmidi": "python-rtmidi",
        "sklearn": "scikit-learn",
        "swift_f0": "swift-f0",
        "visqol": "visqol-python",
    }
)
"""What is installed, where it is not called what is imported."""


def require(package: str, *, extra: str, purpose: str) -> ModuleType:
    """The imported package.

    Args:
        package: name of the module to import.
        extra: of auricle, that installs it.
        purpose: what needs it, as a plural: ``pictures of spectrograms``.

    Raises:
        MissingPackageError: it is not installed; the message says how to install it.
    """
    try:
        return import_module(package)
    except ImportError as error:
        name = _DISTRIBUTIONS.get(package.partition(".")[0], package.partition(".")[0])
        raise MissingPackageError(f"{purpose} need the package {name}: pip install 'auricle[{extra}]'") from error

"""All codecs by name, and where their files lie."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import MappingProxyType

from auricle.bench.codecs.base import Codec
from auricle.errors import OptionError
from auricle.options.benchmark import AssetPaths

CodecFactory = Callable[[AssetPaths], Codec]
_WITHOUT_CODECS = frozenset(("auricle", "base"))
"""Modules of this folder without ``CODECS``: Auricle's codec needs a model, and loads torch."""


def codec_names() -> tuple[str, ...]:
    """All names that `make_codec` takes, of codecs that are installed or not."""
    return tuple(registry())


def make_codec(name: str, paths: AssetPaths | None = None) -> Codec:
    """Make a codec by its name.

    Raises:
        OptionError: no codec has that name.
    """
    if name not in registry():
        raise OptionError(f"no codec is called {name!r}: choose from {', '.join(codec_names())}")
    return registry()[name](paths or AssetPaths())


@cache
def registry() -> Mapping[str, CodecFactory]:
    """What makes each codec, by name."""
    room = __name__.rpartition(".")[0]
    folder = str(Path(__file__).parent)
    listed = {module.name for module in iter_modules([folder]) if not module.name.startswith("_")}
    factories: dict[str, CodecFactory] = {}
    for module in sorted(listed - _WITHOUT_CODECS):
        factories |= import_module(f"{room}.{module}").CODECS
    return MappingProxyType(factories)

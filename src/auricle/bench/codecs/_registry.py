"""Finding peers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import MappingProxyType
from typing import final

from auricle.bench.codecs.base import Peer
from auricle.errors import OptionError


@final
@dataclass(frozen=True)
class Places:
    """Where things lie that no package brings; None where nobody said.

    Attributes:
        lyra: folder with Lyra V2's released TFLite files.
        weights: folder with a subfolder for each neural peer (``encodec``, ``dac``, ``mimi``) as transformers saves it.
        libopus: a shared library of libopus that was built with its neural decoders.
    """

    lyra: Path | None = None
    weights: Path | None = None
    libopus: Path | None = None


Maker = Callable[[Places], Peer]
_NO_PEERS = frozenset(("auricle", "base"))
"""Modules of this folder without ``PEERS``: Auricle's codec needs a model, and loads torch."""


def names() -> tuple[str, ...]:
    """Names of all peers that are known, installed or not."""
    return tuple(found())


def peer(name: str, places: Places | None = None) -> Peer:
    """Make a peer.

    Raises:
        OptionError: no peer has that name.
    """
    if name not in found():
        raise OptionError(f"no codec is called {name!r}: choose from {', '.join(names())}")
    return found()[name](places or Places())


@cache
def found() -> Mapping[str, Maker]:
    """What makes each peer, by name."""
    room = __name__.rpartition(".")[0]
    folder = str(Path(__file__).parent)
    listed = {module.name for module in iter_modules([folder]) if not module.name.startswith("_")}
    made: dict[str, Maker] = {}
    for module in sorted(listed - _NO_PEERS):
        made |= import_module(f"{room}.{module}").PEERS
    return MappingProxyType(made)

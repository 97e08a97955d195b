"""What arguments name: files, models, and ``-`` for standard input and output."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, final

from cyclopts import Parameter

from auricle.cli.formatting import format_size
from auricle.cli.options import Flag
from auricle.cli.screen import Screen
from auricle.errors import OptionError

if TYPE_CHECKING:
    from auricle import Autoencoder
    from auricle.archive.tasks.codec import ModelChoice

PIPE = Path("-")


def open_input(path: Path) -> Path | BinaryIO:
    """What to read: standard input for ``-``.

    Raises:
        OptionError: standard input is a terminal.
    """
    if path != PIPE:
        return path
    if sys.stdin.isatty():
        raise OptionError("standard input is a terminal: pipe a file into it, as in `cat FILE | auricle ...`")
    return sys.stdin.buffer


def open_output(path: Path) -> Path | BinaryIO:
    """What to write: standard output for ``-``.

    Raises:
        OptionError: standard output is a terminal.
    """
    if path != PIPE:
        return path
    if sys.stdout.isatty():
        raise OptionError("standard output is a terminal: pipe it on, as in `auricle ... | COMMAND`, or name a file")
    return sys.stdout.buffer


def output_path(source: Path, target: Path | None, suffix: str) -> Path:
    """The target; where none was named, the source with another suffix, or standard output for standard input.

    Raises:
        OptionError: the source has no name of its own.
    """
    if target is not None:
        return target
    if not source.name:
        raise OptionError(f"{source} is a folder: name a file")
    return PIPE if source == PIPE else source.with_suffix(suffix)


def names_folder(path: Path) -> bool:
    """Whether it is a folder to write into: one that is there, or a new name without a file's ending."""
    from auricle.audio.suffixes import has_ending

    return path.is_dir() or not (path == PIPE or has_ending(path) or os.path.lexists(path))


def print_result(screen: Screen, target: Path, text: str, values: dict[str, object]) -> None:
    """The verb's result; on standard error where its output goes to standard output."""
    screen.result(text, values, aside=target == PIPE)


def name_and_size(path: Path) -> str:
    """A file's name and size, or the pipe's name."""
    return "-" if path == PIPE else f"{path} {format_size(path.stat().st_size)}"


@final
@Parameter(name="*")
@dataclass(frozen=True)
class ModelOptions:
    """Which model codes or decodes.

    Attributes:
        model: a shipped model's name or a model file. By default compress takes speech up to 24 kHz and music above,
            and decompress the shipped model that the file names.
        allow_edited: take a model file although its contents do not have the fingerprint that it states.
    """

    model: str | None = None
    allow_edited: Flag = False

    def load(self) -> "Autoencoder | str | None":
        """The model's name; the model itself where its fingerprint may be wrong.

        Raises:
            ModelError: it can't be loaded.
        """
        if self.model is None or not self.allow_edited:
            return self.model
        from auricle import load

        return load(self.model, allow_edited=True)

    @property
    def choice(self) -> "ModelChoice":
        """The same for many files: each process loads it once."""
        from auricle.archive.tasks.codec import ModelChoice

        return ModelChoice(self.model, self.allow_edited)


DEFAULT_MODEL = ModelOptions()

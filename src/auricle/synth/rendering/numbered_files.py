"""Numbered WAV files in a folder, none of which replaces another by accident."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from auricle.atomic import atomic_write, check_writable
from auricle.audio import AudioWriter
from auricle.errors import OutputError


def numbered_paths(folder: Path, name: str, count: int, *, force: bool) -> tuple[Path, ...]:
    """Paths ``folder/name-001.wav`` and on. What could not be written in the end is refused here; nothing is created.

    Raises:
        OutputError: a file exists and ``force`` is false, or the folder can't be made or written.
    """
    digits = max(3, len(str(count)))
    paths = tuple(folder / f"{safe_file_name(name)}-{number:0{digits}d}.wav" for number in range(1, count + 1))
    if folder.is_dir():
        for path in paths:
            check_writable(path, force=force)
    else:
        _check_creatable(folder)
    return paths


def _check_creatable(folder: Path) -> None:
    above = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    if not above.is_dir():
        raise OutputError(f"{above} is a file: name a folder for the sounds")
    if not os.access(above, os.W_OK):
        raise OutputError(f"the folder {above} is not writable: name a folder elsewhere")


def safe_file_name(name: str) -> str:
    """A name that every file system takes."""
    return re.sub(r"[^\w.-]+", "_", name).strip("._-")[:80] or "sound"


def write_blocks(path: Path, blocks: Iterable[np.ndarray], sample_rate: int, channels: int, *, force: bool) -> int:
    """Write ``(c, t)`` blocks to a file that appears whole or not at all; return the samples per channel.

    Its folder is created.

    Raises:
        OutputError: it exists and ``force`` is false, or can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"can't make the folder {path.parent}: {error.strerror}") from error
    with atomic_write(path, force=force) as temporary, AudioWriter(temporary, sample_rate, channels) as writer:
        for block in blocks:
            writer.write(block)
        return writer.frames

"""Where sounds go: numbered files in a folder, one named file, or arrays; none replaces another by accident."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

import numpy as np

from auricle.atomic import atomic_write, check_writable
from auricle.audio import AudioWriter, writable_format
from auricle.audio.suffixes import check_format_limits, has_ending, nearest_rate, subtype_of_bits
from auricle.audio.writer import check_rate_and_channels
from auricle.errors import OptionError, OutputError
from auricle.options.synthesis import SoundFileOptions

_DIGITS = 3


@final
@dataclass(frozen=True)
class SoundTarget:
    """Where one sound goes, and in which form.

    Attributes:
        path: its file; None for an array.
        sample_rate: in Hz.
        subtype: libsndfile's name of the sample format; None is what the format has by default.
        tags: that its file gets.
        force: replace a file.
    """

    path: Path | None
    sample_rate: int
    subtype: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    force: bool = False

    def write(self, blocks: Iterable[np.ndarray], channels: int) -> None:
        """Write ``(c, t)`` blocks to the file, which appears whole or not at all. Its folder is created.

        Raises:
            OutputError: it exists and may not be replaced, or can't be written.
        """
        assert self.path is not None, "an array is not written"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"can't make the folder {self.path.parent}: {error.strerror}") from error
        with (
            atomic_write(self.path, force=self.force) as temporary,
            AudioWriter(temporary, self.sample_rate, channels, self.subtype, tags=self.tags) as writer,
        ):
            for block in blocks:
                writer.write(block)


@final
@dataclass(frozen=True)
class Destination:
    """Where the sounds of one call go.

    Attributes:
        folder: of numbered files; None for arrays and one file.
        file: the one file; None for arrays and a folder.
        suffix: of the files.
        sample_rate: in Hz.
        subtype: libsndfile's name of the sample format.
        force: replace files.
    """

    folder: Path | None
    file: Path | None
    suffix: str
    sample_rate: int
    subtype: str | None
    force: bool

    def targets(self, names: Sequence[str], tags: Sequence[Mapping[str, str]] | None = None) -> list[SoundTarget]:
        """A target for each name: ``name-001.wav`` and on, after the numbers that are there; from 1 with ``force``.

        To be called while the folder is locked, so that no other process takes the numbers.
        """
        paths = [self.file] * len(names) if self.folder is None else self._numbered(self.folder, names)
        texts = [{}] * len(names) if tags is None else tags
        return [
            SoundTarget(path, self.sample_rate, self.subtype, text, self.force)
            for path, text in zip(paths, texts, strict=True)
        ]

    def _numbered(self, folder: Path, names: Sequence[str]) -> list[Path]:
        stems = [safe_file_name(name) for name in names]
        last = {stem: 0 if self.force else _last_number(folder, stem) for stem in set(stems)}
        digits = max(_DIGITS, len(str(len(names))))
        paths = []
        for stem in stems:
            last[stem] += 1
            paths.append(folder / f"{stem}-{last[stem]:0{digits}d}{self.suffix}")
        for path in paths if self.force else ():
            check_writable(path, force=True)
        return paths


def destination(
    out: Path | str | None, native: tuple[int, int], count: int, files: SoundFileOptions, *, force: bool
) -> Destination:
    """Where ``count`` sounds go; what could not be written in the end is refused here, and nothing is created.

    Args:
        out: a folder, that is one that is there or a new name without a file's ending; a file with the suffix of a
            sound; or None for arrays.
        native: sample rate in Hz and channels of what will be written.
        count: how many sounds.
        files: in which form.
        force: replace files.

    Raises:
        OptionError: several sounds into one file, two formats, a format that is not written, or a form that the format
            can't have.
        OutputError: the file exists and ``force`` is false, or the place can't be made or written.
    """
    sample_rate, channels = native
    if out is None:
        rate = sample_rate if files.rate is None else files.rate
        check_rate_and_channels(rate, channels)
        return Destination(None, None, ".wav", rate, None, force)
    path = Path(out)
    file = _one_file(path)
    suffix = f".{files.format or 'wav'}" if file is None else file.suffix
    if file is not None and files.format not in (None, suffix.lower()[1:]):
        raise OptionError(f"{file} is no .{files.format} file: leave the format out, or end the name with it")
    if file is not None and count > 1:
        raise OptionError(f"{file} is one file for {count} sounds: name a folder")
    example = Path("sound").with_suffix(suffix) if file is None else file
    format, default = writable_format(example)
    subtype = subtype_of_bits(example, files.bits)
    rate = nearest_rate(example, sample_rate) if files.rate is None else files.rate
    check_rate_and_channels(rate, channels)
    check_format_limits(format, subtype or default, rate, channels)
    _check_place(path, file, force=force)
    return Destination(path if file is None else None, file, suffix, rate, subtype, force)


def _one_file(path: Path) -> Path | None:
    """The one file that a name stands for; None for a folder.

    Raises:
        OptionError: its ending is none that is written.
    """
    if path.is_dir() or not has_ending(path):
        return None
    try:
        writable_format(path)
    except OptionError as error:
        raise OptionError(f"{error}; a new folder's name has no ending") from error
    return path


def _check_place(path: Path, file: Path | None, *, force: bool) -> None:
    folder = path if file is None else path.parent
    if file is not None and folder.is_dir():
        check_writable(file, force=force)
    if not folder.is_dir():
        above = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
        if not above.is_dir():
            raise OutputError(f"{above} is a file: name a folder for the sounds")
        folder = above
    if not os.access(folder, os.W_OK):
        raise OutputError(f"the folder {folder} is not writable: name a folder elsewhere")


def _last_number(folder: Path, stem: str) -> int:
    """The highest number of a file ``stem-NUMBER`` with any suffix; 0 for none."""
    pattern = re.compile(rf"{re.escape(stem)}-(\d{{1,9}})", re.IGNORECASE)
    entries = folder.iterdir() if folder.is_dir() else ()
    return max((int(match[1]) for entry in entries if (match := pattern.fullmatch(entry.stem))), default=0)


def safe_file_name(name: str) -> str:
    """A name that every file system takes."""
    return re.sub(r"[^\w.-]+", "_", name).strip("._-")[:80] or "sound"

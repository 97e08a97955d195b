"""Every sound of a corpus, decoded once into one memory-mapped file that training reads crops from."""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self, final

import numpy as np

from auricle.audio import AudioReader, Resampler, resampled_length
from auricle.data.checksum import ChecksummedFile, damaged_piece
from auricle.data.ordered_map import ordered_map
from auricle.data.scan import Rejected, Sound
from auricle.errors import AudioError, DataError, OptionError
from auricle.progress import OnProgress, Progress, ignore_progress

_VERSION = 2
_SAMPLES = "samples.i16"
_INDEX = "index.json"
_BLOCK = 1 << 17
_MAX_THREADS = 4
_QUEUE = 64  # decoded sounds that wait for a slow one before them
# One int16 unit is 2^-14: full scale is stored at half range, so that the overshoot of resampled loud music
# and of float recordings survives; the rounding noise, 95 dB below full scale, is far below any codec's.
_UNIT = 2.0**-14
_MAX_PEAK = 2.0
# No format packs more samples per channel into a byte (long silence in Opus or FLAC comes near): a damaged header that
# promises more must not make a corpus too large for the disk.
_MAX_FRAMES_PER_BYTE = 1024


@dataclass(frozen=True)
class _Entry:
    """Where one sound lies: its offset in int16 units, its length in samples per channel."""

    name: str
    offset: int
    length: int
    channels: int


@dataclass(frozen=True)
class _DecodedFile:
    """One decoded sound in a file of its own."""

    path: Path
    length: int
    channels: int


@final
class AudioCache:
    """The decoded sounds of a corpus at one sample rate, as int16 on disk, mapped into memory as they are
    read.

    Sounds keep up to ``max_channels`` of their channels (the first ones). Make one with `build`.
    """

    def __init__(self, folder: Path) -> None:
        """Open a finished cache and check it: all of its samples up to 2 GB, of a larger one a sample.

        Raises:
            DataError: the folder holds no cache, or a damaged one.
        """
        try:
            index = json.loads((folder / _INDEX).read_text("utf-8"))
            self._entries = tuple(_Entry(*entry) for entry in index["sounds"])
            self.rejected = tuple(Rejected(Path(path), reason) for path, reason in index["rejected"])
            self.sample_rate = int(index["sample_rate"])
            self._samples = np.memmap(folder / _SAMPLES, np.int16, "r")
            damaged = damaged_piece(folder / _SAMPLES, index["checksums"])
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise DataError(f"the audio cache {folder} can't be read ({error}): delete this folder") from error
        last = self._entries[-1]
        if self._samples.size != last.offset + last.length * last.channels:
            raise DataError(f"the audio cache {folder} is incomplete: delete this folder")
        if damaged is not None:
            raise DataError(f"the audio cache {folder} is damaged (its samples have changed): delete this folder")
        self.folder = folder
        self.lengths = np.array([entry.length for entry in self._entries], np.int64)
        self.lengths.setflags(write=False)

    @classmethod
    def build(
        cls,
        sounds: Sequence[Sound],
        folder: Path | str,
        *,
        sample_rate: int,
        max_channels: int = 2,
        on_progress: OnProgress = ignore_progress,
        on_note: Callable[[str], None] = lambda line: None,
    ) -> Self:
        """Decode sounds into a cache below ``folder``, or open the one that an earlier call made of the same
        files.

        The cache appears whole or not at all; sounds that do not decode, or have vanished since they were scanned,
        are in `rejected`, the others keep their order. A cache that was damaged since is made anew.

        Args:
            sounds: from `scan`.
            folder: created if missing; each set of files (paths, sizes, times), rate and channels has a
                subfolder.
            sample_rate: of the cache, in Hz.
            max_channels: how many channels to keep of each sound.
            on_progress: is told how many sounds are decoded.
            on_note: is told in one line if a damaged cache is made anew.

        Raises:
            DataError: no sound decodes, or the folder can't be written or has too little space.
        """
        if sample_rate < 1 or max_channels < 1:
            raise OptionError(f"a cache of {max_channels} channels at {sample_rate} Hz: both must be positive")
        folder = Path(folder)
        home = folder / _key(sounds, sample_rate, max_channels)
        try:
            if home.exists():
                try:
                    return cls(home)
                except DataError as error:
                    on_note(f"{str(error).removesuffix(': delete this folder')}: it is made anew")
                    discard_folder(home)
            folder.mkdir(parents=True, exist_ok=True)
            _check_space(sounds, folder, sample_rate, max_channels)
            _write_cache(sounds, home, sample_rate, max_channels, on_progress)
        except OSError as error:
            raise DataError(f"can't write the audio cache {folder}: {error.strerror or error}") from error
        return cls(home)

    def __len__(self) -> int:
        """Return the number of sounds."""
        return len(self._entries)

    @property
    def names(self) -> tuple[str, ...]:
        """Name (path relative to the scanned folder) of each sound."""
        return tuple(entry.name for entry in self._entries)

    @property
    def seconds(self) -> float:
        """Total length in seconds."""
        return float(self.lengths.sum()) / self.sample_rate

    def channels(self, index: int) -> int:
        """Return how many channels a sound has here."""
        return self._entries[index].channels

    def crop(self, index: int, start: int, length: int) -> np.ndarray:
        """Return float32 ``(c, length)`` of a sound from sample ``start`` on, with zeros after its end."""
        assert start >= 0 and length >= 0, f"start {start} and length {length} must not be negative"
        entry = self._entries[index]
        count = max(0, min(length, entry.length - start))
        first = entry.offset + start * entry.channels
        stored = self._samples[first : first + count * entry.channels].reshape(count, entry.channels)
        crop = np.zeros((entry.channels, length), np.float32)
        np.multiply(stored.T, np.float32(_UNIT), out=crop[:, :count], casting="unsafe")
        return crop

    def sound(self, index: int) -> np.ndarray:
        """Return a whole sound, float32 ``(c, t)``."""
        return self.crop(index, 0, self._entries[index].length)


def _key(sounds: Sequence[Sound], sample_rate: int, max_channels: int) -> str:
    digest = hashlib.sha256(f"{_VERSION} {sample_rate} {max_channels}".encode())
    for sound in sounds:
        try:
            status = sound.path.stat()
            stamp = f"{status.st_size} {status.st_mtime_ns}"
        except OSError:
            stamp = "missing"  # decoding it will be refused
        digest.update(f"\n{sound.path.resolve()}\n{sound.name}\n{stamp}".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:24]


def discard_folder(home: Path) -> None:
    """Remove a folder at once: it is renamed first, so that no other process finds half of it."""
    with (
        tempfile.TemporaryDirectory(prefix=".damaged-", dir=home.parent, ignore_cleanup_errors=True) as name,
        contextlib.suppress(FileNotFoundError),  # another process was faster
    ):
        home.rename(Path(name) / home.name)


def _plausible_frames(sound: Sound) -> int:
    try:
        return min(sound.frames, _MAX_FRAMES_PER_BYTE * sound.path.stat().st_size)
    except OSError:
        return 0  # vanished: decoding it will be refused


def _check_space(sounds: Sequence[Sound], folder: Path, sample_rate: int, max_channels: int) -> None:
    needed = sum(
        2
        * min(sound.channels, max_channels)
        * resampled_length(_plausible_frames(sound), sound.sample_rate, sample_rate)
        for sound in sounds
    )
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DataError(
            f"the audio cache needs {needed / 1e9:.2f} GB and {folder} has {free / 1e9:.2f} GB free: "
            "make room, or put the cache elsewhere"
        )


def _write_cache(
    sounds: Sequence[Sound],
    home: Path,
    sample_rate: int,
    max_channels: int,
    on_progress: OnProgress,
) -> None:
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=home.parent, ignore_cleanup_errors=True) as name:
        work = Path(name)
        cache = work / "cache"
        cache.mkdir()
        entries: list[_Entry] = []
        rejected: list[Rejected] = []
        with (cache / _SAMPLES).open("wb") as raw:
            file = ChecksummedFile(raw)
            on_progress(Progress("decoding sounds", 0, len(sounds), "files"))
            parts = ordered_map(  # libsndfile and soxr release Python's lock
                lambda index: _decode(sounds[index], work / f"{index}.i16", sample_rate, max_channels),
                range(len(sounds)),
                threads=min(_MAX_THREADS, os.cpu_count() or 1),
                queue=_QUEUE,
            )
            for index, part in enumerate(parts):
                match part:
                    case Rejected():
                        rejected.append(part)
                    case _DecodedFile():
                        entries.append(_Entry(sounds[index].name, file.tell() // 2, part.length, part.channels))
                        _append_file(part.path, file)
                on_progress(Progress("decoding sounds", index + 1, len(sounds), "files"))
            checksums = file.finish()
        if not entries:
            reason = f"; the first problem: {rejected[0].reason}" if rejected else ""
            raise DataError(f"none of {len(sounds)} sounds can be decoded{reason}")
        _write_index(cache / _INDEX, entries, rejected, sample_rate, checksums)
        try:
            cache.rename(home)
        except OSError:
            if not home.exists():  # else another process made the same cache meanwhile: use it
                raise


def _write_index(
    path: Path, entries: list[_Entry], rejected: list[Rejected], sample_rate: int, checksums: list[int]
) -> None:
    index = {
        "sample_rate": sample_rate,
        "sounds": [[entry.name, entry.offset, entry.length, entry.channels] for entry in entries],
        "rejected": [[str(refused.path), refused.reason] for refused in rejected],
        "checksums": checksums,
    }
    with path.open("w", encoding="utf-8") as file:
        json.dump(index, file)
        file.flush()
        os.fsync(file.fileno())


def _append_file(part: Path, file: ChecksummedFile) -> None:
    with part.open("rb") as source:
        while data := source.read(1 << 20):
            file.write(data)
    part.unlink()


def _decode(sound: Sound, path: Path, sample_rate: int, max_channels: int) -> _DecodedFile | Rejected:
    try:
        with path.open("wb") as file, AudioReader(sound.path) as reader:
            channels = min(reader.channels, max_channels)
            resampler = Resampler(reader.sample_rate, sample_rate, channels)
            length = 0
            for block in _blocks(reader):
                length += _write_block(resampler.push(block[:channels]), file, sound)
            length += _write_block(resampler.flush(), file, sound)
        if length == 0:
            raise AudioError(f"{sound.path} holds no samples: replace it")
    except AudioError as error:
        path.unlink(missing_ok=True)
        return Rejected(sound.path, str(error))
    return _DecodedFile(path, length, channels)


def _blocks(reader: AudioReader) -> Iterator[np.ndarray]:
    """The blocks of a sound; a file that goes away while it is read is a fault of the sound, not of the cache."""
    try:
        yield from reader.blocks(_BLOCK)
    except OSError as error:
        raise AudioError(f"can't read {reader.info.path}: {error.strerror or error}") from error


def _write_block(block: np.ndarray, file: BinaryIO, sound: Sound) -> int:
    peak = float(np.abs(block).max(initial=0.0))
    if peak > _MAX_PEAK:
        raise AudioError(
            f"{sound.path} has samples of up to {peak:g} where 1 is full scale ({_MAX_PEAK:g} is "
            "tolerated): scale it down"
        )
    units = np.clip(np.rint(block.T * np.float32(1 / _UNIT)), -(2**15), 2**15 - 1)
    file.write(units.astype(np.int16, order="C").tobytes())
    return block.shape[1]

"""Every sound of a corpus, decoded once into one memory-mapped file that training reads crops from."""

import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, final

from auricle.audio import resampled_length
from auricle.data.cached_sounds import CachedSounds
from auricle.data.checksum import ChecksummedFile
from auricle.data.decoded import MAX_CHANNELS, write_decoded
from auricle.data.ordered_map import ordered_map
from auricle.data.row_cache import SoundRows
from auricle.data.scan import Rejected, Sound
from auricle.errors import AudioError, DataError, OptionError
from auricle.printable import none_usable
from auricle.progress import OnProgress, Progress, ignore_progress

_VERSION = 3
_MAX_THREADS = 4
_QUEUE = 64  # decoded sounds that wait for a slow one before them
# No format packs more samples per channel into a byte (long silence in Opus or FLAC comes near): a damaged header that
# promises more must not make a corpus too large for the disk.
_MAX_FRAMES_PER_BYTE = 1024


@dataclass(frozen=True)
class _DecodedFile:
    """One decoded sound in a file of its own."""

    path: Path
    length: int
    channels: int


@final
class AudioCache(CachedSounds):
    """The decoded sounds of a corpus at one sample rate, as int16 on disk, mapped into memory as they are read.

    Sounds keep up to ``max_channels`` of their channels (the first ones). Make one with `build`.

    Attributes:
        lengths: int64, samples per channel of each sound.
        sample_rate: in Hz.
        rejected: sounds that could not be decoded, and why.
    """

    title = "audio cache"

    def _read_index(self, index: dict[str, Any]) -> None:
        self.rejected = tuple(Rejected(Path(path), reason) for path, reason in index["rejected"])
        self.sample_rate = int(index["sample_rate"])

    @classmethod
    def build(
        cls,
        sounds: Sequence[Sound],
        folder: Path | str,
        *,
        sample_rate: int,
        max_channels: int = MAX_CHANNELS,
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
        home = Path(folder) / _key(sounds, sample_rate, max_channels)
        return cls.open_or_write(
            home,
            lambda file, scratch: _write_sounds(sounds, file, scratch, sample_rate, max_channels, on_progress),
            on_note,
        )


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


def _write_sounds(
    sounds: Sequence[Sound],
    file: ChecksummedFile,
    scratch: Path,
    sample_rate: int,
    max_channels: int,
    on_progress: OnProgress,
) -> dict[str, Any]:
    _check_space(sounds, scratch.parent, sample_rate, max_channels)
    entries: list[SoundRows] = []
    rejected: list[Rejected] = []
    on_progress(Progress("decoding sounds", 0, len(sounds), "files"))
    decoding = ordered_map(  # libsndfile and soxr release Python's lock
        lambda index: _decode(sounds[index], scratch / f"{index}.i16", sample_rate, max_channels),
        range(len(sounds)),
        threads=min(_MAX_THREADS, os.cpu_count() or 1),
        queue=_QUEUE,
    )
    with closing(decoding) as parts:
        for index, part in enumerate(parts):
            match part:
                case Rejected():
                    rejected.append(part)
                case _DecodedFile():
                    offset = file.tell() // 2
                    _append_file(part.path, file)
                    name = sounds[index].name
                    entries.append(SoundRows(name, offset, part.length, part.channels, file.take_checksum()))
            on_progress(Progress("decoding sounds", index + 1, len(sounds), "files"))
    if not entries:
        raise DataError(none_usable([file.reason for file in rejected]))
    return {
        "sample_rate": sample_rate,
        "sounds": entries,
        "rejected": [[str(refused.path), refused.reason] for refused in rejected],
    }


def _append_file(part: Path, file: ChecksummedFile) -> None:
    with part.open("rb") as source:
        while data := source.read(1 << 20):
            file.write(data)
    part.unlink()


def _decode(sound: Sound, path: Path, sample_rate: int, max_channels: int) -> _DecodedFile | Rejected:
    try:
        with path.open("wb") as file:
            length, channels = write_decoded(sound.path, file, sample_rate, max_channels)
    except AudioError as error:
        path.unlink(missing_ok=True)
        return Rejected(sound.path, str(error))
    return _DecodedFile(path, length, channels)

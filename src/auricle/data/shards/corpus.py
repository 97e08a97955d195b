"""A corpus in shards, as `auricle.prepare` makes it: training reads its crops where they lie."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import final, overload

import google_crc32c
import numpy as np

from auricle.atomic import atomic_write
from auricle.audio import AudioWriter
from auricle.data.checksum import array_checksum
from auricle.data.decoded import DecodedSounds
from auricle.data.scan import Corpus, Rejected, Sound
from auricle.data.shards.files import LocalShards, RemoteShards, ShardFiles, missing_shards
from auricle.data.shards.index import INDEX_NAME, CorpusIndex, Names
from auricle.data.split import Side, sides
from auricle.errors import DataError
from auricle.urls import driver_errors, is_url, open_url, public_url

_HELD_OUT_SOUNDS, _HELD_OUT_SECONDS = 48, 120.0
_BLOCK_BYTES = 1 << 22


@final
class PreparedCorpus:
    """An open corpus in shards.

    Args:
        files: its shards.
        index: where its sounds lie.

    Raises:
        DataError: it is empty, or a shard is missing or of another size.
    """

    def __init__(self, files: ShardFiles, index: CorpusIndex) -> None:
        if not len(index.rows):
            raise DataError(f"the corpus {files.place} holds no sounds: prepare it again")
        names = [index.shard_name(number) for number in range(len(index.shard_bytes))]
        if missing := missing_shards(files.sizes(), names, index.shard_bytes.tolist()):
            raise DataError(
                f"the corpus {files.place} lacks {missing[0]} as its index tells of it, and {len(missing) - 1} others: "
                "prepare it again, which makes these"
            )
        self.files, self.index = files, index

    @staticmethod
    def open(place: Path | str, scratch: Path) -> "PreparedCorpus":
        """Open a folder or URL.

        Args:
            place: of the corpus.
            scratch: a folder that takes a copy of the index of a URL.

        Raises:
            DataError: it holds no corpus in shards, or a damaged one.
        """
        if not is_url(place):
            return PreparedCorpus(LocalShards(Path(place)), CorpusIndex.open(Path(place) / INDEX_NAME))
        url = public_url(str(place))
        with driver_errors(str(place), "can't open"):
            filesystem, root = open_url(str(place))
            with atomic_write(scratch / INDEX_NAME, force=True) as temporary:
                filesystem.get_file(f"{root.rstrip('/')}/{INDEX_NAME}", str(temporary))
        index = CorpusIndex.open(scratch / INDEX_NAME)
        with driver_errors(str(place), "can't list"):
            return PreparedCorpus(RemoteShards(filesystem, root, url), index)

    @property
    def corpus(self) -> Corpus:
        """Its sounds, each made as it is asked for."""
        place, rate = self.files.place, self.index.sample_rate
        rejected = tuple(Rejected(Path(name), reason) for name, reason in self.index.reasons)
        seconds = float(self.index.rows.length.sum()) / rate
        return Corpus(_SoundsByRow(Path(place), self.index), rejected, seconds)

    def parts(self) -> tuple["PreparedSounds", "PreparedSounds | None"]:
        """What to learn from, and what is held out: the same division as of a folder of these sounds."""
        file_sides = sides(self.index.rows.names)
        learned, held_out = (np.flatnonzero(file_sides == side) for side in (Side.train, Side.held_out))
        return PreparedSounds(self, learned), PreparedSounds(self, held_out) if len(held_out) else None


@final
class PreparedSounds(DecodedSounds):
    """Some sounds of a corpus in shards.

    Args:
        prepared: the corpus.
        numbers: int64, rows of its index.
    """

    def __init__(self, prepared: PreparedCorpus, numbers: np.ndarray) -> None:
        self._files, self._index, self._rows = prepared.files, prepared.index, prepared.index.rows
        self._numbers = numbers
        self.names = _NamesByRow(self._rows.names, numbers)
        self.lengths = self._rows.length[numbers]
        self.sample_rate, self.rejected = self._index.sample_rate, ()
        self._checked = np.zeros(len(numbers), bool)

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def key(self) -> str:
        """Digest of the sounds' checksums and names."""
        digest = sha256(str(self.sample_rate).encode())
        for values in (self._rows.checksum, self._rows.name_text, self._numbers):
            digest.update(np.ascontiguousarray(values).data)
        return digest.hexdigest()[:24]

    def channels(self, index: int) -> int:
        """Return how many channels a sound has here."""
        return int(self._rows.width[self._numbers[index]])

    def fingerprints(self) -> Mapping[str, int]:
        """Checksum of each shard's sounds, by its name."""
        checksums: dict[int, int] = {}
        order = np.argsort(self._rows.shard[self._numbers], kind="stable")
        numbers = self._numbers[order]
        shards, starts = np.unique(self._rows.shard[numbers], return_index=True)
        for shard, part in zip(shards.tolist(), np.split(self._rows.checksum[numbers], starts[1:]), strict=True):
            checksums[shard] = array_checksum(part)
        return {self._index.shard_name(shard): checksum for shard, checksum in checksums.items()}

    def rows(self, index: int, start: int, count: int) -> np.ndarray:
        """Return int16 ``(n, channels)`` of a sound from sample ``start`` on, n less than ``count`` where it ends.

        In a folder a sound is compared with its checksum when it is read first.

        Raises:
            DataError: it has changed since it was written, or can't be read.
        """
        number, width = int(self._numbers[index]), self.channels(index)
        if self._files.is_local and not self._checked[index]:
            self._check(index, number)
        stored = max(0, min(count, int(self.lengths[index]) - start))
        data = self._read(number, 2 * width * start, 2 * width * stored)
        return np.frombuffer(data, "<i2").reshape(stored, width)

    def written_out(self, folder: Path) -> tuple[Sound, ...]:
        """Some of the sounds as files, spread evenly, of each the beginning: for what wants files.

        Args:
            folder: made if need be; files that are there are taken for these.

        Raises:
            DataError: a sound can't be read.
            OutputError: a file can't be written.
        """
        folder.mkdir(exist_ok=True)
        places = np.unique(np.linspace(0, len(self) - 1, min(len(self), _HELD_OUT_SOUNDS)).round().astype(int))
        return tuple(self._written_out(int(place), folder) for place in places)

    def _written_out(self, index: int, folder: Path) -> Sound:
        name = self.names[index]
        path = folder / f"{sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}.wav"
        frames = min(int(self.lengths[index]), round(_HELD_OUT_SECONDS * self.sample_rate))
        audio = self.crop(index, 0, frames)
        if not path.exists():
            with (
                atomic_write(path, force=True) as temporary,
                AudioWriter(temporary, self.sample_rate, len(audio)) as out,
            ):
                out.write(audio)
        return Sound(path, self.sample_rate, len(audio), frames, name)

    def _read(self, number: int, start: int, size: int) -> bytes:
        offset = int(self._rows.offset[number]) + start
        return self._files.read(self._index.shard_name(int(self._rows.shard[number])), offset, size)

    def _check(self, index: int, number: int) -> None:
        size, checksum = 2 * int(self._rows.width[number]) * int(self._rows.length[number]), 0
        for start in range(0, size, _BLOCK_BYTES):
            checksum = google_crc32c.extend(checksum, self._read(number, start, min(_BLOCK_BYTES, size - start)))
        if checksum != int(self._rows.checksum[number]):
            raise DataError(
                f"{self.names[index]} has changed in {self._index.shard_name(int(self._rows.shard[number]))} of "
                f"{self._files.place}: delete this shard, prepare the corpus again, and go on with --resume"
            )
        self._checked[index] = True


@final
class _NamesByRow(Sequence[str]):
    """Names by the numbers of their rows."""

    def __init__(self, names: Names, numbers: np.ndarray) -> None:
        self._names, self._numbers = names, numbers

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self._names[int(number)] for number in self._numbers[index]]
        return self._names[int(self._numbers[index])]


@final
class _SoundsByRow(Sequence[Sound]):
    """The sounds of an index, each made as it is asked for."""

    def __init__(self, place: Path, index: CorpusIndex) -> None:
        self._place, self._index, self._names = place, index, index.rows.names

    def __len__(self) -> int:
        return len(self._names)

    @overload
    def __getitem__(self, index: int) -> Sound: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Sound]: ...
    def __getitem__(self, index: int | slice) -> Sound | Sequence[Sound]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        rows, name = self._index.rows, self._names[index]
        path = self._place / self._index.shard_name(int(rows.shard[index]))
        return Sound(path, self._index.sample_rate, int(rows.width[index]), int(rows.length[index]), name)

    def __iter__(self) -> Iterator[Sound]:
        return (self[number] for number in range(len(self)))


def is_prepared(place: Path | str) -> bool:
    """Whether a folder or URL holds a corpus in shards.

    Raises:
        DataError: the URL can't be opened.
    """
    if not is_url(place):
        return (Path(place) / INDEX_NAME).is_file()
    with driver_errors(str(place), "can't open"):
        filesystem, root = open_url(str(place))
        return bool(filesystem.exists(f"{root.rstrip('/')}/{INDEX_NAME}"))

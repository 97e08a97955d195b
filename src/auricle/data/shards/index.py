"""Where each sound of a corpus in shards lies: arrays in one safetensors file, mapped into memory as they are read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, final, overload

import google_crc32c
import numpy as np
from safetensors.numpy import save

from auricle.atomic import atomic_write
from auricle.data.checksum import array_checksum
from auricle.errors import DataError

INDEX_NAME = "corpus.safetensors"
_FORMAT, _VERSION = "auricle-corpus", 1
_PREFIX, _LARGEST_HEADER = 8, 64 << 20
_TYPES: Mapping[str, type[np.generic]] = MappingProxyType(
    {"U8": np.uint8, "U32": np.uint32, "I64": np.int64}  # safetensors' names of types
)


@final
class Names(Sequence[str]):
    """Names in one array of bytes, made into text as they are asked for.

    Args:
        ends: int64 ``(n,)``, where each one ends.
        text: uint8, UTF-8 one after the other.
    """

    def __init__(self, ends: np.ndarray, text: np.ndarray) -> None:
        self._ends, self._text = ends, text

    @staticmethod
    def of(names: Sequence[str]) -> "Names":
        """Of texts, which may hold undecodable bytes as file names do."""
        parts = [name.encode("utf-8", "surrogateescape") for name in names]
        ends = np.cumsum(np.fromiter(map(len, parts), np.int64, len(parts)))
        return Names(ends, np.frombuffer(b"".join(parts), np.uint8))

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Ends and text."""
        return self._ends, self._text

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        number = index % len(self)
        start = int(self._ends[number - 1]) if number else 0
        return self._text[start : int(self._ends[number])].tobytes().decode("utf-8", "surrogateescape")


@final
@dataclass(frozen=True, eq=False)
class ShardIndex:
    """Where sounds lie in shards; one row each.

    Attributes:
        shard: uint32 ``(n,)``, number of the shard.
        offset: int64 ``(n,)``, byte of the shard at which its samples begin.
        length: int64 ``(n,)``, samples per channel.
        width: uint8 ``(n,)``, channels.
        checksum: uint32 ``(n,)``, CRC-32C of its samples.
        name_end: int64 ``(n,)``, where its name ends in ``name_text``.
        name_text: uint8, names in UTF-8 one after the other.
    """

    shard: np.ndarray
    offset: np.ndarray
    length: np.ndarray
    width: np.ndarray
    checksum: np.ndarray
    name_end: np.ndarray
    name_text: np.ndarray

    @property
    def names(self) -> Names:
        """Of the sounds."""
        return Names(self.name_end, self.name_text)

    def __len__(self) -> int:
        return len(self.shard)

    def to_bytes(self) -> bytes:
        """As one member of a shard."""
        return save(self.arrays())

    def arrays(self) -> dict[str, np.ndarray]:
        """Every array by its name."""
        return {field.name: np.ascontiguousarray(getattr(self, field.name)) for field in fields(self)}

    @staticmethod
    def of_rows(rows: Sequence[tuple[str, int, int, int, int]], shard: int) -> "ShardIndex":
        """Of names, offsets, lengths, widths and checksums of the sounds of one shard."""
        names, offsets, lengths, widths, checksums = zip(*rows, strict=True) if rows else ((), (), (), (), ())
        return ShardIndex(
            np.full(len(rows), shard, np.uint32),
            np.array(offsets, np.int64),
            np.array(lengths, np.int64),
            np.array(widths, np.uint8),
            np.array(checksums, np.uint32),
            *Names.of(names).arrays,
        )

    @staticmethod
    def joined(parts: Sequence["ShardIndex"]) -> "ShardIndex":
        """All rows, in the order of their names."""
        names = [name for part in parts for name in part.names]
        order = sorted(range(len(names)), key=names.__getitem__)
        columns = {
            name: np.concatenate([getattr(part, name) for part in parts])[order]
            for name in ("shard", "offset", "length", "width", "checksum")
        }
        ends, text = Names.of([names[number] for number in order]).arrays
        return ShardIndex(**columns, name_end=ends, name_text=text)


@final
@dataclass(frozen=True, eq=False)
class CorpusIndex:
    """What a corpus in shards holds.

    Attributes:
        rows: where its sounds lie, in the order of their names.
        shard_bytes: int64 ``(shards,)``, size of each.
        sample_rate: in Hz.
        rejected: how many files could not be used.
        reasons: the first of them and why.
    """

    rows: ShardIndex
    shard_bytes: np.ndarray
    sample_rate: int
    rejected: int = 0
    reasons: tuple[tuple[str, str], ...] = ()

    def shard_name(self, number: int) -> str:
        """Name of the file of a shard."""
        return shard_name(number, len(self.shard_bytes))

    def write(self, path: Path) -> None:
        """Write the index; it appears whole or not at all, in the place of an earlier one.

        Raises:
            OutputError: it can't be written.
        """
        arrays = {**self.rows.arrays(), "shard_bytes": self.shard_bytes}
        facts = {
            "version": _VERSION,
            "sample_rate": self.sample_rate,
            "refused": self.rejected,  # as in the indexes that were written before
            "reasons": self.reasons,
            "checksum": _checksum(arrays),
        }
        with atomic_write(path, force=True) as temporary:  # one text: safetensors has no order of several
            temporary.write_bytes(save(arrays, {_FORMAT: json.dumps(facts)}))

    @staticmethod
    def open(path: Path) -> "CorpusIndex":
        """Map an index into memory, and check it.

        Raises:
            DataError: it is none, damaged or of a later version.
        """
        try:
            arrays, texts = _mapped(path)
            facts = json.loads(texts[_FORMAT])
            if int(facts["version"]) > _VERSION:
                raise DataError(f"{path} is of a later version of Auricle: prepare the corpus again")
            if facts["checksum"] != _checksum(arrays):
                raise DataError(f"{path} is damaged: prepare the corpus again, which goes quickly")
            reasons = tuple((str(name), str(reason)) for name, reason in facts["reasons"])
            shard_bytes = arrays.pop("shard_bytes")
            return CorpusIndex(
                ShardIndex(**arrays), shard_bytes, int(facts["sample_rate"]), int(facts["refused"]), reasons
            )
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise DataError(f"the index {path} can't be read ({error}): prepare the corpus again") from error


def shard_name(number: int, count: int) -> str:
    """Name of the file of a shard of so many."""
    return f"sounds-{number:06d}-of-{count:06d}.tar"


def read_shard_index(data: bytes) -> ShardIndex:
    """The index that lies in a shard."""
    from safetensors.numpy import load

    return ShardIndex(**load(data))


def _checksum(arrays: Mapping[str, np.ndarray]) -> int:
    checksum = 0
    for name in sorted(arrays):
        checksum = google_crc32c.extend(checksum, f"{name} {array_checksum(arrays[name])}".encode())
    return checksum


def _mapped(path: Path) -> tuple[dict[str, np.ndarray], Mapping[str, str]]:
    """Arrays and texts of a safetensors file, without reading the arrays."""
    with path.open("rb") as file:
        size, header = _header(file)
    texts = header.pop("__metadata__", {})
    arrays: dict[str, np.ndarray] = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        dtype = np.dtype(_TYPES[entry["dtype"]])
        (count,) = entry["shape"]
        if (end - start) != count * dtype.itemsize:
            raise ValueError(f"{name} is cut off")
        arrays[name] = np.memmap(path, dtype, "r", _PREFIX + size + start, (count,)) if count else np.zeros(0, dtype)
    return arrays, texts


def _header(file: BinaryIO) -> tuple[int, dict[str, Any]]:
    size = int.from_bytes(file.read(_PREFIX), "little")
    if not 0 < size <= _LARGEST_HEADER:
        raise ValueError("no safetensors file")
    return size, json.loads(file.read(size))

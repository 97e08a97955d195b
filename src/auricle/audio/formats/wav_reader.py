"""WAV and AU headers as they come from a pipe, where nothing can be looked up ahead or behind.

Sources: RIFF and WAVE (Microsoft, 1991), WAVEFORMATEXTENSIBLE (Microsoft), EBU Tech 3306 (RF64), ITU-R BS.2088
(BW64), the Sun audio file format.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol, final

import numpy as np

_Convert = Callable[[bytes, str], np.ndarray]
_PLACEHOLDERS = (1 << 31, 1 << 32)  # programs that write to a pipe put a size just below these into the header
_BELOW_PLACEHOLDER = 1 << 16
_MAX_CHUNK_BYTES = 1 << 16
_MOST_CHUNKS = 1000
_EXTENSIBLE = bytes.fromhex("000000001000800000aa00389b71")
_INFO_NAMES = {
    b"INAM": "title",
    b"IART": "artist",
    b"IPRD": "album",
    b"ICRD": "date",
    b"ITRK": "tracknumber",
    b"IPRT": "tracknumber",
    b"IGNR": "genre",
    b"ICMT": "comment",
    b"ICOP": "copyright",
    b"ISFT": "software",
}
AFTER_SAMPLES = frozenset(
    {
        b"LIST",
        b"id3 ",
        b"ID3 ",
        b"bext",
        b"iXML",
        b"axml",
        b"cue ",
        b"smpl",
        b"inst",
        b"PEAK",
        b"fact",
        b"JUNK",
        b"junk",
    }
    | {b"PAD ", b"FLLR", b"afsp", b"DISP", b"minf", b"elm1", b"regn", b"umid", b"acid", b"strc", b"cart"}
)
"""Chunks that may follow the samples; anything else there is more samples."""


def is_placeholder(size: int) -> bool:
    """Whether a number of bytes may be what a program writes that does not know how many there will be."""
    return size == 0 or any(0 <= top - size <= _BELOW_PLACEHOLDER for top in _PLACEHOLDERS)


def _unsigned(data: bytes, order: str) -> np.ndarray:
    return (np.frombuffer(data, np.uint8).astype(np.float32) - 128) * np.float32(1 / 128)


def _scaled(data: bytes, code: str, bits: int) -> np.ndarray:
    return np.frombuffer(data, code).astype(np.float32) * np.float32(2.0 ** (1 - bits))


def _three_bytes(data: bytes, order: str) -> np.ndarray:
    wide = np.zeros((len(data) // 3, 4), np.uint8)
    wide[:, slice(1, 4) if order == "<" else slice(0, 3)] = np.frombuffer(data, np.uint8).reshape(-1, 3)
    return _scaled(wide.tobytes(), f"{order}i4", 32)


def _float(code: str) -> _Convert:
    def convert(data: bytes, order: str) -> np.ndarray:
        with np.errstate(over="ignore"):  # an infinite sample is refused later, by name
            return np.frombuffer(data, order + code).astype(np.float32)

    return convert


_INTEGERS: Mapping[int, _Convert] = MappingProxyType(
    {
        8: lambda data, order: _scaled(data, "i1", 8),
        16: lambda data, order: _scaled(data, f"{order}i2", 16),
        24: _three_bytes,
        32: lambda data, order: _scaled(data, f"{order}i4", 32),
    }
)


_FLOATS: Mapping[int, _Convert] = MappingProxyType({32: _float("f4"), 64: _float("f8")})


@final
@dataclass(frozen=True)
class PcmLayout:
    """How samples lie in bytes: channel by channel within a frame."""

    channels: int
    bits: int
    order: str
    """``<`` or ``>``, as numpy names it."""
    convert: _Convert

    @property
    def source_bits(self) -> int:
        """As `AudioInfo.bits` has them."""
        if self.convert in _FLOATS.values():
            return 32
        return 16 if self.bits <= 16 else 24

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of each channel."""
        return self.channels * self.bits // 8

    def samples(self, data: bytes) -> np.ndarray:
        """Float32 ``(t, c)`` of the whole frames in ``data``; what is left of a last one is dropped."""
        size = len(data) // self.frame_bytes * self.frame_bytes
        return self.convert(data[:size], self.order).reshape(-1, self.channels)

    @staticmethod
    def of(channels: int, bits: int, *, floats: bool, order: str = "<", unsigned: bool = False) -> "PcmLayout | None":
        """The layout with these bits a sample; None where there is no such layout."""
        convert = _unsigned if unsigned and bits == 8 else (_FLOATS if floats else _INTEGERS).get(bits)
        return None if convert is None or (unsigned and floats) else PcmLayout(channels, bits, order, convert)


class ByteSource(Protocol):
    """Bytes that come once."""

    def read_exactly(self, size: int) -> bytes:
        """The next ``size`` bytes, fewer only at the end."""
        ...

    def skip(self, size: int) -> None: ...


@final
@dataclass(frozen=True)
class StreamHeader:
    """What stands before plain samples.

    Attributes:
        format: ``WAV``, ``RF64`` or ``AU``.
        sample_rate: in Hz, not judged.
        pcm: layout of the samples.
        start: bytes that stand before the samples.
        size: bytes of samples that are promised; None where the stream's end ends them.
        placeholder: whether ``size`` may be what a program writes that does not know.
        tags: name and value.
    """

    format: str
    sample_rate: int
    pcm: PcmLayout
    start: int
    size: int | None
    placeholder: bool = False
    tags: list[tuple[str, str]] = field(default_factory=list)


def read_header(source: ByteSource) -> StreamHeader | None:
    """Read up to the first sample; None where this is another format, or one that is not plain samples."""
    magic = source.read_exactly(4)
    if magic in (b"RIFF", b"RF64", b"BW64"):
        return _read_wav(source, magic)
    return _read_au(source) if magic == b".snd" else None


def _read_wav(source: ByteSource, magic: bytes) -> StreamHeader | None:
    if source.read_exactly(8)[4:] != b"WAVE":
        return None
    shape: tuple[int, PcmLayout] | None = None
    long_size: int | None = None
    tags: list[tuple[str, str]] = []
    start = 12
    for _ in range(_MOST_CHUNKS):
        head = source.read_exactly(8)
        if len(head) < 8:
            return None
        name, size = head[:4], int.from_bytes(head[4:], "little")
        if name == b"data":
            if size == 0xFFFF_FFFF and long_size:
                size = long_size
            container = "WAV" if magic == b"RIFF" else "RF64"
            return shape and StreamHeader(container, *shape, start + 8, size, is_placeholder(size), tags)
        start += 8 + size + size % 2
        content = source.read_exactly(min(size, _MAX_CHUNK_BYTES))
        source.skip(size + size % 2 - len(content))
        if name == b"fmt ":
            shape = _format(content)
            if shape is None:
                return None
        elif name == b"ds64" and len(content) >= 16:
            long_size = int.from_bytes(content[8:16], "little")
        elif name == b"LIST":
            tags += _info(content)
    return None


def _format(chunk: bytes) -> tuple[int, PcmLayout] | None:
    if len(chunk) < 16:
        return None
    tag, channels, rate, _, align, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag == 0xFFFE and len(chunk) >= 40 and chunk[26:40] == _EXTENSIBLE:
        tag = int.from_bytes(chunk[24:26], "little")
    pcm = PcmLayout.of(channels, bits, floats=tag == 3, unsigned=bits == 8 and tag == 1)
    return (rate, pcm) if tag in (1, 3) and pcm is not None and channels and align == pcm.frame_bytes else None


def _info(chunk: bytes) -> list[tuple[str, str]]:
    tags, offset = [], 4
    while chunk[:4] == b"INFO" and offset + 8 <= len(chunk):
        size = int.from_bytes(chunk[offset + 4 : offset + 8], "little")
        text = chunk[offset + 8 : offset + 8 + size].split(b"\0")[0].decode(errors="surrogateescape")
        if (name := _INFO_NAMES.get(chunk[offset : offset + 4])) is not None:
            tags.append((name, text))
        offset += 8 + size + size % 2
    return tags


_AU_BITS = {2: 8, 3: 16, 4: 24, 5: 32, 6: 32, 7: 64}


_AU_FLOATS = (6, 7)


def _read_au(source: ByteSource) -> StreamHeader | None:
    head = source.read_exactly(20)
    if len(head) < 20:
        return None
    start, size, encoding, rate, channels = struct.unpack(">5I", head)
    pcm = PcmLayout.of(channels, _AU_BITS.get(encoding, 0), floats=encoding in _AU_FLOATS, order=">")
    if pcm is None or not 0 < channels <= 0xFFFF or not 24 <= start <= _MAX_CHUNK_BYTES:
        return None
    source.skip(start - 24)
    return StreamHeader("AU", rate, pcm, start, None if size == 0xFFFF_FFFF else size)

"""Signs of a cut file that libsndfile does not report.

libsndfile quietly shortens a WAV, AIFF, AU, CAF, RF64 or W64 file whose header promises more bytes than there
are, and an Ogg file that stops inside a page. These functions read the few header bytes that tell.

Sources: RIFF and WAVE (Microsoft, 1991), EBU Tech 3306 (RF64), AIFF 1.3 (Apple, 1989), Core Audio
Format 1.0 (Apple).
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from auricle.audio.formats import ogg

_UNKNOWN_SIZE = 0x7F00_0000  # programs that write to a pipe put a size near 2^31 or 2^32 into the header
_WAVE64 = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
_CHUNK_NAME = re.compile(rb"[ -~]{4}")


@dataclass(frozen=True)
class _Layout:
    """How a family of chunked formats writes the name and size of a chunk."""

    start: int  # offset of the first chunk
    data: bytes  # the first four bytes of the name of the chunk that holds the samples
    name_bytes: int = 4
    size_bytes: int = 4
    big_endian: bool = False
    counts_itself: bool = False
    alignment: int = 2


_LAYOUTS = {
    b"RIFF": _Layout(12, b"data"),
    b"RIFX": _Layout(12, b"data", big_endian=True),
    b"RF64": _Layout(12, b"data"),
    b"BW64": _Layout(12, b"data"),
    b"FORM": _Layout(12, b"SSND", big_endian=True),
    b"caff": _Layout(8, b"data", size_bytes=8, big_endian=True, alignment=1),
    b"riff": _Layout(40, b"data", name_bytes=16, size_bytes=8, counts_itself=True, alignment=8),
}


def truncation(path: Path) -> str | None:
    """Say how a file is cut short, or None if nothing shows it.

    Raises:
        OSError: the file can't be read.
    """
    total = path.stat().st_size
    with path.open("rb") as file:
        magic = file.read(16)
        if magic[:4] == b"OggS":
            return ogg.ends_early(file, total)
        if magic[:4] == b".snd":
            return _missing(int.from_bytes(magic[8:12], "big"), total - int.from_bytes(magic[4:8], "big"))
        if magic[:4] == b"riff" and magic != _WAVE64:
            return None
        layout = _LAYOUTS.get(magic[:4])
        return None if layout is None else _chunk_truncation(file, total, layout)


def _missing(promised: int, present: int) -> str | None:
    if promised <= present or _UNKNOWN_SIZE <= promised <= 0xFFFF_FFFF or promised >= 2**63:
        return None
    return f"its header promises {promised} bytes of samples, {max(present, 0)} are there"


def _chunk_truncation(file: BinaryIO, total: int, layout: _Layout) -> str | None:
    order = "big" if layout.big_endian else "little"
    header = layout.name_bytes + layout.size_bytes
    position, long_size = layout.start, None
    while position + header <= total:
        file.seek(position)
        name = file.read(layout.name_bytes)[:4]
        size = int.from_bytes(file.read(layout.size_bytes), order) - (header if layout.counts_itself else 0)
        if name == b"ds64":
            long_size = int.from_bytes(file.read(16)[8:], "little")
        if name == layout.data:
            promised = long_size if long_size is not None and size == 0xFFFF_FFFF else size
            if promised == 0:
                return _unfinished(file, total - position - header)
            return _missing(promised, total - position - header)
        position += header + max(size, 0)
        position += -position % layout.alignment
    return "its header ends before any samples"


def _unfinished(file: BinaryIO, remaining: int) -> str | None:
    """A recorder that crashed leaves a size of 0 before its samples; other chunks may follow rightly."""
    following = file.read(4)
    if remaining < 16 or _CHUNK_NAME.fullmatch(following):
        return None
    return f"its header says 0 samples, yet {remaining} bytes follow"


def mp3_has_length(path: Path) -> bool:
    """Whether an MP3 file states its length in a Xing or Info tag, so that the length is no guess.

    Raises:
        OSError: the file can't be read.
    """
    with path.open("rb") as file:
        head = file.read(10)
        start = 0
        if head[:3] == b"ID3" and len(head) == 10:
            start = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
        file.seek(start, os.SEEK_SET)
        frame = file.read(2048)
    tag = re.search(rb"(?:Xing|Info)\x00\x00\x00(.)", frame, re.DOTALL)
    return tag is not None and bool(tag[1][0] & 1)


def flac_is_empty(path: Path) -> bool:
    """Whether a FLAC file ends after its metadata. (Its header can't say so: a length of 0 there means
    unknown.)

    Raises:
        OSError: the file can't be read.
    """
    total = path.stat().st_size
    with path.open("rb") as file:
        if file.read(4) != b"fLaC":
            return False
        position, last = 4, False
        while not last and position + 4 <= total:
            file.seek(position)
            header = file.read(4)
            last = bool(header[0] & 0x80)
            position += 4 + int.from_bytes(header[1:], "big")
        return last and position == total


def flac_frames(start: bytes) -> int | None:
    """Samples per channel that the first 42 bytes of a FLAC stream promise, 0 for unknown; None if it is no FLAC."""
    if len(start) < 42 or start[:4] != b"fLaC" or start[4] & 0x7F or start[5:8] != b"\0\0\x22":
        return None
    return int.from_bytes(start[18:26], "big") & 0xF_FFFF_FFFF


def empty_flac(sample_rate: int, channels: int) -> bytes:
    """Return a 16-bit FLAC file of no samples, which libsndfile would leave without a header (RFC 9639)."""
    bits = sample_rate << 44 | (channels - 1) << 41 | (16 - 1) << 36
    info = (4096).to_bytes(2, "big") * 2 + bytes(6) + bits.to_bytes(8, "big") + bytes(16)
    return b"fLaC" + b"\x80" + len(info).to_bytes(3, "big") + info

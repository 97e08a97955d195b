"""Signs of a cut file that neither libsndfile nor FFmpeg reports.

They quietly shorten a WAV, AIFF, AU, CAF, RF64, W64, 8SVX, NIST, AVR or WMA file whose header promises more bytes than
there are, and an Ogg file that stops inside a page. These functions read the few header bytes that tell.

Sources: RIFF and WAVE (Microsoft, 1991), EBU Tech 3306 (RF64), AIFF 1.3 (Apple, 1989), 8SVX (Electronic Arts, 1985),
Core Audio Format 1.0 (Apple), Advanced Systems Format 1.2 (Microsoft), NIST SPHERE.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from auricle.audio.formats import ogg
from auricle.audio.formats.wav_reader import is_placeholder

_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
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
    b"AIFF": _Layout(12, b"SSND", big_endian=True),
    b"AIFC": _Layout(12, b"SSND", big_endian=True),
    b"8SVX": _Layout(12, b"BODY", big_endian=True),
    b"16SV": _Layout(12, b"BODY", big_endian=True),
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
        if magic == _ASF:
            return _asf_truncation(magic + file.read(1 << 16), total)
        if magic[:7] == b"NIST_1A":
            return _nist_truncation(magic + file.read(1 << 10), total)
        if (magic[:4] == b"riff" and magic != _WAVE64) or (magic[:4] == b"RIFF" and magic[8:12] != b"WAVE"):
            return None
        layout = _LAYOUTS.get(magic[8:12] if magic[:4] == b"FORM" else magic[:4])
        return None if layout is None else _chunk_truncation(file, total, layout)


def _missing(promised: int, present: int) -> str | None:
    if promised <= present or is_placeholder(promised) or promised >= 2**63:
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


def _asf_truncation(start: bytes, total: int) -> str | None:
    """A WMA file states its own size; one that was streamed leaves it 0."""
    at = start.find(_ASF_PROPERTIES)
    size = int.from_bytes(start[at + 40 : at + 48], "little")
    return f"its header promises {size} bytes, {total} are there" if at >= 0 and size > total else None


def _nist_truncation(start: bytes, total: int) -> str | None:
    """A SPHERE file names its samples in lines of text, padded to the size that stands in the second one."""
    fields = {name: int(number) for name, number in re.findall(rb"(\w+) -i (\d{1,15})\s", start)}
    header = int(start[8:16]) if start[8:16].strip().isdigit() else 1024
    frame_bytes = fields.get(b"sample_n_bytes", 0) * fields.get(b"channel_count", 1)
    return _missing(fields.get(b"sample_count", 0) * frame_bytes, total - header)

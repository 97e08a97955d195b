"""Integrity of Ogg files, whose decoders skip a damaged page or a missing end without a word.

Source: RFC 3533 (Ogg version 0).
"""

import mmap
import zlib
from pathlib import Path
from typing import BinaryIO

_HEADER = 27
_LONGEST_PAGE = _HEADER + 255 + 255 * 255
_FIRST_PAGE, _LAST_PAGE = 2, 4
_FIRST_PAGE_START = b"OggS\x00\x02"
_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def ends_early(file: BinaryIO, total: int) -> str | None:
    """Say that an Ogg file of ``total`` bytes stops inside a page, or return None.

    The mark of the last page may rightly be missing: a recorded stream has none.

    Raises:
        OSError: the file can't be read.
    """
    tail = _tail(file, total)
    position = tail.rfind(b"OggS\x00")
    while position >= 0:
        size = page_size(tail[position : position + _HEADER + 255])
        if size is None or position + size > len(tail):
            return "its last Ogg page is incomplete"
        if tail[position + 5] & _LAST_PAGE or position + size == len(tail):
            return None
        position = tail.rfind(b"OggS\x00", 0, position)
    return None


def damage(path: Path) -> str | None:
    """Read every page of an Ogg file; say what is wrong with the first bad one, or return None.

    Bytes that follow a last page and are no page (a tag, padding) are passed over.

    Raises:
        OSError: the file can't be read.
    """
    numbers: dict[bytes, int] = {}
    ended = False
    with path.open("rb") as file:
        while header := file.read(_HEADER):
            position = file.tell() - len(header)
            if header[:5] != b"OggS\x00":
                return None if ended else f"no Ogg page at byte {position}"
            header += file.read(header[26] if len(header) == _HEADER else 0)
            size = page_size(header)
            page = header + file.read((size or 0) - len(header)) if size else header
            if size is None or len(page) < size:
                return f"the Ogg page at byte {position} is incomplete"
            if checksum(page) != int.from_bytes(page[22:26], "little"):
                return f"the checksum of the Ogg page at byte {position} is wrong"
            stream, number = page[14:18], int.from_bytes(page[18:22], "little")
            is_first = bool(page[5] & _FIRST_PAGE)  # recordings that are joined may have one stream number
            if not is_first and number != numbers.get(stream, number - 1) + 1:
                return f"an Ogg page is missing before byte {position}"
            numbers[stream] = number
            ended = bool(page[5] & _LAST_PAGE)
    return None


def end_warnings(path: Path) -> list[str]:
    """What to say where no page near the end of an Ogg file is marked as the last of its stream: a recorded stream has
    none.

    Raises:
        OSError: the file can't be read.
    """
    with path.open("rb") as file:
        tail = _tail(file, path.stat().st_size)
    last = tail[tail.rfind(b"OggS\x00") :]
    if len(last) >= _HEADER and last[5] & _LAST_PAGE:
        return []
    return ["its last Ogg page does not say that it is the last: sound may be missing at its end"]


def links(path: Path) -> list[int]:
    """Where in an Ogg file recordings begin that are joined one after the other; none in other files.

    A recording begins with the first pages of all its streams.

    Raises:
        OSError: the file can't be read.
    """
    starts, behind = [], -1
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        position = 0 if data[:4] == b"OggS" else -1
        while position >= 0:
            if position != behind:
                starts.append(position)
            size = page_size(data[position : position + _HEADER + 255])
            behind = position + (size or len(_FIRST_PAGE_START))
            position = data.find(_FIRST_PAGE_START, behind)
    return starts


def _tail(file: BinaryIO, total: int) -> bytes:
    """The end of the file, long enough to hold a whole page."""
    file.seek(max(0, total - 2 * _LONGEST_PAGE))
    return file.read()


def page_size(header: bytes | bytearray) -> int | None:
    """Bytes of the page that begins with ``header``; None where too little of it is there."""
    if len(header) < _HEADER or len(header) < _HEADER + header[26]:
        return None
    return _HEADER + header[26] + sum(header[_HEADER : _HEADER + header[26]])


def checksum(page: bytes | bytearray) -> int:
    """CRC-32 of a page, as Ogg has it: zlib's with the bits the other way round, and from 0 instead of all ones."""
    blank = page[:22] + bytes(4) + page[26:]
    mirrored = zlib.crc32(blank.translate(_REVERSED_BITS), 0xFFFF_FFFF) ^ 0xFFFF_FFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_REVERSED_BITS), "big")

"""The frames of an MP3 file, without decoding them: how much sound there is, and where some may be missing.

Only a tag that an encoder may write into the first frame (Xing, Info) states the length of an MP3 file. Where there is
none, or the file has more bytes than the tag says (several were joined), its frames are counted.

Sources: ISO/IEC 11172-3 and 13818-3 (headers), the Xing and LAME tags, ID3v2.4, APEv2.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, final

_BITRATES = {  # kb/s by MPEG version (1, or 2 and 2.5) and layer
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = (44_100, 48_000, 32_000)
_LARGEST_FRAME = 2881
LENGTH_TOLERANCE = 2 * 1152
"""Samples that a stated length may be too long by: some encoders count their own tag, or padding."""
_ID3V1_BYTES = 128


@final
class MpegFrame(NamedTuple):
    """What the four bytes of a frame's header say: its size, and samples per channel."""

    size: int
    samples: int


@final
class MpegScan(NamedTuple):
    """All frames of a file: samples per channel, and where some may be missing."""

    samples: int
    warnings: tuple[str, ...]


def parse_frame(header: bytes) -> MpegFrame | None:
    """Read the header of a frame; None where these four bytes are none."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version, layer = (header[1] >> 3) & 3, 4 - ((header[1] >> 1) & 3)
    bitrate, rate = header[2] >> 4, (header[2] >> 2) & 3
    if version == 1 or layer == 4 or not 1 <= bitrate <= 14 or rate == 3:
        return None
    old = version == 3  # MPEG-1
    bits = 1000 * _BITRATES[1 if old else 2, layer][bitrate - 1]
    sample_rate = _RATES[rate] >> (3 - version if version else 2)
    samples = 384 if layer == 1 else 1152 if layer == 2 or old else 576
    padding = (header[2] >> 1) & 1
    size = (12 * bits // sample_rate + padding) * 4 if layer == 1 else samples * bits // (8 * sample_rate) + padding
    return MpegFrame(size, samples)


def tag_bytes(data: bytes | mmap.mmap, position: int) -> int:
    """Size of the tag (ID3v1, ID3v2, APE) that begins at a position; 0 where there is none."""
    head = data[position : position + 32]
    if head[:3] == b"ID3" and len(head) >= 10:
        return 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    if head[:8] == b"APETAGEX" and len(head) == 32:
        return int.from_bytes(head[12:16], "little") + (32 if head[23] & 0x20 else 0)
    return _ID3V1_BYTES if head[:3] == b"TAG" else 0


def begins_with_frame(path: Path) -> bool:
    """Whether a file begins with a frame, behind any tags.

    Raises:
        OSError: the file can't be read.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        start = _tags(data, 0)
        frame = parse_frame(data[start : start + 4])
        return frame is not None and _is_followed(data, start + frame.size)


def missing_bytes(path: Path) -> int | None:
    """How many bytes fewer a file has than the Xing or Info tag says in its first frame.

    Returns:
        None where no tag counts the frames, or there are more bytes than it says.

    Raises:
        OSError: the file can't be read.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        start = _tags(data, 0)
        stated = _stated_bytes(data[start : start + _LARGEST_FRAME])
        end = len(data) - (_ID3V1_BYTES if data[-_ID3V1_BYTES:][:3] == b"TAG" else 0)
        footer = data[max(0, end - 32) : end]
        if footer[:8] == b"APETAGEX":
            end -= int.from_bytes(footer[12:16], "little") + (32 if footer[23] & 0x80 else 0)  # it may have a header
        if stated is None or (stated and end - start - stated > _LARGEST_FRAME):
            return None
        return max(0, stated - (end - start))


def _stated_bytes(frame: bytes) -> int | None:
    """Bytes of sound that the tag in the first frame states, 0 where it leaves them out; None if it states no length.

    A tag without the size of the sound can't be checked against it, so only its count of frames is believed.
    """
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    flags = int.from_bytes(frame[at + 4 : at + 8], "big")
    if at < 0 or not flags & 1 or parse_frame(frame) is None:
        return None
    return int.from_bytes(frame[at + 12 : at + 16], "big") if flags & 2 else 0


def scan(path: Path) -> MpegScan:
    """Count the frames of an MP3 file from its start to its end.

    Raises:
        OSError: the file can't be read.
    """
    samples, warnings = 0, []
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        position = _tags(data, 0)
        for start, frame in _frames(data):
            gap = start - position
            if gap and not samples:
                warnings.append(f"it begins within a frame: {gap} bytes before the first frame can't be decoded")
            elif gap:
                warnings.append(f"{gap} bytes at byte {position} are no sound: some may be missing there")
            if start + frame.size > len(data):
                warnings.append("it ends within a frame: sound may be missing at its end")
            samples, position = samples + frame.samples, start + frame.size
            position += _tags(data, position)
    return MpegScan(samples, tuple(warnings))


def _tags(data: mmap.mmap, position: int) -> int:
    size = 0
    while (more := tag_bytes(data, position + size)) > 0:
        size += more
    return size


def _frames(data: mmap.mmap) -> Iterator[tuple[int, MpegFrame]]:
    """Position and header of each frame; what lies between them is passed over."""
    position = _tags(data, 0)
    in_step = False
    while position + 4 <= len(data):
        frame = parse_frame(data[position : position + 4])
        if frame is not None and (in_step or _is_followed(data, position + frame.size)):
            yield position, frame
            position += frame.size + _tags(data, position + frame.size)
            in_step = True
        else:
            position = data.find(b"\xff", position + 1)
            in_step = False
            if position < 0:
                return


def _is_followed(data: mmap.mmap, position: int) -> bool:
    """Whether another frame, a tag or the end is where a frame's header says; bytes alike are no header."""
    return (
        position == len(data) or tag_bytes(data, position) > 0 or parse_frame(data[position : position + 4]) is not None
    )

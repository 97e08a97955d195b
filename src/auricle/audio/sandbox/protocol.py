"""What a decoding child process tells its parent: records on a pipe, all bounded and checked.

A record is its kind (one byte), the length of its content (uint32) and the content. First comes a header, then samples,
and at last an end; or, at any time, a failure. Integers are little-endian.
"""

import json
import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np

from auricle.audio.formats.base import AudioInfo
from auricle.audio.sandbox.limits import AudioLimits
from auricle.audio.tags import clean_tags

HEADER, SAMPLES, END, FAILURE = b"H", b"S", b"E", b"F"
RECORD_HEADER = struct.Struct("<cI")
MAX_CONTENT_BYTES = {HEADER: 1 << 19, SAMPLES: 1 << 18, END: 4096, FAILURE: 8192}
"""The longest content of each kind, in bytes."""
_SHAPE = struct.Struct("<IBQ?B16s")
_MOST_FRAMES = 1 << 62


class ProtocolError(Exception):
    """What came is no record that a child of ours writes."""


class RecordHeader(NamedTuple):
    """Kind and length of a record."""

    kind: bytes
    length: int


class DecodeRequest(NamedTuple):
    """What a child shall do."""

    path: Path
    """The file, or the name of standard input."""
    from_stdin: bool
    limits: AudioLimits


def pack_request(request: DecodeRequest) -> list[str]:
    """Arguments of the child's command."""
    return [os.fspath(request.path), json.dumps([request.from_stdin, asdict(request.limits)])]


def parse_request(arguments: Sequence[str]) -> DecodeRequest:
    path, options = arguments
    from_stdin, limits = json.loads(options)
    return DecodeRequest(Path(path), from_stdin, AudioLimits(**limits))


def pack_record(kind: bytes, content: bytes | memoryview = b"") -> bytes:
    assert len(content) <= MAX_CONTENT_BYTES[kind], (kind, len(content))
    return RECORD_HEADER.pack(kind, len(content)) + content


def parse_record_header(data: bytes) -> RecordHeader:
    """Kind and length of the record that begins with ``data``.

    Raises:
        WireError: no such kind, or longer than its kind may be.
    """
    header = RecordHeader(*RECORD_HEADER.unpack(data))
    if header.length > MAX_CONTENT_BYTES.get(header.kind, -1):
        raise ProtocolError
    return header


def pack_header(info: AudioInfo, tags: Mapping[str, str]) -> bytes:
    """Content of a header: shape, then names and values of the tags, each ended by a zero byte."""
    name = info.format.encode()[:16]
    shape = _SHAPE.pack(info.sample_rate, info.channels, info.frames, info.exact, info.bits, name)
    return shape + "".join(f"{name}\0{value}\0" for name, value in tags.items()).encode()


def parse_header(path: Path, content: bytes) -> tuple[AudioInfo, dict[str, str]]:
    """Shape and tags of the sound at ``path``. Channels and rate are not judged.

    Raises:
        WireError: too short, an absurd number of samples, or a strange format.
    """
    if len(content) < _SHAPE.size:
        raise ProtocolError
    rate, channels, frames, exact, bits, name = _SHAPE.unpack_from(content)
    text = name.rstrip(b"\0").decode("ascii", errors="replace")
    if frames > _MOST_FRAMES or not (text.isprintable() and text.isascii()):
        raise ProtocolError
    words = content[_SHAPE.size :].decode(errors="replace").split("\0")
    tags = clean_tags(zip(words[0::2], words[1::2], strict=False))
    return AudioInfo(path, rate, channels, frames, text, exact, bits), tags


def parse_samples(content: memoryview, channels: int) -> np.ndarray:
    """Float32 ``(t, c)``, t > 0, a view of the content.

    Raises:
        WireError: no whole frames, or none.
    """
    if not content.nbytes or content.nbytes % (4 * channels):
        raise ProtocolError
    return np.frombuffer(content, "<f4").reshape(-1, channels)


def pack_warnings(warnings: Sequence[str]) -> bytes:
    """Content of an end: what may be missing of the sound, line by line."""
    return "\n".join(warnings).encode(errors="replace")[: MAX_CONTENT_BYTES[END]]


def parse_warnings(content: bytes) -> list[str]:
    """A child's warnings: printable lines.

    Raises:
        ProtocolError: one is not.
    """
    lines = content.decode(errors="replace").split("\n") if content else []
    if not all(line.isprintable() for line in lines):
        raise ProtocolError
    return lines


def parse_failure(content: bytes) -> str:
    """A child's message: one printable line.

    Raises:
        WireError: it is not one.
    """
    text = content.decode(errors="replace")
    if not text or not text.isprintable():
        raise ProtocolError
    return text

"""Awkward sounds read: samples expected and got, by file, by pipe and from memory.

The kinds are made here: files cut, joined, misnamed, with tags behind them, and lengths that nobody states.
"""

import argparse
import io
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import soundfile

from _shared import parser, publish, table

_RATE, _LENGTH = 16_000, 32_003


class Kind(NamedTuple):
    """A file's bytes, and what is right: samples (at least, for lossy formats), or words of the refusal."""

    name: str
    data: bytes
    right: int | str
    slack: int = 0


def main() -> None:
    options = parser(__doc__)
    args: argparse.Namespace = options.parse_args()
    with TemporaryDirectory() as name:
        rows = [_row(kind, Path(name) / kind.name) for kind in _kinds()]
    right = sum(row["verdict"] == "right" for row in rows)
    publish("reading", args.out, {"kinds": len(rows), "right": right}, {"rows": rows}, [table(rows)])


def _row(kind: Kind, path: Path) -> dict[str, Any]:
    path.write_bytes(kind.data)
    with subprocess.Popen(["cat", str(path)], stdout=subprocess.PIPE) as cat:
        results = [_read(path), _read(cat.stdout), _read(io.BytesIO(kind.data))]
    return {
        "kind": kind.name,
        "expected": kind.right,
        "got": results[0] if isinstance(results[0], str) else results[0].shape[1],
        "verdict": "right" if all(_is_right(kind, result) for result in results) and _agree(results) else "WRONG",
    }


def _read(source: Any) -> np.ndarray | str:
    from auricle import AuricleError, audio

    try:
        with audio.AudioReader(source) as reader:
            return reader.read_all()
    except AuricleError as error:
        return str(error).split(" ", 1)[1][:160]


def _is_right(kind: Kind, result: np.ndarray | str) -> bool:
    if isinstance(kind.right, str):
        return isinstance(result, str) and kind.right in result
    return not isinstance(result, str) and 0 <= result.shape[1] - kind.right <= kind.slack


def _agree(results: list[np.ndarray | str]) -> bool:
    first = results[0]
    return isinstance(first, str) or all(np.array_equal(first, other) for other in results[1:])


def _kinds() -> Iterator[Kind]:
    mp3, bare, flac = _encode("mp3", "libmp3lame"), _encode("mp3", "libmp3lame", write_xing="0"), _stored("FLAC")
    id3v1, frame = b"TAG" + bytes(125), 576
    ape = b"APETAGEX" + (2000).to_bytes(4, "little") + (32).to_bytes(4, "little") + bytes(16)
    yield Kind("whole.mp3", mp3, _LENGTH)
    yield Kind("no_xing.mp3", bare, _LENGTH, 4 * frame)
    yield Kind("cut_behind.mp3", mp3[: len(mp3) // 2], "cut short")
    yield Kind("cut_before.mp3", mp3[len(mp3) // 2 :], _LENGTH // 2 - 2 * frame, 6 * frame)
    yield Kind("joined.mp3", bare + bare, 2 * _LENGTH, 8 * frame)
    yield Kind("joined_with_tags.mp3", mp3 + mp3, 2 * _LENGTH - 4 * frame, 8 * frame)
    yield Kind("id3v1_behind.mp3", mp3 + id3v1, _LENGTH)
    for name, behind in (("id3v1", id3v1), ("ape", ape), ("junk", b"junk" * 99)):
        yield Kind(f"{name}_behind.flac", flac + behind, _LENGTH)
    yield Kind("joined.flac", flac + flac, "several files were joined")
    yield Kind("cut.flac", flac[: len(flac) // 2], "damaged")
    for container, codec in (("ogg", "flac"), ("caf", "alac"), ("ipod", "aac"), ("ipod", "alac"), ("voc", "pcm_s16le")):
        yield Kind(f"{container}_{codec}.mp3", _encode(container, codec), _LENGTH)
    yield Kind("mp3_in.wav", _encode("wav", "libmp3lame"), _LENGTH, 4 * frame)
    yield Kind("adts.wav", _encode("adts", "aac"), _LENGTH, 2048)
    yield Kind("page.mp3", b"<!DOCTYPE html><html><body>404 not found</body></html>", "not audio but a text")
    for format in ("WAV", "AIFF", "AU", "CAF", "W64", "RF64", "SVX", "NIST"):
        data = _stored(format)
        yield Kind(f"whole.{format.lower()}", data, _LENGTH)
        yield Kind(f"cut.{format.lower()}", data[: len(data) // 2], "cut short")
    yield Kind("no_length.wav", _with_length(0xFFFF_FFFF), _LENGTH)
    yield Kind("crashed_recorder.wav", _with_length(0), _LENGTH)
    yield Kind("promises_3GB.wav", _with_length(3_000_000_000), "cut short")
    yield Kind("chained.ogg", _stored("OGG") + _stored("OGG"), 2 * _LENGTH, 512)
    yield Kind("chained_rates.ogg", _stored("OGG") + _stored("OGG", rate=44_100), "a change of its sample rate")
    yield Kind(
        "chained_channels.ogg", _stored("OGG") + _stored("OGG", channels=2), "a change of its sample rate or channels"
    )


def _sound(channels: int) -> np.ndarray:
    return 0.2 * np.random.default_rng(0).standard_normal((_LENGTH, channels)).astype(np.float32)


def _stored(format: str, rate: int = _RATE, channels: int = 1) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, _sound(channels), rate, format=format)
    return file.getvalue()


def _with_length(size: int) -> bytes:
    data = bytearray(_stored("WAV"))
    data[40:44] = size.to_bytes(4, "little")
    return bytes(data)


def _encode(container: str, codec: str, **options: str) -> bytes:
    import av

    file = io.BytesIO()
    with av.open(file, "w", format=container, options=options) as target:
        stream = target.add_stream(codec, rate=_RATE, layout="mono")
        assert isinstance(stream, av.AudioStream)
        stream.codec_context.open()
        size = stream.codec_context.frame_size or 1024
        frame = av.AudioFrame.from_ndarray(_sound(1).T.copy(), format="flt", layout="mono")
        frame.rate, frame.pts, frame.time_base = _RATE, 0, Fraction(1, _RATE)
        shaper = av.AudioResampler(stream.codec_context.format, "mono", _RATE, frame_size=size)
        position = 0
        for part in [*shaper.resample(frame), *shaper.resample(None)]:
            part.pts, part.time_base = position, Fraction(1, _RATE)
            position += part.samples
            target.mux(stream.encode(part))
        target.mux(stream.encode(None))
    return file.getvalue()


if __name__ == "__main__":
    main()

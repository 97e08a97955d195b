"""Every container and codec that PyAV writes: the same samples from file, pipe and open file, and none too few."""

import contextlib
import io
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np
import pytest

from audio.written import CONTAINERS, SHAPES, Kind, kinds, tone, write
from auricle import audio
from auricle.errors import AudioError

LOSSLESS = (
    "pcm_s16le",
    "pcm_s16be",
    "pcm_s24le",
    "pcm_s24be",
    "pcm_f32le",
    "pcm_f32be",
    "flac",
    "alac",
    "wavpack",
    "tta",
)
PADDING_SECONDS = 0.3  # lossy codecs add what fills their last frame, and some the delay of encoder and decoder
ROUNDING_SECONDS = 0.001  # MPEG-4 states where a sound ends in thousandths of a second
UNREADABLE = {("voc", 6), ("voc", 8)}  # FFmpeg writes blocks that split the samples of one moment
MISLABELLED = {("flv", "pcm_s16be")}  # FFmpeg writes big-endian samples and says that they are little-endian
ROUNDED = {("w64", None), ("voc", None), ("matroska", "tta")}  # their lengths are


def written(kinds: Iterable[Kind]) -> Iterable[tuple[Kind, bytes]]:
    for kind in kinds:
        try:
            data = write(kind)
        except (av.FFmpegError, ValueError):  # this container can't hold this codec, or not in this shape
            continue
        if len(data) > 100 and (kind.container, kind.channels) not in UNREADABLE and kind[:2] not in MISLABELLED:
            yield kind, data


def read(source: object) -> tuple[np.ndarray, int] | str:
    try:
        with audio.AudioReader(source) as reader:  # type: ignore[arg-type]
            return reader.read_all(), reader.sample_rate
    except AudioError as error:
        return str(error).split("(")[0].partition(" ")[2]


def piped(data: bytes) -> tuple[np.ndarray, int] | str:
    read_end, write_end = os.pipe()

    def fill() -> None:
        with os.fdopen(write_end, "wb") as file, contextlib.suppress(BrokenPipeError):
            file.write(data)

    thread = threading.Thread(target=fill)
    thread.start()
    with os.fdopen(read_end, "rb") as file:
        result = read(file)
    thread.join(10)
    return result


def check(kind: Kind, data: bytes, folder: Path) -> bool:
    """Hold a file against what was written; whether it was read (FFmpeg can't read all that it writes)."""
    path = folder / "sound.bin"  # the name says nothing
    path.write_bytes(data)
    result = read(path)
    for other in (piped(data), read(io.BytesIO(data))):
        if isinstance(result, str) or isinstance(other, str):
            assert result != "" and isinstance(other, str) and isinstance(result, str), f"{kind}: {result}, {other}"
        else:
            np.testing.assert_array_equal(other[0], result[0], err_msg=str(kind))
    if isinstance(result, str):
        return False
    sound, rate = result
    assert len(sound) == kind.channels
    if kind.codec in LOSSLESS and not {(kind.container, None), kind[:2]} & ROUNDED:
        assert sound.shape[1] == kind.samples, str(kind)
        step = 1 / 128 if kind.codec in ("wavpack", "tta") else 2e-4  # PyAV opens those encoders with 8 bits
        np.testing.assert_allclose(sound, tone(*kind[2:]), atol=step, err_msg=str(kind))
    if rate in (kind.rate, 48_000):  # Opus has one rate; FLV calls all telephone codecs 8000 Hz
        excess = sound.shape[1] / rate - kind.samples / kind.rate
        assert -ROUNDING_SECONDS <= excess <= PADDING_SECONDS, f"{kind}: {excess} s more than were written"
    return True


def test_a_sample_of_all_kinds(tmp_path: Path) -> None:
    pairs = kinds()
    random.Random(0).shuffle(pairs)
    count = sum(check(kind, data, tmp_path) for kind, data in written(pairs[:400]))
    assert count >= 10


@pytest.mark.parametrize(
    "kind",
    [
        Kind("ogg", "flac", *SHAPES[1]),
        Kind("caf", "alac", *SHAPES[1]),
        Kind("ipod", "aac", *SHAPES[0]),
        Kind("ogg", "libopus", *SHAPES[0]),
        Kind("wav", "libmp3lame", *SHAPES[0]),
        Kind("mp3", "libmp3lame", *SHAPES[1]),
        Kind("flac", "flac", *SHAPES[4]),
        Kind("voc", "pcm_s16le", *SHAPES[1]),
        Kind("matroska", "pcm_s24le", *SHAPES[3]),
    ],
    ids=str,
)
def test_kinds_that_were_wrong(tmp_path: Path, kind: Kind) -> None:
    assert check(kind, write(kind), tmp_path)


def test_unusual_places_of_channels_do_not_end_the_process(tmp_path: Path) -> None:
    """CAF names eight places in another order than FFmpeg: a list, which PyAV freed several times."""
    kind = Kind("caf", "flac", *SHAPES[4])
    (tmp_path / "a.caf").write_bytes(write(kind))
    code = "import sys, gc, auricle\nfor _ in range(30): auricle.read(sys.argv[1]); gc.collect()"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.caf")], check=True, env=os.environ)
    assert check(kind, write(kind), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("container", CONTAINERS)
def test_all_kinds(tmp_path: Path, container: str) -> None:
    for kind, data in written(kind for kind in kinds() if kind.container == container):
        check(kind, data, tmp_path)

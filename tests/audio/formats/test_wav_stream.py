"""WAV to a stream that can't be corrected afterwards."""

import io
import os
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pytest
import soundfile

from auricle import audio
from auricle.errors import AudioError, OptionError, OutputError

SUBTYPES = ["PCM_16", "PCM_24", "FLOAT"]


class OneWay(io.RawIOBase):
    """Takes at most 1000 bytes at once, and none of them back."""

    def __init__(self) -> None:
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        accepted = bytes(cast(bytes, data))[:1000]
        self.data += accepted
        return len(accepted)

    def seek(self, *arguments: int) -> int:
        raise AssertionError("a pipe can't seek")


def sound(frames: int = 3001, channels: int = 2) -> np.ndarray:
    loud = 0.5 * np.random.default_rng(0).standard_normal((channels, frames)).astype(np.float32)
    loud[0, :5] = [1.0, -1.0, 0.5, -0.5, 0.0]
    return loud


@pytest.mark.parametrize("subtype", SUBTYPES)
@pytest.mark.parametrize("has_length", [True, False])
def test_the_same_samples_as_a_file(tmp_path: Path, subtype: str, has_length: bool) -> None:
    target = OneWay()
    frames = 3001 if has_length else None
    with audio.WavStreamWriter(cast(BinaryIO, target), 44_100, 2, subtype, frames=frames) as writer:
        for block in np.array_split(sound(), 5, axis=1):
            writer.write(block)
        assert writer.frames == 3001
    with audio.AudioWriter(tmp_path / "a.wav", 44_100, 2, subtype) as file:
        file.write(sound())
    (tmp_path / "b.wav").write_bytes(target.data)
    expected, rate = audio.read(tmp_path / "a.wav")
    piped_bytes, found_rate = audio.read(tmp_path / "b.wav")
    assert rate == found_rate == 44_100 and soundfile.info(tmp_path / "b.wav").subtype == subtype
    np.testing.assert_array_equal(piped_bytes, expected)
    if subtype == "FLOAT":
        np.testing.assert_array_equal(piped_bytes, sound())
    piped = audio.AudioReader.from_stream(cast(BinaryIO, io.BytesIO(target.data)))
    assert piped.info.exact
    np.testing.assert_array_equal(piped.read_all(), expected)


@pytest.mark.parametrize("frames", [0, None])
def test_no_samples(tmp_path: Path, frames: int | None) -> None:
    target = io.BytesIO()
    with audio.WavStreamWriter(target, 8000, 1, frames=frames):
        pass
    assert audio.AudioReader.from_stream(io.BytesIO(target.getvalue())).read_all().shape == (1, 0)
    (tmp_path / "a.wav").write_bytes(target.getvalue())
    assert audio.read(tmp_path / "a.wav")[0].shape == (1, 0)


def test_beyond_four_gigabytes_it_is_rf64(tmp_path: Path) -> None:
    frames, path = (1 << 31) + 5, tmp_path / "a.wav"
    with path.open("wb") as file:
        audio.WavStreamWriter(file, 8000, 1, frames=frames)
        file.truncate(file.tell() + 2 * frames)  # takes no room: silence
    info = soundfile.info(path)
    assert (info.format, info.frames) == ("RF64", frames)
    with path.open("rb") as pipe:
        assert audio.AudioReader.from_stream(pipe).info.frames == frames
    most = (0xFFFF_FFFF - 36) // 2
    target = io.BytesIO()
    audio.WavStreamWriter(target, 8000, 1, frames=most)
    assert target.getvalue()[:8] == b"RIFF" + (36 + 2 * most).to_bytes(4, "little")


@pytest.mark.parametrize(
    ("rate", "channels", "subtype", "words"),
    [(7999, 1, "PCM_16", "7999 Hz"), (8000, 9, "PCM_16", "9 channels"), (8000, 1, "VORBIS", "no subtype VORBIS")],
)
def test_options(rate: int, channels: int, subtype: str, words: str) -> None:
    target = io.BytesIO()
    with pytest.raises(OptionError, match=words):
        audio.WavStreamWriter(target, rate, channels, subtype)
    assert not target.getvalue()


@pytest.mark.parametrize("block", [np.zeros((1, 5)), np.zeros(5), np.full((2, 5), np.nan)])
def test_wrong_blocks(block: np.ndarray) -> None:
    with pytest.raises(AudioError, match="standard output"):
        audio.WavStreamWriter(io.BytesIO(), 8000, 2).write(block)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_a_full_disk() -> None:
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(OutputError, match="can't write standard"):
        audio.WavStreamWriter(cast(BinaryIO, full), 8000, 1)


def test_a_reader_that_has_seen_enough() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "wb", buffering=0) as file, pytest.raises(BrokenPipeError):
        audio.WavStreamWriter(cast(BinaryIO, file), 8000, 1)

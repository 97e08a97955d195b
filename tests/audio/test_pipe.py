"""Sounds from a stream that comes once: the same samples as from the same bytes in a file."""

import io
import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from auricle import audio
from auricle.audio import TRUSTED_LIMITS, opening
from auricle.errors import AudioError

RATE = 16_000


class OneWay(io.RawIOBase):
    """Bytes that come in pieces of odd sizes, without a way back."""

    def __init__(self, data: bytes, sizes: tuple[int, ...] = (1, 7, 1000, 65_537)) -> None:
        self._data, self._sizes, self.calls = io.BytesIO(data), sizes, 0

    def read(self, size: int = -1) -> bytes:
        self.calls += 1
        most = self._sizes[self.calls % len(self._sizes)]
        return self._data.read(min(size, most))

    def seek(self, *arguments: int) -> int:
        raise AssertionError("a pipe can't seek")

    tell = seek  # type: ignore[assignment]


def stream(data: bytes) -> BinaryIO:
    return cast(BinaryIO, OneWay(data))


def heard(data: bytes, block: int = 999) -> tuple[np.ndarray, audio.AudioInfo]:
    with audio.AudioReader.from_stream(stream(data)) as reader:
        blocks = list(reader.blocks(block))
        assert all(b.shape == (reader.channels, block) for b in blocks[:-1])
        return np.concatenate([np.zeros((reader.channels, 0), np.float32), *blocks], axis=1), reader.info


def noise(frames: int, channels: int = 2) -> np.ndarray:
    return 0.3 * np.random.default_rng(1).standard_normal((frames, channels)).astype(np.float32)


def stored(path: Path, subtype: str = "PCM_16", channels: int = 2, format: str | None = None) -> bytes:
    soundfile.write(path, noise(5001, channels), RATE, subtype=subtype, format=format)
    return path.read_bytes()


PLAIN = [
    ("wav", "PCM_U8"),
    ("wav", "PCM_16"),
    ("wav", "PCM_24"),
    ("wav", "PCM_32"),
    ("wav", "FLOAT"),
    ("wav", "DOUBLE"),
    ("wavex", "PCM_16"),
    ("wavex", "PCM_24"),
    ("wavex", "FLOAT"),
    ("rf64", "PCM_16"),
    ("au", "PCM_S8"),
    ("au", "PCM_16"),
    ("au", "PCM_24"),
    ("au", "FLOAT"),
    ("au", "DOUBLE"),
]


@pytest.mark.parametrize(("format", "subtype"), PLAIN)
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_plain_samples_are_those_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str, subtype: str, channels: int
) -> None:
    monkeypatch.setattr(opening, "SpooledDecoder", None)  # none of these may need a temporary file
    path = tmp_path / f"a.{format}"
    data = stored(path, subtype, channels, format=format.upper())
    samples, about = heard(data)
    np.testing.assert_array_equal(samples, audio.read(path)[0])
    expected = audio.info(path)
    assert (about.sample_rate, about.channels, about.frames, about.exact) == (RATE, channels, expected.frames, True)
    assert str(about.path) == "standard input"


@pytest.mark.parametrize("size", [0, 0xFFFF_FFFF, 0x7FFF_FFFF, 0x7FFF_F000, 0xFFFF_FFFF - 36])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_a_length_that_the_writer_did_not_know(tmp_path: Path, size: int, subtype: str) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(1000), RATE, subtype=subtype)
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = size.to_bytes(4, "little")
    samples, about = heard(bytes(data[: at + 4 + 1000 * 2 * soundfile_bytes(subtype)]))
    assert not about.exact and about.frames == 0
    np.testing.assert_array_equal(samples, audio.read(path)[0])


def soundfile_bytes(subtype: str) -> int:
    return {"PCM_16": 2, "PCM_24": 3, "FLOAT": 4}[subtype]


def test_more_samples_than_a_placeholder_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auricle.audio.formats.wav_reader._PLACEHOLDERS", (2000,))
    data = bytearray(stored(tmp_path / "a.wav"))
    data[40:44] = (2000).to_bytes(4, "little")
    assert heard(bytes(data))[0].shape == (2, 5001)
    followed = bytes(data[: 44 + 2000]) + b"LIST\x04\x00\x00\x00INFO"
    assert heard(followed)[0].shape == (2, 500)
    (tmp_path / "followed.wav").write_bytes(followed)
    about = audio.info(tmp_path / "followed.wav")
    assert about.frames == 503 and not about.exact, "an estimate: what follows may be samples"


def test_an_empty_sound_with_chunks_behind_it(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    audio.AudioWriter(path, RATE, 1).close()
    assert heard(path.read_bytes())[0].shape == (1, 0)
    assert heard(path.read_bytes() + b"LIST\x14\x00\x00\x00INFO" + bytes(16))[0].shape == (1, 0)


def test_chunks_before_and_behind(tmp_path: Path) -> None:
    data = stored(tmp_path / "a.wav")
    junk = b"JUNK" + struct.pack("<I", 100_001) + bytes(100_002)
    wide = data[:12] + junk + data[12:] + b"LIST\x04\x00\x00\x00INFO"
    np.testing.assert_array_equal(heard(wide)[0], audio.read(tmp_path / "a.wav")[0])


def test_tags_of_a_wav(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    tags = {"title": "T\u00eftle", "artist": "A", "album": "B", "date": "2020", "tracknumber": "3", "comment": "x\ny"}
    with audio.AudioWriter(path, RATE, 1, tags=tags) as writer:
        writer.write(noise(100, 1).T)
    with audio.AudioReader.from_stream(stream(path.read_bytes())) as reader:
        assert reader.tags == tags == audio.tags(path)


@pytest.mark.parametrize(
    ("behind", "said"),
    [
        (b"RIFF", "another file is joined"),
        (b"LIST\x04\0\0\0abcdRIFF", "another file is joined"),
        (b"\x12\xf3\x01\0" * 4, "what follows its samples"),
        (b"LIST\x04\0\0\0abcd", None),
        (b"TAG\0title\0\0\0", None),
        (bytes(1000), None),
    ],
)
def test_what_lies_behind_the_samples(tmp_path: Path, behind: bytes, said: str | None) -> None:
    data = stored(tmp_path / "a.wav")
    joined = data + (behind + data[4:] if behind.endswith(b"RIFF") else behind)
    (tmp_path / "joined.wav").write_bytes(joined)
    for source in (stream(joined), tmp_path / "joined.wav"):
        with audio.AudioReader(source) as reader:
            samples = reader.read_all()
            assert len(reader.warnings) == (said is not None) and all(str(said) in text for text in reader.warnings)
        np.testing.assert_array_equal(samples, audio.read(tmp_path / "a.wav")[0])


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_cut_stream(tmp_path: Path, share: float) -> None:
    data = stored(tmp_path / "a.wav")
    with pytest.raises(AudioError, match=r"standard input is cut short .*promises 5001 samples"):
        heard(data[: int(share * len(data))])


@pytest.mark.parametrize("suffix", ["flac", "mp3", "ogg", "aiff", "caf", "w64"])
def test_other_formats_are_those_of_the_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, noise(30_000), 48_000)
    np.testing.assert_array_equal(heard(path.read_bytes())[0], audio.read(path)[0])


@pytest.mark.parametrize("subtype", ["ULAW", "IMA_ADPCM"])
def test_coded_samples_in_a_wav(tmp_path: Path, subtype: str) -> None:
    data = stored(tmp_path / "a.wav", subtype, 1)
    np.testing.assert_array_equal(heard(data)[0], audio.read(tmp_path / "a.wav")[0])


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_flac_comes_without_a_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, subtype: str) -> None:
    data = stored(tmp_path / "a.flac", subtype)
    monkeypatch.setattr(opening, "SpooledDecoder", None)
    samples, about = heard(data)
    assert (about.frames, about.exact, about.format) == (5001, True, "FLAC")
    np.testing.assert_array_equal(samples, audio.read(tmp_path / "a.flac")[0])
    with pytest.raises(AudioError, match=r"standard input is (damaged|cut short)"):
        heard(data[: len(data) * 2 // 3])


def test_a_large_stream_that_must_be_stored_is_refused(tmp_path: Path) -> None:
    data = stored(tmp_path / "a.aiff") * 200
    limits = replace(TRUSTED_LIMITS, spool_bytes=1 << 20)
    with pytest.raises(AudioError, match=r"standard input has more than 1 MiB .*spool_bytes"):
        audio.AudioReader.from_stream(stream(data), limits=limits)


def test_no_temporary_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = stored(tmp_path / "a.aiff")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "a.aiff").unlink()
    with audio.AudioReader.from_stream(stream(data)):
        assert list(tmp_path.iterdir())
    with pytest.raises(AudioError):
        audio.AudioReader.from_stream(stream(data[:20]))
    assert not list(tmp_path.iterdir())


def test_what_kill_left_goes_with_the_next_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, folder = stored(tmp_path / "a.ogg", "VORBIS"), tmp_path / "temporary"
    folder.mkdir()
    code = "import sys; from auricle.audio import AudioReader; AudioReader.from_stream(sys.stdin.buffer)"
    environment = {**os.environ, "TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, env=environment) as process:
        assert process.stdin is not None
        process.stdin.write(data)
        process.stdin.flush()
        deadline = time.monotonic() + 30
        while not list(folder.rglob("sound")) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.kill()
    assert list(folder.rglob("sound"))
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    heard(data)
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    "content", [b"", b"RI", b"RIFF", b"hello" * 100, bytes(3000), b"fLaC" + bytes(100), b"OggS" + bytes(60)]
)
def test_no_sound(content: bytes) -> None:
    with pytest.raises(AudioError, match="standard input") as caught:
        heard(content)
    assert "\n" not in str(caught.value) and "auricle-" not in str(caught.value)


def wav(channels: int, rate: int, bits: int = 16, tag: int = 1, size: int = 100) -> bytes:
    align = min(channels * bits // 8, 65_535)
    shape = struct.pack("<HHIIHH", tag, channels, rate, 0, align, bits)
    return b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + shape + b"data" + size.to_bytes(4, "little") + bytes(size % 100_000)


@pytest.mark.parametrize(("channels", "rate"), [(9, 8000), (32_767, 8000), (1, 0), (1, 2**32 - 1), (2, 7999)])
def test_absurd_headers(channels: int, rate: int) -> None:
    with pytest.raises(AudioError, match=r"channels|sample rate"):
        heard(wav(channels, rate))


def test_a_header_that_never_ends() -> None:
    with pytest.raises(AudioError, match="no samples in its first 16 MiB"):
        heard(b"RIFF\0\0\0\0WAVE" + (b"JUNK\0\0\0\1" + bytes(1 << 24)) * 2)


def test_a_claim_of_ten_hours_is_cut_short(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="cut short"):
        heard(wav(1, 8000, size=8000 * 36_000 * 2))


@settings(max_examples=150, deadline=None)
@given(
    data=st.data(), kind=st.sampled_from([("wav", "PCM_16"), ("wavex", "FLOAT"), ("rf64", "PCM_24"), ("au", "PCM_16")])
)
def test_mutated_headers_raise_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, kind: tuple[str, str]
) -> None:
    path = tmp_path_factory.getbasetemp() / f"seed.{kind[0]}"
    content = bytearray(path.read_bytes() if path.exists() else stored(path, kind[1], format=kind[0].upper()))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, 120))] = data.draw(st.integers(0, 255))
    try:
        sound, _ = heard(bytes(content[: data.draw(st.integers(0, 3000))]))
    except AudioError as error:
        assert "\n" not in str(error)
    else:
        assert np.isfinite(sound).all() and sound.shape[1] <= 3000


@contextmanager
def running(data: bytes) -> Iterator[BinaryIO]:
    """A real pipe that another thread fills."""
    read_end, write_end = os.pipe()

    def fill() -> None:
        with os.fdopen(write_end, "wb") as file:
            file.write(data)

    thread = threading.Thread(target=fill)
    thread.start()
    with os.fdopen(read_end, "rb") as file:
        yield file
    thread.join(10)
    assert not thread.is_alive()


def test_what_follows_the_samples_is_taken_too(tmp_path: Path) -> None:
    data = stored(tmp_path / "a.wav") + b"LIST" + (1 << 20).to_bytes(4, "little") + bytes(1 << 20)
    with running(data) as file, audio.AudioReader.from_stream(file) as reader:
        assert sum(block.shape[1] for block in reader.blocks(1000)) == 5001


MEMORY = """
import resource, sys
import numpy as np
from auricle import audio
with audio.AudioReader.from_stream(sys.stdin.buffer) as reader:
    first = next(blocks := reader.blocks(16000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    frames = first.shape[1] + sum(block.shape[1] for block in blocks)
print(frames, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted in other units here")
def test_memory_stays_flat() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", MEMORY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=False
    ) as reader:
        assert reader.stdin is not None and reader.stdout is not None
        reader.stdin.write(wav(2, 48_000, size=0xFFFF_FFFF)[:44])
        for _ in range(200):
            reader.stdin.write(bytes(1 << 20))
        reader.stdin.close()
        frames, grown = map(int, reader.stdout.read().split())
    assert frames == 200 * (1 << 20) // 4 and grown < 10_000  # KiB

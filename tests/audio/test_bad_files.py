"""Every file that can't be read whole is one AudioError of one line that names it."""

import io
import os
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from auricle import audio
from auricle.audio.formats import ogg
from auricle.errors import AudioError

CHECKED = ["wav", "flac", "aiff", "au", "caf", "w64", "rf64", "ogg", "opus"]


def refused(path: Path, pattern: str) -> None:
    with pytest.raises(AudioError, match=pattern) as caught:
        audio.read(path)
    message = str(caught.value)
    assert str(path) in message and "\n" not in message and message.isprintable()


def noise_file(path: Path, frames: int = 60_000, rate: int = 48_000) -> bytes:
    sound = 0.2 * np.random.default_rng(1).standard_normal((frames, 2))
    opus = {"format": "OGG", "subtype": "OPUS"} if path.suffix == ".opus" else {}
    soundfile.write(path, sound, rate, **opus)
    return path.read_bytes()


def test_missing(tmp_path: Path) -> None:
    refused(tmp_path / "a.wav", "does not exist: check the name")
    with pytest.raises(AudioError, match="does not exist"):
        audio.info(tmp_path / "a.wav")


def test_folder(tmp_path: Path) -> None:
    refused(tmp_path, "is a folder: name an audio file")


@pytest.mark.parametrize("suffix", ["wav", "mp3", "m4a"])
def test_no_bytes(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    path.touch()
    refused(path, "is empty")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything")
def test_no_permission(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    noise_file(path)
    path.chmod(0)
    refused(path, "Permission denied")


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "ogg", "aiff", "m4a", "aac", "g722x"])
@pytest.mark.parametrize("content", [b"hello, this is some text\n" * 20, bytes(2000), b"RIFF", b"OggS", b"\x00"])
def test_not_audio(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(content)
    refused(path, "not audio|no audio|damaged|cut short")


@pytest.mark.parametrize("channels", [9, 16])
def test_too_many_channels(tmp_path: Path, channels: int) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((100, channels)), 44100)
    refused(tmp_path / "a.wav", f"has {channels} channels: Auricle takes 1 to 8")


@pytest.mark.parametrize("rate", [4000, 7999, 192001, 384000])
def test_rates_outside_the_range(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(100), rate)
    refused(tmp_path / "a.wav", f"sample rate of {rate} Hz: Auricle takes 8000 to 192000 Hz")


@pytest.mark.parametrize(("value", "word"), [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")])
def test_samples_that_are_no_numbers(tmp_path: Path, value: float, word: str) -> None:
    sound = np.zeros((40_000, 2), np.float32)
    sound[24_000, 1] = value
    soundfile.write(tmp_path / "a.wav", sound, 16_000, subtype="FLOAT")
    refused(tmp_path / "a.wav", f"the sample {word} at 1.500 s")
    with audio.AudioReader(tmp_path / "a.wav") as reader:
        blocks = reader.blocks(1000)
        assert sum(next(blocks).shape[1] for _ in range(24)) == 24_000
        with pytest.raises(AudioError, match=r"at 1\.500 s"):
            next(blocks)


@pytest.mark.parametrize("suffix", CHECKED)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_cut_files(tmp_path: Path, suffix: str, share: float) -> None:
    path = tmp_path / f"a.{suffix}"
    data = noise_file(path)
    path.write_bytes(data[: int(len(data) * share)])
    refused(path, "damaged|cut short|not audio")


@pytest.mark.parametrize("suffix", ["wav", "aiff", "au", "ogg", "w64"])
def test_a_cut_shows_in_the_header_already(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    data = noise_file(path)
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(AudioError, match="is cut short"):
        audio.info(path)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_cut_mp3_with_a_length_tag(tmp_path: Path, share: float) -> None:
    path = tmp_path / "a.mp3"
    data = noise_file(path)
    path.write_bytes(data[: int(len(data) * share)])
    refused(path, "is cut short .its header promises 60000 samples")


def test_mp3_without_a_length_tag_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    data = bytearray(noise_file(path))
    tag = re.search(rb"Xing|Info", data)
    assert tag is not None
    data[tag.start() : tag.end()] = b"none"
    path.write_bytes(data[: len(data) // 2])
    assert not audio.info(path).exact
    assert 20_000 < audio.read(path)[0].shape[1] < 40_000


@pytest.fixture(scope="module")
def checked_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole")
    return {suffix: noise_file(folder / f"a.{suffix}", 20_000) for suffix in ("flac", "ogg", "opus")}


@settings(max_examples=40, deadline=None)
@given(suffix=st.sampled_from(["flac", "ogg", "opus"]), place=st.floats(0.25, 0.99), flip=st.integers(1, 255))
def test_one_wrong_byte_in_a_checked_format(
    tmp_path_factory: pytest.TempPathFactory,
    checked_files: dict[str, bytes],
    suffix: str,
    place: float,
    flip: int,
) -> None:
    damaged = bytearray(checked_files[suffix])
    damaged[int(place * len(damaged))] ^= flip
    path = tmp_path_factory.mktemp("bad") / f"a.{suffix}"
    path.write_bytes(damaged)
    refused(path, "damaged|cut short")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damage_of_any_kind_raises_nothing_else(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    suffix = data.draw(st.sampled_from(["wav", "flac", "aiff", "ogg", "mp3", "caf"]))
    path = folder / f"a.{suffix}"
    content = bytearray(noise_file(path, 500))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, min(300, len(content) - 1)))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        sound, _ = audio.read(path)
    except AudioError as error:
        assert "\n" not in str(error)
    else:
        assert sound.dtype == np.float32 and np.isfinite(sound).all()


@pytest.mark.parametrize("opened", [False, True])
def test_a_recorder_that_crashed(tmp_path: Path, opened: bool) -> None:
    path = tmp_path / "a.wav"
    data = bytearray(noise_file(path))
    sound = audio.read(path)[0]
    data[40:44] = bytes(4)
    path.write_bytes(data)
    with audio.AudioReader(io.BytesIO(data) if opened else path) as reader:
        np.testing.assert_array_equal(reader.read_all(), sound)
        assert ["its header says 0 samples" in line for line in reader.warnings] == [True]


@pytest.mark.parametrize(
    ("scale", "advice"),
    [
        (2.5, "reach 2.5 where 1 is full scale: up to 2 is tolerated, scale it down"),
        (32_767, "16-bit integers kept as floats, divide by 32768 and write again"),
        (8_388_607, "24-bit integers kept as floats, divide by 8388608"),
        (2.0**31 - 129, "32-bit integers kept as floats, divide by 2147483648"),
        (1e20, "scale it down"),
    ],
)
@pytest.mark.parametrize("untrusted", [False, True])
def test_samples_far_beyond_full_scale(tmp_path: Path, scale: float, advice: str, untrusted: bool) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.sin(np.arange(20_001) * np.pi / 2) * scale, 16_000, subtype="DOUBLE")
    with pytest.raises(AudioError, match=re.escape(advice)):
        audio.read(path, untrusted=untrusted)


def test_a_missing_ogg_page(tmp_path: Path) -> None:
    path = tmp_path / "a.ogg"
    data = noise_file(path)
    starts = [match.start() for match in re.finditer(b"OggS\x00", data)]
    assert len(starts) > 5
    path.write_bytes(data[: starts[3]] + data[starts[4] :])
    assert ogg.damage(path) == f"an Ogg page is missing before byte {starts[3]}"
    refused(path, "an Ogg page is missing")


def test_bytes_after_the_last_ogg_page(tmp_path: Path) -> None:
    path = tmp_path / "a.ogg"
    path.write_bytes(noise_file(path) + b"TAG" + bytes(125))
    assert audio.read(path)[0].shape == (2, 60_000)

"""Writing files block by block."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from auricle import audio
from auricle.audio.rf64 import to_rf64
from auricle.audio.writer import write
from auricle.errors import AudioError, OptionError, OutputError


def ramp(channels: int, frames: int) -> np.ndarray:
    return np.linspace(-1, 1, channels * frames, dtype=np.float32).reshape(channels, frames)


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 500), max_size=6),
    channels=st.integers(1, 8),
    suffix=st.sampled_from(["wav", "flac"]),
    rate=st.sampled_from([8000, 11025, 44100, 48000, 192000]),
)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], channels: int, suffix: str, rate: int
) -> None:
    path = tmp_path_factory.mktemp("out") / f"a.{suffix}"
    sound = ramp(channels, sum(sizes))
    with audio.AudioWriter(path, rate, channels) as writer:
        for block in np.split(sound, np.cumsum(sizes)[:-1], axis=1) if sizes else []:
            writer.write(block)
        assert writer.frames == sum(sizes)
    samples, back_rate = audio.read(path)
    assert back_rate == rate and samples.shape == sound.shape
    np.testing.assert_allclose(samples, sound, atol=1.1 * 2**-15)
    assert soundfile.info(path).subtype == "PCM_16"


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "opus"])
def test_a_sound_of_no_samples_comes_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    write(path, np.zeros((2, 0), np.float32), 48000)
    samples, rate = audio.read(path)
    assert samples.shape == (2, 0) and rate == 48000


def test_an_mp3_of_no_samples_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"a\.mp3: an MP3 can't hold a sound of 0 samples: write \.wav or \.flac"):
        write(tmp_path / "a.mp3", np.zeros((2, 0), np.float32), 48000)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "opus", "mp3"])
def test_the_cause_of_a_failed_write_is_the_systems(tmp_path: Path, suffix: str) -> None:
    """Whoever works on many files ends where the disk is full, which a libsndfile error does not tell."""
    path = tmp_path / f"a.{suffix}"
    path.symlink_to("/dev/full")
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 500_000)).astype(np.float32)
    with pytest.raises(OutputError, match="No space left on device") as failed:
        writer = audio.AudioWriter(path, 48000, 1)
        writer.write(noise)
        writer.close()
    assert isinstance(failed.value.__cause__, OSError) and failed.value.__cause__.errno == errno.ENOSPC


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_clipped_not_wrapped(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    with audio.AudioWriter(path, 16000, 1) as writer:
        writer.write(np.array([[0.5, 1.0, 1.2, 30.0, -1.0, -1.2, -30.0]], np.float32))
    samples, _ = audio.read(path)
    np.testing.assert_allclose(samples, [[0.5, 1, 1, 1, -1, -1, -1]], atol=1.1 * 2**-15)


@pytest.mark.parametrize("bits", [16, 24])
def test_whole_numbers_are_the_nearest_ones_in_every_format(tmp_path: Path, bits: int) -> None:
    step = 2.0 ** (1 - bits)
    sound = np.array([[-1e-12, 0.4 * step, 0.6 * step, -0.4 * step, -0.6 * step, 1.0, -1.0, 0.5 - step]], np.float32)
    top = 2 ** (bits - 1)
    for suffix in ("wav", "flac"):
        write(tmp_path / f"a.{suffix}", sound, 16000, subtype=f"PCM_{bits}")
        integers = soundfile.read(tmp_path / f"a.{suffix}", dtype="int32")[0] >> (32 - bits)
        assert integers.tolist() == [0, 0, 1, 0, -1, top - 1, -top, top // 2 - 1], suffix
    with (tmp_path / "b.wav").open("wb") as file, audio.WavStreamWriter(file, 16000, 1, f"PCM_{bits}") as stream:
        stream.write(sound)
    piped = soundfile.read(tmp_path / "b.wav", dtype="int32")[0]
    assert np.array_equal(piped, soundfile.read(tmp_path / "a.wav", dtype="int32")[0])


def test_float_holds_what_is_beyond_full_scale(tmp_path: Path) -> None:
    sound = np.array([[0.1, 1.5, -2.0]], np.float32)
    with audio.AudioWriter(tmp_path / "a.wav", 16000, 1, "FLOAT") as writer:
        writer.write(sound)
    np.testing.assert_array_equal(audio.read(tmp_path / "a.wav")[0], sound)


def test_more_bits(tmp_path: Path) -> None:
    sound = ramp(2, 1000) * 0.9
    with audio.AudioWriter(tmp_path / "a.flac", 96000, 2, "PCM_24") as writer:
        writer.write(sound)
    np.testing.assert_allclose(audio.read(tmp_path / "a.flac")[0], sound, atol=2**-22)


def test_vorbis(tmp_path: Path) -> None:
    with audio.AudioWriter(tmp_path / "a.OGG", 44100, 2) as writer:
        writer.write(0.3 * ramp(2, 30_000))
    info = audio.info(tmp_path / "a.OGG")
    assert (info.format, info.frames, info.channels) == ("OGG", 30_000, 2)


@pytest.mark.parametrize(("suffix", "format", "rate"), [("opus", "OGG", 48000), ("mp3", "MP3", 44100)])
def test_lossy_formats_by_suffix(tmp_path: Path, suffix: str, format: str, rate: int) -> None:
    path = tmp_path / f"a.{suffix}"
    tone = 0.5 * np.sin(np.arange(2 * rate) * 2 * np.pi * 440 / rate, dtype=np.float32)
    write(path, np.stack([tone, -tone]), rate)
    assert audio.info(path).format == format
    back, back_rate = audio.read(path)
    assert back_rate == rate and back.shape == (2, 2 * rate)
    np.testing.assert_allclose(back[0, 1000:-1000], tone[1000:-1000], atol=0.05)


def hit(rate: int) -> np.ndarray:
    """A burst of noise that begins at 0, is at its height after 4 ms and dies away."""
    seconds = np.arange(rate // 2) / rate
    noise = np.random.default_rng(0).standard_normal(len(seconds))
    noise *= np.minimum(seconds / 0.004, 1.0) ** 2 * np.exp(-12 * seconds)
    return (0.9 * noise / np.abs(noise).max()).astype(np.float32)


@pytest.mark.parametrize("rate", [16000, 24000, 48000])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_opus_begins_as_the_sound_does(tmp_path: Path, rate: int, channels: int) -> None:
    path, sound = tmp_path / "a.opus", np.tile(hit(rate), (channels, 1))
    write(path, sound, rate)
    back, _ = audio.read(path)
    assert back.shape == sound.shape
    assert np.abs(back[:, 0]).max() < 0.01 * np.abs(back).max()
    correlation = np.correlate(back[0], sound[0], "full")
    assert correlation.argmax() == len(sound[0]) - 1, "neither late nor early"
    with av.open(path) as container:
        decoded = [frame.to_ndarray() for frame in container.decode(audio=0)]
    peer = np.concatenate(decoded, axis=1)
    assert peer.shape[1] * rate == len(sound[0]) * 48000
    assert np.abs(peer[:, 0]).max() < 0.01 * np.abs(peer).max()


def test_opus_of_no_samples(tmp_path: Path) -> None:
    with audio.AudioWriter(tmp_path / "a.opus", 48000, 1) as writer:
        pass
    assert writer.frames == 0
    assert soundfile.info(tmp_path / "a.opus").frames == 0


@pytest.mark.parametrize(
    ("name", "rate", "channels", "said"),
    [
        ("a.opus", 44100, 1, "Opus has no sample rate of 44100 Hz, only 8000, 12000, 16000, 24000, 48000"),
        ("a.mp3", 96000, 1, "MP3 has no sample rate of 96000 Hz"),
        ("a.mp3", 44100, 3, "MP3 holds 2 channels, not 3"),
    ],
)
def test_what_a_lossy_format_cannot_hold(tmp_path: Path, name: str, rate: int, channels: int, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        write(tmp_path / name, np.zeros((channels, 10)), rate)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT", "PCM_U8", "DOUBLE"])
@pytest.mark.parametrize("tags", [{}, {"title": "so long"}])
def test_a_wav_file_becomes_rf64_in_its_place(tmp_path: Path, subtype: str, tags: dict[str, str]) -> None:
    path, frame_bytes = tmp_path / "a.wav", 3 * audio.writer._WAV_SAMPLE_BYTES[subtype]
    with audio.AudioWriter(path, 44100, 3, subtype, tags=tags) as writer:
        writer.write(ramp(3, 4001))
    before, size = audio.read(path)[0], path.stat().st_size
    to_rf64(path, 4001, frame_bytes)
    header = path.read_bytes()[:48]
    assert header[:20] == b"RF64\xff\xff\xff\xffWAVEds64\x1c\0\0\0"
    assert np.frombuffer(header[20:44], "<u8").tolist() == [path.stat().st_size - 8, 4001 * frame_bytes, 4001]
    assert path.stat().st_size == size + 36 and soundfile.info(path).format == "RF64"
    np.testing.assert_array_equal(audio.read(path)[0], before)
    with path.open("rb") as pipe:
        np.testing.assert_array_equal(audio.AudioReader.from_stream(pipe).read_all(), before)
    assert audio.AudioReader(path).tags == tags


@pytest.mark.slow
def test_more_than_four_gigabytes(tmp_path: Path) -> None:
    """281,018,368 frames of 8 bytes were written once, and 268,435,455 fewer than all were read back."""
    frames, channels = 281_018_368, 8
    second = ramp(channels, 1 << 20)
    with audio.AudioWriter(tmp_path / "a.wav", 44100, channels, "PCM_16") as writer:
        while writer.frames < frames:
            writer.write(second[:, : frames - writer.frames])
    info = soundfile.info(tmp_path / "a.wav")
    assert (info.format, info.frames, info.channels) == ("RF64", frames, channels)
    with audio.AudioReader(tmp_path / "a.wav") as reader:
        assert reader.info.frames == frames
    with soundfile.SoundFile(tmp_path / "a.wav") as file:
        for at in (0, 1 << 28, frames - 5):
            file.seek(at)
            expected = np.take(second, range(at, at + 5), axis=1, mode="wrap").T
            np.testing.assert_allclose(file.read(5, dtype="float32"), expected, atol=2**-15)


def test_minutes_at_once(tmp_path: Path) -> None:
    """Vorbis overran the stack and took the process down; so this runs in one of its own."""
    code = (
        "import sys, numpy, auricle; noise = numpy.random.default_rng(0).normal(0, 0.1, (2, 6_000_000))\n"
        "auricle.write(sys.argv[1], noise.astype('f4'), 48000)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.ogg")], check=True, env=os.environ)
    assert audio.info(tmp_path / "a.ogg").frames == 6_000_000


@pytest.mark.parametrize("name", ["a.aac", "a", "a.wav2", "a.m4a"])
def test_suffixes_that_are_not_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(OptionError, match=r"end its name with \.wav, \.flac, \.ogg"):
        audio.AudioWriter(tmp_path / name, 16000, 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("rate", "channels", "subtype", "message"),
    [
        (7000, 1, None, "sample rate of 7000 Hz"),
        (16000, 0, None, "0 channels"),
        (16000, 9, None, "9 channels"),
        (16000, 1, "FLOAT", "FLAC has no subtype FLOAT: choose one of PCM_S8"),
    ],
)
def test_options(tmp_path: Path, rate: int, channels: int, subtype: str | None, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        audio.AudioWriter(tmp_path / "a.flac", rate, channels, subtype)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_no_numbers_are_refused(tmp_path: Path, value: float) -> None:
    path = tmp_path / "a.wav"
    with audio.AudioWriter(path, 16000, 1) as writer, pytest.raises(AudioError, match="NaN or infinite"):
        writer.write(np.array([[0.0, value]], np.float32))


@pytest.mark.parametrize("shape", [(10,), (1, 10), (10, 2)])
def test_wrong_shape(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = tmp_path / "a.wav"
    with audio.AudioWriter(path, 16000, 2) as writer, pytest.raises(AudioError, match="has 2 channels, not the"):
        writer.write(np.zeros(shape, np.float32))


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="can't write"):
        audio.AudioWriter(tmp_path / "missing" / "a.wav", 16000, 1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_a_full_disk(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.symlink_to("/dev/full")
    with pytest.raises(OutputError, match="can't write"), audio.AudioWriter(path, 16000, 1) as writer:
        writer.write(np.zeros((1, 1_000_000), np.float32))


def test_closing_twice(tmp_path: Path) -> None:
    writer = audio.AudioWriter(tmp_path / "a.flac", 16000, 1)
    writer.close()
    writer.close()
    assert audio.info(tmp_path / "a.flac").frames == 0


@pytest.mark.parametrize("shape", [(100,), (1, 100), (3, 100), (2, 0)])
def test_a_whole_sound(tmp_path: Path, shape: tuple[int, ...]) -> None:
    sound = np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)
    write(tmp_path / "a.flac", sound, 16000)
    np.testing.assert_allclose(audio.read(tmp_path / "a.flac")[0], np.atleast_2d(sound), atol=1.1 * 2**-15)
    assert [path.name for path in tmp_path.iterdir()] == ["a.flac"]


def test_a_whole_sound_replaces_only_when_told(tmp_path: Path) -> None:
    write(str(tmp_path / "a.wav"), np.zeros(10), 16000)
    with pytest.raises(OutputError, match="exists already"):
        write(tmp_path / "a.wav", np.ones(20), 16000)
    with pytest.raises(AudioError, match="NaN"):
        write(tmp_path / "a.wav", np.full(20, np.nan), 16000, force=True)
    assert audio.read(tmp_path / "a.wav")[0].shape == (1, 10)
    write(tmp_path / "a.wav", np.ones(20), 16000, force=True)
    assert audio.read(tmp_path / "a.wav")[0].shape == (1, 20)
    with pytest.raises(AudioError, match="shape"):
        write(tmp_path / "b.wav", np.zeros((1, 2, 3)), 16000)


def test_what_is_no_sound_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="int16: give floats; divide int16 by 32768"):
        write(tmp_path / "a.wav", np.full((1, 9), 9000, np.int16), 16000)
    with pytest.raises(OptionError, match=r"16000\.5 Hz: give an integer"):
        write(tmp_path / "a.wav", np.zeros((1, 9)), 16000.5)
    assert not list(tmp_path.iterdir())


def test_a_single_number_is_no_sound(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"shape \(\): give \(c, t\) or \(t,\)"):
        write(tmp_path / "a.wav", np.float32(0.5), 16000)  # pyright: ignore
    with pytest.raises(AudioError, match=r"shape \(\): give \(c, t\)"):
        audio.read((np.array(0.5), 16000))
    assert not list(tmp_path.iterdir())

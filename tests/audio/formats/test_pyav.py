"""Formats that only PyAV reads."""

import sys
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from auricle import audio
from auricle.errors import AudioError

RATE = 48_000


def encode(path: Path, codec: str, sound: np.ndarray) -> Path:
    layout = "stereo" if sound.shape[0] == 2 else "mono"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), format="fltp", layout=layout)
        frame.sample_rate = RATE
        size = stream.codec_context.frame_size or 1024
        if codec == "wavpack":
            stream.codec_context.format = "s16p"
        shaper = av.AudioResampler(stream.codec_context.format, layout, RATE, frame_size=size)
        for part in [*shaper.resample(frame), *shaper.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def tone() -> np.ndarray:
    time = np.arange(RATE) / RATE
    return np.stack([0.4 * np.sin(2 * np.pi * f * time) for f in (440, 660)]).astype(np.float32)


@pytest.mark.parametrize(
    ("suffix", "codec"), [("m4a", "aac"), ("mka", "aac"), ("aac", "aac"), ("webm", "libopus"), ("mp4", "alac")]
)
def test_reading(tmp_path: Path, tone: np.ndarray, suffix: str, codec: str) -> None:
    path = encode(tmp_path / f"a.{suffix}", codec, tone)
    sound, rate = audio.read(path)
    assert rate == RATE and sound.shape[0] == 2 and sound.dtype == np.float32 and sound.flags.c_contiguous
    assert abs(sound.shape[1] - RATE) < 4096
    info = audio.info(path)
    assert abs(info.frames - RATE) < 4096 and not info.exact
    spectrum = np.abs(np.fft.rfft(sound[0, 8000:40_000]))
    assert np.argmax(spectrum) == round(440 * 32_000 / RATE)


def test_blocks_are_the_whole(tmp_path: Path, tone: np.ndarray) -> None:
    path = encode(tmp_path / "a.m4a", "aac", tone)
    complete, _ = audio.read(path)
    with audio.AudioReader(path) as reader:
        blocks = list(reader.blocks(1000))
    assert all(block.shape == (2, 1000) for block in blocks[:-1])
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), complete)


def test_a_colon_in_the_name(tmp_path: Path, tone: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    encode(tmp_path / "plain.m4a", "aac", tone).rename(tmp_path / "http: live.m4a")
    monkeypatch.chdir(tmp_path)
    assert audio.info("http: live.m4a").sample_rate == RATE


def test_a_playlist_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "a.m4a"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.aac\n#EXT-X-ENDLIST\n")
    with pytest.raises(AudioError):
        audio.read(path)


def test_lossless_and_checked(tmp_path: Path, tone: np.ndarray) -> None:
    path = encode(tmp_path / "a.wv", "wavpack", tone)
    np.testing.assert_allclose(audio.read(path)[0], tone, atol=1e-4)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    with pytest.raises(AudioError, match=r"is damaged .*: replace it"):
        audio.read(path)


@pytest.mark.parametrize(("suffix", "codec"), [("m4a", "aac"), ("mka", "aac"), ("webm", "libopus"), ("wv", "wavpack")])
@pytest.mark.parametrize("share", [0.3, 0.6])
def test_cut_files(tmp_path: Path, tone: np.ndarray, suffix: str, codec: str, share: float) -> None:
    path = encode(tmp_path / f"a.{suffix}", codec, tone)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(AudioError) as caught:
        audio.read(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_flac_of_unstated_length(tmp_path: Path, tone: np.ndarray) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, tone.T, RATE)
    complete, _ = audio.read(path)
    data = bytearray(path.read_bytes())
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    path.write_bytes(data)
    assert not audio.info(path).exact
    np.testing.assert_array_equal(audio.read(path)[0], complete)
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(AudioError, match="is damaged"):
        audio.read(path)


def test_a_chain_of_ogg_streams_is_read_to_its_end(tmp_path: Path, tone: np.ndarray) -> None:
    first, second = tmp_path / "1.opus", tmp_path / "2.opus"
    for path in (first, second):
        soundfile.write(path, tone.T, RATE, format="OGG", subtype="OPUS")
    data = bytearray(second.read_bytes())
    chain = tmp_path / "chain.opus"
    chain.write_bytes(first.read_bytes() + data)
    assert audio.read(chain)[0].shape == (2, 2 * RATE)
    data[len(data) // 2] ^= 1
    chain.write_bytes(first.read_bytes() + data)
    with pytest.raises(AudioError, match="the checksum of the Ogg page"):
        audio.read(chain)


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
@pytest.mark.parametrize("second", [(RATE // 2, 2), (RATE, 1), (RATE // 2, 1)])
@pytest.mark.parametrize("turned", [False, True])
def test_a_chain_that_changes_is_converted_to_its_first_link(
    tmp_path: Path, subtype: str, second: tuple[int, int], turned: bool
) -> None:
    shapes = [(RATE, 2), second, (RATE, 2)]
    shapes = shapes[1:] if turned else shapes
    parts, levels = [], []
    for number, (rate, channels) in enumerate(shapes):
        seconds = np.arange(rate) / rate
        sound = 0.1 * (number + 1) * np.sin(2 * np.pi * 440 * seconds)
        soundfile.write(tmp_path / "a.ogg", np.stack([sound] * channels, 1), rate, format="OGG", subtype=subtype)
        parts.append((tmp_path / "a.ogg").read_bytes())
        levels.append(0.1 * (number + 1) / 2**0.5)
    chain = tmp_path / "chain.ogg"
    chain.write_bytes(b"".join(parts))
    with audio.AudioReader(chain) as reader:
        sound, rate = reader.read_all(), reader.sample_rate
        assert reader.frames == sound.shape[1]
    assert (rate, len(sound)) == shapes[0] and sound.shape[1] == len(parts) * rate
    assert [f"converted to {rate} Hz" in text for text in reader.warnings] == [True]
    for number, level in enumerate(levels):
        middle = sound[:, number * rate + rate // 4 : number * rate + 3 * rate // 4]
        np.testing.assert_allclose(np.sqrt(np.square(middle).mean(1)), level, rtol=0.03)


def test_channels_that_a_chain_can_not_convert(tmp_path: Path) -> None:
    parts = []
    for channels in (2, 3):
        soundfile.write(tmp_path / "a.ogg", np.full((RATE, channels), 0.1), RATE, format="OGG", subtype="VORBIS")
        parts.append((tmp_path / "a.ogg").read_bytes())
    (tmp_path / "a.ogg").write_bytes(b"".join(parts))
    with pytest.raises(AudioError, match=r"number of channels after 1\.000 s \(from 2 to 3\): cut it there"):
        audio.read(tmp_path / "a.ogg")


def test_a_file_joined_to_itself_is_read_twice(tmp_path: Path, tone: np.ndarray) -> None:
    soundfile.write(tmp_path / "a.ogg", tone.T, RATE, format="OGG", subtype="VORBIS")
    data = (tmp_path / "a.ogg").read_bytes()
    (tmp_path / "a.ogg").write_bytes(2 * data)
    assert audio.read(tmp_path / "a.ogg")[0].shape == (2, 2 * RATE)


def test_a_film_without_sound(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode(None))
    with pytest.raises(AudioError, match="holds no audio"):
        audio.info(path)


def test_wav_does_not_need_pyav(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    soundfile.write(tmp_path / "a.wav", np.zeros(100), RATE)
    assert audio.read(tmp_path / "a.wav")[0].shape == (1, 100)


def test_a_list_of_other_files_is_no_sound(tmp_path: Path, tone: np.ndarray) -> None:
    encode(tmp_path / "secret.aac", "aac", tone)
    path = tmp_path / "a.m3u8"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.aac\n#EXT-X-ENDLIST\n")
    with pytest.raises(AudioError, match="not audio but a text, such as a list"):
        audio.read(path)

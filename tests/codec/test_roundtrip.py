from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from codec_helpers import make_model, make_sound, write_sound

from auricle import codec
from auricle.audio import AudioReader
from auricle.codec import source as sources
from auricle.codec.coding.encoder import Rounding, require_tables
from auricle.codec.compress_passes import CompressJob
from auricle.codec.format.channel_rotation import rotation
from auricle.codec.format.container import Packet, PacketReader
from auricle.errors import AudioError, OptionError
from auricle.model import Autoencoder
from auricle.model.bottleneck import BottleneckConfig, FsqConfig, RvqConfig
from auricle.options.coding import Bits, DecompressOptions
from auricle.progress import Progress

HOP = 160
LENGTHS = [0, 1, 2, HOP - 1, HOP, HOP + 1, 2 * HOP, 3 * HOP + 1, 64 * HOP, 4 * 16000 - 320, 4 * 16000 + 1]


def there_and_back(model: Autoencoder, audio: np.ndarray, rate: int, folder: Path) -> np.ndarray:
    source = write_sound(folder / "a.wav", audio, rate)
    result = codec.compress(source, folder / "a.aur", model=model)
    assert result.bytes == (folder / "a.aur").stat().st_size
    file_info = codec.info(folder / "a.aur")
    assert (file_info.samples, file_info.sample_rate, file_info.channels) == (audio.shape[1], rate, audio.shape[0])
    decompressed = codec.decompress(folder / "a.aur", folder / "b.wav", model=model)
    assert (decompressed.samples, decompressed.sample_rate, decompressed.channels) == (
        audio.shape[1],
        rate,
        audio.shape[0],
    )
    decoded, decoded_rate = soundfile.read(folder / "b.wav", dtype="float32", always_2d=True)
    assert decoded_rate == rate
    assert decoded.T.shape == audio.shape
    return decoded.T


@pytest.mark.parametrize("samples", LENGTHS)
def test_every_length_comes_back(tiny: Autoencoder, samples: int, tmp_path: Path) -> None:
    there_and_back(tiny, make_sound(1, samples, 16000), 16000, tmp_path)


@pytest.mark.parametrize("samples", [0, 1, 319, 320, 321, 64 * 320 + 1])
def test_every_length_comes_back_with_strides(strided: Autoencoder, samples: int, tmp_path: Path) -> None:
    there_and_back(strided, make_sound(2, samples, 16000), 16000, tmp_path)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000, 192000, 12345])
@pytest.mark.parametrize("samples", [0, 1, 1237])
def test_every_rate_comes_back(tiny: Autoencoder, rate: int, samples: int, tmp_path: Path) -> None:
    there_and_back(tiny, make_sound(1, samples, rate), rate, tmp_path)


@pytest.mark.parametrize("channels", [2, 3, 6, 8])
def test_every_channel_count_comes_back(tiny: Autoencoder, channels: int, tmp_path: Path) -> None:
    there_and_back(tiny, make_sound(channels, 3001, 44100), 44100, tmp_path)


@pytest.mark.parametrize("bottleneck", [RvqConfig(dim=12, codebooks=3, size=16, code_dim=4), FsqConfig()])
def test_other_bottlenecks_make_files_too(bottleneck: BottleneckConfig, tmp_path: Path) -> None:
    there_and_back(make_model(strided=False, bottleneck=bottleneck), make_sound(2, 9000, 44100), 44100, tmp_path)


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_the_file_decodes_to_what_the_model_makes_of_the_whole_sound(
    tiny: Autoencoder, channels: int, tmp_path: Path
) -> None:
    audio = make_sound(channels, 90_001, 16000)
    decoded = there_and_back(tiny, audio, 16000, tmp_path)
    with (tmp_path / "a.aur").open("rb") as file:
        header = PacketReader(file, "a.aur").header
    matrix = torch.from_numpy(rotation(header.angles, channels)).float()
    with torch.inference_mode():
        z = tiny.encode(matrix @ torch.from_numpy(audio))
        codes = tiny.bottleneck.quantise(z, header.quality)
        resampled = matrix.T @ tiny.decode_bottled(tiny.bottleneck.dequantise(codes, header.quality), audio.shape[1])
    expected = resampled.clamp(-1, 1).numpy()
    error = ((decoded - expected) ** 2).sum() / (expected**2).sum()
    assert error < 1e-3


def test_a_file_of_many_packets_is_whole_and_its_bits_are_the_ideal_ones(tiny: Autoencoder, tmp_path: Path) -> None:
    audio = make_sound(1, 21 * 16000, 16000)
    there_and_back(tiny, audio, 16000, tmp_path)
    about = codec.info(tmp_path / "a.aur")
    assert about.packets == 6
    with torch.inference_mode():
        codes = tiny.bottleneck.quantise(tiny.encode(torch.from_numpy(audio)), about.quality).numpy()
    ideal = require_tables(tiny).at(round(8 * about.quality)).ideal_bits(codes) / 8
    assert about.coded_bytes == pytest.approx(ideal, rel=5e-3)
    assert about.bytes - about.coded_bytes <= 55 + 7 * about.packets


def test_the_bytes_do_not_depend_on_how_the_sound_is_read(
    tiny: Autoencoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_sound(tmp_path / "a.wav", make_sound(2, 100_000, 44100), 44100)
    codec.compress(source, tmp_path / "a.aur", model=tiny)
    blocks = AudioReader.blocks
    monkeypatch.setattr(AudioReader, "blocks", lambda reader, size: blocks(reader, 997))
    codec.compress(source, tmp_path / "b.aur", model=tiny)
    assert (tmp_path / "a.aur").read_bytes() == (tmp_path / "b.aur").read_bytes()


def test_loud_sound_is_clipped_and_not_wrapped(tiny: Autoencoder, tmp_path: Path) -> None:
    audio = make_sound(1, 8000, 16000)
    audio *= 1.9 / np.abs(audio).max()
    soundfile.write(tmp_path / "a.wav", audio.T, 16000, subtype="FLOAT")
    codec.compress(tmp_path / "a.wav", tmp_path / "a.aur", model=tiny)
    codec.decompress(tmp_path / "a.aur", tmp_path / "b.wav", model=tiny)
    decoded, _ = soundfile.read(tmp_path / "b.wav")
    assert np.abs(decoded).max() <= 1.0


def test_absurdly_loud_sound_is_refused(tiny: Autoencoder, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.full(4000, 1e30, np.float32), 16000, subtype="FLOAT")
    with pytest.raises(AudioError, match="where 1 is full scale"):
        codec.compress(tmp_path / "a.wav", tmp_path / "a.aur", model=tiny)
    assert not (tmp_path / "a.aur").exists()


@pytest.mark.parametrize("kbps", [2.0, 3.0, 3.5, 4.0, 4.3, 4.7, 5.0, 5.5, 6.5, 1000.0])
def test_a_short_file_lands_at_or_under_the_bitrate(tiny: Autoencoder, kbps: float, tmp_path: Path) -> None:
    source = write_sound(tmp_path / "a.wav", make_sound(1, 80_000, 16000), 16000)
    result = codec.compress(source, tmp_path / "a.aur", model=tiny, kbps=kbps)
    lowest = codec.compress(source, tmp_path / "low.aur", model=tiny, quality=0)
    assert result.kbps == pytest.approx(8 * result.bytes / 5000)
    assert result.kbps <= kbps or result.bytes == lowest.bytes
    nearest = codec.compress(source, tmp_path / "b.aur", model=tiny, quality=result.quality)
    if nearest.bytes > result.bytes:  # rounded more sparsely, because the step below leaves room
        below = codec.compress(source, tmp_path / "c.aur", model=tiny, quality=result.quality - 0.125)
        assert below.bytes < result.bytes and nearest.kbps > kbps
    elif result.quality < 2:
        above = codec.compress(source, tmp_path / "c.aur", model=tiny, quality=result.quality + 0.125)
        assert above.kbps > kbps


@pytest.mark.parametrize("excerpts_are_quiet", [True, False], ids=["estimate too low", "estimate too high"])
def test_a_long_file_lands_at_or_under_the_bitrate(
    tiny: Autoencoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, excerpts_are_quiet: bool
) -> None:
    """Stretches that are quieter or louder than the rest make the estimate wrong: the file is written again."""
    monkeypatch.setattr(sources, "MEASURED_SECONDS", 3)
    monkeypatch.setattr(sources, "EXCERPTS", 3)
    monkeypatch.setattr(sources, "EXCERPT_SECONDS", 1)
    audio = make_sound(1, 12 * 16000, 16000)
    quiet = np.full(audio.shape[1], not excerpts_are_quiet)
    for start in (0, 5.5, 11):
        quiet[int(start * 16000) : int((start + 1) * 16000)] = excerpts_are_quiet
    audio[:, quiet] *= 0.01
    source = write_sound(tmp_path / "a.wav", audio, 16000)
    steps, coded = [], CompressJob._packets

    def spy(job: CompressJob, rounding: Rounding) -> Iterator[Packet]:
        steps.append(rounding.step)
        return coded(job, rounding)

    monkeypatch.setattr(CompressJob, "_packets", spy)
    result = codec.compress(source, tmp_path / "a.aur", model=tiny, kbps=4.5)
    assert len(steps) > 1
    assert 3.8 < result.kbps <= 4.5


def test_progress_is_told(tiny: Autoencoder, tmp_path: Path) -> None:
    source = write_sound(tmp_path / "a.wav", make_sound(1, 40_000, 16000), 16000)
    reports: list[Progress] = []
    codec.compress(source, tmp_path / "a.aur", model=tiny, on_progress=reports.append)
    assert reports[-1] == Progress("compressing", 2.5, 2.5, "s")
    codec.decompress(tmp_path / "a.aur", tmp_path / "b.wav", model=tiny, on_progress=reports.append)
    assert reports[-1] == Progress("decompressing", 2.5, 2.5, "s")


def test_stretches_are_spread_evenly(tmp_path: Path) -> None:
    rate, seconds = 8000, 100
    ramp = np.arange(rate * seconds, dtype=np.float32)[None] / (rate * seconds)
    soundfile.write(tmp_path / "a.wav", ramp.T, rate, subtype="FLOAT")
    starts, current = [], []
    for piece in sources.RereadableSource(tmp_path / "a.wav").excerpts():
        current.append(piece.audio)
        if piece.last:
            starts.append(np.concatenate(current, axis=1))
            current.clear()
    assert not current
    assert [part.shape for part in starts] == [(1, 4 * rate)] * 15
    np.testing.assert_array_equal(starts[0], ramp[:, : 4 * rate])
    np.testing.assert_array_equal(starts[-1], ramp[:, -4 * rate :])
    gaps = np.diff([part[0, 0] for part in starts])
    assert gaps.max() - gaps.min() < 1e-5


@pytest.mark.parametrize(
    ("name", "bits", "subtype"),
    [
        ("a.wav", None, "PCM_16"),
        ("a.wav", "24", "PCM_24"),
        ("a.wav", "float", "FLOAT"),
        ("a.flac", "24", "PCM_24"),
        ("a.opus", None, "OPUS"),
        ("a.mp3", None, "MPEG_LAYER_III"),
    ],
)
def test_bits_and_formats(tiny: Autoencoder, tmp_path: Path, name: str, bits: Bits | None, subtype: str) -> None:
    source = write_sound(tmp_path / "source.wav", make_sound(2, 16000, 16000), 16000)
    codec.compress(source, tmp_path / "a.aur", model=tiny)
    codec.decompress(tmp_path / "a.aur", tmp_path / name, model=tiny, options=DecompressOptions(bits=bits))
    assert soundfile.info(tmp_path / name).subtype == subtype
    if subtype in ("PCM_24", "FLOAT"):
        fine, coarse = (soundfile.read(path, always_2d=True)[0] for path in (tmp_path / name, source))
        assert fine.shape == coarse.shape and np.any(np.abs(fine * 2**15 - np.rint(fine * 2**15)) > 1e-3)
    pipe = BytesIO()
    if bits is not None:
        codec.decompress(tmp_path / "a.aur", pipe, model=tiny, options=DecompressOptions(bits=bits))
        (tmp_path / "piped.wav").write_bytes(pipe.getvalue())
        piped = soundfile.info(tmp_path / "piped.wav")
        assert (piped.subtype, piped.frames) == (subtype, 16000)


@pytest.mark.parametrize(
    ("name", "bits", "said"),
    [
        ("a.flac", "float", "FLAC holds whole numbers only"),
        ("a.ogg", "24", r"a \.ogg file has no bits per sample"),
        ("a.wav", "20", "samples of 20 bits: choose 16, 24, float"),
    ],
)
def test_bits_that_a_format_has_not(tiny: Autoencoder, tmp_path: Path, name: str, bits: Bits, said: str) -> None:
    source = write_sound(tmp_path / "source.wav", make_sound(1, 1600, 16000), 16000)
    codec.compress(source, tmp_path / "a.aur", model=tiny)
    with pytest.raises(OptionError, match=said):
        codec.decompress(tmp_path / "a.aur", tmp_path / name, model=tiny, options=DecompressOptions(bits=bits))
    assert not (tmp_path / name).exists()

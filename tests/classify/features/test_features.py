"""One vector for each sound, whatever the sound is like."""

from math import ceil
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from auricle.classify.features.base import pieces, to_mono
from auricle.classify.features.cache import FeatureStore
from auricle.classify.features.extract import extract, features
from auricle.classify.features.latents import LatentFeatures, encoder_fingerprint, random_encoder
from auricle.classify.features.layers import depths
from auricle.classify.features.mel_baselines import LogMelFeatures, MfccFeatures
from auricle.classify.features.pooling import (
    FeatureConfig,
    feature_config_of,
    fitting_feature_config,
    part_weights,
)
from auricle.data import scan
from auricle.errors import AudioError, DataError, OptionError
from auricle.model import Autoencoder, AutoencoderConfig, StageConfig, load
from auricle.model.blocks import ConvBlockConfig, RecurrentBlockConfig
from auricle.model.bottleneck import IdentityConfig
from auricle.model.front_end import MdctConfig

EXTRACTORS = (
    lambda model: LatentFeatures(model, FeatureConfig(segments=4, depths="all", raw=True)),
    lambda model: LatentFeatures(model, FeatureConfig(segments=4, overlap=2.0)),
    lambda model: LatentFeatures(model),
    lambda model: LogMelFeatures(16000, segments=3),
    lambda model: MfccFeatures(44100),
)


@pytest.fixture(scope="module")
def deep() -> Autoencoder:
    torch.manual_seed(1)
    blocks = (ConvBlockConfig(lookahead=2), RecurrentBlockConfig(), ConvBlockConfig())
    config = AutoencoderConfig(
        sample_rate=16000,
        transform=MdctConfig(hop_length=160),
        encoder=(StageConfig(dim=12, blocks=blocks), StageConfig(dim=20, stride=2, blocks=(ConvBlockConfig(),))),
        bottleneck=IdentityConfig(dim=6),
        decoder=(StageConfig(dim=12, stride=2),),
    )
    model = Autoencoder(config).eval().requires_grad_(False)
    model.fit_scale(0.1 * torch.randn(1, 16000))
    return model


def test_the_last_depth_is_the_latent(deep: Autoencoder) -> None:
    audio = 0.1 * torch.randn(2, 5000)
    activations = depths(deep, audio)
    assert torch.allclose(activations[-1].values, deep.encode(audio)[:, : ceil(5000 / 320)], atol=1e-5)
    assert [depth.values.shape[2] for depth in activations if depth.name.endswith("hidden")] == [36, 12, 36, 60]
    assert len({depth.name for depth in activations}) == len(activations)


def test_every_depth_begins_with_the_sound(deep: Autoencoder) -> None:
    """What comes after half of the sound changes the second half of each depth, but for what looks ahead."""
    sound = 0.1 * torch.randn(1, 6400)
    changed = sound.clone()
    changed[0, 3210:] = 0
    for before, after in zip(depths(deep, sound), depths(deep, changed), strict=True):
        frames = after.values.shape[1]
        first = int((after.values != before.values).any(2).any(0).nonzero()[0])
        assert frames in (20, 40) and -2 <= first - frames // 2 <= 0, after.name


@pytest.mark.parametrize("make", EXTRACTORS)
@pytest.mark.parametrize(
    ("rate", "channels", "samples"), [(8000, 1, 1), (16000, 2, 161), (44100, 3, 40000), (96000, 1, 7)]
)
def test_any_sound_has_features(make, model_file: Path, rate: int, channels: int, samples: int) -> None:
    extractor = make(load(model_file))
    noise = np.random.default_rng(0).standard_normal((channels, samples)).astype(np.float32)
    size = extractor.of_audio(noise[:, :1].repeat(20000, 1), 16000).shape
    values = extractor.of_audio(noise, rate)
    assert values.shape == size and values.dtype == np.float32 and np.isfinite(values).all()
    assert np.isfinite(extractor.of_audio(0 * noise, rate)).all()


def test_level_does_not_matter(model_file: Path) -> None:
    extractor = LatentFeatures(load(model_file))
    noise = 0.05 * np.random.default_rng(0).standard_normal((1, 8000)).astype(np.float32)
    assert np.allclose(extractor.of_audio(noise, 16000), extractor.of_audio(4 * noise, 16000), atol=0.01)


def test_phase_matters_little(model_file: Path) -> None:
    """A sound that begins a quarter of a frame later is the same sound: that is what shifted grids are for."""
    sound = 0.1 * np.random.default_rng(0).standard_normal((1, 32000)).astype(np.float32)
    change = {}
    for shifts in (1, 4):
        extractor = LatentFeatures(load(model_file), FeatureConfig(shifts=shifts))
        first, later = extractor.of_audio(sound[:, :31900], 16000), extractor.of_audio(sound[:, 80:31980], 16000)
        change[shifts] = np.abs(first - later).mean()
    assert change[4] < 0.3 * change[1]


def test_channels_that_cancel_are_heard() -> None:
    noise = np.random.default_rng(0).standard_normal(100).astype(np.float32)
    assert np.array_equal(to_mono(np.stack([noise, -noise])), noise)
    assert np.allclose(to_mono(np.stack([noise, noise])), noise)


def test_a_long_file_is_the_mean_of_its_pieces(model_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    noise = 0.1 * np.random.default_rng(0).standard_normal(16000 * 70).astype(np.float32)
    soundfile.write(path, noise, 16000, subtype="FLOAT")
    starts = [(piece.start, len(piece.audio)) for piece in pieces(path, 16000)]
    assert starts == [(0.0, 480000), (30.0, 480000)]  # the rest of 10 s is less than half a piece
    extractor = LatentFeatures(load(model_file), FeatureConfig(shifts=1))
    halves = [extractor.mono_features(noise[start : start + 480000]) for start in (0, 480000)]
    assert np.allclose(extractor.of_file(path), np.mean(halves, axis=0), atol=0.01)


def test_windows_overlap_and_the_end_is_heard(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.arange(2500) / 5000, 1000 * 16, subtype="FLOAT")
    windows = list(pieces(path, 16000, seconds=0.0625, hop_seconds=0.03125))
    assert [round(piece.start * 16000) for piece in windows] == [0, 500, 1000, 1500]
    assert np.allclose(windows[2].audio, np.arange(1000, 2000) / 5000, atol=1e-6)


def test_segments_tell_order_apart(model_file: Path) -> None:
    random = np.random.default_rng(0)
    loud, quiet = random.standard_normal((1, 8000)), 0.01 * random.standard_normal((1, 8000))
    loud_first, quiet_first = np.hstack((loud, quiet)), np.hstack((quiet, loud))
    distance = {}
    for segments in (1, 2):
        extractor = LatentFeatures(load(model_file), FeatureConfig(segments=segments))
        distance[segments] = np.abs(
            extractor.of_audio(loud_first, 16000) - extractor.of_audio(quiet_first, 16000)
        ).max()
    assert distance[2] > 3 * distance[1]
    assert fitting_feature_config([0.4, 0.5, 20]).segments == 8
    assert fitting_feature_config([5.0]).segments == 1


def test_parts_that_overlap_change_less_where_a_sound_begins_later() -> None:
    assert FeatureConfig.model_validate({"segments": 8}).overlap == 0, "features of older files stay what they were"
    assert fitting_feature_config([0.4]).overlap == fitting_feature_config([9.0], 3).overlap == 2
    events = np.zeros((2, 120))
    events[0, 33:38] = events[1, 43:48] = 1
    apart, overlapping = (events @ part_weights(120, 6, overlap).T for overlap in (0.0, 2.0))
    cosines = [parts[0] @ parts[1] / np.prod(np.linalg.norm(parts, axis=1)) for parts in (apart, overlapping)]
    assert cosines[0] == 0 and cosines[1] > 0.8
    for length in (1, 2, 5, 7, 100):
        for overlap in (0.0, 1.0, 2.0):
            weights = part_weights(length, 6, overlap)
            assert weights.shape == (6, length) and np.allclose(weights.sum(axis=1), 1, atol=1e-5)


def test_a_random_encoder_shares_the_shape_only(model_file: Path) -> None:
    model = load(model_file)
    fresh = random_encoder(model, seed=1)  # the model itself was made with seed 0
    assert encoder_fingerprint(fresh) != encoder_fingerprint(model) == encoder_fingerprint(load(model_file))
    assert encoder_fingerprint(random_encoder(model, seed=1)) == encoder_fingerprint(fresh)
    before = torch.get_rng_state()
    random_encoder(model, seed=3)
    assert torch.equal(before, torch.get_rng_state())


def test_features_of_files_and_folders(model_file: Path, sounds: Path, own_cache: Path) -> None:
    single = sounds / "tone" / "tone0_maker0.wav"
    result = features([sounds, single], model_file)
    assert result.values.shape[0] == 25 and result.names[-1] == str(single)
    assert np.array_equal(result.values[-1], result.values[result.names.index(str(single))])
    assert len(list(own_cache.iterdir())) == 1


def test_the_cache_is_used_until_a_file_changes(model_file: Path, sounds: Path, own_cache: Path) -> None:
    corpus, extractor = scan(sounds).sounds, LatentFeatures(load(model_file))
    first = extract(corpus, extractor)

    class Deaf(type(extractor)):  # type: ignore[misc]
        def mono_features(self, audio: np.ndarray) -> np.ndarray:
            raise AssertionError("the cache should have had it")

    deaf = Deaf(extractor.model)
    assert np.array_equal(extract(corpus, deaf).values, first.values)
    soundfile.write(corpus[0].path, np.zeros(3000), 16000)
    with pytest.raises(AssertionError):
        extract(corpus, deaf)
    next(own_cache.iterdir()).write_bytes(b"broken")
    assert np.array_equal(extract(corpus[1:], extractor).values, first.values[1:])


def test_each_damaged_row_is_made_anew_and_told(model_file: Path, sounds: Path, own_cache: Path) -> None:
    corpus, extractor = scan(sounds).sounds[:4], LatentFeatures(load(model_file), FeatureConfig(shifts=1))
    first = extract(corpus, extractor).values
    (kept,) = own_cache.iterdir()
    intact, random = kept.read_bytes(), np.random.default_rng(0)
    for place in random.integers(0, len(intact), 60).tolist():
        flipped = bytearray(intact)
        flipped[place] ^= 1 << int(random.integers(8))
        kept.write_bytes(flipped)
        notes: list[str] = []
        assert np.array_equal(extract(corpus, extractor, on_note=notes.append).values, first), place
        assert len(notes) == 1 and "damaged" in notes[0] and notes[0].endswith("made anew"), place
        assert kept.read_bytes() == intact or "of 4 features" in notes[0]
    rows = 8 + int.from_bytes(intact[:8], "little")
    kept.write_bytes(intact[:rows] + bytes([intact[rows] ^ 1]) + intact[rows + 1 :])
    extract(corpus, extractor, on_note=notes.append)
    assert notes[-1] == f"1 of 4 features in {kept} are damaged: they are made anew"


def test_a_loud_file_does_not_spoil_the_cache(model_file: Path, tmp_path: Path, own_cache: Path) -> None:
    soundfile.write(tmp_path / "loud.wav", np.random.default_rng(0).uniform(-1.9, 1.9, 8000), 16000, subtype="FLOAT")
    (sound,), extractor = scan(tmp_path).sounds, LatentFeatures(load(model_file))
    first = extract([sound], extractor).values
    row = FeatureStore(own_cache, extractor.identity).get(sound.path)
    assert row is not None and np.array_equal(row[:-1], first[0])


def test_sounds_of_two_folders_have_two_names(model_file: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        soundfile.write(tmp_path / name / "same.wav", np.random.default_rng(0).uniform(-0.5, 0.5, 8000), 16000)
    result = features([tmp_path / "one", tmp_path / "two"], model_file)
    assert result.names == (str(tmp_path / "one" / "same.wav"), str(tmp_path / "two" / "same.wav"))


def test_silence_and_damage_are_told(model_file: Path, sounds: Path) -> None:
    soundfile.write(sounds / "tone" / "silent.wav", np.zeros(3000), 16000)
    soundfile.write(sounds / "tone" / "cut.flac", np.random.default_rng(0).uniform(-0.5, 0.5, 30000), 16000)
    damaged = sounds / "tone" / "cut.flac"
    damaged.write_bytes(damaged.read_bytes()[:20000])
    soundfile.write(sounds / "tone" / "short.wav", np.zeros(160), 16000)
    result = features(sounds, model_file)
    assert result.silent == ("tone/silent.wav",) and np.isfinite(result.values).all()
    assert sorted(refused.path.name for refused in result.rejected) == ["cut.flac", "short.wav"]


def test_nothing_to_read(model_file: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="nothing to read"):
        features([], model_file)
    with pytest.raises(DataError, match=r"the only file can't be used; the first problem: .*missing"):
        features(tmp_path / "missing.wav", model_file)
    with pytest.raises(AudioError, match="without samples"):
        LatentFeatures(load(model_file)).of_audio(np.zeros((1, 0)), 16000)
    with pytest.raises(OptionError, match="depths"):
        feature_config_of(depths="deep")

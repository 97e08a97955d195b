"""Latents on disk, the windows that are drawn from them, and the way between sound and frames."""

from pathlib import Path

import numpy as np
import pytest
import torch

from auricle.audio.writer import write
from auricle.data import AudioCache, scan
from auricle.errors import DataError, ModelError
from auricle.model import Autoencoder
from auricle.synth.priors.flow import FlowConfig
from auricle.synth.priors.sizes import PAUSE_FRAMES
from auricle.synth.rendering.mid_side import (
    decode_mid_side,
    rotate,
    to_decoder_input,
    to_features,
    to_latents,
    unrotate,
)
from auricle.synth.training.latent_cache import TAIL, LatentCache
from auricle.synth.training.reconstruction_check import check_reconstruction
from auricle.synth.training.setup import fitted_config
from auricle.synth.training.window_sampler import WindowSampler
from model.tiny import BOTTLENECKS, tiny_model

SECONDS = (0.31, 1.5, 11.0)  # the last one takes two blocks


@pytest.fixture(scope="module")
def model() -> Autoencoder:
    return tiny_model()


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> AudioCache:
    folder, random = tmp_path_factory.mktemp("sounds"), np.random.default_rng(0)
    for index, seconds in enumerate(SECONDS):
        write(folder / f"{index}.wav", 0.1 * random.standard_normal((1 + index % 2, round(16000 * seconds))), 16000)
    return AudioCache.build(scan(folder).sounds, folder / "cache", sample_rate=16000)


@pytest.fixture(scope="module", params=[1, 2])
def cache(
    request: pytest.FixtureRequest, sounds: AudioCache, model: Autoencoder, tmp_path_factory: pytest.TempPathFactory
) -> LatentCache:
    return LatentCache.build(sounds, model, tmp_path_factory.mktemp("latents"), channels=request.param)


def test_latents_are_those_of_the_whole_sound(cache: LatentCache, sounds: AudioCache, model: Autoencoder) -> None:
    channels = cache.features // model.latent_dim
    for index in range(len(cache)):
        audio = rotate(torch.from_numpy(sounds.sound(index)), channels)
        expected = to_features(model.encode(audio)).numpy()
        assert cache.lengths[index] == len(expected)
        np.testing.assert_allclose(cache.crop(index, 0, len(expected)), expected, atol=1e-4)
        np.testing.assert_allclose(cache.crop(index, 5, 3), expected[5:8], atol=1e-4)


def test_after_a_sound_comes_silence(cache: LatentCache, model: Autoencoder) -> None:
    channels = cache.features // model.latent_dim
    silence = to_features(model.encode(torch.zeros(channels, 160000))[:, -1:])[0]
    length = int(cache.lengths[0])
    far = cache.crop(0, length + TAIL, 4)
    np.testing.assert_allclose(far, silence.expand(4, -1), atol=1e-4)
    assert np.array_equal(cache.crop(0, length + 100, 4), far), "also from beyond the tail on"
    assert np.abs(cache.crop(0, 0, length) - silence.numpy()).max() > 0.1


def test_statistics_are_those_of_the_sounds_without_silence(cache: LatentCache) -> None:
    frames = np.concatenate([cache.crop(index, 0, int(length)) for index, length in enumerate(cache.lengths)])
    np.testing.assert_allclose(cache.mean, frames.mean(0), atol=1e-4)
    np.testing.assert_allclose(cache.deviation, frames.std(0), rtol=1e-3)


def test_a_cache_is_made_once_for_a_model_and_again_if_damaged(
    sounds: AudioCache, model: Autoencoder, tmp_path: Path
) -> None:
    counts: list[tuple[float, float]] = []
    notes: list[str] = []

    def build() -> LatentCache:
        counts.clear()
        return LatentCache.build(
            sounds,
            model,
            tmp_path,
            on_progress=lambda progress: counts.append((progress.done, progress.total)),
            on_note=notes.append,
        )

    first = build().crop(0, 0, 5)
    assert counts == [(0, 3), (1, 3), (2, 3), (3, 3)]
    second = build()
    assert not counts and not notes
    with (second.folder / "latents.f32").open("r+b") as file:
        file.seek(100)
        file.write(b"\x00\x01\x02\x03")
    with pytest.raises(DataError, match=r"damaged .*: delete this folder"):
        LatentCache(second.folder)
    third = build()
    assert counts and notes[0].endswith("it is made anew")
    assert np.array_equal(third.crop(0, 0, 5), first)
    assert len(list(tmp_path.iterdir())) == 1


def test_another_encoder_has_other_latents(sounds: AudioCache, tmp_path: Path) -> None:
    first, second = tiny_model(), tiny_model()
    with torch.no_grad():
        second.get_parameter("encoder.layers.1.layers.0.bias")[0] += 1
    folders = {LatentCache.build(sounds, model, tmp_path).folder for model in (first, second)}
    assert len(folders) == 2, "although their fingerprints are the same: only decoders have a part in those"


def _sampler(cache: LatentCache, window: int = 20, **options) -> WindowSampler:
    return WindowSampler(cache, [0, 1, -1], window=window, batch=64, frame_rate=50.0, **{"seed": 0, **options})


def test_windows_depend_on_seed_step_and_shard_alone(cache: LatentCache) -> None:
    first, second = _sampler(cache), _sampler(cache)
    second.batch(0)
    for array, same_array in zip(first.batch(7, 1), second.batch(7, 1), strict=True):
        assert np.array_equal(array, same_array)
    for other_batch in (first.batch(8, 1), first.batch(7, 0), _sampler(cache, seed=1).batch(7, 1)):
        assert not np.array_equal(other_batch.x, first.batch(7, 1).x)


def test_windows_know_where_they_lie(cache: LatentCache) -> None:
    batch = _sampler(cache).batch(3)
    assert batch.x.shape == (64, 20, cache.features) and batch.x.dtype == np.float32
    assert {-1, 0, 1} == set(batch.label) and batch.begin.any() and not batch.begin.all()
    for x, before, label, begin, size in zip(*batch, strict=True):
        index = {0: 0, 1: 1, -1: 2}[int(label)]
        frames = cache.crop(index, 0, int(cache.lengths[index]) + 60)
        start = next(start for start in range(len(frames)) if np.array_equal(frames[start : start + 20], x))
        assert begin == (start == 0)
        assert size[0] == pytest.approx(cache.sizes[index, 0] - start / 50, abs=1e-5) or size[0] == 0
        assert size[1] == cache.sizes[index, 1]
        assert np.array_equal(before, frames[start - 1] if start else cache.silence)
        if cache.lengths[index] > 20:
            assert start + 20 <= cache.lengths[index], "the end of a long sound is never shown"


def test_sizes_are_those_of_what_is_heard(tmp_path: Path, model: Autoencoder) -> None:
    sound = np.zeros((1, 16000))
    sound[:, 100:8000] = 0.25 * np.sign(np.random.default_rng(1).standard_normal(7900))
    sound[:, 100:1060] *= 0.5
    write(tmp_path / "a.wav", sound, 16000)
    latents = LatentCache.build(
        AudioCache.build(scan(tmp_path).sounds, tmp_path / "cache", sample_rate=16000), model, tmp_path
    )
    seconds, level = latents.sizes[0]
    assert seconds == pytest.approx(0.5, abs=0.005) and level == pytest.approx(-12.04, abs=0.01)
    assert latents.attacks == pytest.approx([0.06], abs=0.002), "half of the level at first, all of it 60 ms later"


def test_windows_end_with_the_longest_of_sounds_of_like_length(cache: LatentCache) -> None:
    sampler = _sampler(cache, window=80, multiple=2)
    batches = [sampler.batch(step) for step in range(12)]
    frames = {batch.x.shape[1] for batch in batches}
    assert min(frames) < 30 and max(frames) == 80 and all(count % 2 == 0 for count in frames)
    for batch in batches:
        needed = np.minimum(np.ceil(batch.size[:, 0] * 50) + PAUSE_FRAMES, 80)
        assert (needed <= batch.x.shape[1]).all(), "no sound is cut, with the pause after it"


def test_rare_classes_are_not_drowned(cache: LatentCache) -> None:
    class Many:
        lengths = np.full(104, 10)
        sizes = np.full((104, 2), 0.2, np.float32)
        silence = np.zeros(2, np.float32)

        def __len__(self) -> int:
            return 104

        def crop(self, index: int, start: int, count: int) -> np.ndarray:
            return np.zeros((count, 2), np.float32)

    labels = [0] * 100 + [1] * 4
    sampler = WindowSampler(Many(), labels, window=20, batch=2000, seed=0, frame_rate=50.0)  # pyright: ignore[reportArgumentType]
    assert 0.12 < (sampler.batch(0).label == 1).mean() < 0.21, "2 to 10, not 4 to 100"


@pytest.mark.parametrize(
    ("config", "frame_rate", "patch", "window"),
    [
        (FlowConfig(), 50.0, 2, 84),
        (FlowConfig(), 44100 / 768, 2, 96),
        (FlowConfig(), 44100 / 432, 4, 176),
        (FlowConfig(patch=16), 44100 / 768, 16, 96),
        (FlowConfig(patch=4, window=32), 50.0, 4, 32),
        (FlowConfig(window=30), 44100 / 432, 2, 30),
    ],
)
def test_long_sounds_are_learned_in_windows_of_equal_seconds(
    cache: LatentCache, config: FlowConfig, frame_rate: float, patch: int, window: int
) -> None:
    fitted = fitted_config(config, cache, frame_rate)
    assert isinstance(fitted, FlowConfig)
    assert (fitted.patch, fitted.window) == (patch, window)


@pytest.mark.parametrize("channels", [1, 2])
def test_channels_come_back(channels: int) -> None:
    audio = torch.randn(channels, 50)
    torch.testing.assert_close(unrotate(rotate(audio, channels)), audio)
    z = torch.randn(channels, 7, 3)
    assert to_features(z).shape == (7, channels * 3)
    torch.testing.assert_close(to_latents(to_features(z), channels), z)


def test_a_mono_sound_in_stereo_has_no_side() -> None:
    middle, side = rotate(torch.randn(1, 50), 2)
    assert not side.any() and middle.any()


@pytest.mark.parametrize("kind", sorted(BOTTLENECKS))
def test_what_the_decoder_receives(kind: str) -> None:
    """Unrounded latents differ from rounded ones by less than the grid; snapped ones are the bottleneck's own."""
    model = tiny_model(BOTTLENECKS[kind])
    z = model.encode(0.2 * torch.randn(2, 16000))
    quality = torch.full((1,), model.bottleneck.quality_levels - 1.0)
    rounded = model.bottleneck(z, quality).z
    torch.testing.assert_close(to_decoder_input(model, z, model.bottleneck.quality_levels - 1), rounded)
    received = to_decoder_input(model, z)
    if kind in ("identity", "vae"):
        torch.testing.assert_close(received, z)
    elif kind == "rvq":
        torch.testing.assert_close(received, rounded)
    else:
        step = (rounded - received).abs().amax((0, 1))
        assert (received != rounded).any() and (step < rounded.std((0, 1)) + 0.3).all()
        nudged = to_decoder_input(model, z + 1e-3)
        assert (nudged != received).all(), "every small change is heard"


def test_decoding_gives_all_channels_at_the_length_asked_for() -> None:
    model = tiny_model()
    audio = 0.2 * torch.randn(2, 16000)
    decoded = decode_mid_side(model, model.encode(rotate(audio, 2)), 16000)
    assert decoded.shape == (2, 16000)
    corr = torch.corrcoef(torch.stack((decoded[0], audio[0], audio[1])))[0]
    assert corr[1] > 0.1 > 3 * abs(corr[2]), "left is left"


def test_a_poor_autoencoder_is_refused_with_the_figure(sounds: AudioCache) -> None:
    model = tiny_model()
    score = check_reconstruction(model, sounds)
    assert score.sounds == 3 and score.mel > 0
    score.require(model, score.mel + 0.01)
    with pytest.raises(ModelError, match=rf"log-mel distance of {score.mel:.2f}, above the limit of 0.01: train a"):
        score.require(model, 0.01)

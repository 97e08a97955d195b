"""How late sound comes out of a model that is played, counted in samples: what is told is what is measured."""

from pathlib import Path

import numpy as np
import pytest
import torch

from auricle import LiveInputs, LiveOptions, play_live, read, write
from auricle.live.controls import Controls, LiveSettings
from auricle.live.engine import LiveEngine
from auricle.model import Autoencoder, load, shipped
from auricle.training import named
from export.running import moving_noise

LONGEST_SECONDS = 0.02
"""From sound to sound, of a model for live playing."""


@pytest.fixture(scope="module", params=["untrained", "shipped"])
def model(request: pytest.FixtureRequest) -> Autoencoder:
    if request.param == "shipped":
        return load("live") if "live" in shipped() else pytest.skip("no model for live playing is shipped")
    torch.manual_seed(0)
    return Autoencoder(named("live").model).eval()


def taps(sample_rate: int) -> np.ndarray:
    """Three knocks, none of them on the border of a hop, float32 ``(t,)``."""
    sound = np.zeros(sample_rate, np.float32)
    knock = np.exp(-np.arange(400) / 60) * np.sin(np.arange(400) * 2 * np.pi * 700 / sample_rate)
    for start in (9_001, 20_202, 30_303):
        sound[start : start + 400] += 0.7 * knock.astype(np.float32)
    return sound


def lag(original: np.ndarray, played: np.ndarray) -> int:
    """Samples by which one is later than the other."""
    size = 2 * len(original)
    products = np.fft.irfft(np.fft.rfft(played, size) * np.fft.rfft(original, size).conj(), size)
    return int((products.argmax() + len(original)) % size - len(original))


def test_a_hop_that_is_complete_comes_out_two_hops_after_its_beginning(model: Autoencoder):
    engine, settings = LiveEngine(model, 1), Controls(model, None, LiveSettings()).settings
    sound, hop = taps(model.sample_rate), model.hop_length
    played = np.zeros(len(sound) + 2 * hop, np.float32)
    for start in range(0, len(sound) - hop, hop):
        result = engine.play(sound[None, start : start + hop], None, settings)
        played[start + hop : start + 2 * hop] = result[0]  # when its hop is complete, and no sooner
    late = lag(sound, played[: len(sound)])
    print(f"{late} samples, {1e3 * late / model.sample_rate:.1f} ms")
    assert late == model.lag + hop == 2 * hop
    assert late <= LONGEST_SECONDS * model.sample_rate


def test_nothing_is_seen_ahead(model: Autoencoder):
    """What has been played does not change, whatever comes afterwards."""
    hop = model.hop_length
    sound = torch.from_numpy(moving_noise(1, 60 * hop))
    other = torch.cat((sound[:, : 20 * hop], -sound[:, 20 * hop :]), 1)
    with torch.inference_mode():
        one, two = (model.decoder(model.encoder(x.unsqueeze(2)))[0, :, 0] for x in (sound, other))
    assert torch.equal(one[: 20 * hop], two[: 20 * hop])
    assert not torch.equal(one[20 * hop : 22 * hop], two[20 * hop : 22 * hop])


def test_a_file_comes_out_in_its_place_and_the_latency_is_told(model: Autoencoder, tmp_path: Path):
    write(tmp_path / "in.wav", taps(model.sample_rate)[None], model.sample_rate)
    options = LiveOptions(block=64, buffer_seconds=0.0)
    status = play_live(model, LiveInputs(tmp_path / "in.wav"), options, target=tmp_path / "out.wav")
    assert lag(taps(model.sample_rate), read(tmp_path / "out.wav")[0][0]) == 0
    assert status.latency_seconds == pytest.approx((2 * model.hop_length + 64) / model.sample_rate)

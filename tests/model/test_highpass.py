"""Constants are not coded, and what is heard passes as it is."""

import numpy as np
import pytest
import torch

from auricle.model import fingerprint, load, save
from auricle.model.bottleneck import EntropyConfig
from auricle.model.highpass import HighPass
from contract import verify_step
from model.tiny import model_of, tiny_config

RATE, CORNER_HZ, BLOCK = 16000, 2.0, 40


def passed(sound: np.ndarray) -> np.ndarray:
    return HighPass(CORNER_HZ / RATE, BLOCK)(torch.from_numpy(sound.astype(np.float32)).reshape(1, -1, 1))[
        0, :, 0
    ].numpy()


def test_a_constant_fades_within_a_quarter_of_a_second():
    rest = passed(np.full(RATE, 0.5))
    assert abs(rest[0]) == pytest.approx(0.5, abs=0.01) and np.abs(rest[RATE // 4 :]).max() < 0.025
    assert np.abs(rest[RATE // 2 :]).max() < 1e-3


@pytest.mark.parametrize(("hertz", "lost_db"), [(2.0, 3.0), (20.0, 0.05), (100.0, 0.01), (1000.0, 0.01)])
def test_tones_pass(hertz: float, lost_db: float):
    sound = np.sin(2 * np.pi * hertz * np.arange(4 * RATE) / RATE)
    rest = passed(sound)[2 * RATE :]
    assert 10 * np.log10(np.mean(rest**2) / 0.5) == pytest.approx(-lost_db, abs=0.15)


def test_a_model_with_it_streams_and_comes_back_from_its_file(tmp_path):
    model = model_of(tiny_config(EntropyConfig(dim=60, levels=4)).model_copy(update={"highpass": 2.0}))
    save(model, tmp_path / "high.auricle.safetensors")
    assert fingerprint(load(tmp_path / "high.auricle.safetensors")) == fingerprint(model)
    verify_step(model.encoder, torch.randn(1, 20 * 320, 1), [3 * 320, 11 * 320])
    silent, constant = (model.encode(torch.full((RATE,), value))[:, 30:45] for value in (0.0, 0.5))
    torch.testing.assert_close(constant, silent, atol=2e-2, rtol=0)

"""Loops: no seam, and hits of priors of one-shots."""

import numpy as np
import pytest

from auricle import generate
from auricle.options.synthesis import GenerationOptions, SamplingOptions
from auricle.synth.rendering.loop import measure_seam
from synth.synth_sounds import RATE, make_model, make_prior

MODEL = make_model(recurrent=True, latent=16)
FLOW, STEREO = make_prior(MODEL), make_prior(MODEL, channels=2)
SIZED = make_prior(MODEL, with_sizes=True)
ONE_STEP, TWO_STEPS = SamplingOptions(steps=1), SamplingOptions(steps=2)


@pytest.mark.parametrize("seconds", [0.25, 1.0, 1.2345])
@pytest.mark.parametrize("prior", [FLOW, STEREO], ids=["mono", "stereo"])
def test_loops_have_no_seam(prior, seconds: float):
    """Of one loop in a hundred the sharpest place lies at its end by chance, so the seeds are given."""
    options = GenerationOptions(seconds=seconds, loop=True, count=4, seed=0)
    seams = []
    for sound in generate(prior, options, model=MODEL).sounds:
        assert sound.audio is not None and sound.audio.shape == (prior.channels, round(seconds * RATE))
        assert sound.seam is not None and sound.seam.flux < 1.3 and sound.seam.step < 1.3
        assert np.abs(sound.audio).max() <= 1.0
        seams.append(sound.seam)
    assert np.mean([seam.flux for seam in seams]) < 1.0, "a seam is no sharper than what else happens"


@pytest.mark.parametrize("seconds", [0.25, 0.5])
def test_a_loop_of_one_shots_begins_with_one_whose_tail_goes_on_in_the_next_round(seconds: float):
    options = {"model": MODEL, "sampling": ONE_STEP}
    (loop,) = generate(SIZED, GenerationOptions("b", seconds=seconds, loop=True, seed=4), **options).sounds
    (shot,) = generate(SIZED, GenerationOptions("b", seed=4), **options).sounds
    assert loop.audio is not None and shot.audio is not None and loop.seam is not None
    assert shot.audio.shape[1] > 0.3 * RATE and loop.peak_dbfs == pytest.approx(shot.peak_dbfs, abs=0.01)
    expected = np.zeros((1, round(seconds * RATE)), np.float32)
    for start in range(0, shot.audio.shape[1], expected.shape[1]):
        part = shot.audio[:, start : start + expected.shape[1]]
        expected[:, : part.shape[1]] += part
    assert loop.audio == pytest.approx(expected * np.abs(loop.audio).max() / np.abs(expected).max(), abs=1e-5)


def test_a_loop_that_is_cut_has_a_seam():
    options = GenerationOptions(seconds=1.0, loop=True, seed=0)
    (sound,) = generate(FLOW, options, model=MODEL, sampling=TWO_STEPS).sounds
    loop = sound.audio
    assert loop is not None
    slow = np.cumsum(loop, axis=1)  # no sharp steps inside
    slow = slow - np.linspace(0, 1, slow.shape[1], dtype=np.float32) * slow[:, -1:]
    cut, uncut = measure_seam(slow[:, : slow.shape[1] // 2 + 313]), measure_seam(slow)
    assert cut.flux > uncut.flux and cut.step > 3 * uncut.step

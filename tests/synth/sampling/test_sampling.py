"""Samplers: windows that fit together, loops, seeds."""

from itertools import islice
from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor

import auricle
from auricle.errors import ModelError, OptionError
from auricle.options.synthesis import GenerationOptions, SamplingOptions
from auricle.synth import FlowPrior, Prior
from auricle.synth.priors.base import NO_CLASS
from auricle.synth.sampling.base import Sampler, randomness
from auricle.synth.sampling.dispatch import sampler_for
from auricle.synth.sampling.flow import FlowSampler
from synth.synth_sounds import make_model, make_prior

MODEL = make_model(latent=16)


class Constants:
    """A perfect prior of sequences that never change: what is one value in a window is the same value everywhere."""

    window, patch, features = 32, 2, 4
    bends_early = has_mean_velocities = False
    frame_rate = 50.0
    silence = torch.zeros(4)

    def __init__(self, *, takes_prefix: bool):
        self.takes_prefix = takes_prefix

    def standardise(self, z: Tensor) -> Tensor:
        return z

    def velocity(
        self, x: Tensor, t: Tensor, label: Tensor, begin: Tensor, *, guidance: float, prefix: Tensor | None = None
    ) -> Tensor:
        time = t[:, None, None]
        noise = (1 - time).square()
        value = time * x.sum(1, keepdim=True) / (noise + x.shape[1] * time.square())  # what is expected of it
        if prefix is not None:
            value = x[:, : int(prefix[0])].mean(1, keepdim=True)
        return (value - x) / (1 - time).clamp(min=1e-3)


def constants(*, takes_prefix: bool, steps: int = 20) -> FlowSampler:
    prior = cast(FlowPrior, Constants(takes_prefix=takes_prefix))
    return FlowSampler(prior, SamplingOptions(steps=steps).resolved(notes=False), NO_CLASS)


def sampler_of(prior: Prior, label: int = NO_CLASS, **options: float) -> Sampler:
    return sampler_for(prior, SamplingOptions(**{"guidance": 1.0, **options}), label)  # type: ignore[arg-type]


def first_frames(pieces, frames: int) -> Tensor:
    parts = []
    for piece in pieces:
        parts.append(piece)
        if sum(part.shape[1] for part in parts) >= frames:
            return torch.cat(parts, 1)[:, :frames]
    raise AssertionError("it ended")


def test_windows_go_on_from_each_other():
    x = first_frames(constants(takes_prefix=True).sample([randomness(0, 0), randomness(0, 1)]), 2000)
    drift = (x - x.mean(1, keepdim=True)).abs().max()
    assert drift < 0.02, drift  # of a standard deviation, over 80 windows
    assert (x[0, 0] - x[1, 0]).abs().max() > 0.2


@pytest.mark.parametrize(("takes_prefix", "most"), [(True, 0.02), (False, 0.4)])
def test_what_follows_a_sound_fits_to_it(takes_prefix: bool, most: float):
    """Without conditioning it would be 1.5 away on average."""
    past = torch.full((50, 4), 1.5)
    sampler = constants(takes_prefix=takes_prefix)
    x = first_frames(sampler.sample([randomness(0, index) for index in range(8)], past), 16)
    assert float((x - 1.5).abs().mean()) < most


def test_a_loop_has_no_end():
    """Neighbours agree, also those on both sides of the seam."""
    sampler = constants(takes_prefix=True, steps=40)
    x = sampler.sample_loop(randomness(0, 0), 75)[0]
    steps = torch.cat((x, x[:1])).diff(dim=0).abs().amax(1)
    assert x.shape == (75, 4) and steps.max() < 0.3 and steps[-1] <= 1.5 * steps[:-1].max()
    assert sampler.sample_loop(randomness(0, 0), 5).shape == (1, 5, 4)


@pytest.mark.parametrize("recurrent", [False, True])
def test_a_sequence_depends_on_its_own_numbers_only(recurrent: bool):
    sampler = sampler_of(make_prior(MODEL, recurrent=recurrent))
    four = [randomness(3, index) for index in range(4)]
    four_others = [randomness(3, 0), *(randomness(9, index) for index in range(1, 4))]
    first, second = (first_frames(sampler.sample(random), 32) for random in (four, four_others))
    assert torch.equal(first[0], second[0]) and not torch.equal(first[1], second[1])


@pytest.mark.parametrize("recurrent", [False, True])
def test_options_change_what_is_drawn(recurrent: bool):
    prior = make_prior(MODEL, recurrent=recurrent)
    samplers = sampler_of(prior), sampler_of(prior, 1), sampler_of(prior, temperature=0.1)
    unlabelled, labelled, cold = (first_frames(sampler.sample([randomness(0, 0)]), 32) for sampler in samplers)
    assert not torch.equal(unlabelled, labelled)
    assert cold.var() < unlabelled.var()


def test_guidance_and_steps_matter_to_a_flow():
    prior = make_prior(MODEL)
    samplers = sampler_of(prior, 1), sampler_of(prior, 1, guidance=3.0), sampler_of(prior, 1, steps=2)
    usual, guided, coarse = (first_frames(sampler.sample([randomness(0, 0)]), 32) for sampler in samplers)
    assert not torch.allclose(usual, guided, atol=1e-2) and not torch.equal(usual, coarse)


def test_the_strength_of_a_variation():
    sampler = sampler_of(make_prior(MODEL))
    x = torch.randn(77, 16)
    distances = []
    for strength in (0.0, 0.3, 1.0):
        variation = torch.cat(list(sampler.vary(randomness(0, 0), x, strength)), 1)
        assert variation.shape == (1, 77, 16)
        distances.append(float((variation[0] - x).norm()))
    assert distances[0] == 0.0 and 0 < distances[1] < distances[2]


def test_endless_sampling_comes_in_equal_pieces():
    sampler = sampler_of(make_prior(MODEL), steps=1)
    pieces = sampler.sample([randomness(0, 0)])
    sizes = [piece.shape[1] for piece in islice(pieces, 12)]
    assert sizes[0] == 32 and set(sizes[1:]) in ({16}, {24})


@pytest.mark.parametrize("task", ["vary", "loop"])
def test_a_recurrent_prior_says_what_it_cant(task: str):
    sampler = sampler_of(make_prior(MODEL, recurrent=True))
    calls = {
        "vary": lambda: sampler.vary(randomness(0, 0), torch.zeros(9, 16), 0.5),
        "loop": lambda: sampler.sample_loop(randomness(0, 0), 50),
    }
    with pytest.raises(ModelError, match="recurrent prior 'toy' can't"):
        calls[task]()


@pytest.mark.parametrize(
    ("message", "options"),
    [
        ("guidance -1", {"guidance": -1.0}),
        ("guidance nan", {"guidance": float("nan")}),
        ("0 steps", {"steps": 0}),
        ("temperature -0.5", {"temperature": -0.5}),
    ],
)
def test_sampling_options_have_limits(message: str, options: dict):
    with pytest.raises(OptionError, match=message):
        SamplingOptions(**options)


def test_seeds_have_limits():
    with pytest.raises(OptionError, match="seed -1"):
        GenerationOptions(seed=-1)
    assert randomness(1, 2).initial_seed() != randomness(2, 1).initial_seed()


def test_a_prior_has_a_temperature_of_its_own() -> None:
    """It is taken where none is asked for; what is asked for comes first."""
    model, plain = make_model(), make_prior(make_model())
    usual = plain.config.model_copy(update={"temperature": 0.5}).build(plain.origin, plain.info).eval()
    usual.load_state_dict(plain.state_dict())
    options = auricle.GenerationOptions("a", seconds=0.3, seed=3)

    def made(prior: Prior, temperature: float | None = None) -> np.ndarray:
        sampling = auricle.SamplingOptions(temperature=temperature)
        (sound,) = auricle.generate(prior, options, model=model, sampling=sampling).sounds
        assert sound.audio is not None
        return sound.audio

    np.testing.assert_array_equal(made(usual), made(plain, 0.5))
    np.testing.assert_array_equal(made(usual, 1.0), made(plain))
    assert not np.array_equal(made(usual), made(plain))

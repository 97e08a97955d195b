"""Samplers: windows that fit together, loops, seeds."""

from itertools import islice
from typing import cast

import pytest
import torch
from torch import Tensor

from auricle.errors import ModelError, OptionError
from auricle.synth import FlowPrior
from auricle.synth.sampling.base import Taste, randomness
from auricle.synth.sampling.dispatch import sampler_for
from auricle.synth.sampling.flow import FlowSampler
from synth.synth_sounds import make_model, make_prior

MODEL = make_model(latent=16)


class Constants:
    """A perfect prior of sequences that never change: what is one value in a window is the same value everywhere."""

    window, patch, features = 32, 2, 4
    silence = torch.zeros(4)

    def __init__(self, *, told: bool):
        self.takes_known = told

    def standardise(self, z: Tensor) -> Tensor:
        return z

    def velocity(
        self, x: Tensor, t: Tensor, label: Tensor, begin: Tensor, *, guidance: float, known: Tensor | None = None
    ) -> Tensor:
        when = t[:, None, None]
        noise = (1 - when).square()
        value = when * x.sum(1, keepdim=True) / (noise + x.shape[1] * when.square())  # what is expected of it
        if known is not None:
            value = x[:, : int(known[0])].mean(1, keepdim=True)
        return (value - x) / (1 - when).clamp(min=1e-3)


TOLD, UNTOLD = (FlowSampler(cast(FlowPrior, Constants(told=told))) for told in (True, False))


def taken(pieces, frames: int) -> Tensor:
    made = []
    for piece in pieces:
        made.append(piece)
        if sum(part.shape[1] for part in made) >= frames:
            return torch.cat(made, 1)[:, :frames]
    raise AssertionError("it ended")


def test_windows_go_on_from_each_other():
    x = taken(TOLD.run(Taste(steps=20), [randomness(0, 0), randomness(0, 1)]), 2000)
    drift = (x - x.mean(1, keepdim=True)).abs().max()
    assert drift < 0.02, drift  # of a standard deviation, over 80 windows
    assert (x[0, 0] - x[1, 0]).abs().max() > 0.2


@pytest.mark.parametrize(("sampler", "most"), [(TOLD, 0.02), (UNTOLD, 0.4)])
def test_what_follows_a_sound_fits_to_it(sampler: FlowSampler, most: float):
    """Without conditioning it would be 1.5 away on average."""
    past = torch.full((50, 4), 1.5)
    x = taken(sampler.run(Taste(steps=20), [randomness(0, index) for index in range(8)], past), 16)
    assert float((x - 1.5).abs().mean()) < most


def test_a_circle_has_no_end():
    """Neighbours agree, also those on both sides of the seam."""
    x = TOLD.circle(Taste(steps=40), randomness(0, 0), 75)[0]
    steps = torch.cat((x, x[:1])).diff(dim=0).abs().amax(1)
    assert x.shape == (75, 4) and steps.max() < 0.3 and steps[-1] <= 1.5 * steps[:-1].max()
    assert TOLD.circle(Taste(), randomness(0, 0), 5).shape == (1, 5, 4)


@pytest.mark.parametrize("recurrent", [False, True])
def test_a_sequence_depends_on_its_own_numbers_only(recurrent: bool):
    sampler = sampler_for(make_prior(MODEL, recurrent=recurrent))
    four = [randomness(3, index) for index in range(4)]
    other = [randomness(3, 0), *(randomness(9, index) for index in range(1, 4))]
    first, second = (taken(sampler.run(Taste(), random), 32) for random in (four, other))
    assert torch.equal(first[0], second[0]) and not torch.equal(first[1], second[1])


@pytest.mark.parametrize("recurrent", [False, True])
def test_options_change_what_is_drawn(recurrent: bool):
    sampler = sampler_for(make_prior(MODEL, recurrent=recurrent))
    plain, labelled, cold = (
        taken(sampler.run(taste, [randomness(0, 0)]), 32) for taste in (Taste(), Taste(label=1), Taste(temperature=0.1))
    )
    assert not torch.equal(plain, labelled)
    assert cold.var() < plain.var()


def test_guidance_and_steps_matter_to_a_flow():
    sampler = sampler_for(make_prior(MODEL))
    made = [
        taken(sampler.run(taste, [randomness(0, 0)]), 32)
        for taste in (Taste(label=1), Taste(label=1, guidance=3.0), Taste(label=1, steps=2))
    ]
    assert not torch.allclose(made[0], made[1], atol=1e-2) and not torch.equal(made[0], made[2])


def test_the_strength_of_a_variation():
    sampler = sampler_for(make_prior(MODEL))
    x = torch.randn(77, 16)
    away = []
    for strength in (0.0, 0.3, 1.0):
        made = torch.cat(list(sampler.vary(Taste(), randomness(0, 0), x, strength)), 1)
        assert made.shape == (1, 77, 16)
        away.append(float((made[0] - x).norm()))
    assert away[0] == 0.0 and 0 < away[1] < away[2]


def test_endless_sampling_comes_in_equal_pieces():
    sampler = sampler_for(make_prior(MODEL))
    pieces = sampler.run(Taste(steps=1), [randomness(0, 0)])
    sizes = [piece.shape[1] for piece in islice(pieces, 12)]
    assert sizes[0] == 32 and set(sizes[1:]) in ({16}, {24})


@pytest.mark.parametrize("what", ["vary", "circle"])
def test_a_recurrent_prior_says_what_it_cant(what: str):
    sampler = sampler_for(make_prior(MODEL, recurrent=True))
    calls = {
        "vary": lambda: sampler.vary(Taste(), randomness(0, 0), torch.zeros(9, 16), 0.5),
        "circle": lambda: sampler.circle(Taste(), randomness(0, 0), 50),
    }
    with pytest.raises(ModelError, match="recurrent prior 'toy' can't"):
        calls[what]()


@pytest.mark.parametrize(
    ("said", "options"),
    [
        ("guidance -1", {"guidance": -1.0}),
        ("guidance nan", {"guidance": float("nan")}),
        ("0 steps", {"steps": 0}),
        ("temperature -0.5", {"temperature": -0.5}),
    ],
)
def test_tastes_have_limits(said: str, options: dict):
    with pytest.raises(OptionError, match=said):
        Taste(**options)


def test_seeds_have_limits():
    with pytest.raises(OptionError, match="seed -1"):
        randomness(-1, 0)
    assert randomness(1, 2).initial_seed() != randomness(2, 1).initial_seed()

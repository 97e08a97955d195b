"""The pitch and the voicing that a decoder with harmonics learns."""

import numpy as np
import pytest
import torch

from auricle.losses.voice import VoiceLoss, uses_harmonics
from auricle.model.harmonics import PITCH_CLASSES, pitch_class

RATE, HOP = 16000, 320


def voice(hertz: np.ndarray) -> torch.Tensor:
    """Twenty harmonics, each half as strong as that an octave below: float32 ``(1, t)``."""
    phase = 2 * np.pi * np.cumsum(hertz) / RATE
    return torch.from_numpy(sum(0.1 / k * np.cos(k * phase) for k in range(1, 21)).astype(np.float32))[None]


def scores(hertz: float, voiced: float, frames: int = 50) -> torch.Tensor:
    pitch = -((torch.arange(PITCH_CLASSES) - pitch_class(torch.tensor(hertz))) / 2).square()
    return torch.cat((pitch, torch.tensor([voiced]))).expand(1, frames, -1)


@pytest.mark.parametrize("hertz", [65.0, 110.0, 223.0, 437.0])
def test_the_pitch_of_a_voice_is_found(hertz):
    found = VoiceLoss(RATE, HOP).voice(voice(np.full(RATE, hertz)))
    cents = 1200 * (found.hertz[0, 3:-3] / hertz).log2().abs()
    assert cents.max() < 12 and found.voiced[0, 3:-3].all()


def test_voices_are_measured_in_full_precision():
    loss = VoiceLoss(RATE, HOP)
    torch.manual_seed(0)
    sound = torch.cat((voice(np.geomspace(70, 400, RATE)), 0.02 * torch.randn(1, RATE)), dim=1)
    exact = loss.voice(sound)
    with torch.autocast("cpu", torch.bfloat16):
        half = loss.voice(sound)
    assert torch.equal(half.hertz, exact.hertz) and torch.equal(half.voiced, exact.voiced)


def test_a_pitch_at_the_limit_is_no_error():
    loss = VoiceLoss(RATE, HOP)
    # A class that only the shortest lag has.
    loss._likely_class = lambda values, energy: torch.full(values.shape[:2], int(loss.classes[0]) + 1)
    assert torch.isfinite(loss.voice(0.1 * torch.randn(1, RATE)).hertz).all()


def test_the_pitch_is_that_of_the_end_of_each_hop():
    glide = np.geomspace(100, 200, 2 * RATE)
    found = VoiceLoss(RATE, HOP).voice(voice(glide)).hertz[0].numpy()
    ends = np.minimum(np.arange(1, len(found) + 1) * HOP, len(glide) - 1)
    assert abs(np.median(1200 * np.log2(found / glide[ends])[3:-3])) < 4, "cents"


def test_frames_around_it_say_which_octave_a_frame_is_in():
    sound = voice(np.full(RATE, 120.0))[0]
    period = round(RATE / 120)
    sound[8000:8640] += 0.8 * torch.roll(sound, period // 2)[8000:8640]  # nearly as periodic at half the period
    found = VoiceLoss(RATE, HOP).voice(sound[None])
    assert (found.hertz[0, 3:-3] / 120).log2().abs().max() < 0.5


def test_noise_silence_and_what_is_much_fainter_than_the_rest_are_no_voice():
    torch.manual_seed(0)
    loss = VoiceLoss(RATE, HOP)
    for sound in (torch.zeros(1, RATE), 0.1 * torch.randn(1, RATE)):
        assert loss.voice(sound).voiced.float().mean() < 0.1
    loud = voice(np.full(RATE, 150.0))
    voiced = loss.voice(torch.cat((loud, 0.01 * loud), dim=1)).voiced[0]
    assert voiced[3:45].all() and not voiced[55:].any()


def test_the_right_pitch_and_voicing_cost_least_and_slopes_lead_there():
    sound, loss = voice(np.full(RATE, 150.0)), VoiceLoss(RATE, HOP)
    wanted, unwanted = torch.tensor([True]), torch.tensor([False])
    costs = [loss(scores(hertz, 3.0), sound, wanted).item() for hertz in (75.0, 135.0, 150.0, 170.0, 300.0)]
    assert min(costs) == costs[2]
    assert loss(scores(150.0, -3.0), sound, wanted) > costs[2] and loss(scores(150.0, 3.0), 0 * sound, wanted) > 4
    assert loss(scores(150.0, -3.0), sound, unwanted) < loss(scores(150.0, 3.0), sound, unwanted)
    flat = torch.zeros(1, 50, PITCH_CLASSES + 1, requires_grad=True)
    loss(flat, sound, wanted).sum().backward()
    assert flat.grad[0, 25, :-1].argmin() == pitch_class(torch.tensor(150.0)).round()
    assert flat.grad[0, 25, -1] < 0


def test_harmonics_are_wanted_in_the_lower_third_of_the_dial():
    assert uses_harmonics(7, torch.tensor([0.0, 2.0, 2.125, 6.0]), 1 / 3).tolist() == [True, True, False, False]

"""Harmonics in place of noise where a voice sounds: a pulse train of the decoded pitch, as coefficients.

A decoder that knows how loud a voice is, but not its phases, can only fill its spectrum with noise, and the voice is
hoarse. A waveform that has the right period already needs the same levels and nothing else (neural source-filter
models: Wang, Takaki and Yamagishi, Neural Source-Filter Waveform Models for Statistical Parametric Speech Synthesis,
2019). Pitch and voicing are read out of the latents, so no bits are spent on them. Axes: ``k`` bin, ``p`` class of
pitch.
"""

from math import log
from typing import final

import numpy as np
import torch
from pydantic import Field, SerializeAsAny
from torch import Tensor, nn

from auricle.model.blocks import BlockConfig, ConvBlockConfig
from auricle.model.registry import Frozen
from auricle.stream import Delay, Layer, Pointwise, Serial, State

PITCH_CLASSES = 64
LOWEST_HZ = 55.0
_CLASSES_PER_OCTAVE = 20.0
_NEIGHBOURS = 2
_STEPS_PER_HZ = 2.0  # so coarse that rounding errors hardly change it: they would grow into other phases
_FIRST_HZ = 120.0
_PHASE_STEPS = 1 << 24  # of a period: an integer phase is the same however many frames are decoded at once
_SHARPNESS = 4.0  # of the share of harmonics: half noise is hoarser than either
_KNEE = 1e-2  # below it companding is nearly linear, so that rounding errors stay small
_BELOW_NYQUIST = 0.95
_AT_PULSE = 1e-4


@final
class HarmonicsConfig(Frozen):
    """Which frequencies may be harmonics, and the network that reads voices out of the latents."""

    highest: float = Field(default=5000.0, gt=0, description="frequency in Hz up to which harmonics replace noise")
    dim: int = Field(default=128, ge=1, le=2048, description="features of a frame in the network that reads voices")
    blocks: tuple[SerializeAsAny[BlockConfig], ...] = Field(
        default=(ConvBlockConfig(lookahead=1), ConvBlockConfig(), ConvBlockConfig()),
        max_length=64,
        description="its blocks, first to last; they see no farther ahead than the decoder",
    )

    def reader(self, latent_dim: int) -> Serial:
        """Latents ``(b, n, d)`` to scores of pitches and, last, of there being a voice: ``(b, n, p + 1)``."""
        blocks = [block.build(self.dim) for block in self.blocks]
        return Serial([Pointwise(latent_dim, self.dim), *blocks, Pointwise(self.dim, PITCH_CLASSES + 1)])


def pitch_class(hertz: Tensor) -> Tensor:
    """The class of a pitch in Hz, a real number from 0 (55 Hz) to ``PITCH_CLASSES - 1`` (488 Hz)."""
    return ((hertz / LOWEST_HZ).log2() * _CLASSES_PER_OCTAVE).clamp(0.0, PITCH_CLASSES - 1.0)


def pitch_hertz(scores: Tensor) -> Tensor:
    """The pitch that scores of classes ``(b, n, p)`` mean, in Hz ``(b, n)``: the mean around the best class."""
    classes = torch.arange(PITCH_CLASSES, device=scores.device)
    best = scores.argmax(dim=-1, keepdim=True)
    near = ((classes - best).abs() <= _NEIGHBOURS).to(scores.dtype)
    weights = near * scores.softmax(dim=-1)
    mean = (weights * classes).sum(-1) / weights.sum(-1)
    hertz = LOWEST_HZ * (mean * (log(2.0) / _CLASSES_PER_OCTAVE)).exp()
    return (hertz * _STEPS_PER_HZ).round() / _STEPS_PER_HZ


@final
class HarmonicSource(nn.Module):
    """Harmonics and noise of unit power together, out of the latents.

    All harmonics are equally loud, up to nearly half the sample rate, and begin with phase 0. The pitch goes evenly
    from the end of one hop to that of the next, so that a frame's pitch is that of its end.

    Args:
        reader: from latents to scores of pitches and voices ``(b, n, d)`` to ``(b, n, p + 1)``.
        analysis: the MDCT of the front end.
        harmonic_bins: how many of the lowest coefficients may be harmonics; those above are noise.
        bins: k.
        sample_rate: in Hz.
        latency: frames by which what comes out lags the latents; at least those of the reader.
    """

    inside: Tensor
    first_phase: Tensor

    def __init__(self, reader: Serial, analysis: Layer, harmonic_bins: int, bins: int, sample_rate: int, latency: int):
        super().__init__()
        self.reader, self.analysis = reader, analysis
        self._delay = Delay(PITCH_CLASSES + 1, latency - reader.latency)
        inside = (np.arange(bins) < harmonic_bins).astype(np.float32)  # torch would load its compiler for it
        self.register_buffer("inside", torch.from_numpy(inside), persistent=False)
        self.register_buffer("first_phase", torch.zeros((), dtype=torch.int64), persistent=False)
        self._hop, self._sample_rate = analysis.block, sample_rate

    def initial_state(self, batch: int, device: torch.device | None, dtype: torch.dtype | None) -> State:
        """The reader's, the scores that wait, the phase in 2^-24 periods and the pitch in Hz where the hop before ended
        ``(b, 1)``, and the samples of that hop.
        """
        return (
            self.reader.initial_state(batch, device=device, dtype=dtype),
            self._delay.initial_state(batch, device=device, dtype=dtype),
            torch.zeros((batch, 1), device=device, dtype=torch.int64),
            torch.full((batch, 1), _FIRST_HZ, device=device, dtype=torch.float32),
            self.analysis.initial_state(batch, device=device, dtype=torch.float32),
        )

    def read(self, z: Tensor) -> Tensor:
        """Scores ``(b, n - l, p + 1)`` of the first of these latents ``(b, n, d)``; the reader looks l frames ahead."""
        return self.reader(z)[:, self.reader.latency :]

    def forward(self, z: Tensor, noise: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """Latents ``(b, n, d)`` and noise ``(b, n, k)`` of -1 and 1 to companded coefficients ``(b, n, k)``.

        Beside them come the pitch in Hz where each hop ends and the share of harmonics, ``(b, n, 2)``. Nothing is
        learned through either: which pitch is right can't be seen from the waveform of a wrong one.
        """
        reader, waiting, *pulses_state = state
        with torch.no_grad():
            voices, reader = self.reader.step(z, reader)
            voices, waiting = self._delay.step(voices, waiting)
            voices = voices.float()
            hertz = pitch_hertz(voices[..., :-1])
            pulses, pulses_state = self._pulses(hertz, tuple(pulses_state))
            voicing = (_SHARPNESS * voices[..., -1:]).sigmoid()
            share = voicing * self.inside
            mixed = share.sqrt() * pulses + (1.0 - share).sqrt() * noise
            companded = mixed * ((1.0 + _KNEE) / (mixed.abs() + _KNEE)).sqrt()
            voice = torch.cat((hertz.unsqueeze(2), voicing), dim=-1)
        return companded.to(noise.dtype), voice, (reader, waiting, *pulses_state)

    def _pulses(self, hertz: Tensor, state: State) -> tuple[Tensor, State]:
        """Coefficients ``(b, n, k)`` of a pulse train that has reached ``hertz`` ``(b, n)`` where each hop ends."""
        phase, last, waiting = state
        ends = hertz / self._sample_rate
        starts = torch.cat((last, hertz[:, :-1]), dim=1) / self._sample_rate
        periods = ((starts + ends) * (self._hop / 2 * _PHASE_STEPS)).round().long()
        reached = (phase + periods.cumsum(dim=1)) & (_PHASE_STEPS - 1)
        begun = torch.cat((phase, reached[:, :-1]), dim=1) + self.first_phase
        places = torch.arange(1, self._hop + 1, device=hertz.device, dtype=hertz.dtype)
        turns = (begun.to(hertz.dtype) / _PHASE_STEPS).unsqueeze(2) + starts.unsqueeze(2) * places
        turns = turns + ((ends - starts) / (2 * self._hop)).unsqueeze(2) * places.square()
        samples = _pulse_train(turns - turns.floor(), (_BELOW_NYQUIST / 2 / ends).floor().unsqueeze(2))
        frames, waiting = self.analysis.step(samples.reshape(hertz.shape[0], -1, 1), waiting)
        return frames, (reached[:, -1:], hertz[:, -1:], waiting)


def _pulse_train(turns: Tensor, harmonics: Tensor) -> Tensor:
    """Cosines of the first ``harmonics`` multiples of a phase in turns, of unit power together: Dirichlet's kernel."""
    angle = 2.0 * torch.pi * turns
    below = 2.0 * (angle / 2).sin()
    at_pulse = below.abs() < _AT_PULSE
    ratio = ((harmonics + 0.5) * angle).sin() / torch.where(at_pulse, torch.ones_like(below), below)
    return (torch.where(at_pulse, harmonics + 0.5, ratio) - 0.5) * (2.0 / harmonics).sqrt()

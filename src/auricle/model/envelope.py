"""Loudness inside a frame: what keeps an attack sharp that a frame of coefficients smears.

A rounded coefficient spreads its error evenly over its frame, so a hit is heard before it comes, and flat noise is as
loud between two pulses of a voice as in them. So the encoder hears the levels of the parts of a hop, and the decoder
turns what it has made up and down inside the hop, the waveform and the noise above it each by a curve of its own
(temporal noise shaping and gain control do this in AAC: ISO/IEC 14496-3). Axes: ``p`` part of a hop, ``k`` bin.
"""

from fractions import Fraction
from typing import final

import numpy as np
import torch
from torch import Tensor

from auricle.model.comb import PitchComb
from auricle.stream import Layer, Serial, State

CURVES = 2
"""One for the waveform, one for the noise above it."""
_FAINTEST = 1e-4
_MIDDLE = 1e-2
_DEEPEST = 4.6  # nepers, 40 dB
_POWER = 8.0


@final
class WithPartLevels(Layer):
    """Append to what ``analysis`` makes of a hop the log levels of its parts, plain and with high frequencies raised.

    Args:
        analysis: from samples to frames ``(b, t, 1)`` to ``(b, n, k)``, without latency.
        hop_length: samples a frame moves on.
        parts: of a hop; divides it.
    """

    def __init__(self, analysis: Layer, hop_length: int, parts: int):
        super().__init__()
        assert analysis.latency == 0 and hop_length % parts == 0, (analysis.latency, hop_length, parts)
        self.analysis = analysis
        self._parts, self._length = parts, hop_length // parts
        self.ratio, self.block = Fraction(1, hop_length), hop_length

    def initial_state(
        self, batch: int, *, device: torch.device | None = None, dtype: torch.dtype | None = None
    ) -> State:
        """The analysis', and the last sample."""
        return (
            self.analysis.initial_state(batch, device=device, dtype=dtype),
            torch.zeros(batch, 1, 1, device=device, dtype=dtype),
        )

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """``(b, t, 1)`` to ``(b, n, k + 2 p)``."""
        analysis, last = state
        frames, analysis = self.analysis.step(x, analysis)
        joined = torch.cat((last, x), dim=1)
        levels = [self._levels(signal, frames.shape[1]) for signal in (x, x - joined[:, :-1])]
        return torch.cat((frames, *levels), dim=-1), (analysis, joined[:, joined.shape[1] - 1 :])

    def _levels(self, signal: Tensor, frames: int) -> Tensor:
        power = signal.reshape(signal.shape[0], frames, self._parts, self._length).square().mean(-1)
        return (power + _FAINTEST**2).sqrt().div(_MIDDLE).log() / 2


@final
class ShapedSynthesis(Layer):
    """Coefficients to samples, turned up and down inside each hop by curves that come with them.

    A curve has a point at the end of each part of a hop, in nepers, and stays within 40 dB up or down. From point to
    point runs a power mean of eighth power: between alike points nearly a straight line, but a steep rise is done early
    in its part and a steep fall late, so that the first millisecond of a sound behind silence has its level.

    Args:
        expand: the companding's inverse, for frames ``(b, n, k)``.
        synthesis: from coefficients to samples, lags by one hop.
        bins: coefficients in a frame.
        waveform_bins: those below follow the first curve, those from there on the second.
        hop_length: samples a frame moves on.
        parts: of a hop; divides it.
        comb: what filters the waveform of a voice. Where there is one, the pitch in Hz where a frame ends and the share
            of a voice come behind the curves.
    """

    ramp: Tensor

    def __init__(
        self,
        expand: Layer,
        synthesis: Layer,
        bins: int,
        waveform_bins: int,
        hop_length: int,
        parts: int,
        comb: PitchComb | None = None,
    ):
        super().__init__()
        self.expand, self.synthesis, self.comb = expand, synthesis, comb
        self._bins, self._waveform_bins, self._parts = bins, waveform_bins, parts
        length = hop_length // parts
        self.register_buffer("ramp", torch.from_numpy(_ramp(length)), persistent=False)
        self.ratio, self.latency = synthesis.ratio, synthesis.latency

    def initial_state(
        self, batch: int, *, device: torch.device | None = None, dtype: torch.dtype | None = None
    ) -> State:
        """The synthesis' of both parts of the spectrum, where the curves ended, and the comb's."""
        return (
            self.synthesis.initial_state(CURVES * batch, device=device, dtype=dtype),
            torch.ones(batch, CURVES, 1, device=device, dtype=dtype),
            () if self.comb is None else self.comb.initial_state(batch, device, dtype),
        )

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """``(b, n, k + 2 p)``, with a comb ``(b, n, k + 2 p + 2)``, to ``(b, n * hop, 1)``."""
        synthesis, last, comb = state
        coefficients, curves, voice = x.tensor_split((self._bins, self._bins + CURVES * self._parts), dim=-1)
        coefficients = self.expand(coefficients)
        low = torch.nn.functional.pad(coefficients[..., : self._waveform_bins], (0, self._bins - self._waveform_bins))
        split = torch.cat((low, coefficients - low))
        samples, synthesis = self.synthesis.step(split, synthesis)
        nepers = _DEEPEST * (curves / _DEEPEST).tanh()
        points = nepers.exp().unflatten(2, (CURVES, self._parts)).transpose(1, 2).flatten(2)
        joined = torch.cat((last, points), dim=2)
        pairs = torch.stack((joined[..., :-1], joined[..., 1:]), dim=-1)
        larger = pairs.amax(dim=-1, keepdim=True)  # so that powers stay within half precision
        gains = (larger * ((pairs / larger).pow(_POWER) @ self.ramp).pow(1.0 / _POWER)).flatten(2)
        waveform, noise = samples.reshape(CURVES, x.shape[0], -1)
        waveform = waveform * gains[:, 0]
        if self.comb is not None:
            waveform, comb = self.comb(waveform, voice, comb)
        shaped = waveform + noise * gains[:, 1]
        return shaped.unsqueeze(2), (synthesis, joined[..., -1:], comb)


def with_envelope(
    synthesis: Serial, bins: int, waveform_bins: int, hop_length: int, parts: int, comb: PitchComb | None = None
) -> ShapedSynthesis:
    """The synthesis of a front end, companding's inverse and transform, with curves inside the hop."""
    expand, transform = synthesis.chain()
    return ShapedSynthesis(expand, transform, bins, waveform_bins, hop_length, parts, comb)


def _ramp(length: int) -> np.ndarray:
    """Shares of the point before and the point after in each sample of a part: float32 ``(2, length)``."""
    after = np.arange(1, length + 1, dtype=np.float32) / length
    return np.stack((1.0 - after, after))

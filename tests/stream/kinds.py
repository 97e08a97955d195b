"""Every kind of layer, small, with the number of its input features."""

from collections.abc import Callable

import numpy as np

from auricle.model.bands import BandLevels, BandNoise, NoiseFill
from auricle.model.blocks import ConvBlockConfig, RecurrentBlockConfig
from auricle.model.comb import PitchComb
from auricle.model.envelope import CURVES, ShapedSynthesis, WithPartLevels
from auricle.model.front_end import Compand, Expand, MdctConfig, PatchConfig, StftConfig
from auricle.model.harmonics import HarmonicsConfig, HarmonicSource
from auricle.model.highpass import HighPass
from auricle.stream import (
    GRU,
    LSTM,
    Activation,
    CausalConv,
    Delay,
    DepthwiseConv,
    FrameNorm,
    Layer,
    Parallel,
    Pointwise,
    Residual,
    Serial,
    Upsample,
)


def _voiced_noise(decoded: int, *, tells_pitch: bool = False) -> Layer:
    """Eight coefficients, the lower four and levels of two bands out of ``decoded`` features."""
    harmonics = HarmonicSource(HarmonicsConfig(dim=4).reader(3), MdctConfig(hop_length=8).analysis(), 4, 8, 4000, 1)
    harmonics.requires_grad_(False)  # nothing is learned through what it makes
    body = CausalConv(3, decoded, 5, lookahead=1)
    return BandNoise(body, np.array([0, 4, 8]), 4, harmonics, tells_pitch=tells_pitch)


def _back(bins: int) -> tuple[Layer, Layer]:
    """From companded coefficients to coefficients, and to samples."""
    return Expand(Compand(bins, 0.5)), MdctConfig(hop_length=bins).synthesis()


KINDS: dict[str, tuple[Callable[[], Layer], int]] = {
    "pointwise": (lambda: Pointwise(3, 5), 3),
    "activation": (lambda: Activation("gelu"), 3),
    "frame norm": (lambda: FrameNorm(4), 4),
    "causal conv": (lambda: CausalConv(3, 4, 5), 3),
    "causal conv, one tap": (lambda: CausalConv(3, 4, 1), 3),
    "causal conv, lookahead": (lambda: CausalConv(3, 4, 5, lookahead=2), 3),
    "downsampling": (lambda: CausalConv(3, 4, 6, stride=3), 3),
    "downsampling, kernel = stride": (lambda: CausalConv(3, 4, 2, stride=2), 3),
    "depthwise": (lambda: DepthwiseConv(4, 7), 4),
    "depthwise, lookahead": (lambda: DepthwiseConv(4, 7, lookahead=1), 4),
    "upsampling": (lambda: Upsample(3, 4, 3), 3),
    "gru": (lambda: GRU(3, 4), 3),
    "lstm": (lambda: LSTM(3, 4), 3),
    "delay": (lambda: Delay(3, 4), 3),
    "no delay": (lambda: Delay(3, 0), 3),
    "beside": (lambda: Parallel(CausalConv(3, 2, 5, lookahead=2), Pointwise(3, 2), 2), 3),
    "residual": (lambda: Residual(CausalConv(3, 3, 5), 3), 3),
    "residual, lookahead": (lambda: Residual(CausalConv(3, 3, 5, lookahead=2), 3), 3),
    "serial": (lambda: Serial([CausalConv(3, 4, 3), GRU(4, 5), Pointwise(5, 2)]), 3),
    "serial, down and up": (
        lambda: Serial([CausalConv(3, 4, 4, stride=2), DepthwiseConv(4, 3, lookahead=1), Upsample(4, 3, 2)]),
        3,
    ),
    "serial, up and down": (lambda: Serial([Upsample(3, 4, 3), CausalConv(4, 2, 4, stride=2)]), 3),
    "conv block": (lambda: ConvBlockConfig(kernel=5, lookahead=1).build(6), 6),
    "recurrent block": (lambda: RecurrentBlockConfig(cell="lstm").build(6), 6),
    "bare recurrent block": (lambda: RecurrentBlockConfig(residual=False).build(6), 6),
    "mdct": (lambda: MdctConfig(hop_length=8).analysis(), 1),
    "inverse mdct": (lambda: MdctConfig(hop_length=8).synthesis(), 8),
    "stft": (lambda: StftConfig(hop_length=8).analysis(), 1),
    "inverse stft": (lambda: StftConfig(hop_length=8).synthesis(), 18),
    "patch": (lambda: PatchConfig(hop_length=4).analysis(), 1),
    "inverse patch": (lambda: PatchConfig(hop_length=4).synthesis(), 4),
    "compand": (lambda: Compand(4, 0.5), 4),
    "band levels": (lambda: BandLevels(np.array([0, 1, 4])), 4),
    "band levels, energies": (lambda: BandLevels(np.array([0, 1, 4]), energies=True), 4),
    "noise fill": (lambda: NoiseFill(Pointwise(3, 6), np.array([0, 1, 4])), 3),
    "noise fill, lookahead": (lambda: NoiseFill(CausalConv(3, 6, 5, lookahead=2), np.array([0, 1, 4])), 3),
    "band noise": (lambda: BandNoise(Pointwise(3, 3), np.array([0, 1, 4]), 1), 3),
    "band noise, lookahead": (lambda: BandNoise(CausalConv(3, 3, 5, lookahead=2), np.array([0, 1, 4]), 1), 3),
    "band noise, harmonics": (lambda: _voiced_noise(4 + 2), 3),
    "voice through a comb": (
        lambda: Serial(
            [
                _voiced_noise(4 + 2 + CURVES * 2, tells_pitch=True),
                ShapedSynthesis(*_back(8), 8, 4, 8, 2, PitchComb(0.5, 8, 4000)),
            ]
        ),
        3,
    ),
    "part levels": (lambda: WithPartLevels(MdctConfig(hop_length=8).analysis(), 8, 4), 1),
    "high pass": (lambda: HighPass(0.01, 4), 1),
    "shaped synthesis": (
        lambda: ShapedSynthesis(*_back(8), 8, 5, 8, 2),
        12,
    ),
    "expand": (lambda: Expand(Compand(4, 0.5)), 4),
}

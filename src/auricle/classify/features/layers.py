"""What an encoder computes on its way to the latent, at every depth."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import cast, final

import torch.nn.functional as F
from torch import Tensor

from auricle.model import Autoencoder
from auricle.stream import Layer, Residual, Serial


@final
@dataclass(frozen=True)
class Depth:
    """Activations at one depth.

    Attributes:
        name: such as ``1.2.hidden``: stage, block, and what of it.
        values: ``(b, n, d)``, n frames of that depth; the first begins with the sound.
    """

    name: str
    values: Tensor


def depths(model: Autoencoder, audio: Tensor) -> tuple[Depth, ...]:
    """The activations of an encoder on whole signals, from the first map after the front end to the latent.

    Of each stage: what its first map gives, what each block gives, and each block's hidden layer (what the block's last
    linear map gets: its widest and most specialised features). The latency of each depth is taken off.

    Args:
        model: whose encoder.
        audio: ``(b, t)`` at the model's rate, t at least 1.
    """
    frames = ceil(audio.shape[1] / model.hop_length)
    total = frames + model.encoder_latency
    padded = F.pad(audio, (0, total * model.hop_length - audio.shape[1])).unsqueeze(2)
    front, *stages = _parts(model.encoder)
    collector = _ActivationCollector()
    collector.run(Serial(stages), front(padded), Fraction(front.latency), "")
    return tuple(
        Depth(name.removeprefix("."), values[:, late : late + frames * max(1, values.shape[1] // total)])
        for name, values, late in collector.depths
    )


def _parts(layer: Layer) -> list[Layer]:
    assert isinstance(layer, Serial)
    return cast(list[Layer], list(layer.layers))


@final
class _ActivationCollector:
    """Runs layers one by one and keeps what they give: name, values, lag in frames."""

    def __init__(self) -> None:
        self.depths: list[tuple[str, Tensor, int]] = []

    def run(self, layer: Layer, x: Tensor, lag: Fraction, name: str) -> tuple[Tensor, Fraction]:
        match layer:
            case Serial():
                for number, part in enumerate(_parts(layer)):
                    x, lag = self.run(part, x, lag, f"{name}.{number}")
                return x, lag
            case Residual(body=Serial() as body):
                y, late = x, Fraction(0)
                *inner, last = _parts(body)
                for part in inner:
                    y, late = part(y), late * part.ratio + part.latency
                self._keep(f"{name}.hidden", y, lag + late)
                x = F.pad(x, (0, 0, body.latency, 0))[:, : x.shape[1]] + last(y)
                return self._keep(name, x, lag + body.latency)
            case _:
                return self._keep(name, layer(x), lag * layer.ratio + layer.latency)

    def _keep(self, name: str, values: Tensor, lag: Fraction) -> tuple[Tensor, Fraction]:
        self.depths.append((name, values, ceil(lag)))
        return values, lag

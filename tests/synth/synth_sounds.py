"""Small models, priors and sounds that tests of synthesis share."""

from pathlib import Path

import numpy as np
import torch

from auricle.audio.writer import write
from auricle.model import Autoencoder, AutoencoderConfig, ModelInfo, StageConfig
from auricle.model.blocks import ConvBlockConfig, RecurrentBlockConfig
from auricle.model.bottleneck import EntropyConfig
from auricle.model.front_end import MdctConfig
from auricle.synth import FlowConfig, Origin, Prior, PriorInfo, RecurrentConfig

RATE = 16000


def make_model(*, recurrent: bool = False, latent: int = 320) -> Autoencoder:
    """Untrained. With as many features as samples in a frame it rebuilds sound well: a linear codec."""
    torch.manual_seed(0)
    blocks = (ConvBlockConfig(lookahead=1), RecurrentBlockConfig()) if recurrent else ()
    config = AutoencoderConfig(
        sample_rate=RATE,
        transform=MdctConfig(hop_length=320),
        encoder=(StageConfig(dim=latent),),
        bottleneck=EntropyConfig(dim=latent, levels=4, finest=64.0),
        decoder=(StageConfig(dim=latent, blocks=blocks),),
    )
    model = Autoencoder(config, ModelInfo(name="linear")).eval().requires_grad_(False)
    model.fit_scale(0.2 * torch.randn(2, 32000))
    return model


def make_prior(model: Autoencoder, *, channels: int = 1, recurrent: bool = False, with_sizes: bool = False) -> Prior:
    """Untrained, with classes a and b; its velocity is not nothing, as it would be at the start.

    One that is told sizes had short quiet sounds of class a, and longer ones of class b.
    """
    torch.manual_seed(1)
    new = {"examples": 3, "guided": True, "times": "mixed", "guidance_interval": (0.1, 0.7)} if with_sizes else {}
    config = RecurrentConfig(width=16, depth=1, components=2) if recurrent else FlowConfig(
        window=32, width=32, depth=1, heads=2, **new
    )  # fmt: skip
    prior = config.build(Origin.of(model, channels, ("a", "b")), PriorInfo(name="toy")).eval().requires_grad_(False)
    for name, parameter in prior.named_parameters():
        if name.startswith(("out.", "last.", "shared.", "contrast.")):
            torch.nn.init.normal_(parameter, std=0.2)
    z = model.encode(0.1 * torch.randn(1, RATE))
    mean, deviation = z.mean((0, 1)), z.std((0, 1))
    silence = model.encode(torch.zeros(1, RATE))[0, -1]
    prior.fit_scale(*(part.repeat(channels) for part in (mean, deviation, silence)))
    if with_sizes:
        prior.fit_sizes(torch.tensor([[0.0, 0.1, -20.0], [1.0, 0.3, -6.0], [1.0, 0.4, -3.0]]))
    return prior


def tone(hertz: float, seconds: float, *, level: float = 0.3, rate: int = RATE, channels: int = 1) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    channel_sound = level * np.sin(2 * np.pi * hertz * time)
    return np.stack([channel_sound * (1 - 0.5 * channel) for channel in range(channels)]).astype(np.float32)


def wav(path: Path, audio: np.ndarray, rate: int = RATE) -> Path:
    write(path, audio, rate, subtype="FLOAT")
    return path

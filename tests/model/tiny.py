"""Small autoencoders that tests build in milliseconds."""

import torch

from auricle.model import Autoencoder, AutoencoderConfig, ModelInfo, StageConfig
from auricle.model.blocks import ConvBlockConfig, RecurrentBlockConfig
from auricle.model.bottleneck import (
    BottleneckConfig,
    EntropyConfig,
    FsqConfig,
    IdentityConfig,
    RvqConfig,
    VaeConfig,
)
from auricle.model.front_end import MdctConfig

_SMALL = (
    IdentityConfig(dim=8),
    VaeConfig(dim=8),
    RvqConfig(dim=8, codebooks=3, size=16, code_dim=4),
    FsqConfig(levels=(5, 4, 3)),
    EntropyConfig(dim=8, levels=4),
)
BOTTLENECKS: dict[str, BottleneckConfig] = {
    **{kind: config() for kind, config in BottleneckConfig.kinds.items()},
    **{config.kind: config for config in _SMALL},
}
"""Every registered kind: small where it is one of these, else with its defaults."""
CODED = [kind for kind, config in BOTTLENECKS.items() if config.build(50.0).codebooks]
"""Those with codes."""


def tiny_config(bottleneck: BottleneckConfig = BOTTLENECKS["entropy"], *, stride: int = 1) -> AutoencoderConfig:
    """16 kHz, 20 ms frames, 16 features."""
    return AutoencoderConfig(
        sample_rate=16000,
        transform=MdctConfig(hop_length=320),
        encoder=(StageConfig(dim=16, kernel=stride, stride=stride, blocks=(ConvBlockConfig(kernel=3),)),),
        bottleneck=bottleneck,
        decoder=(
            StageConfig(dim=16, stride=stride, blocks=(ConvBlockConfig(lookahead=stride), RecurrentBlockConfig())),
        ),
    )


def tiny_model(bottleneck: BottleneckConfig = BOTTLENECKS["entropy"], *, stride: int = 1) -> Autoencoder:
    """An untrained model with tables where its bottleneck has codes."""
    return model_of(tiny_config(bottleneck, stride=stride))


def model_of(config: AutoencoderConfig) -> Autoencoder:
    """The same of any configuration."""
    torch.manual_seed(0)
    model = Autoencoder(config, ModelInfo(name="tiny")).eval().requires_grad_(False)
    noise = 0.2 * torch.randn(2, 32000)
    model.fit_scale(noise)
    if model.bottleneck.table_shape() is not None:
        model.fit_tables([model.encode(noise)])
    return model

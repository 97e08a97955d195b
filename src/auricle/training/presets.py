"""Presets: each a function that returns a complete configuration."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from auricle.errors import ConfigError
from auricle.losses import ComplexStftConfig, LogMelConfig, MeanSquaredErrorConfig
from auricle.model import AutoencoderConfig, StageConfig
from auricle.model.blocks import BlockConfig, ConvBlockConfig, RecurrentBlockConfig
from auricle.model.bottleneck import EntropyConfig, IdentityConfig
from auricle.model.transform import MdctConfig, PatchConfig
from auricle.training.config import ObjectiveConfig, OptimiserConfig, Term, TrainConfig


def _conv(blocks: int) -> tuple[BlockConfig, ...]:
    return (ConvBlockConfig(lookahead=1), *(ConvBlockConfig() for _ in range(blocks - 1)))


def _autoencoder(
    sample_rate: int,
    hop_length: int,
    dim: int,
    latent: int,
    encoder: tuple[BlockConfig, ...],
    decoder: tuple[BlockConfig, ...],
) -> AutoencoderConfig:
    return AutoencoderConfig(
        sample_rate=sample_rate,
        transform=MdctConfig(hop_length=hop_length),
        encoder=(StageConfig(dim=dim, blocks=encoder),),
        bottleneck=EntropyConfig(dim=latent),
        decoder=(StageConfig(dim=dim, blocks=decoder),),
    )


def speech() -> TrainConfig:
    """16 kHz, 50 frames a second, 3.4 million parameters: voices."""
    return TrainConfig(
        model=_autoencoder(16000, 320, 256, 64, _conv(3), _conv(5)),
        objective=ObjectiveConfig(
            losses=(
                Term(weight=10.0, loss=ComplexStftConfig(n_fft=(512,))),
                Term(weight=1.0, loss=LogMelConfig(n_fft=(256, 512, 1024), n_mels=(20, 40, 80))),
            ),
            bottleneck={"rate": 0.24},
        ),
        batch=8,
    )


def music() -> TrainConfig:
    """44.1 kHz, 57 frames a second, 4.5 million parameters: music and any other sound."""
    return TrainConfig(
        model=_autoencoder(44100, 768, 288, 96, _conv(3), _conv(4)),
        objective=ObjectiveConfig(
            losses=(
                Term(weight=10.0, loss=ComplexStftConfig(n_fft=(512, 2048))),
                Term(weight=1.0, loss=LogMelConfig(n_fft=(512, 2048), n_mels=(40, 128))),
            ),
            bottleneck={"rate": 0.12},
        ),
        batch=8,
    )


def mixed() -> TrainConfig:
    """Convolutional and recurrent blocks in turn, 16 kHz, at frame rate."""
    pair = (ConvBlockConfig(), RecurrentBlockConfig())
    base = speech()
    return base.model_copy(update={"model": _autoencoder(16000, 320, 192, 64, pair, (*pair, *pair))})


def conv() -> TrainConfig:
    """A small, plain convolutional autoencoder, 16 kHz, at frame rate: learns fast in few minutes."""
    base = speech()
    return base.model_copy(update={"model": _autoencoder(16000, 320, 160, 64, _conv(2), _conv(3))})


def conv_lstm() -> TrainConfig:
    """The small recurrent autoencoder of the literature on patches of 4 ms.

    A convolution of 64 features and kernel 3, an LSTM of 64 units, a linear layer; mean squared error and Adam.
    """
    return TrainConfig(
        model=AutoencoderConfig(
            sample_rate=16000,
            transform=PatchConfig(hop_length=64),
            encoder=(StageConfig(dim=64, kernel=3, activation="relu"),),
            bottleneck=IdentityConfig(dim=64),
            decoder=(StageConfig(dim=64, blocks=(RecurrentBlockConfig(cell="lstm", residual=False),)),),
        ),
        objective=ObjectiveConfig(losses=(Term(weight=1.0, loss=MeanSquaredErrorConfig()),)),
        optimiser=OptimiserConfig(weight_decay=0.0, betas=(0.9, 0.999)),
        crop_frames=250,
    )


PRESETS: Mapping[str, Callable[[], TrainConfig]] = MappingProxyType(
    {"speech": speech, "music": music, "conv": conv, "mixed": mixed, "conv-lstm": conv_lstm}
)
"""Every preset by its name on the command line."""


def named(name: str) -> TrainConfig:
    """A preset by name.

    Raises:
        ConfigError: unknown name; the message lists the known ones.
    """
    if name not in PRESETS:
        raise ConfigError(f"no preset {name!r}: choose one of {', '.join(PRESETS)}")
    return PRESETS[name]()

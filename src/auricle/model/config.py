"""The autoencoder's configuration."""

from typing import Literal, final

from pydantic import Field, SerializeAsAny, ValidationError

from auricle.errors import ConfigError
from auricle.model.blocks import BlockConfig
from auricle.model.bottleneck import BottleneckConfig
from auricle.model.choice import Frozen
from auricle.model.transform import TransformConfig

ActivationName = Literal["none", "relu", "leaky_relu", "gelu", "silu", "tanh"]


@final
class StageConfig(Frozen):
    """Frames of one rate and width: a way in, then blocks.

    In the encoder the way in downsamples by ``stride``; in the decoder it upsamples by it.
    """

    dim: int = Field(default=256, ge=1, le=2048, description="features of a frame")
    kernel: int = Field(default=1, ge=1, le=63, description="taps of the way in, 1 for a linear map of each frame")
    stride: int = Field(default=1, ge=1, le=64, description="factor by which the frame rate changes")
    activation: ActivationName = Field(default="none", description="nonlinearity after the way in")
    blocks: tuple[SerializeAsAny[BlockConfig], ...] = Field(
        default=(), max_length=64, description="blocks, first to last"
    )


@final
class AutoencoderConfig(Frozen):
    """Everything that decides an autoencoder's shape."""

    sample_rate: int = Field(default=16000, ge=4000, le=192000, description="the native rate in Hz")
    transform: SerializeAsAny[TransformConfig] = Field(description="the front end")
    encoder: tuple[StageConfig, ...] = Field(min_length=1, max_length=16, description="stages after the front end")
    bottleneck: SerializeAsAny[BottleneckConfig] = Field(description="what limits the latent")
    decoder: tuple[StageConfig, ...] = Field(min_length=1, max_length=16, description="stages before the inverse")


def parse_config(text: str) -> AutoencoderConfig:
    """Read a config from JSON.

    Raises:
        ConfigError: with the field, the value and what is allowed.
    """
    try:
        return AutoencoderConfig.model_validate_json(text)
    except ValidationError as error:
        raise ConfigError(describe(error)) from error


def describe(error: ValidationError) -> str:
    """One line for the first thing that pydantic found wrong."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"]) or "config"
    return f"config field {field}: {first['msg']}, got {str(first['input'])[:60]!r}"

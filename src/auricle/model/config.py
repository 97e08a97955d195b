"""The autoencoder's configuration."""

from math import prod
from typing import Any, Literal, Self, final

from pydantic import (
    Field,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from auricle.errors import ConfigError
from auricle.model.blocks import BlockConfig
from auricle.model.bottleneck import BottleneckConfig
from auricle.model.front_end import MdctConfig, TransformConfig
from auricle.model.harmonics import HarmonicsConfig
from auricle.model.registry import Frozen
from auricle.printable import printable

_LARGEST_HOP = 1 << 17
_MOST_BLOCKS = 256
_OFF_BY_DEFAULT = (
    *("direct", "bands", "energies", "noise_from", "levels_from", "harmonics", "comb", "envelope", "highpass"),
)
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
    direct: bool = Field(
        default=False, description="linear maps beside encoder and decoder: a transform codec that the network corrects"
    )
    bands: int = Field(
        default=0, ge=0, le=256, description="bands whose levels the encoder hears and the decoder fills with noise"
    )
    energies: bool = Field(
        default=False, description="levels of bands are measured by their energy, otherwise by their mean magnitude"
    )
    noise_from: float = Field(
        default=0.0, ge=0, description="frequency in Hz from which on bands are noise alone; 0 adds noise everywhere"
    )
    levels_from: float = Field(
        default=0.0,
        ge=0,
        description="frequency in Hz from which on the level of a band starts with a latent feature of its own; "
        "0 for those above the coefficients that have one",
    )
    harmonics: HarmonicsConfig | None = Field(
        default=None, description="harmonics in place of noise where a voice sounds; null for noise alone"
    )
    comb: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="share of the period before that is mixed into the waveform of a voice; 0 for no filter",
    )
    envelope: int = Field(
        default=0, ge=0, le=64, description="parts of a hop whose loudness the decoder shapes; 0 leaves it even"
    )
    highpass: float = Field(
        default=0.0, ge=0, le=20, description="frequency in Hz below which nothing is coded; 0 codes constants too"
    )

    @model_serializer(mode="wrap")
    def _without_defaults(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what is off: files and fingerprints from before these fields existed stay what they are."""
        fields = plain(self)
        return {name: value for name, value in fields.items() if value or name not in _OFF_BY_DEFAULT}

    @model_validator(mode="after")
    def _check_consistency(self) -> Self:
        hop = self.transform.hop_length * max(
            prod(stage.stride for stage in stages) for stages in (self.encoder, self.decoder)
        )
        if hop > _LARGEST_HOP:
            raise ValueError(f"a latent frame has {hop} samples, at most {_LARGEST_HOP} are allowed")
        if self.direct and any(stage.stride > 1 for stage in (*self.encoder, *self.decoder)):
            raise ValueError("direct maps need stages with stride 1")
        if self.bands and (not self.direct or not isinstance(self.transform, MdctConfig)):
            raise ValueError("bands need direct maps and an MDCT front end")
        if self.energies and (
            not isinstance(self.transform, MdctConfig) or not self.bands or self.transform.exponent != 0.5
        ):
            raise ValueError("energies needs bands, and coefficients companded by a square root (exponent 0.5)")
        if self.noise_from and not self.bands:
            raise ValueError("noise_from needs bands")
        if self.levels_from and not 0 < self.levels_from <= self.noise_from:
            raise ValueError(f"levels_from {self.levels_from:g} Hz must be at most noise_from, {self.noise_from:g} Hz")
        if self.harmonics and (not self.noise_from or self.transform.companding != 0.5):
            raise ValueError("harmonics needs noise_from, and coefficients companded by a square root (exponent 0.5)")
        if self.comb and (not self.harmonics or not self.envelope):
            raise ValueError("comb needs harmonics, which tell the pitch, and envelope")
        if self.envelope and not self.noise_from:
            raise ValueError("envelope needs noise_from")
        if self.envelope and self.transform.hop_length % self.envelope:
            raise ValueError(
                f"a hop of {self.transform.hop_length} samples has no {self.envelope} equal parts: "
                "envelope must divide hop_length"
            )
        if self.noise_from >= self.sample_rate / 2:
            raise ValueError(f"noise_from {self.noise_from:g} Hz must lie below half the sample rate")
        if self.bands > self.transform.bins // 2:
            raise ValueError(f"{self.bands} bands of {self.transform.bins} coefficients: at most half as many")
        blocks = sum(len(stage.blocks) for stage in (*self.encoder, *self.decoder))
        if blocks > _MOST_BLOCKS:
            raise ValueError(f"a model has {blocks} blocks, at most {_MOST_BLOCKS} are allowed")
        return self


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
    first = error.errors(include_url=False, include_context=False)[0]
    field = printable(".".join(str(part) for part in first["loc"]), 60) or "config"
    return f"config field {field}: {printable(first['msg'], 200)}, got {printable(repr(first['input']), 60)}"

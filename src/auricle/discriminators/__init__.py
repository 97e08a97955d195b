"""Discriminators: networks that learn to tell decoded sound from the original."""

from auricle.discriminators.base import Discriminator, DiscriminatorConfig, DiscriminatorOutput
from auricle.discriminators.period import Period, PeriodConfig
from auricle.discriminators.spectrum import Spectrum, SpectrumConfig
from auricle.discriminators.stack import ConvConfig, Stack

__all__ = [
    "ConvConfig",
    "Discriminator",
    "DiscriminatorConfig",
    "DiscriminatorOutput",
    "Period",
    "PeriodConfig",
    "Spectrum",
    "SpectrumConfig",
    "Stack",
]

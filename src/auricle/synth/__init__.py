"""Priors over the latents of an autoencoder, and the new sound that is drawn from them."""

from auricle.synth.priors.base import Origin, Prior, PriorConfig, PriorInfo
from auricle.synth.priors.flow import FlowConfig, FlowPrior
from auricle.synth.priors.recurrent import Noise, RecurrentConfig, RecurrentPrior

__all__ = [
    "FlowConfig",
    "FlowPrior",
    "Noise",
    "Origin",
    "Prior",
    "PriorConfig",
    "PriorInfo",
    "RecurrentConfig",
    "RecurrentPrior",
]

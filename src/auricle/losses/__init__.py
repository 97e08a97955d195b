"""Losses: pure distances between sounds. Their weights live in ``auricle.training.objective.objective`` alone."""

from auricle.losses.base import Loss, LossConfig
from auricle.losses.onset import Onset, OnsetConfig
from auricle.losses.repetition import Repetition, RepetitionConfig
from auricle.losses.spectral import (
    BandEnergy,
    BandEnergyConfig,
    CompandedMdct,
    CompandedMdctConfig,
    ComplexStft,
    ComplexStftConfig,
    LogMel,
    LogMelConfig,
    MultiResolutionStft,
    MultiResolutionStftConfig,
)
from auricle.losses.waveform import L1, L1Config, MeanSquaredError, MeanSquaredErrorConfig, Peaks, PeaksConfig

__all__ = [
    "L1",
    "BandEnergy",
    "BandEnergyConfig",
    "CompandedMdct",
    "CompandedMdctConfig",
    "ComplexStft",
    "ComplexStftConfig",
    "L1Config",
    "LogMel",
    "LogMelConfig",
    "Loss",
    "LossConfig",
    "MeanSquaredError",
    "MeanSquaredErrorConfig",
    "MultiResolutionStft",
    "MultiResolutionStftConfig",
    "Onset",
    "OnsetConfig",
    "Peaks",
    "PeaksConfig",
    "Repetition",
    "RepetitionConfig",
]

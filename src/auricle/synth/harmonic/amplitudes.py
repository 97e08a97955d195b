"""Amplitudes between two others."""

import numpy as np

POWER = 1 / 4
"""Amplitudes lie between two others as their fourth roots do: nearly as in decibels, and one of them may be 0."""


def between(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Amplitudes between two, never negative; ``share`` is that of the second."""
    return ((1 - share) * first**POWER + share * second**POWER) ** (1 / POWER)

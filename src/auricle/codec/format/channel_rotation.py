"""Rotation of channels before coding: an orthonormal matrix that gathers what channels share.

The matrix is a product of Givens rotations whose angles are stored as 16-bit integers, so it is orthonormal
however coarse they are, and its transpose undoes it.

Pairs of channels come in the order (0, 1), (0, 2), ..., (1, 2), ...
"""

from itertools import combinations
from math import atan2, cos, pi, sin

import numpy as np

HALF_TURN = 1 << 15
"""A stored angle of this many units is 180 degrees."""
MID_SIDE = (HALF_TURN // 4,)
"""45 degrees: the first channel becomes the scaled sum of two, the second their difference."""


def angle_count(channels: int) -> int:
    """Angles that describe a rotation of so many channels."""
    return channels * (channels - 1) // 2


def rotation(angles: tuple[int, ...], channels: int) -> np.ndarray:
    """Matrix float64 ``(c, c)`` of stored angles: ``matrix @ audio`` rotates, ``matrix.T @ audio`` undoes it."""
    assert len(angles) == angle_count(channels), (angles, channels)
    matrix = np.eye(channels)
    for (a, b), angle in zip(combinations(range(channels), 2), angles, strict=True):
        _turn(matrix, a, b, angle * pi / HALF_TURN)
    return matrix


def default_angles(channels: int) -> tuple[int, ...]:
    """Angles for a sound that could not be listened to before: mid and side for stereo, otherwise none."""
    return MID_SIDE if channels == 2 else (0,) * angle_count(channels)


def fitted_angles(covariance: np.ndarray) -> tuple[int, ...]:
    """Angles of the rotation that makes channels uncorrelated (Karhunen and Loeve), the loudest first.

    Args:
        covariance: of the channels, finite and not all 0, ``(c, c)``.
    """
    matrix = np.linalg.eigh(covariance / np.abs(covariance).max())[1].T[::-1].copy()
    matrix *= np.where(matrix.sum(1, keepdims=True) < 0, -1.0, 1.0)
    return _angles(matrix)


def _angles(matrix: np.ndarray) -> tuple[int, ...]:
    """Stored angles of an orthonormal matrix whose last row may change its sign."""
    if np.linalg.det(matrix) < 0:
        matrix[-1] *= -1
    remainder = matrix.T.copy()
    angles = []
    for a, b in combinations(range(len(matrix)), 2):
        angle = atan2(remainder[b, a], remainder[a, a])
        _turn(remainder, a, b, angle)
        angles.append((round(angle * HALF_TURN / pi) + HALF_TURN) % (2 * HALF_TURN) - HALF_TURN)
    return tuple(angles)


def _turn(matrix: np.ndarray, a: int, b: int, angle: float) -> None:
    """Rotate rows a and b in place."""
    c, s = cos(angle), sin(angle)
    matrix[[a, b]] = np.array([[c, s], [-s, c]]) @ matrix[[a, b]]

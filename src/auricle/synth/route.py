"""Which frames of two sounds a morph is made of."""

from dataclasses import dataclass
from typing import final

import numpy as np


@final
@dataclass(frozen=True, eq=False)
class Route:
    """Which frames of both sounds each frame of the result is made of, and how much of it is the second one.

    Attributes:
        first: float ``(n,)`` places in the first sound, in frames; beyond its end there is silence.
        second: float ``(n,)`` in the second.
        share: float ``(n,)``, 0 is the first sound.
    """

    first: np.ndarray
    second: np.ndarray
    share: np.ndarray


def straight(share: float, frames: int) -> Route:
    """Both sounds from their beginnings, in equal shares throughout."""
    at = np.arange(frames)
    return Route(at, at, np.full(frames, share))


def crossing(lengths: tuple[int, int]) -> Route:
    """From the first sound to the second: the shorter one's length is crossed, the result ends with the second."""
    at = np.arange(lengths[1])
    return Route(at, at, np.clip(at / max(1, min(lengths) - 1), 0.0, 1.0))


def warped(path: np.ndarray, share: float, frames: int) -> Route:
    """Along an alignment ``(k, 2)``, in equal shares throughout, in ``frames`` frames."""
    return _along(path, np.full(len(path), share), frames)


def warped_crossing(path: np.ndarray) -> Route:
    """From the first sound to the second along an alignment ``(k, 2)``; time passes as in both, in their shares."""
    return _along(path, np.linspace(0.0, 1.0, len(path)), None)


def _along(path: np.ndarray, share: np.ndarray, frames: int | None) -> Route:
    moved = np.diff(path, axis=0, prepend=path[:1])
    time = np.cumsum((1 - share) * moved[:, 0] + share * moved[:, 1])
    at = np.arange(round(time[-1]) + 1 if frames is None else frames)
    return Route(*(np.interp(at, *_rising(time, column)) for column in (*path.T, share)))


def _rising(time: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Moments that never come twice, and the mean of the values at each."""
    moments, where = np.unique(time, return_inverse=True)
    return moments, np.bincount(where, values) / np.bincount(where)

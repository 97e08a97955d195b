"""Which moments of two sounds belong together: alignment, and the frames that what lies between is made of."""

from dataclasses import dataclass
from typing import final

import numpy as np

_DOWN, _RIGHT = 1, 2


def frame_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Euclidean distances ``(n, m)`` of frames ``(n, d)`` from frames ``(m, d)``."""
    squares = np.square(first).sum(1)[:, None] + np.square(second).sum(1) - 2 * first @ second.T
    return np.sqrt(np.maximum(squares, 0.0))


def best_path(cost: np.ndarray, penalty: float = 0.0) -> np.ndarray:
    """The path through costs ``(n, m)`` whose sum is least (dynamic time warping; Sakoe and Chiba, 1978).

    Args:
        cost: of each pair of frames.
        penalty: for each step in which time stands still in one of both.

    Returns:
        int64 ``(k, 2)``, pairs of frames from ``(0, 0)`` to ``(n - 1, m - 1)``; neither number ever falls.
    """
    return _trace_path(_best_steps(cost, penalty))


def _best_steps(cost: np.ndarray, penalty: float) -> np.ndarray:
    """Where the best path to each cell ``(n, m)`` comes from; cells of one diagonal are worked out together."""
    n, m = cost.shape
    steps = np.zeros((n, m), np.uint8)
    before, last = np.full(n + 1, np.inf), np.full(n + 1, np.inf)  # sums on the two diagonals before, by row + 1
    before[0] = 0.0
    for diagonal in range(n + m - 1):
        rows = np.arange(max(0, diagonal - m + 1), min(n, diagonal + 1))
        sources = np.stack(
            (before[rows], last[rows] + penalty, last[rows + 1] + penalty)
        )  # from the diagonal, from above, from the left
        best = sources.argmin(axis=0)
        steps[rows, diagonal - rows] = best
        sums = np.full(n + 1, np.inf)
        sums[rows + 1] = sources.min(axis=0) + cost[rows, diagonal - rows]
        before, last = last, sums
    return steps


def _trace_path(steps: np.ndarray) -> np.ndarray:
    i, j = (size - 1 for size in steps.shape)
    path = [(i, j)]
    while i or j:
        step = steps[i, j]
        i, j = i - (step != _RIGHT), j - (step != _DOWN)
        path.append((i, j))
    return np.array(path[::-1], np.int64)


@final
@dataclass(frozen=True, eq=False)
class FrameMap:
    """Which frames of both sounds each frame of the result is made of, and how much of it is the second one.

    Attributes:
        first: float ``(n,)`` places in the first sound, in frames; beyond its end there is silence.
        second: float ``(n,)`` in the second.
        share: float ``(n,)``, 0 is the first sound.
    """

    first: np.ndarray
    second: np.ndarray
    share: np.ndarray


def linear(share: float, frames: int) -> FrameMap:
    """Both sounds from their beginnings, in equal shares throughout."""
    frame = np.arange(frames)
    return FrameMap(frame, frame, np.full(frames, share))


def crossfade(lengths: tuple[int, int]) -> FrameMap:
    """From the first sound to the second: the shorter one's length is crossed, the result ends with the second."""
    frame = np.arange(lengths[1])
    return FrameMap(frame, frame, np.clip(frame / max(1, min(lengths) - 1), 0.0, 1.0))


def time_warped(path: np.ndarray, share: float, frames: int) -> FrameMap:
    """Along an alignment ``(k, 2)``, in equal shares throughout, in ``frames`` frames."""
    return _map_along(path, np.full(len(path), share), frames)


def time_warped_crossfade(path: np.ndarray) -> FrameMap:
    """From the first sound to the second along an alignment ``(k, 2)``; time passes as in both, in their shares."""
    return _map_along(path, np.linspace(0.0, 1.0, len(path)), None)


def _map_along(path: np.ndarray, share: np.ndarray, frames: int | None) -> FrameMap:
    steps = np.diff(path, axis=0, prepend=path[:1])
    time = np.cumsum((1 - share) * steps[:, 0] + share * steps[:, 1])
    frame = np.arange(round(time[-1]) + 1 if frames is None else frames)
    return FrameMap(*(np.interp(frame, *_unique_moments(time, column)) for column in (*path.T, share)))


def _unique_moments(time: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Moments that never come twice, and the mean of the values at each."""
    moments, groups = np.unique(time, return_inverse=True)
    return moments, np.bincount(groups, values) / np.bincount(groups)


def values_at(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Values ``(..., n)`` at places between frames; beyond the ends the last ones hold."""
    places = np.clip(places, 0, values.shape[-1] - 1)
    below = np.floor(places).astype(int)
    part = places - below
    above = np.minimum(below + 1, values.shape[-1] - 1)
    return values[..., below] * (1 - part) + values[..., above] * part

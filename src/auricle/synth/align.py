"""Time alignment of two sequences of latent frames: dynamic time warping (Sakoe and Chiba, 1978)."""

import numpy as np

from auricle.errors import OptionError

MOST_CELLS = 25_000_000
"""Pairs of frames that are compared at most: two sounds of 87 s at 57 frames a second."""
_FLOOR = 0.01
_DOWN, _RIGHT = 1, 2


def aligned(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The path through both sequences on which they differ least, with steps of at most one frame in each.

    Latents have signs that depend on phases, so what is compared is the logarithm of each feature's energy, over
    three frames.

    Args:
        first: latents ``(n, d)``.
        second: latents ``(m, d)``.

    Returns:
        int64 ``(k, 2)``, pairs of frames from ``(0, 0)`` to ``(n - 1, m - 1)``; neither number ever falls.

    Raises:
        OptionError: the sounds are too long.
    """
    n, m = len(first), len(second)
    if n * m > MOST_CELLS:
        raise OptionError(f"{n} and {m} latent frames are too many to align: use shorter sounds, or leave --align out")
    floor = _FLOOR * float(np.concatenate((first, second)).var())
    return _back(_choices(_distances(_energies(first, floor), _energies(second, floor))))


def _energies(z: np.ndarray, floor: float) -> np.ndarray:
    padded = np.pad(np.square(z, dtype=np.float64), ((1, 1), (0, 0)), mode="edge")
    return np.log((padded[:-2] + padded[1:-1] + padded[2:]) / 3 + floor)


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Euclidean distances float32 ``(n, m)`` after each feature was scaled to unit variance over both."""
    scale = np.concatenate((first, second)).std(axis=0) + 1e-6
    a, b = (np.asarray(z / scale, np.float32) for z in (first, second))
    squares = np.square(a).sum(1)[:, None] + np.square(b).sum(1) - 2 * a @ b.T
    return np.sqrt(np.maximum(squares, 0.0))


def _choices(cost: np.ndarray) -> np.ndarray:
    """Where the best path to each cell ``(n, m)`` comes from; cells of one diagonal are worked out together."""
    n, m = cost.shape
    choices = np.zeros((n, m), np.uint8)
    before, last = np.full(n + 1, np.inf), np.full(n + 1, np.inf)  # sums on the two diagonals before, by row + 1
    before[0] = 0.0
    for diagonal in range(n + m - 1):
        rows = np.arange(max(0, diagonal - m + 1), min(n, diagonal + 1))
        ways = np.stack((before[rows], last[rows], last[rows + 1]))  # from the diagonal, from above, from the left
        best = ways.argmin(axis=0)
        choices[rows, diagonal - rows] = best
        sums = np.full(n + 1, np.inf)
        sums[rows + 1] = ways.min(axis=0) + cost[rows, diagonal - rows]
        before, last = last, sums
    return choices


def _back(choices: np.ndarray) -> np.ndarray:
    i, j = (size - 1 for size in choices.shape)
    path = [(i, j)]
    while i or j:
        choice = choices[i, j]
        i, j = i - (choice != _RIGHT), j - (choice != _DOWN)
        path.append((i, j))
    return np.array(path[::-1], np.int64)

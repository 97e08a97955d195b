"""Which sounds to label next, so that few labels teach much."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import numpy as np

from auricle.classify.search.neighbours import ExactIndex

_STARTS = 3
_TYPICAL = 20  # neighbours that say how typical a point is
_SHORTLIST = 5  # uncertain points for each that is chosen


def uncertainty(probabilities: np.ndarray) -> np.ndarray:
    """One minus the margin between the two likeliest classes (Scheffer et al., 2001): ``(files, classes)`` to
    ``(files,)``, 0 for certain, 1 for a tie."""
    best = np.sort(probabilities, axis=1)[:, -2:]
    return 1.0 - (best[:, 1] - best[:, 0])


def informative(points: np.ndarray, doubt: np.ndarray, known: np.ndarray, count: int, *, seed: int = 0) -> list[int]:
    """Points that a classifier is unsure of and that are unlike each other.

    Of the most uncertain ones, five for each to choose, clusters weighted by uncertainty are made, and the point
    nearest to the centre of each is chosen (Zhdanov, "Diverse mini-batch active learning", 2019). On ESC-10 greedy
    k-centre weighted by uncertainty, as in core-sets and BADGE, chose outliers and did worse than chance.

    Args:
        points: ``(files, r)``, of length 1.
        doubt: of each, 0 to 1.
        known: rows that have a label.
        count: how many to choose; fewer are returned if there are no more.
        seed: decides how clusters begin.

    Returns:
        rows, the most uncertain first.
    """
    free = _free(len(points), known)
    if len(free) <= count:
        return _by_doubt(free, doubt)
    likely = free[np.argsort(-doubt[free], kind="stable")[: _SHORTLIST * count]]
    with _quiet():
        gaps = _clusters(count, seed).fit(points[likely], sample_weight=doubt[likely] + 1e-6).transform(points[likely])
    return _by_doubt(likely[_one_each(gaps)], doubt)


def typical(points: np.ndarray, known: np.ndarray, count: int, *, seed: int = 0) -> list[int]:
    """The most typical point of each of as many clusters as lack a label: what to label where little is known
    (Hacohen et al., "Active learning on a budget", 2022).

    Args:
        points: ``(files, r)``, of length 1.
        known: rows that have a label.
        count: how many to choose; fewer are returned if there are no more.
        seed: decides how clusters begin.

    Returns:
        rows, those of the largest clusters first.
    """
    free = _free(len(points), known)
    if len(free) <= count:
        return free.tolist()
    with _quiet():
        home = np.asarray(_clusters(len(known) + count, seed).fit_predict(points))
    sizes = np.bincount(home, minlength=len(known) + count)
    taken = np.isin(np.arange(len(sizes)), home[known])
    chosen: list[int] = []
    for cluster in np.lexsort((-sizes, taken)).tolist():
        members = free[home[free] == cluster]
        if len(members) and len(chosen) < count:
            chosen.append(int(members[_most_typical(points[members])]))
    return chosen


def _clusters(count: int, seed: int) -> Any:
    from sklearn.cluster import KMeans

    return KMeans(count, n_init=cast(Any, _STARTS), random_state=seed)


@contextmanager
def _quiet() -> Iterator[None]:
    """Say nothing of points that lie in one place: then there are fewer clusters."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def _free(files: int, known: np.ndarray) -> np.ndarray:
    return np.setdiff1d(np.arange(files), known)


def _by_doubt(rows: np.ndarray, doubt: np.ndarray) -> list[int]:
    return rows[np.argsort(-doubt[rows], kind="stable")].tolist()


def _one_each(gaps: np.ndarray) -> list[int]:
    """The row nearest to each column of ``(files, clusters)``, none twice."""
    open_gaps, chosen = gaps.copy(), []
    for column in range(gaps.shape[1]):
        row = int(open_gaps[:, column].argmin())
        open_gaps[row] = np.inf
        chosen.append(row)
    return chosen


def _most_typical(points: np.ndarray) -> int:
    """The point with the smallest mean distance to its nearest neighbours."""
    near = ExactIndex(points).nearest(points, min(_TYPICAL + 1, len(points)))
    return int(np.sqrt(np.maximum(0.0, 2.0 - 2.0 * near.cosines)).mean(axis=1).argmin())

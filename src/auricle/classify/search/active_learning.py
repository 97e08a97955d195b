"""Which sounds to label next, so that few labels teach much."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import numpy as np

from auricle.classify.search.neighbours import nearest

_STARTS = 3
_TYPICAL_NEIGHBOURS = 20  # neighbours that say how typical a point is
_SHORTLIST = 5  # uncertain points for each that is chosen


def uncertainty(probabilities: np.ndarray) -> np.ndarray:
    """One minus the margin between the two likeliest classes (Scheffer et al., 2001): ``(files, classes)`` to
    ``(files,)``, 0 for certain, 1 for a tie."""
    best = np.sort(probabilities, axis=1)[:, -2:]
    return 1.0 - (best[:, 1] - best[:, 0])


def informative(
    points: np.ndarray, doubt: np.ndarray, labelled_rows: np.ndarray, count: int, *, seed: int = 0
) -> list[int]:
    """Points that a classifier is unsure of and that are unlike each other.

    Of the most uncertain ones, five for each to choose, clusters weighted by uncertainty are made, and the point
    nearest to the centre of each is chosen (Zhdanov, "Diverse mini-batch active learning", 2019). On ESC-10 greedy
    k-centre weighted by uncertainty, as in core-sets and BADGE, chose outliers and did worse than chance.

    Args:
        points: ``(files, r)``, of length 1.
        doubt: of each, 0 to 1.
        labelled_rows: those that have a label.
        count: how many to choose; fewer are returned if there are no more.
        seed: decides how clusters begin.

    Returns:
        rows, the most uncertain first.
    """
    unlabelled = _unlabelled(len(points), labelled_rows)
    if len(unlabelled) <= count:
        return _sorted_by_doubt(unlabelled, doubt)
    candidates = unlabelled[np.argsort(-doubt[unlabelled], kind="stable")[: _SHORTLIST * count]]
    with _without_convergence_warnings():
        clusters = _k_means(count, seed).fit(points[candidates], sample_weight=doubt[candidates] + 1e-6)
        gaps = clusters.transform(points[candidates])
    return _sorted_by_doubt(candidates[_nearest_rows(gaps)], doubt)


def typical(points: np.ndarray, labelled_rows: np.ndarray, count: int, *, seed: int = 0) -> list[int]:
    """The most typical point of each of as many clusters as lack a label: what to label where little is known
    (Hacohen et al., "Active learning on a budget", 2022).

    Args:
        points: ``(files, r)``, of length 1.
        labelled_rows: those that have a label.
        count: how many to choose; fewer are returned if there are no more.
        seed: decides how clusters begin.

    Returns:
        rows, those of the largest clusters first.
    """
    unlabelled = _unlabelled(len(points), labelled_rows)
    if len(unlabelled) <= count:
        return unlabelled.tolist()
    with _without_convergence_warnings():
        clusters = np.asarray(_k_means(len(labelled_rows) + count, seed).fit_predict(points))
    sizes = np.bincount(clusters, minlength=len(labelled_rows) + count)
    has_label = np.isin(np.arange(len(sizes)), clusters[labelled_rows])
    rows: list[int] = []
    for cluster in np.lexsort((-sizes, has_label)).tolist():
        members = unlabelled[clusters[unlabelled] == cluster]
        if len(members) and len(rows) < count:
            rows.append(int(members[_most_typical(points[members])]))
    return rows


def _k_means(count: int, seed: int) -> Any:
    from sklearn.cluster import KMeans

    return KMeans(count, n_init=cast(Any, _STARTS), random_state=seed)


@contextmanager
def _without_convergence_warnings() -> Iterator[None]:
    """Say nothing of points that lie in one place: then there are fewer clusters."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def _unlabelled(files: int, labelled_rows: np.ndarray) -> np.ndarray:
    return np.setdiff1d(np.arange(files), labelled_rows)


def _sorted_by_doubt(rows: np.ndarray, doubt: np.ndarray) -> list[int]:
    return rows[np.argsort(-doubt[rows], kind="stable")].tolist()


def _nearest_rows(gaps: np.ndarray) -> list[int]:
    """The row nearest to each column of ``(files, clusters)``, none twice."""
    open_gaps, rows = gaps.copy(), []
    for column in range(gaps.shape[1]):
        row = int(open_gaps[:, column].argmin())
        open_gaps[row] = np.inf
        rows.append(row)
    return rows


def _most_typical(points: np.ndarray) -> int:
    """The point with the smallest mean distance to its nearest neighbours."""
    distances = nearest(points, points, min(_TYPICAL_NEIGHBOURS + 1, len(points))).distances
    return int(distances.mean(axis=1).argmin())

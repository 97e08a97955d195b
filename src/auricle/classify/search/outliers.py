"""What stands apart in a folder, and what is there twice."""

from typing import NamedTuple

import numpy as np

from auricle.classify.search.neighbours import Index, index_of
from auricle.data.doctor.duplicates import Kin

NEIGHBOURS = 5
_FAR = 3.5  # robust deviations (Iglewicz and Hoaglin, 1993)
_SAME = 0.995
_NORMAL = 1.4826


class Apart(NamedTuple):
    """A point far from all others: its number, and how many robust deviations its distance lies above the median."""

    row: int
    deviations: float


class Doubtful(NamedTuple):
    """A point whose neighbours all agree on a label that is not its own."""

    row: int
    label: str
    neighbours: str


def distances(points: np.ndarray, index: Index, *, neighbours: int = NEIGHBOURS) -> np.ndarray:
    """Distance of each point ``(files, r)`` to its k-th neighbour, float64 ``(files,)`` (Ramaswamy et al., 2000)."""
    count = min(neighbours + 1, len(points))
    near = index.nearest(points, count)
    return np.sqrt(np.maximum(0.0, 2.0 - 2.0 * near.cosines[:, -1].astype(np.float64)))


def outliers(far: np.ndarray, *, most: int) -> tuple[Apart, ...]:
    """Those whose distance to their k-th neighbour is far above the usual, farthest first.

    Usual is the median of the logarithms, and the unit their median absolute deviation, which outliers do not move.

    Args:
        far: from `distances`.
        most: how many to name.
    """
    logs = np.log(np.maximum(far, 1e-6))
    middle = float(np.median(logs))
    spread = _NORMAL * float(np.median(np.abs(logs - middle)))
    scores = (logs - middle) / max(spread, 0.05)
    order = np.argsort(-scores, kind="stable")[:most]
    return tuple(Apart(int(row), float(scores[row])) for row in order if scores[row] > _FAR)


def near_duplicates(points: np.ndarray, index: Index, *, same: float = _SAME) -> tuple[tuple[int, ...], ...]:
    """Groups of points ``(files, r)`` in nearly the same place, the largest groups first.

    Unlike the fingerprints of ``auricle doctor``, which find one recording twice, this finds sounds that are alike to
    the ear: another take of the same note, the same clip with a filter or more noise.
    """
    count = min(NEIGHBOURS + 1, len(points))
    near = index.nearest(points, count)
    kin = Kin()
    for row, place in zip(*np.nonzero(near.cosines >= same), strict=True):
        if near.rows[row, place] >= 0:
            kin.join(int(row), int(near.rows[row, place]))
    return tuple(sorted(map(tuple, kin.groups()), key=lambda group: (-len(group), group)))


def doubtful(points: np.ndarray, labels: list[str | None], *, most: int) -> tuple[Doubtful, ...]:
    """Labelled points whose five nearest labelled neighbours all have one other label, the nearest neighbours first.

    Args:
        points: ``(files, r)``.
        labels: of each, None where nobody said.
        most: how many to name.
    """
    known = np.array([row for row, label in enumerate(labels) if label is not None], np.int64)
    if len(known) <= NEIGHBOURS:
        return ()
    near = index_of(points[known], len(known)).nearest(points[known], NEIGHBOURS + 1)
    found: list[tuple[float, Doubtful]] = []
    for place, (rows, cosines) in enumerate(zip(near.rows, near.cosines, strict=True)):
        others = rows[rows != place][:NEIGHBOURS]
        names = {labels[known[other]] for other in others}
        mine, theirs = labels[known[place]], names.pop()
        if not names and theirs != mine:
            found.append((-float(cosines.mean()), Doubtful(int(known[place]), str(mine), str(theirs))))
    return tuple(each for _, each in sorted(found)[:most])

"""What stands apart in a folder, and what is there twice."""

from typing import NamedTuple

import numpy as np

from auricle.classify.search.neighbours import Neighbours, nearest
from auricle.data.doctor.duplicates import DisjointSets

NEIGHBOURS = 5
_MIN_DEVIATIONS = 3.5  # robust (Iglewicz and Hoaglin, 1993)
_MIN_DUPLICATE_COSINE = 0.995
_NORMAL = 1.4826


class OutlierRow(NamedTuple):
    """A point far from all others: its number, and how many robust deviations its distance lies above the median."""

    row: int
    deviations: float


class DoubtfulRow(NamedTuple):
    """A point whose neighbours all agree on a label that is not its own."""

    row: int
    label: str
    neighbours: str


def neighbours_of_each(points: np.ndarray) -> Neighbours:
    """The five nearest of each point ``(files, r)``, and the point itself."""
    return nearest(points, points, min(NEIGHBOURS + 1, len(points)))


def outliers(neighbours: Neighbours, *, limit: int) -> tuple[OutlierRow, ...]:
    """Points whose distance to their fifth neighbour is far above the usual, farthest first (Ramaswamy et al., 2000).

    Usual is the median of the logarithms, and the unit their median absolute deviation, which outliers do not move.

    Args:
        neighbours: from `neighbours_of_each`.
        limit: how many to name.
    """
    logs = np.log(np.maximum(neighbours.distances[:, -1], 1e-6))
    median = float(np.median(logs))
    spread = _NORMAL * float(np.median(np.abs(logs - median)))
    deviations = (logs - median) / max(spread, 0.05)
    order = np.argsort(-deviations, kind="stable")[:limit]
    return tuple(OutlierRow(int(row), float(deviations[row])) for row in order if deviations[row] > _MIN_DEVIATIONS)


def near_duplicates(neighbours: Neighbours) -> tuple[tuple[int, ...], ...]:
    """Groups of points in nearly the same place, the largest groups first.

    Unlike the fingerprints of ``auricle doctor``, which find one recording twice, this finds sounds that are alike to
    the ear: another take of the same note, the same clip with a filter or more noise.

    Args:
        neighbours: from `neighbours_of_each`.
    """
    sets = DisjointSets()
    for row, column in zip(*np.nonzero(neighbours.cosines >= _MIN_DUPLICATE_COSINE), strict=True):
        sets.join(int(row), int(neighbours.rows[row, column]))
    return tuple(sorted(map(tuple, sets.groups()), key=lambda group: (-len(group), group)))


def doubtful_labels(points: np.ndarray, labels: list[str | None], *, limit: int) -> tuple[DoubtfulRow, ...]:
    """Labelled points whose five nearest labelled neighbours all have one other label, the nearest neighbours first.

    Args:
        points: ``(files, r)``.
        labels: of each, None where nobody said.
        limit: how many to name.
    """
    labelled_rows = np.array([row for row, label in enumerate(labels) if label is not None], np.int64)
    if len(labelled_rows) <= NEIGHBOURS:
        return ()
    neighbours = neighbours_of_each(points[labelled_rows])
    candidates: list[tuple[float, DoubtfulRow]] = []
    for index, (rows, cosines) in enumerate(zip(neighbours.rows, neighbours.cosines, strict=True)):
        neighbour_labels = {labels[labelled_rows[row]] for row in rows[rows != index][:NEIGHBOURS]}
        label, neighbour_label = labels[labelled_rows[index]], neighbour_labels.pop()
        if not neighbour_labels and neighbour_label != label:
            doubtful = DoubtfulRow(int(labelled_rows[index]), str(label), str(neighbour_label))
            candidates.append((-float(cosines.mean()), doubtful))
    return tuple(doubtful for _, doubtful in sorted(candidates)[:limit])

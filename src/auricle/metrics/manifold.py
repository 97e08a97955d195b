"""Precision, recall, density and coverage: fidelity and diversity apart."""

from dataclasses import dataclass
from typing import final

import numpy as np

from auricle.errors import OptionError

NEIGHBOURS = 5


@final
@dataclass(frozen=True)
class Manifold:
    """Shares, 0 to 1; density may exceed 1.

    Attributes:
        precision: of generated sounds that lie among real ones.
        recall: of real sounds that lie among generated ones.
        density: as precision, but counting among how many real neighbourhoods; 1 on average for real sounds.
        coverage: of real sounds that have a generated one nearer than their fifth real neighbour.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def manifold(
    within_real: np.ndarray, within_generated: np.ndarray, between: np.ndarray, *, neighbours: int = NEIGHBOURS
) -> Manifold:
    """Precision and recall (Kynkäänniemi et al., 2019), density and coverage (Naeem et al., 2020).

    A sound's neighbourhood is the ball up to its k-th nearest neighbour in its own set.

    Args:
        within_real: squared distances ``(n, n)``.
        within_generated: ``(m, m)``.
        between: ``(n, m)``.
        neighbours: k.

    Raises:
        OptionError: a set has no more than ``neighbours`` sounds.
    """
    fewest = min(between.shape)
    if fewest <= neighbours:
        raise OptionError(f"{fewest} sounds have no {neighbours} neighbours: give {neighbours + 1} or more")
    real, generated = _radii(within_real, neighbours), _radii(within_generated, neighbours)
    among_real = between <= real[:, None]
    return Manifold(
        precision=float(among_real.any(axis=0).mean()),
        recall=float((between <= generated[None, :]).any(axis=1).mean()),
        density=float(among_real.sum(axis=0).mean() / neighbours),
        coverage=float((between.min(axis=1) <= real).mean()),
    )


def _radii(squares: np.ndarray, neighbours: int) -> np.ndarray:
    """Of each row the k-th smallest distance to another one: the smallest of all is its own."""
    return np.partition(squares, neighbours, axis=1)[:, neighbours]

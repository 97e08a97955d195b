"""Where sounds lie, and which lie near each other."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, Self, final

import numpy as np

from auricle.classify.features.scaling import Scaling
from auricle.errors import DataError
from auricle.extras import require

DIRECTIONS = 32
_ROWS = 256
_EXACT_WORK = 2e9  # comparisons: seconds
_LINKS, _BUILD_EFFORT, _LEAST_EFFORT = 32, 100, 128


@final
@dataclass(frozen=True)
class Space:
    """Features to points on a sphere, where cosines say how alike sounds are.

    Standardised features are rotated onto their strongest directions, and each is divided by the square root of its
    deviation: half of what whitening does. Without it the first directions drown the others, with whitening the last
    ones, which are mostly noise, weigh as much as the first.

    Attributes:
        scaling: standardises and rotates.
        weight: float32 ``(r,)``, of each direction.
    """

    scaling: Scaling
    weight: np.ndarray

    @classmethod
    def fit(cls, values: np.ndarray, *, most: int = DIRECTIONS) -> Self:
        """Learn from features ``(files, d)``; from two sounds or fewer nothing can be learned, all directions count."""
        scaling = Scaling.fit(values, most=most)
        deviation = scaling(values).std(0)
        largest = float(deviation.max(initial=0.0))
        weight = 1 / np.sqrt(np.maximum(deviation, 1e-3 * largest)) if largest > 0 else np.ones(len(deviation))
        return cls(scaling, weight.astype(np.float32))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Features ``(files, d)`` to points float32 ``(files, r)`` of length 1."""
        points = self.scaling(values) * self.weight
        return (points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-12)).astype(np.float32)


class Near(NamedTuple):
    """Neighbours of some points, nearest first.

    Attributes:
        rows: their numbers, int64 ``(queries, k)``.
        cosines: float32 ``(queries, k)``, 1 for the same direction.
    """

    rows: np.ndarray
    cosines: np.ndarray


class Index(ABC):
    """Finds the nearest of many points."""

    name: str
    """What people call it."""

    @abstractmethod
    def nearest(self, queries: np.ndarray, count: int) -> Near:
        """The ``count`` nearest points to each of ``(queries, r)``; count at most as many as there are."""


@final
class ExactIndex(Index):
    """Compares with every point ``(files, r)``."""

    name = "exact"

    def __init__(self, points: np.ndarray) -> None:
        self._points = points

    def nearest(self, queries: np.ndarray, count: int) -> Near:
        """See `Index`."""
        found = [self._some(queries[i : i + _ROWS], count) for i in range(0, len(queries), _ROWS)]
        return Near(np.concatenate([near.rows for near in found]), np.concatenate([near.cosines for near in found]))

    def _some(self, queries: np.ndarray, count: int) -> Near:
        cosines = queries @ self._points.T
        likely = np.argpartition(-cosines, min(count, cosines.shape[1] - 1), axis=1)[:, :count]
        values = np.take_along_axis(cosines, likely, axis=1)
        order = np.lexsort((likely, -values), axis=1)
        return Near(np.take_along_axis(likely, order, axis=1), np.take_along_axis(values, order, axis=1))


@final
class GraphIndex(Index):
    """A hierarchical navigable small world graph (Malkov and Yashunin, 2018) of faiss: looks at few of the points, and
    finds nearly always the nearest.

    Raises:
        MissingPackageError: faiss is not installed.
    """

    name = "graph"

    def __init__(self, points: np.ndarray) -> None:
        faiss = _faiss()
        self._graph = faiss.IndexHNSWFlat(points.shape[1], _LINKS, faiss.METRIC_INNER_PRODUCT)
        self._graph.hnsw.efConstruction = _BUILD_EFFORT
        self._graph.add(np.ascontiguousarray(points, np.float32))

    @classmethod
    def load(cls, path: Path, shape: tuple[int, int]) -> Self:
        """Read what `save` wrote, of so many points and directions.

        Raises:
            DataError: it is no graph, or that of other points.
            MissingPackageError: faiss is not installed.
        """
        faiss = _faiss()
        made = cls.__new__(cls)
        try:
            made._graph = faiss.read_index(str(path))
        except RuntimeError as error:
            raise DataError(f"{path} is no graph of neighbours: delete it") from error
        if (made._graph.ntotal, made._graph.d) != shape:
            raise DataError(f"{path} has {made._graph.ntotal} points, not {shape[0]}: delete it")
        return made

    def save(self, path: Path) -> None:
        """Write the graph, with its points."""
        _faiss().write_index(self._graph, str(path))

    def nearest(self, queries: np.ndarray, count: int) -> Near:
        """See `Index`; a point that the graph does not reach has the number -1."""
        self._graph.hnsw.efSearch = max(_LEAST_EFFORT, 4 * count)
        cosines, rows = self._graph.search(np.ascontiguousarray(queries, np.float32), count)
        return Near(rows, cosines)


def index_of(points: np.ndarray, queries: int) -> Index:
    """An index for so many queries: exact, or a graph where that would take long and faiss is installed."""
    graph = len(points) * queries > _EXACT_WORK and graphs_available()
    return GraphIndex(points) if graph else ExactIndex(points)


def graphs_available() -> bool:
    """Whether faiss is installed."""
    return find_spec("faiss") is not None


def _faiss():
    return require("faiss", extra="classify", purpose="indexes of neighbours")

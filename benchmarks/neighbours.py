"""What exact search costs where a folder has very many sounds, and what a graph of neighbours would save.

    python benchmarks/neighbours.py --points 100000
    python benchmarks/neighbours.py --points 100000 1000000

Points are random directions around a thousand centres, of as many dimensions as `auricle similar` keeps. Times are
medians of five. The graph (HNSW) is measured where faiss is installed; auricle itself does not use it.
"""

import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from _shared import one_thread, parser, publish, run, table

_REPEATS = 5
_BATCHES = (1, 100)
_COUNT = 20
_CENTRES = 1000
_SPREAD = 0.15
_LINKS, _BUILD_EFFORT, _SEARCH_EFFORT = 32, 100, 128


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--points", type=int, nargs="+", default=[100_000], help="how many sounds there are")
    args = options.parse_args()
    one_thread()
    import torch

    from auricle.classify.search.neighbours import DIRECTIONS

    torch.set_num_threads(1)
    rows = [row for size in args.points for row in _measure(size, DIRECTIONS)]
    settings = {"dimensions": DIRECTIONS, "neighbours": _COUNT, "threads": 1}
    publish("neighbours", args.out, settings, {"rows": rows}, [table(rows)])


def _measure(size: int, dimensions: int) -> list[dict[str, Any]]:
    import torch

    from auricle.classify.search.neighbours import nearest

    points = _points(size, dimensions)
    tensor = torch.from_numpy(points)
    truth = nearest(points, points[: max(_BATCHES)], _COUNT).rows

    def by_torch(queries: np.ndarray) -> np.ndarray:
        return (torch.from_numpy(queries) @ tensor.T).topk(_COUNT, dim=1).indices.numpy()

    rows = [
        _row(size, "exact, as auricle", 0.0, lambda queries: nearest(points, queries, _COUNT).rows, points, truth),
        _row(size, "exact, torch", 0.0, by_torch, points, truth),
    ]
    if find_spec("faiss") is not None:
        started = time.perf_counter()
        graph = _graph(points)
        build_seconds = time.perf_counter() - started
        rows.append(
            _row(size, "graph, faiss", build_seconds, lambda queries: graph.search(queries, _COUNT)[1], points, truth)
        )
    return rows


def _points(size: int, dimensions: int) -> np.ndarray:
    random = np.random.default_rng(0)
    centres = random.standard_normal((_CENTRES, dimensions))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    points = centres[random.integers(0, _CENTRES, size)] + _SPREAD * random.standard_normal((size, dimensions))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def _graph(points: np.ndarray) -> Any:
    from importlib import import_module

    faiss = import_module("faiss")
    faiss.omp_set_num_threads(1)
    graph = faiss.IndexHNSWFlat(points.shape[1], _LINKS, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction, graph.hnsw.efSearch = _BUILD_EFFORT, _SEARCH_EFFORT
    graph.add(points)
    return graph


def _row(
    size: int,
    search: str,
    build_seconds: float,
    find: Callable[[np.ndarray], np.ndarray],
    points: np.ndarray,
    truth: np.ndarray,
) -> dict[str, Any]:
    times = {f"ms, {batch} queries": 1000 * _seconds(lambda batch=batch: find(points[:batch])) for batch in _BATCHES}
    rows = find(points[: len(truth)])
    shares = [len(set(a) & set(b)) / _COUNT for a, b in zip(rows.tolist(), truth.tolist(), strict=True)]
    return {
        "points": size,
        "search": search,
        "build s": build_seconds,
        **times,
        "of the nearest found %": 100 * float(np.mean(shares)),
    }


def _seconds(work: Callable[[], Any]) -> float:
    seconds = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds))


if __name__ == "__main__":
    run(main)

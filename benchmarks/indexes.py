"""What an index of very many sounds costs: to make from features, to keep, to search, to add to and to delete from.

    python benchmarks/indexes.py --sounds 100000

Features are random: a thousand kinds of sound of as many dimensions as the shipped model `speech` has, made a thousand
at a time. Reading and hearing the sounds is not in these times (`benchmarks/classification.py speed`). Memory is by how
much the peak of the process grows while the index is made. Times are of the processor, so that other work on the
machine does not count; those of queries are medians of 20. Recall is that of the ten nearest, beside cosines in double
precision.
"""

import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from _shared import one_thread, parser, publish, run, table

_KINDS, _SPREAD, _BATCH = 1000, 0.5, 1000
_QUERIES, _NEAREST, _REPEATS = 100, 10, 20


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--sounds", type=int, nargs="+", default=[100_000], help="how many sounds there are")
    options.add_argument("--dimensions", type=int, default=2016, help="of the features")
    args = options.parse_args()
    one_thread()
    import torch

    torch.set_num_threads(1)
    rows = [_measure(count, args.dimensions) for count in args.sounds]
    publish("indexes", args.out, {"dimensions": args.dimensions, "threads": 1}, {"rows": rows}, [table(rows)])


def _measure(count: int, dimensions: int) -> dict[str, Any]:
    from auricle.classify.features.pooling import FeatureConfig
    from auricle.classify.search.index_file import IndexMetadata, read_index, write_index
    from auricle.classify.search.index_update import PointCollector
    from auricle.classify.search.neighbours import nearest

    before = _peak_megabytes()
    started, making = time.process_time(), 0.0
    collector = PointCollector(None)
    for chunk in _chunks(count, dimensions):
        started = time.process_time()
        collector.add(chunk)
        making += time.process_time() - started
    stamps = {f"sound{number:07d}.wav": (number, number) for number in range(count)}
    started = time.process_time()
    index = collector.index(stamps, None, Path())
    making += time.process_time() - started
    build_memory = _peak_megabytes() - before
    metadata = IndexMetadata(model="speech", encoder="0" * 64, feature_config=FeatureConfig(), fitted_on=4000)
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / "sounds.index"
        writing = _seconds(lambda: write_index(path, index, metadata, force=True), 3)
        reading = _seconds(lambda: read_index(path), 3)
        size = path.stat().st_size
    random = np.random.default_rng(1)
    queries = index.points[random.integers(0, count, _QUERIES)] + 0.02 * random.standard_normal((_QUERIES, 32))
    queries = (queries / np.linalg.norm(queries, axis=1, keepdims=True)).astype(np.float32)
    truth = np.argsort(-(queries.astype(np.float64) @ index.points.T.astype(np.float64)), axis=1)[:, :_NEAREST]
    approximate = nearest(index.points, queries, _NEAREST).rows
    shares = [len(set(a) & set(b)) / _NEAREST for a, b in zip(approximate.tolist(), truth.tolist(), strict=True)]
    gone = set(list(stamps)[: count // 100])
    return {
        "sounds": count,
        "build s": making,
        "peak MB": build_memory,
        "file MB": size / 1e6,
        "write s": writing,
        "read s": reading,
        "delete 1 % s": _seconds(lambda: index.without(gone), 3),
        "query ms": 1000 * _seconds(lambda: nearest(index.points, queries[:1], _NEAREST), _REPEATS),
        "as similar ms": 1000 * _seconds(lambda: np.argsort(-(index.points @ queries[0]), kind="stable"), _REPEATS),
        f"recall@{_NEAREST}": float(np.mean(shares)),
    }


def _chunks(count: int, dimensions: int) -> Iterator[Any]:
    from auricle.classify.search.index_update import FeatureChunk

    random = np.random.default_rng(0)
    kinds = random.standard_normal((_KINDS, dimensions)).astype(np.float32)
    for first in range(0, count, _BATCH):
        size = min(_BATCH, count - first)
        noise = random.standard_normal((size, dimensions), np.float32)
        values = kinds[random.integers(0, _KINDS, size)] + _SPREAD * noise
        for number, row in enumerate(values, first):
            yield FeatureChunk(f"sound{number:07d}.wav", np.zeros(1, np.float32), row[None])


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _seconds(work: Any, repeats: int) -> float:
    seconds = []
    for _ in range(repeats):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return float(np.median(seconds))


if __name__ == "__main__":
    run(main)

"""Auricle's codec and others side by side, on the real bytes of real files. Nothing here loads torch before it is
needed, so that the cost of a codec without it can be measured."""

from auricle.bench.clips import Clip, Excerpts, excerpts
from auricle.bench.interval import bootstrap
from auricle.bench.judge import Verdict, Yardstick
from auricle.bench.peer import Decoded, Dial, Network, Peer, Stored
from auricle.bench.peers import Places, names, peer
from auricle.bench.results import BenchmarkResult, Cost, Curve, Estimate, FileAbout, FileVerdict, Point, Sample
from auricle.bench.rows import Row, format_rows
from auricle.bench.scores import METRICS, Metric, Scores, score

__all__ = [
    "METRICS",
    "BenchmarkResult",
    "Clip",
    "Cost",
    "Curve",
    "Decoded",
    "Dial",
    "Estimate",
    "Excerpts",
    "FileAbout",
    "FileVerdict",
    "Metric",
    "Network",
    "Peer",
    "Places",
    "Point",
    "Row",
    "Sample",
    "Scores",
    "Stored",
    "Verdict",
    "Yardstick",
    "bootstrap",
    "excerpts",
    "format_rows",
    "names",
    "peer",
    "score",
]

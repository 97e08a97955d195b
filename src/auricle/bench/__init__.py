"""Auricle's codec and others side by side, on the real bytes of real files. Nothing here loads torch before it is
needed, so that the cost of a codec without it can be measured."""

from auricle.bench.codecs import Places, names, peer
from auricle.bench.codecs.base import Decoded, Dial, Network, Peer, Stored
from auricle.bench.scoring.bootstrap import bootstrap
from auricle.bench.scoring.clips import Clip, Excerpts, excerpts
from auricle.bench.scoring.judge import Verdict, Yardstick
from auricle.bench.scoring.metrics import METRICS, Metric, Scores, score
from auricle.bench.scoring.results import BenchmarkResult, Cost, Curve, Estimate, FileAbout, FileVerdict, Point, Sample
from auricle.bench.scoring.rows import Row, format_rows

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

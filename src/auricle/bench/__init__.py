"""Auricle's codec and others side by side, on the real bytes of real files. Nothing here loads torch before it is
needed, so that the cost of a codec without it can be measured."""

from auricle.bench.codecs import AssetPaths, codec_names, make_codec
from auricle.bench.codecs.base import Codec, DecodedSound, EncodedSound, NetworkCost, SettingRange
from auricle.bench.scoring.bootstrap import bootstrap
from auricle.bench.scoring.clips import Clip, Excerpts, excerpts
from auricle.bench.scoring.metrics import METRICS, Metric, Scores, score_sound
from auricle.bench.scoring.results import (
    BenchmarkFile,
    BenchmarkResult,
    Cost,
    Curve,
    Estimate,
    FileResult,
    PairedDifference,
    Point,
    Sample,
)
from auricle.bench.scoring.rows import Row, format_rows
from auricle.bench.scoring.scorer import ClipResult, Scorer

__all__ = [
    "METRICS",
    "AssetPaths",
    "BenchmarkFile",
    "BenchmarkResult",
    "Clip",
    "ClipResult",
    "Codec",
    "Cost",
    "Curve",
    "DecodedSound",
    "EncodedSound",
    "Estimate",
    "Excerpts",
    "FileResult",
    "Metric",
    "NetworkCost",
    "PairedDifference",
    "Point",
    "Row",
    "Sample",
    "Scorer",
    "Scores",
    "SettingRange",
    "bootstrap",
    "codec_names",
    "excerpts",
    "format_rows",
    "make_codec",
    "score_sound",
]

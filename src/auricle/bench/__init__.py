"""Auricle's codec and others side by side, on the real bytes of real files."""

from auricle.bench.clips import Clip, Excerpts, excerpts
from auricle.bench.heldout import evaluate_held_out
from auricle.bench.interval import Interval, bootstrap
from auricle.bench.judge import Verdict, Yardstick
from auricle.bench.lyra import Lyra
from auricle.bench.opus import Opus
from auricle.bench.peer import Decoded, Peer
from auricle.bench.rows import Row, format_rows
from auricle.bench.scores import Scores, score

__all__ = [
    "Clip",
    "Decoded",
    "Excerpts",
    "Interval",
    "Lyra",
    "Opus",
    "Peer",
    "Row",
    "Scores",
    "Verdict",
    "Yardstick",
    "bootstrap",
    "evaluate_held_out",
    "excerpts",
    "format_rows",
    "score",
]

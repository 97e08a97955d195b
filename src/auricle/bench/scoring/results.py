"""What a benchmark found, as values that can be written to JSON and read again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, final

import numpy as np
from pydantic import TypeAdapter, ValidationError

from auricle.errors import DataError

FORMAT = 1
ORIGINAL = "original"
"""The codec of samples that were never coded."""


@final
@dataclass(frozen=True)
class Estimate:
    """A mean over files, and the bounds between which it lies with a probability of 95 %."""

    mean: float
    low: float
    high: float

    def text(self, digits: int) -> str:
        """Such as ``2.14 (2.01-2.27)``."""
        return f"{self.mean:.{digits}f} ({self.low:.{digits}f}-{self.high:.{digits}f})"


@final
@dataclass(frozen=True)
class Cost:
    """What a codec needs; a figure is None where it is unknown or has no meaning.

    Attributes:
        encode_speed: seconds of sound encoded per second of processor time, on one thread.
        decode_speed: the same of decoding.
        parameters: numbers in the network's weights.
        macs_per_second: multiplications with addition per second of mono sound, encoding and decoding together.
        peak_bytes: peak memory of a process that loads the codec, encodes and decodes.
        note: what these figures are not, such as that weights were random; else empty.
    """

    encode_speed: float | None = None
    decode_speed: float | None = None
    parameters: int | None = None
    macs_per_second: float | None = None
    peak_bytes: int | None = None
    note: str = ""


@final
@dataclass(frozen=True)
class Point:
    """One codec at one setting on all files.

    Attributes:
        setting: what it was set to, for people.
        kbps: kilobits per second of all real files together, None where nothing was stored.
        scores: by metric (the keys are names of `bench.scoring.metrics.METRICS`), without those that judged no file.
        files: how many came back.
        overhead: share of the stored bytes that is not coded sound, 0 to 1; None where there is no file format.
        problems: what could not be done, one line each.
    """

    setting: str
    kbps: Estimate | None
    scores: Mapping[str, Estimate]
    files: int
    overhead: float | None = None
    problems: tuple[str, ...] = ()


@final
@dataclass(frozen=True)
class Curve:
    """One codec at all settings, in ascending order.

    Attributes:
        codec: its name, unique in a result.
        version: of the software or model; empty where unknown.
        points: none if the codec could not run, then ``note`` says why.
        cost: what it needs, None if nothing could be measured.
        bd_rate: by metric, the mean change of bitrate at equal quality against the anchor, in per cent (negative: fewer
            bits); None where the two curves share no range of quality.
        note: why the curve is empty, or what to know about it; else empty.
    """

    codec: str
    version: str
    points: tuple[Point, ...]
    cost: Cost | None = None
    bd_rate: Mapping[str, float | None] = field(default_factory=dict)
    note: str = ""


@final
@dataclass(frozen=True)
class BenchmarkFile:
    """A file that was asked for. ``problem`` says why it was left out, else it is empty.

    ``seconds``, ``sample_rate`` in Hz and ``channels`` are of the excerpt that was coded, 0 if it was left out.
    """

    name: str
    seconds: float
    sample_rate: int
    channels: int
    problem: str = ""


@final
@dataclass(frozen=True)
class FileResult:
    """One codec at one setting on one file.

    Attributes:
        codec: as in its `Curve`.
        setting: as in its `Point`.
        file: as in its `BenchmarkFile`.
        bytes: what it was stored in, None if it was not.
        scores: by metric; a metric that could not judge is missing here and in ``problem``.
        problem: why it did not come back, or which metrics could not judge it; else empty.
        weights: by metric, how much the file counts in a mean, where that is not 1: its words where words count.
    """

    codec: str
    setting: str
    file: str
    bytes: int | None
    scores: Mapping[str, float]
    problem: str = ""
    weights: Mapping[str, float] = field(default_factory=dict)


@final
@dataclass(frozen=True)
class PairedDifference:
    """One codec at one setting, less a peer at the setting nearest in bitrate, on the files that both brought back.

    Attributes:
        codec: as in its `Curve`.
        setting: as in its `Point`.
        kbps: real kilobits per second.
        peer: name of the other codec.
        peer_setting: the other codec's.
        peer_kbps: the other codec's.
        files: how many both brought back.
        groups: how many speakers or pieces the files are of.
        differences: by metric, codec less peer: the mean over files, and the bounds between which it lies with a
            probability of 95 % (bootstrap over groups).
    """

    codec: str
    setting: str
    kbps: float
    peer: str
    peer_setting: str
    peer_kbps: float
    files: int
    groups: int
    differences: Mapping[str, Estimate]


@final
@dataclass(frozen=True)
class BenchmarkResult:
    """Everything that a benchmark found.

    Attributes:
        title: what was compared on what.
        date: ISO date.
        machine: see `auricle.bench.machine_info`.
        settings: everything that decides the figures, by name.
        curves: Auricle's models first, then peers in the order asked for; never one less than asked for.
        files: all that were asked for.
        file_results: one for each codec, setting and file.
        notes: what to know about the whole.
        wall_seconds: on the clock.
        metric_seconds: work of the metrics, in all processes together.
        work_seconds: work of coding, metrics and cost, in all processes together.
        pairs: the first codec at each setting against each other codec.
        format: version of this layout.
    """

    title: str
    date: str
    machine: Mapping[str, str | int | float]
    settings: Mapping[str, Any]
    curves: tuple[Curve, ...]
    files: tuple[BenchmarkFile, ...]
    file_results: tuple[FileResult, ...]
    notes: tuple[str, ...] = ()
    wall_seconds: float = 0.0
    metric_seconds: float = 0.0
    work_seconds: float = 0.0
    pairs: tuple[PairedDifference, ...] = ()
    format: int = FORMAT

    def to_json(self) -> dict[str, Any]:
        """Plain values for ``json.dumps``."""
        return _adapter().dump_python(self, mode="json")

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> "BenchmarkResult":
        """The inverse of `to_json`.

        Raises:
            DataError: the values are not those of a benchmark.
        """
        try:
            return _adapter().validate_python(dict(values))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise DataError(f"not a benchmark's result: {place}: {first['msg']}") from error


@final
@dataclass(frozen=True, eq=False)
class Sample:
    """A sound for listening: of a file, after a codec (or ``original``), float32 ``(c, t)``; see `FileResult`."""

    file: str
    codec: str
    setting: str
    kbps: float | None
    audio: np.ndarray
    sample_rate: int


@cache
def _adapter() -> TypeAdapter[BenchmarkResult]:
    return TypeAdapter(BenchmarkResult)

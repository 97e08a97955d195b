"""Measure one codec in a process of its own: ``python -m auricle.bench.cost.child`` with a description on standard
input."""

import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from auricle.audio import read
from auricle.bench.codecs import AssetPaths, make_codec
from auricle.bench.codecs.base import Codec
from auricle.bench.machine_info import peak_memory
from auricle.bench.scoring.results import Cost

_REPEATS = 3
_ENOUGH_SECONDS = 6.0
_WARM_SECONDS = 1.0


def main() -> None:
    """Read what to measure, print its cost; both JSON."""
    description = json.load(sys.stdin)
    cost = measure(_codec(description), Path(description["sound"]), description["setting"])
    print(json.dumps(asdict(cost)))


def measure(codec: Codec, sound: Path, setting: float) -> Cost:
    """Encode and decode a sound some times, the fastest of which counts; less of it where that would take long."""
    audio, rate = read(sound)
    start = audio[:, : round(_WARM_SECONDS * rate)]
    _timed(codec, start, rate, setting)  # loads everything
    pace = sum(_timed(codec, start, rate, setting)) * rate / start.shape[1]
    longest = max(_WARM_SECONDS, _ENOUGH_SECONDS / _REPEATS / max(pace, 1e-6))
    audio = audio[:, : round(longest * rate)]
    times = [_timed(codec, audio, rate, setting) for _ in range(_REPEATS)]
    peak = peak_memory()
    network = codec.network_cost()
    length = audio.shape[1] / rate
    encoding, decoding = (max(min(seconds), 1e-6) for seconds in zip(*times, strict=True))
    return Cost(
        encode_speed=length / encoding,
        decode_speed=length / decoding,
        parameters=network.parameters if network else None,
        macs_per_second=network.macs_per_second if network else None,
        peak_bytes=peak,
        note=codec.not_scored() or "",
    )


def _timed(codec: Codec, audio: np.ndarray, rate: int, setting: float) -> tuple[float, float]:
    """Processor time of encoding and of decoding, of all threads and of processes that have ended."""
    started = _processor_seconds()
    stored = codec.encode(audio, rate, setting)
    between = _processor_seconds()
    codec.decode(stored)
    return between - started, _processor_seconds() - between


def _processor_seconds() -> float:
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def _codec(description: dict[str, Any]) -> Codec:
    if "codec" in description:
        paths = {name: Path(path) for name, path in description["paths"].items()}
        return make_codec(description["codec"], AssetPaths(**paths))
    from auricle.bench.codecs.auricle import AuricleCodec  # loads torch
    from auricle.model import load

    return AuricleCodec(load(description["model"]))


if __name__ == "__main__":
    main()

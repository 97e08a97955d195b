"""Measure one codec in a process of its own: ``python -m auricle.bench.cost.child`` with a description on standard
input."""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from auricle.audio import read
from auricle.bench.codecs import Places, peer
from auricle.bench.codecs.base import Peer
from auricle.bench.machine_info import peak_memory
from auricle.bench.scoring.results import Cost

_REPEATS = 3
_ENOUGH_SECONDS = 6.0
_WARM_SECONDS = 1.0


def main() -> None:
    """Read what to measure, print what was found; both JSON."""
    asked = json.load(sys.stdin)
    cost = measured(_codec(asked), Path(asked["sound"]), asked["setting"])
    print(json.dumps(asdict(cost)))


def measured(codec: Peer, sound: Path, setting: float) -> Cost:
    """Encode and decode a sound some times, the fastest of which counts; less of it where that would take long."""
    audio, rate = read(sound)
    start = audio[:, : round(_WARM_SECONDS * rate)]
    _timed(codec, start, rate, setting)  # loads everything
    pace = sum(_timed(codec, start, rate, setting)) * rate / start.shape[1]
    longest = max(_WARM_SECONDS, _ENOUGH_SECONDS / _REPEATS / max(pace, 1e-6))
    audio = audio[:, : round(longest * rate)]
    times = [_timed(codec, audio, rate, setting) for _ in range(_REPEATS)]
    peak = peak_memory()
    network = codec.network()
    seconds = audio.shape[1] / rate
    encoding, decoding = (max(min(each), 1e-6) for each in zip(*times, strict=True))
    return Cost(
        encode_speed=seconds / encoding,
        decode_speed=seconds / decoding,
        parameters=network.parameters if network else None,
        macs_per_second=network.macs_per_second if network else None,
        peak_bytes=peak,
        note=codec.unjudged() or "",
    )


def _timed(codec: Peer, audio: np.ndarray, rate: int, setting: float) -> tuple[float, float]:
    """Processor time of encoding and of decoding, all threads together."""
    started = time.process_time()
    stored = codec.encode(audio, rate, setting)
    between = time.process_time()
    codec.decode(stored)
    return between - started, time.process_time() - between


def _codec(asked: dict[str, Any]) -> Peer:
    if "peer" in asked:
        return peer(asked["peer"], Places(**{name: Path(path) for name, path in asked["places"].items()}))
    from auricle.bench.codecs.auricle import Auricle  # loads torch
    from auricle.model import load

    return Auricle(load(asked["model"]))


if __name__ == "__main__":
    main()

"""What it costs to decode a stranger's audio in a confined process: speed, start-up, memory, beside direct reading."""

import argparse
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from _shared import SOUNDS, looped, one_thread, parser, publish, run, table
from auricle.audio import AudioReader, AudioWriter

_RATE = 48000
_PATIENCE = 3


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--sound", type=Path, default=SOUNDS / "music_1.flac", help="repeated")
    options.add_argument("--seconds", type=float, default=120.0, help="length of the file")
    options.add_argument("--formats", nargs="+", default=["wav", "flac", "ogg"])
    args = options.parse_args()
    one_thread()
    with TemporaryDirectory() as name:
        rows = [_row(_written(args, Path(name), suffix), args.seconds) for suffix in args.formats]
    settings = {"sound": args.sound.name, "seconds": args.seconds, "rate": _RATE, "channels": 2}
    publish("untrusted", args.out, settings, {"rows": rows}, [table(rows)])


def _written(args: argparse.Namespace, folder: Path, suffix: str) -> Path:
    path = folder / f"sound.{suffix}"
    with AudioWriter(path, _RATE, 2) as writer:
        writer.write(looped(args.sound, _RATE, args.seconds, channels=2))
    return path


def _row(path: Path, seconds: float) -> dict[str, Any]:
    direct, confined = (min(_read(path, untrusted=way)[0] for _ in range(_PATIENCE)) for way in (False, True))
    first, early, late = _read(path, untrusted=True)[1:]
    return {
        "format": path.suffix[1:],
        "direct, x real time": seconds / direct,
        "confined, x real time": seconds / confined,
        "first block after, s": first,
        "child, MB after a tenth": early,
        "child, MB at the end": late,
    }


def _read(path: Path, *, untrusted: bool) -> tuple[float, float, float, float]:
    """Seconds in all and to the first block, and megabytes of the child early and late."""
    began, first, sizes = time.perf_counter(), 0.0, []
    with AudioReader(path, untrusted=untrusted) as reader:
        for _ in reader.blocks(reader.sample_rate):
            first = first or time.perf_counter() - began
            sizes.append(_children())
    return time.perf_counter() - began, first, sizes[len(sizes) // 10], sizes[-1]


def _children() -> float:
    """Resident megabytes of this process's children, 0 where /proc does not tell."""
    listed = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    total = 0.0
    for pid in listed.read_text().split() if listed.exists() else []:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        total += next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)
    return total


if __name__ == "__main__":
    run(main)

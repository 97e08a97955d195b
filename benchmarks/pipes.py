"""Hours of sound through `auricle compress - -` and `auricle decompress - -`: memory over time, latency, speed."""

import argparse
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from _shared import SOUNDS, add_model, looped, parser, publish, run, table

_RATE = 16000


def main() -> None:
    options = parser(__doc__)
    add_model(options, "speech")
    options.add_argument("--hours", type=float, default=10.0)
    options.add_argument("--sound", type=Path, default=SOUNDS / "speech_1.flac", help="repeated, at changing levels")
    args = options.parse_args()
    with TemporaryDirectory() as name:
        coded = Path(name) / "coded.aur"
        rows = [
            _measured("compress", args, _sound(args), coded),
            _measured("decompress", args, _pieces(coded), Path(os.devnull)),
        ]
        size = coded.stat().st_size
    settings = {"model": Path(args.model).name, "hours": args.hours, "kb/s": round(size * 8 / args.hours / 3.6e6, 2)}
    publish("pipes", args.out, settings, {"rows": rows}, [table(rows)])


def _sound(args: argparse.Namespace) -> Any:
    from auricle.audio import WavStreamWriter

    minute = looped(args.sound, _RATE, 60.0)

    def feed(pipe: Any) -> None:
        with WavStreamWriter(pipe, _RATE, 1) as writer:
            for number in range(round(60 * args.hours)):
                writer.write(minute * np.float32(0.2 + 0.8 * (number % 7) / 7))

    return feed


def _pieces(path: Path) -> Any:
    def feed(pipe: Any) -> None:
        with path.open("rb") as file:
            while piece := file.read(1 << 16):
                pipe.write(piece)

    return feed


def _measured(verb: str, args: argparse.Namespace, feed: Any, target: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "auricle", verb, "-", "-", "--model", args.model, "--quiet"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    began, sizes = time.perf_counter(), []
    with (
        target.open("wb") as output,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, env=environment) as process,
    ):
        feeder = threading.Thread(target=_fed, args=(process.stdin, feed))
        feeder.start()
        while process.poll() is None:
            sizes.append(_resident(process.pid))
            time.sleep(0.5)
        feeder.join()
    assert process.returncode == 0
    elapsed = time.perf_counter() - began
    settled = [size for size in sizes[len(sizes) // 10 :] if size]
    early, late = max(settled[: len(settled) // 5]), max(settled[-len(settled) // 5 :])
    return {
        "verb": verb,
        "hours": args.hours,
        "x real time": args.hours * 3600 / elapsed,
        "MB at 10 to 28 %": early,
        "MB in the last fifth": late,
        "late / early": f"{late / early:.3f}",
        "peak MB": max(settled),
    }


def _fed(pipe: Any, feed: Any) -> None:
    feed(pipe)
    pipe.close()


def _resident(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


if __name__ == "__main__":
    run(main)

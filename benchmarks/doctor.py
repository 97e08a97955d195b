"""Peak resident memory and speed of `auricle doctor` on very many tiny files, each run in a process of its own.

Mode `listed` needs no files: the listing and what is found in each file are made up, with full sketches, some copies
and some that look alike, so that memory is measured for a million files in minutes.
"""

import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from _shared import child_output, parser, publish, run, table

_RATE = 8000
_SAMPLES = 480
_PER_FOLDER = 2000
_MODES = ("listed", "whole", "quick", "damaged")


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--files", type=int, nargs="+", default=[10_000, 100_000], help="how many files, 4 kB each")
    options.add_argument(
        "--modes", nargs="+", choices=_MODES, default=_MODES, help="see above; everything; headers only; no file usable"
    )
    options.add_argument("--scratch", type=Path, help="folder for the files; default: temporary")
    args = options.parse_args()
    rows = []
    for count in args.files:
        if "listed" in args.modes:
            rows.append(_measured(Path(str(count)), count, "listed"))
        for damaged in (False, True):
            modes = [mode for mode in args.modes if mode != "listed" and (mode == "damaged") == damaged]
            if modes:
                with TemporaryDirectory(dir=args.scratch) as name:
                    _make(Path(name), count, damaged)
                    rows += [_measured(Path(name), count, mode) for mode in modes]
    settings = {"samples": _SAMPLES, "rate": _RATE, "files": args.files}
    publish("doctor", args.out, settings, {"rows": rows}, [table(rows)])


def _make(folder: Path, count: int, damaged: bool) -> None:
    """WAV files of noise, every one different; damaged ones promise twice the samples that they hold."""
    random = np.random.default_rng(0)
    size = 2 * _SAMPLES
    promised = 2 * size if damaged else size
    chunks = (b"RIFF", 36 + promised, b"WAVE", b"fmt ", 16, 1, 1, _RATE, 2 * _RATE, 2, 16, b"data", promised)
    head = struct.pack("<4sI4s4sIHHIIHH4sI", *chunks)
    for first in range(0, count, _PER_FOLDER):
        place = folder / f"part {first // _PER_FOLDER:04}"
        place.mkdir()
        for index in range(first, min(count, first + _PER_FOLDER)):
            samples = random.integers(-8000, 8000, _SAMPLES, np.int16)
            (place / f"recording number {index:07}.wav").write_bytes(head + samples.tobytes())


def _measured(folder: Path, count: int, mode: str) -> dict[str, Any]:
    started = time.perf_counter()
    usable, rejected, duplicates, peak = child_output(str(folder), mode)
    seconds = time.perf_counter() - started
    assert int(usable) + int(rejected) == count
    row = {
        "files": count,
        "mode": mode,
        "usable": int(usable),
        "groups of duplicates": int(duplicates),
        "peak MB": round(int(peak) / 1e6),
        "files per s": round(count / seconds),
        "minutes": round(seconds / 60, 2),
    }
    print(row, file=sys.stderr, flush=True)
    return row


def _child(folder: str, mode: str) -> None:
    from auricle.data.doctor.checkup import examine_sounds

    if mode == "listed":
        _make_up(int(folder))
    report = examine_sounds(folder, quick=mode == "quick")
    status = Path("/proc/self/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]
    print(report.usable, len(report.rejected), len(report.duplicates), int(peak) * 1024)


def _make_up(count: int) -> None:
    """Replace the disk: names as long as real ones, and findings that depend on the name alone."""
    from auricle.data.doctor import checkup
    from auricle.data.doctor.examine import FileReport
    from auricle.data.doctor.levels import Levels

    def names(*_: object) -> Iterator[str]:
        return (f"part {index // _PER_FOLDER:04}/recording number {index:07}.wav" for index in range(count))

    def examine(_: Path, name: str, *, quick: bool) -> FileReport:
        index = int(name[-11:-4])
        random = np.random.Generator(np.random.PCG64(index - index % 100 if index % 100 == 1 else index))
        sketch = np.sort(random.integers(1, 2**32, 32, np.uint32))
        if index % 100 == 2:  # looks like the file two before
            sketch[:4] = np.sort(np.random.Generator(np.random.PCG64(index - 2)).integers(1, 2**32, 32, np.uint32))[:4]
        levels = Levels(48000, 0.5, random.uniform(-40, -10), 0.0, 0.1, 0.0)
        return FileReport(16000, 1, 3.0, levels, int(random.integers(1, 2**63)), sketch)

    checkup.audio_names, checkup.examine = names, examine  # pyright: ignore


if __name__ == "__main__":
    run(main, _child)

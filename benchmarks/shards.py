"""A corpus in shards: how long until training takes its first step, and how much memory it has, with 10 hours and with
10,000.

The 10 hours are prepared for real from short pieces of the sounds in the package, each of which has many names (hard
links). The 10,000 hours are simulated: an index with as many rows as they would have, and as many shards, which are
hard links to those of the 10 hours; so every row leads to real samples, the disk holds them once, and they are in
memory already more often than they would be.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from _shared import SOUNDS, child_output, looped, parser, publish, run, table, tell, write_sound

_RATE, _SECONDS, _PIECES = 16000, 10.0, 36


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--hours", type=float, default=10.0, help="prepared for real")
    options.add_argument("--simulated-hours", type=float, default=10_000.0, help="of the simulated corpus")
    options.add_argument("--steps", type=int, default=8, help="of training, after which memory is looked at again")
    args = options.parse_args()
    rows = []
    with TemporaryDirectory() as place:
        home = Path(place)
        small, large = home / "small", home / "large"
        seconds, processor = _prepared(home, small, args.hours)
        _simulate(small, large, args.simulated_hours)
        for corpus, hours in ((small, args.hours), (large, args.simulated_hours)):
            tell(f"{hours:g} hours")
            figures = json.loads(" ".join(child_output(str(corpus), str(home / f"{corpus.name}.run"), str(args.steps))))
            rows.append({"hours": hours, **figures})
    settings = {
        "hours": args.hours,
        "simulated hours": args.simulated_hours,
        "prepared in, wall s": seconds,
        "processor s": processor,
    }
    publish("shards", args.out, settings, {"rows": rows}, [table(rows)])


def _prepared(home: Path, out: Path, hours: float) -> tuple[float, float]:
    """Prepare a corpus with the command line, and return wall and processor seconds."""
    folder = home / "in"
    _write_sounds(folder, round(hours * 3600 / _SECONDS))
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-m", "auricle", "prepare", str(folder), str(out), "--quiet"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return round(time.perf_counter() - started, 1), round(processor, 1)


def _write_sounds(folder: Path, count: int) -> None:
    paths = sorted(SOUNDS.glob("*.flac"))
    pieces = []
    for number in range(min(count, _PIECES)):
        piece = folder / f"{number:06d}.wav"
        folder.mkdir(exist_ok=True)
        audio = looped(paths[number % len(paths)], _RATE, _SECONDS + 0.1 * number)
        write_sound(piece, audio[:, -round(_SECONDS * _RATE) :], _RATE)
        pieces.append(piece)
    for number in range(len(pieces), count):
        name = folder / f"{number // 1000:04d}" / f"{number:06d}.wav"
        name.parent.mkdir(exist_ok=True)
        name.hardlink_to(pieces[number % len(pieces)])


def _simulate(small: Path, large: Path, hours: float) -> None:
    """Names and rows of many hours, which lead to the samples of few."""
    from auricle.data.shards.index import INDEX_NAME, CorpusIndex, Names, ShardIndex

    index = CorpusIndex.open(small / INDEX_NAME)
    rows, shards = index.rows, len(index.shard_bytes)
    times = round(hours * 3600 * _RATE / int(rows.length.sum()))
    large.mkdir()
    sizes = np.tile(index.shard_bytes, times)
    for number in range(len(sizes)):
        os.link(small / index.shard_name(number % shards), large / replace(index, shard_bytes=sizes).shard_name(number))
    names = list(rows.names)
    ends, text = Names.of([f"{number:05d}/{name}" for number in range(times) for name in names]).arrays
    shard = np.concatenate([rows.shard + np.uint32(number * shards) for number in range(times)])
    columns = rows.offset, rows.length, rows.width, rows.checksum
    offset, length, width, checksum = (np.tile(column, times) for column in columns)
    table = ShardIndex(shard, offset, length, width, checksum, ends, text)
    CorpusIndex(table, sizes, index.sample_rate).write(large / INDEX_NAME)


def _first_step(corpus: str, folder: str, steps: str) -> None:
    """Train as the command does; print when the first step was done, and memory then and later."""
    started, reports = time.perf_counter(), iter(_reports(Path(corpus), Path(folder)))
    step = next(reports)
    first = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_SELF)
    before = _memory_mb()
    while step < int(steps):
        step = next(reports)
    figures = {
        "first step after, s": round(first, 1),
        "processor s": round(usage.ru_utime + usage.ru_stime, 1),
        "memory MB": before,
        f"after {steps} steps": _memory_mb(),
        "peak MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(figures), flush=True)
    os._exit(0)  # without freezing tables and measuring


def _reports(corpus: Path, folder: Path) -> Iterator[int]:
    """Numbers of the steps that are done."""
    from auricle.api.training_run import TrainingCallbacks
    from auricle.api.training_sounds import find_sounds
    from auricle.model import ModelInfo
    from auricle.options.training import DeviceConfig
    from auricle.training import AutoencoderTask, Budget, Run, TrainingDevice, run_training
    from auricle.training.initialise import first_model, resolve_start

    start = resolve_start("speech", "base", "auto")
    device = TrainingDevice(DeviceConfig(threads=1, cpu=True))
    folder.mkdir()
    callbacks = TrainingCallbacks()
    data = find_sounds(corpus, folder, device, callbacks).decode(start.config.model.sample_rate, device, callbacks)
    task = AutoencoderTask(first_model(start, ModelInfo(name="shards")), start.config, data.cache)
    for report in run_training(task, Run(folder, Budget(steps=1000), device, False, report_steps=1)):
        yield report.step


def _memory_mb() -> int:
    """Of this process without what it has mapped from files."""
    status = Path("/proc/self/status").read_text()
    return round(int(next(line for line in status.splitlines() if line.startswith("RssAnon")).split()[1]) / 1024)


if __name__ == "__main__":
    run(main, _first_step)

"""How long a training batch takes to make, beside the step that learns from it, and how long the step waits for it."""

import mmap
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

from _shared import SOUNDS, looped, parser, publish, run, table, write_sound


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--presets", nargs="+", default=["speech", "music"], help="whose shapes to measure")
    options.add_argument("--sounds", type=Path, help="folder to learn from; default: 20 minutes made of real sounds")
    options.add_argument("--threads", type=int, default=1, help="threads of the step; the loader has one more")
    options.add_argument("--batches", type=int, default=100, help="batches to make")
    options.add_argument("--steps", type=int, default=40, help="steps to learn, the first five do not count")
    args = options.parse_args()
    import torch

    torch.set_num_threads(args.threads)
    rows = []
    for preset in args.presets:
        with TemporaryDirectory() as name:
            sounds = args.sounds or _corpus(Path(name) / "sounds")
            rows.append(_measured(preset, sounds, Path(name) / "cache", args.batches, args.steps))
    settings = {"threads": args.threads, "batches": args.batches, "steps": args.steps, "own sounds": bool(args.sounds)}
    publish("loading", args.out, settings, {"rows": rows}, [table(rows)])


def _corpus(folder: Path) -> Path:
    """Real sounds, repeated, in stereo files of 10 seconds to 5 minutes: 20 minutes in all."""
    folder.mkdir()
    paths = sorted(SOUNDS.glob("*.flac"))
    for index, seconds in enumerate((10, 20, 30, 60, 120, 300, 10, 20, 30, 60, 120, 300, 120)):
        audio = looped(paths[index % len(paths)], 44100, float(seconds), channels=2)
        write_sound(folder / f"{index:02}.wav", audio, 44100)
    return folder


def _measured(preset: str, sounds: Path, folder: Path, batches: int, steps: int) -> dict[str, Any]:
    from auricle.data import AudioCache, CropSampler, scan
    from auricle.options.training import DeviceConfig
    from auricle.training import TrainingDevice, named

    config, device = named(preset), TrainingDevice(DeviceConfig(cpu=True))
    length = config.crop_frames * config.model.transform.hop_length
    cache = AudioCache.build(scan(sounds).sounds, folder, sample_rate=config.model.sample_rate)
    sampler = CropSampler(cache, length=length, batch=config.batch, seed=0)
    warm = _times(batches, sampler.batch, lambda: None)
    cold = _times(batches, sampler.batch, lambda: _forget(cache))
    step, waited = _steps(config, sampler, device, steps)
    return {
        "preset": preset,
        "batch": f"{config.batch} x {length / config.model.sample_rate:.2f} s",
        "make it, ms": round(1e3 * median(warm), 2),
        "slowest of 20, ms": round(1e3 * quantiles(warm, n=20)[-1], 2),
        "not in memory, ms": round(1e3 * median(cold), 2),
        "step, ms": round(1e3 * step, 1),
        "making / step": f"{median(warm) / step:.2%}",
        "step waits": f"{waited:.2%}",
    }


def _times(count: int, make: Callable[[int], object], prepare: Callable[[], None]) -> list[float]:
    times = []
    for index in range(count):
        prepare()
        started = time.perf_counter()
        make(index)
        times.append(time.perf_counter() - started)
    return times


def _forget(cache: Any) -> None:
    """Ask the system to drop the cache's samples from memory (Linux): first the mapping, then the pages."""
    if not hasattr(os, "posix_fadvise"):
        return
    cache._values._mmap.madvise(mmap.MADV_DONTNEED)
    with (cache.folder / "samples.i16").open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _steps(config: Any, sampler: Any, device: Any, steps: int) -> tuple[float, float]:
    """Median seconds of a step without its batch, and the share of the time that steps wait for batches."""
    import torch

    from auricle.model import Autoencoder
    from auricle.training.autoencoder import AutoencoderWorker
    from auricle.training.engine.prefetch import Prefetcher
    from auricle.training.loop.schedule import Clock

    torch.manual_seed(0)
    model = Autoencoder(config.model)
    model.fit_scale(torch.from_numpy(sampler.batch(0)))
    worker = AutoencoderWorker(model, config, 0, device)
    waits, works = [], []
    with Prefetcher(lambda step, shard: (sampler.batch(step, shard),), device) as feed:
        for step in range(steps):
            started = time.perf_counter()
            batches = feed.take(step)
            ready = time.perf_counter()
            worker.step(batches, Clock(step=step))
            waits.append(ready - started)
            works.append(time.perf_counter() - ready)
    waits, works = waits[5:], works[5:]
    return median(works), sum(waits) / (sum(waits) + sum(works))


if __name__ == "__main__":
    run(main)

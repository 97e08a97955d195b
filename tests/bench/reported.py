"""A benchmark that was never run, with names that try to break out of a page."""

from dataclasses import replace

import numpy as np

from auricle.bench.scoring.results import (
    ORIGINAL,
    BenchmarkFile,
    BenchmarkResult,
    Cost,
    Curve,
    Estimate,
    FileResult,
    Point,
    Sample,
)

NASTY = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & \"q\" 'n' $x^2$ ${1} _"
RATE = 16000


def estimate(mean: float, width: float = 0.1) -> Estimate:
    return Estimate(mean, mean - width, mean + width)


def curve(codec: str, rates: tuple[float, ...], best: float) -> Curve:
    points = tuple(
        Point(
            f"{rate:g} kb/s",
            estimate(rate, 0.02 * rate),
            {"pesq": estimate(best - 1 / rate), "mel": estimate(1 / rate, 0.01), NASTY: estimate(rate)},
            files=2,
            overhead=0.02,
        )
        for rate in rates
    )
    cost = Cost(97.5, 101.0, 3_200_000, 1.4e9, 412_000_000, "random weights")
    return Curve(codec, "1.5", points, cost, {"pesq": -31.6, "mel": 12.4, "stoi": None})


def result() -> BenchmarkResult:
    curves = (
        curve("speech", (3.0, 6.0, 12.0), 4.0),
        replace(curve("opus", (6.4, 12.5), 3.9), bd_rate={"pesq": 0.0, "mel": 0.0}),
        curve(NASTY, (3.2,), 3.0),
        Curve("lyra", "", (), note="Lyra needs its released model files"),
    )
    files = (
        BenchmarkFile(NASTY, 4.0, RATE, 1),
        BenchmarkFile("two.wav", 2.0, RATE, 1),
        BenchmarkFile("three.wav", 0, 0, 0, "is silent"),
    )
    verdicts = (
        FileResult("speech", "3 kb/s", NASTY, 1500, {"pesq": 2.123, "mel": 0.456}),
        FileResult("opus", "6.4 kb/s", NASTY, None, {}, f"refused {NASTY}"),
    )
    settings = {"models": ["speech"], "anchor": "opus", "kbps": [3.0, 6.0, 12.0], "note": NASTY}
    return BenchmarkResult(
        NASTY, "2026-11-23", {"processor": NASTY, "cores": 2}, settings, curves, files, verdicts, (f"note {NASTY}",),
        wall_seconds=61.0, metric_seconds=30.0, work_seconds=100.0,
    )  # fmt: skip


def samples(seconds: float = 0.5, *, files: tuple[str, ...] = (NASTY, "two.wav"), rate: int = RATE) -> list[Sample]:
    """An original and what each curve's points made of it: a tone with ever less noise."""
    made = []
    for number, file in enumerate(files):
        noise = np.random.default_rng(number).uniform(-1, 1, (1, round(seconds * rate))).astype(np.float32)
        tone = 0.4 * np.sin(2 * np.pi * 440 * (1 + number) * np.arange(noise.shape[1]) / rate).astype(np.float32)[None]
        made.append(Sample(file, ORIGINAL, "", None, tone, rate))
        for each in result().curves:
            for point in each.points:
                assert point.kbps is not None
                audio = 0.5 * tone + 0.3 / point.kbps.mean * noise
                made.append(Sample(file, each.codec, point.setting, point.kbps.mean, audio, rate))
    return made

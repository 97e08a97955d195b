"""Reports as a run would make them."""

import math

import numpy as np

from auricle.training.engine.report import Excerpt, Preview, Report

RATE = 16000
CONFIG = {
    "phases": [
        {"name": "reconstruction", "optimiser": {"clip": 1.0}},
        {"name": "adversarial", "optimiser": {"clip": 2.0}},
    ],
    "objective": {"losses": [{"weight": 2.0, "loss": {"kind": "mel"}}]},
}
NASTY = "<img src=x onerror=alert(1)> & \"quotes\" 'n' ${1}.wav"


def sound(seconds: float = 0.5, hertz: float = 440.0) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    return (0.4 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def preview(mel: float = 0.7, *, count: int = 2, seconds: float = 0.5, usage: dict | None = None) -> Preview:
    excerpts = tuple(
        Excerpt(f"{index} {NASTY}", sound(seconds), 0.9 * sound(seconds, 450.0), mel) for index in range(count)
    )
    return Preview(RATE, mel, "mel distance", 5.5, {"bits": (100.0, 60.0, 1.0)} if usage is None else usage, excerpts)


def report(step: int = 10, *, of: int = 1000, **values) -> Report:
    plain = {
        "phase": "reconstruction",
        "progress": step / of,
        "seconds": float(step),
        "seconds_left": float(of - step),
        "learning_rate": 1e-3,
        "audio_per_second": 20.0,
        "loss": 3.0,
        "terms": {"mel": 0.8, "rate": 4.0},
        "gradient_norm": 0.7,
        "bad_steps": 0,
    }
    return Report(step=step, **{**plain, **values})


def course(count: int = 60, *, every: int = 5, mel=lambda x: 0.5 + math.exp(-x), usage=None, **values) -> list[Report]:
    """Reports from 10 to 10 * count with a preview at each fifth; callables are functions of the done share."""
    reports = []
    for index in range(1, count + 1):
        share = index / count
        now = {name: value(share) if callable(value) else value for name, value in values.items()}
        seen = preview(mel(share), count=0, usage=usage) if index % every == 0 else None
        reports.append(report(10 * index, of=10 * count, preview=seen, **now))
    return reports

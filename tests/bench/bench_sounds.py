"""Sounds that the tests of the benchmark make."""

from pathlib import Path

import numpy as np

from auricle.audio import AudioWriter
from auricle.data import Sound


def babble(seconds: float, sample_rate: int, *, channels: int = 1, seed: int = 0) -> np.ndarray:
    """Float32 (c, t): noise bursts at the pace of syllables, with a peak below 1."""
    random = np.random.default_rng(seed)
    length = round(seconds * sample_rate)
    rough = random.standard_normal((channels, length))
    smooth = np.cumsum(rough, axis=1)
    smooth = smooth - np.stack([np.convolve(row, np.ones(64) / 64, "same") for row in smooth])
    pace = np.clip(np.sin(2 * np.pi * 4 * np.arange(length) / sample_rate), 0, None)
    return (0.3 * smooth / np.abs(smooth).max() * pace).astype(np.float32)


def store(path: Path, audio: np.ndarray, sample_rate: int) -> Sound:
    path.parent.mkdir(parents=True, exist_ok=True)
    with AudioWriter(path, sample_rate, audio.shape[0]) as writer:
        writer.write(audio)
    return Sound(path, sample_rate, audio.shape[0], audio.shape[1], path.name)

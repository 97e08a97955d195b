"""A sound as the page needs it: a file that every browser plays, the outline of its waveform, its spectrogram."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from auricle import AudioLimits, MissingPackageError, read, resample, write
from auricle.html import Spectrograph, require_pictures
from auricle.studio.server.workspace import Item

POINTS = 600
"""Of a waveform's outline."""
CONFINED = os.name == "posix"
"""Whether strangers' sounds can be decoded in a process without rights; Windows has no such limits."""
LIMITS = AudioLimits(
    seconds=4 * 3600.0,
    ratio=2_500.0,
    whole_bytes=1 << 30,
    spool_bytes=1 << 29,
    wait_seconds=300.0,
    memory_bytes=1 << 29,
)
"""What a stranger's sound may be: at most a gigabyte of samples, for it is held in memory."""
_LONGEST_PICTURE = 120.0
_PLAYABLE_RATE = 96_000


def read_untrusted(path: Path) -> tuple[np.ndarray, int]:
    """A sound that was sent to the studio, decoded in a confined process: float32 ``(c, t)`` and Hz.

    Raises:
        AudioError: it is no sound, damaged, or more than a stranger may send.
    """
    return read(path, limits=LIMITS, untrusted=CONFINED)


def playable(item: Item, name: str, audio: np.ndarray, sample_rate: int) -> dict[str, Any]:
    """Write ``(c, t)`` as FLAC that browsers play, ``name`` with .flac; what the page needs to show it."""
    stereo = audio if audio.shape[0] <= 2 else audio.mean(axis=0, keepdims=True)
    rate = sample_rate // -(-sample_rate // _PLAYABLE_RATE)
    write(item.file(f"{name}.flac"), resample(stereo, sample_rate, rate), rate, force=True)
    return {
        "file": f"{name}.flac",
        "seconds": audio.shape[1] / sample_rate,
        "rate": sample_rate,
        "channels": audio.shape[0],
        "peaks": outline(audio),
        "peak_dbfs": round(20 * float(np.log10(max(1e-6, np.abs(audio).max(initial=0.0)))), 1),
    }


def outline(audio: np.ndarray, points: int = POINTS) -> list[float]:
    """The largest sample of each of ``points`` equal parts of ``(c, t)``, with its sign, to three digits."""
    mono = audio[np.abs(audio).max(axis=1, initial=0.0).argmax()] if len(audio) else np.zeros(0)
    if not mono.size:
        return [0.0]
    edges = np.linspace(0, mono.size, min(points, mono.size) + 1).astype(int)[:-1]
    high, low = np.maximum.reduceat(mono, edges), np.minimum.reduceat(mono, edges)
    return [round(float(value), 3) for value in np.where(high >= -low, high, low)]


def picture(item: Item, name: str, audio: np.ndarray, sample_rate: int, reference: np.ndarray) -> str | None:
    """The name of a spectrogram's file, drawn on the scale of ``reference``; None where it can't be drawn."""
    if not 0.05 < audio.shape[1] / sample_rate < _LONGEST_PICTURE:
        return None
    try:
        require_pictures()
    except MissingPackageError:
        return None
    item.file(f"{name}.png").write_bytes(Spectrograph(reference, sample_rate).png(audio))
    return f"{name}.png"

"""The one rule for the values of samples: whatever reads or takes a sound refuses the same."""

from pathlib import Path

import numpy as np

from auricle.errors import AudioError

MAX_PEAK = 2.0
"""Samples beyond this are refused: they were saved with another full scale. 6 dB are left to loud float recordings."""
_INTEGER_PEAK = 100.0
_INTEGER_BITS = (16, 24, 32)


def float_samples(audio: object, name: Path | str = "the audio") -> np.ndarray:
    """Float32 of an array of floats of any shape, or of what numpy takes for one.

    Raises:
        AudioError: it is none: integers have another full scale.
    """
    samples = np.asarray(audio)
    if samples.dtype.kind != "f":
        raise AudioError(f"{name} is of {samples.dtype}: give floats; divide int16 by 32768")
    with np.errstate(over="ignore"):
        return samples.astype(np.float32, copy=False)


def check_samples(block: np.ndarray, path: Path | str, sample_rate: int, start: int = 0) -> None:
    """Refuse samples that are no sound.

    Args:
        block: float ``(c, t)``.
        path: the file, or what messages call the sound.
        sample_rate: in Hz.
        start: samples that lie before the block.

    Raises:
        AudioError: a sample is NaN or infinite, or beyond `MAX_PEAK`.
    """
    peak = float(np.abs(block).max(initial=0.0))
    if peak <= MAX_PEAK:
        return
    if not np.isfinite(peak):
        is_wrong = ~np.isfinite(block)
        first = int(np.argmax(is_wrong.any(axis=0)))
        value = block[is_wrong[:, first], first][0]
        raise AudioError(f"{path} holds the sample {value} at {(start + first) / sample_rate:.3f} s: export it again")
    raise AudioError(f"{path} has samples that reach {peak:g} where 1 is full scale: {_advice(peak)}")


def _advice(peak: float) -> str:
    bits = next((bits for bits in _INTEGER_BITS if peak <= 2.0 ** (bits - 1)), None)
    if peak < _INTEGER_PEAK or bits is None:
        return f"up to {MAX_PEAK:g} is tolerated, scale it down"
    return f"they look like {bits}-bit integers kept as floats, divide by {1 << (bits - 1)} and write again"

"""What every metric asks of its two signals."""

import numpy as np

from auricle.errors import AudioError


def mono(signal: np.ndarray) -> np.ndarray:
    """Return ``(t,)`` or ``(c, t)`` as float64 ``(t,)``, averaged over channels.

    Raises:
        AudioError: another shape, no samples, or a sample that is NaN or infinite.
    """
    signal = np.asarray(signal, np.float64)
    if signal.ndim not in (1, 2) or signal.size == 0:
        raise AudioError(f"can't measure a signal of shape {signal.shape}: give some samples, (t,) or (c, t)")
    if not np.isfinite(signal).all():
        raise AudioError("can't measure a signal with NaN or infinite samples")
    return signal if signal.ndim == 1 else signal.mean(axis=0)


def mono_pair(reference: np.ndarray, estimate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both signals as float64 ``(t,)``.

    Raises:
        AudioError: as `mono`, or the lengths differ.
    """
    first, second = mono(reference), mono(estimate)
    if first.size != second.size:
        raise AudioError(
            f"the reference has {first.size} samples, the estimate {second.size}: align or trim them first"
        )
    return first, second

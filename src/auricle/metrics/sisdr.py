"""Scale-invariant signal-to-distortion ratio."""

import numpy as np

from auricle.metrics.pair import mono_pair

_LIMIT_DB = 100.0
_SILENCE = 1e-14  # mean square; -140 dB


def si_sdr(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Return the scale-invariant signal-to-distortion ratio in dB (Le Roux et al., "SDR - half-baked or well
    done?", 2019).

    The means are removed; the reference is scaled to be as near to the estimate as it can be, and its energy
    is divided by that of what remains. The result is limited to -100..100, so that averages stay finite:

    - a perfect estimate (up to a positive or negative gain) gives 100,
    - a silent (or constant) estimate of a sound gives -100,
    - with a silent (or constant) reference, a silent estimate gives 100 and any other -100.

    Silent means a mean square below 1e-14, that is -140 dB.

    Args:
        reference: ``(t,)`` or ``(c, t)``; channels are averaged.
        estimate: as the reference, of the same length.

    Raises:
        AudioError: the lengths differ, or a signal is empty or holds NaN or infinite samples.
    """
    wanted, given = mono_pair(reference, estimate)
    wanted, given = wanted - wanted.mean(), given - given.mean()
    energy = float(wanted @ wanted)
    quiet_reference = energy <= _SILENCE * wanted.size
    quiet_estimate = float(given @ given) <= _SILENCE * given.size
    if quiet_reference or quiet_estimate:
        return _LIMIT_DB if quiet_reference and quiet_estimate else -_LIMIT_DB
    target = float(given @ wanted) / energy * wanted
    rest = given - target
    signal, distortion = float(target @ target), float(rest @ rest)
    if signal <= distortion * 10 ** (-_LIMIT_DB / 10):
        return -_LIMIT_DB
    if distortion <= signal * 10 ** (-_LIMIT_DB / 10):
        return _LIMIT_DB
    return float(10 * np.log10(signal / distortion))

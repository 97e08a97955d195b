"""How much of the highest band a codec gives back."""

import numpy as np

from auricle.errors import AudioError
from auricle.metrics.pair import mono_pair
from auricle.metrics.stft import magnitudes

_FROM_HZ = 6000
_N_FFT = 512
_FLOOR = 1e-4
_LIMIT_DB = 60.0


def high_band(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> float:
    """Return the level above 6 kHz, relative to the reference, in dB: 0 is right, less is dull, more is harsh.

    The level is the mean magnitude of all bins above 6 kHz of a short-time Fourier transform (512 samples). Limited to
    -60..60 dB, so that averages stay finite.

    Args:
        reference: ``(t,)`` or ``(c, t)``; channels are averaged.
        estimate: as the reference, of the same length.
        sample_rate: of both, in Hz.

    Raises:
        AudioError: the lengths differ, the sample rate is too low, or the reference has nothing there.
    """
    wanted, given = mono_pair(reference, estimate)
    first = round(_FROM_HZ * _N_FFT / sample_rate)
    if first >= _N_FFT // 2:
        raise AudioError(f"sound of {sample_rate} Hz has no band above {_FROM_HZ} Hz")
    levels = [_level(signal, first) for signal in (wanted, given)]
    if levels[0] < _FLOOR:
        raise AudioError(f"the reference has nothing above {_FROM_HZ} Hz")
    ratio = 20 * np.log10(max(levels[1], 1e-12) / levels[0])
    return float(np.clip(ratio, -_LIMIT_DB, _LIMIT_DB))


def _level(signal: np.ndarray, first: int) -> float:
    total, count = 0.0, 0
    for spectrum in magnitudes(signal, _N_FFT, _N_FFT // 2):
        high = spectrum[:, first:]
        total, count = total + float(high.sum()), count + high.size
    return total / count

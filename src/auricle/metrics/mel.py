"""Distance between mel spectrograms."""

import numpy as np

from auricle.dsp.mel import mel_filterbank
from auricle.metrics.pair import mono_pair
from auricle.metrics.stft import magnitudes

_SCALES = ((256, 20), (512, 40), (1024, 80))  # window in samples, number of mel bands
_FLOOR = 1e-5


def mel_distance(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> float:
    """Return the mean absolute difference of log-mel spectrograms, in nepers (natural logarithm of an
    amplitude).

    The average over three scales: Hann windows of 256, 512 and 1024 samples, a quarter of each as the hop,
    20, 40 and 80 bands of the area-normalised Slaney mel scale up to half the sample rate, applied to
    magnitudes and floored at 1e-5. 0 is best; values at different sample rates are not comparable.

    Args:
        reference: ``(t,)`` or ``(c, t)``; channels are averaged.
        estimate: as the reference, of the same length.
        sample_rate: of both, in Hz.

    Raises:
        AudioError: the lengths differ, or a signal is empty or holds NaN or infinite samples.
    """
    wanted, given = mono_pair(reference, estimate)
    return float(np.mean([_distance(wanted, given, sample_rate, *scale) for scale in _SCALES]))


def _distance(wanted: np.ndarray, given: np.ndarray, sample_rate: int, n_fft: int, n_mels: int) -> float:
    filters = mel_filterbank(sample_rate, n_fft, n_mels).T.astype(np.float64)
    total, count = 0.0, 0
    pairs = zip(magnitudes(wanted, n_fft, n_fft // 4), magnitudes(given, n_fft, n_fft // 4), strict=True)
    for first, second in pairs:
        logs = [np.log(np.maximum(spectrum @ filters, _FLOOR)) for spectrum in (first, second)]
        total += float(np.abs(logs[0] - logs[1]).sum())
        count += logs[0].size
    return total / count

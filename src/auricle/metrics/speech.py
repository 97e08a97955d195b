"""Speech quality and intelligibility by optional packages (``pip install 'auricle[bench]'``)."""

import warnings

import numpy as np

from auricle.audio import resample
from auricle.errors import AudioError
from auricle.metrics.pair import mono_pair
from auricle.metrics.unavailable import MetricUnavailable

_PESQ_RATE = 16_000
# P.862 is made for 8 to 30 s, and its code has room for 50 utterances.
_PESQ_LONGEST = 20 * _PESQ_RATE
_PESQ_SHORTEST = _PESQ_RATE // 4


def pesq_wb(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> float:
    """Return wideband PESQ (ITU-T P.862.2): about 1.0 (bad) to 4.64 (transparent).

    Both are resampled to 16 kHz. Signals longer than 20 s are scored in equal pieces of at most that, and the
    scores of the pieces in which PESQ finds speech are averaged.

    Args:
        reference: ``(t,)`` or ``(c, t)``; channels are averaged.
        estimate: as the reference, of the same length.
        sample_rate: of both, in Hz.

    Raises:
        MetricUnavailable: the package ``pesq`` is not installed.
        AudioError: the lengths differ, a signal lasts less than a quarter of a second, or there is no speech
            in it.
    """
    try:
        import pesq
    except ImportError as error:
        raise MetricUnavailable("PESQ needs the package pesq: pip install 'auricle[bench]'") from error
    wanted, given = _at_rate(reference, estimate, sample_rate, _PESQ_RATE)
    if wanted.size < _PESQ_SHORTEST:
        raise AudioError(f"PESQ can't score {wanted.size / _PESQ_RATE:.3f} s: give a quarter of a second or more")
    pieces = -(-wanted.size // _PESQ_LONGEST)
    scores = []
    for first, second in zip(np.array_split(wanted, pieces), np.array_split(given, pieces), strict=True):
        if not first.any() or not second.any():
            continue  # the package divides by their level
        try:
            scores.append(float(pesq.pesq(_PESQ_RATE, first, second, "wb")))
        except pesq.NoUtterancesError:
            continue
        except pesq.PesqError as error:
            raise AudioError(f"PESQ can't score these signals: {error}") from error
    if not scores:
        raise AudioError("PESQ finds no speech in these signals: measure them by another metric")
    return float(np.mean(scores))


def stoi(reference: np.ndarray, estimate: np.ndarray, sample_rate: int, *, extended: bool = False) -> float:
    """Return the short-time objective intelligibility (Taal et al., 2011): 0 (bad) to 1.

    Args:
        reference: ``(t,)`` or ``(c, t)``; channels are averaged.
        estimate: as the reference, of the same length.
        sample_rate: of both, in Hz.
        extended: whether to return ESTOI (Jensen and Taal, 2016) instead.

    Raises:
        MetricUnavailable: the package ``pystoi`` is not installed.
        AudioError: the lengths differ, or less than about 0.4 s is left when silent frames are removed.
    """
    try:
        import pystoi
    except ImportError as error:
        raise MetricUnavailable("STOI needs the package pystoi: pip install 'auricle[bench]'") from error
    wanted, given = mono_pair(reference, estimate)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            return float(pystoi.stoi(wanted, given, sample_rate, extended=extended))
        except (RuntimeWarning, ValueError, IndexError) as error:
            raise AudioError("STOI finds too little sound in these signals: give half a second or more") from error


def _at_rate(reference: np.ndarray, estimate: np.ndarray, sample_rate: int, rate: int) -> tuple[np.ndarray, np.ndarray]:
    both = np.stack(mono_pair(reference, estimate)).astype(np.float32)
    first, second = resample(both, sample_rate, rate)
    return first, second

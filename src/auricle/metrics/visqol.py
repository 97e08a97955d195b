"""ViSQOL by an optional package (``pip install 'auricle[bench]'``)."""

import logging
import warnings
from functools import cache
from typing import Any

import numpy as np

from auricle.audio import resample
from auricle.errors import AudioError
from auricle.metrics.chatter import no_native_chatter
from auricle.metrics.pair import mono_pair
from auricle.metrics.unavailable import MetricUnavailable

_SPEECH_RATE, _AUDIO_RATE = 16_000, 48_000
_SHORTEST_SECONDS = 1.0
_SILENCE = 1e-4
_HINT = "pip install 'auricle[bench]'"


def visqol(reference: np.ndarray, estimate: np.ndarray, sample_rate: int, *, speech: bool) -> float:
    """Return ViSQOL's mean opinion score: about 1.0 (bad) to 4.73 (audio) or 5.0 (speech).

    Chinen et al., "ViSQOL v3: An Open Source Production Ready Objective Speech and Audio Metric", 2020, as the package
    visqol-python computes it, with the settings that Google's program has by default.

    Args:
        reference: ``(t,)`` or ``(c, t)``; channels are averaged.
        estimate: as the reference, of the same length.
        sample_rate: of both, in Hz.
        speech: speech mode (both are resampled to 16 kHz, mapped by the lattice network); else audio mode (48 kHz,
            support vector regression).

    Raises:
        MetricUnavailable: a package is not installed.
        AudioError: the lengths differ, a signal lasts less than a second, or the reference is silent.
    """
    judge = _judge("speech" if speech else "audio")
    rate = _SPEECH_RATE if speech else _AUDIO_RATE
    both = np.stack(mono_pair(reference, estimate)).astype(np.float32)
    wanted, given = resample(both, sample_rate, rate).astype(np.float64)
    if wanted.size < _SHORTEST_SECONDS * rate:
        raise AudioError(f"ViSQOL can't score {wanted.size / rate:.3f} s: give a second or more")
    if np.abs(wanted).max() < _SILENCE:
        raise AudioError("ViSQOL can't score a silent reference: measure it by another metric")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # logarithms of silent bands, which the package handles
        try:
            score = float(judge.measure_from_arrays(wanted, given, rate).moslqo)
        except (ValueError, IndexError, RuntimeError, ZeroDivisionError) as error:
            raise AudioError(f"ViSQOL can't score these signals: {error}") from error
    if not np.isfinite(score):
        raise AudioError("ViSQOL gives no number for these signals: measure them by another metric")
    return score


@cache
def _judge(mode: str) -> Any:
    try:
        from visqol.api import VisqolApi
    except ImportError as error:
        raise MetricUnavailable(f"ViSQOL needs the package visqol-python: {_HINT}") from error
    logging.getLogger("visqol").setLevel(logging.ERROR)
    judge = VisqolApi()
    try:
        with no_native_chatter():
            judge.create(mode=mode, use_lattice_model=mode == "speech" or None)
    except ImportError as error:  # without it another mapping would give scores of another scale
        raise MetricUnavailable(f"ViSQOL of speech needs the package ai-edge-litert: {_HINT}") from error
    return judge

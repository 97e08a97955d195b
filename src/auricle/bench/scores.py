"""All metrics of one decoded sound."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np

from auricle.audio import resample
from auricle.errors import AudioError
from auricle.metrics import MetricUnavailable, mel_distance, pesq_wb, si_sdr, stoi

SPEECH_RATE = 24_000
"""Sound judged at no more than this rate in Hz is judged as speech as well."""


@final
@dataclass(frozen=True)
class Scores:
    """How near a decoded sound is to the original; None where a metric could not judge or is not installed.

    Attributes:
        mel: log-mel distance in nepers, lower is better.
        si_sdr: scale-invariant signal-to-distortion ratio in dB.
        pesq: wideband PESQ, 1 to 4.64.
        stoi: short-time objective intelligibility, 0 to 1.
    """

    mel: float
    si_sdr: float
    pesq: float | None = None
    stoi: float | None = None


def score(reference: np.ndarray, estimate: np.ndarray, sample_rate: int, *, judged_rate: int, speech: bool) -> Scores:
    """Judge ``estimate`` against ``reference``, both ``(c, t)`` with t at least 1.

    Mel distance and SI-SDR are of all channels laid end to end, so that an error in one channel can't cancel one in
    another; PESQ and STOI are of the channels' mean.

    Args:
        reference: the original.
        estimate: what came back, of the same shape.
        sample_rate: of both, in Hz.
        judged_rate: both are resampled to this rate first. Mel distances compare only at equal rates.
        speech: whether to compute PESQ and STOI, if they are installed.
    """
    wanted, given = (resample(signal, sample_rate, judged_rate) for signal in (reference, estimate))
    mel = mel_distance(wanted.reshape(-1), given.reshape(-1), judged_rate)
    ratio = si_sdr(wanted.reshape(-1), given.reshape(-1))
    if not speech:
        return Scores(mel, ratio)
    return Scores(mel, ratio, *(_maybe(metric, wanted, given, judged_rate) for metric in (pesq_wb, stoi)))


def _maybe(
    metric: Callable[[np.ndarray, np.ndarray, int], float], wanted: np.ndarray, given: np.ndarray, rate: int
) -> float | None:
    try:
        return metric(wanted, given, rate)
    except (AudioError, MetricUnavailable):
        return None

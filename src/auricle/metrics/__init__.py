"""How near a decoded sound is to the original. Pure functions; one file each; no torch."""

from auricle.metrics.align import align, find_delay, find_lag
from auricle.metrics.bdrate import bd_rate
from auricle.metrics.highband import high_band
from auricle.metrics.mel import mel_distance
from auricle.metrics.sisdr import si_sdr
from auricle.metrics.speech import pesq_wb, stoi
from auricle.metrics.stft import stft_distance
from auricle.metrics.unavailable import MetricUnavailable
from auricle.metrics.visqol import visqol

__all__ = [
    "MetricUnavailable",
    "align",
    "bd_rate",
    "find_delay",
    "find_lag",
    "high_band",
    "mel_distance",
    "pesq_wb",
    "si_sdr",
    "stft_distance",
    "stoi",
    "visqol",
]

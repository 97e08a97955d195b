"""How near a decoded sound is to the original, and generated sounds to real ones. Pure functions; one file each; no
torch."""

from auricle.metrics.align import align, find_delay, find_lag
from auricle.metrics.bdrate import bd_rate
from auricle.metrics.copying import Copying, copying
from auricle.metrics.distances import mean_distance, nearest, squared_distances
from auricle.metrics.fad import Extrapolated, Gaussian, fad_infinity, frechet_audio_distance, frechet_distance
from auricle.metrics.highband import high_band
from auricle.metrics.inception import inception_score
from auricle.metrics.kad import kernel_audio_distance
from auricle.metrics.logmel import log_mel_statistics
from auricle.metrics.manifold import Manifold, manifold
from auricle.metrics.mel import mel_distance
from auricle.metrics.sisdr import si_sdr
from auricle.metrics.speech import pesq_wb, stoi
from auricle.metrics.stft import stft_distance
from auricle.metrics.unavailable import MetricUnavailable
from auricle.metrics.visqol import visqol

__all__ = [
    "Copying",
    "Extrapolated",
    "Gaussian",
    "Manifold",
    "MetricUnavailable",
    "align",
    "bd_rate",
    "copying",
    "fad_infinity",
    "find_delay",
    "find_lag",
    "frechet_audio_distance",
    "frechet_distance",
    "high_band",
    "inception_score",
    "kernel_audio_distance",
    "log_mel_statistics",
    "manifold",
    "mean_distance",
    "mel_distance",
    "nearest",
    "pesq_wb",
    "si_sdr",
    "squared_distances",
    "stft_distance",
    "stoi",
    "visqol",
]

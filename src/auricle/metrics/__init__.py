"""How near a decoded sound is to the original, and generated sounds to real ones. Pure functions; no torch."""

from auricle.metrics.artefacts import image_error, level_errors, periodicity
from auricle.metrics.bdrate import bd_rate
from auricle.metrics.copying import Copying, copying
from auricle.metrics.perceptual import dnsmos, pesq_wb, stoi, visqol, zimtohrli
from auricle.metrics.sets import (
    Extrapolated,
    Gaussian,
    Manifold,
    fad_infinity,
    frechet_audio_distance,
    frechet_distance,
    inception_score,
    kernel_audio_distance,
    manifold,
    mean_distance,
    nearest,
    squared_distances,
)
from auricle.metrics.signals import align, find_delay, find_lag, si_sdr
from auricle.metrics.spectral import high_band, log_mel_statistics, mel_distance, stft_distance
from auricle.metrics.voices import speaker_likeness, voice_embedding
from auricle.metrics.words import word_errors

__all__ = [
    "Copying",
    "Extrapolated",
    "Gaussian",
    "Manifold",
    "align",
    "bd_rate",
    "copying",
    "dnsmos",
    "fad_infinity",
    "find_delay",
    "find_lag",
    "frechet_audio_distance",
    "frechet_distance",
    "high_band",
    "image_error",
    "inception_score",
    "kernel_audio_distance",
    "level_errors",
    "log_mel_statistics",
    "manifold",
    "mean_distance",
    "mel_distance",
    "nearest",
    "periodicity",
    "pesq_wb",
    "si_sdr",
    "speaker_likeness",
    "squared_distances",
    "stft_distance",
    "stoi",
    "visqol",
    "voice_embedding",
    "word_errors",
    "zimtohrli",
]

"""Descriptors of a sound that do not depend on its length: which low tones it holds, how its bands rise and ring out,
and where it is tone and where noise."""

from functools import lru_cache
from itertools import pairwise
from typing import final

import numpy as np
import torch

from auricle.classify.features.base import Extractor, digest

_SILENCE = 1e-12
_LOWEST_TONE, _TONES, _TONES_PER_OCTAVE = 30.0, 47, 7
_TONE_WINDOW, _TONE_HOP, _TONE_FLOOR = 0.06, 0.01, 1e-3  # seconds, seconds, of the mean power
_LOWEST_OCTAVE, _OCTAVES = 70.0, 9
_DECAY_WINDOW, _DECAY_HOP, _DECAY_FLOOR = 0.016, 0.004, 1e-7  # seconds, seconds, of the largest power
_ONSET = 0.03  # of the largest power
_FALLS, _ENERGY_SHARES = (10.0, 20.0, 30.0, 40.0), (0.5, 0.9)  # dB
_TONALITY_WINDOW, _TONALITY_HOP = 0.04, 0.02  # seconds
_LOWEST_PITCH, _HIGHEST_PITCH = 40.0, 1500.0  # Hz
_OCTAVE_COST = 0.01  # of the autocorrelation: the shortest of periods that fit alike is the pitch's
_LEAST_BINS = 4


@final
class DescriptorFeatures(Extractor):
    """`tones`, `decays` and `tonality` of a sound.

    Latents and patches are pooled over parts of a sound, so that one that was cut shorter has other features. And mel
    bands are 40 Hz and more apart at the bottom, too far to tell a kick from a low tom.
    """

    def __init__(self, rate: int) -> None:
        super().__init__("descriptors", rate, digest("descriptors", 1, rate))

    def mono_features(self, audio: np.ndarray) -> np.ndarray:
        power = float(np.square(audio, dtype=np.float64).mean())
        signal = torch.from_numpy((audio / np.sqrt(power + _SILENCE)).astype(np.float32))
        parts = [describe(signal, self.sample_rate) for describe in (tones, decays, tonality)]
        return np.concatenate(parts).astype(np.float32)


def tones(signal: torch.Tensor, rate: int) -> np.ndarray:
    """Levels of low tones, seven to the octave from 30 Hz to 2.9 kHz: mean, deviation and maximum over time, and the
    mean power, ``(4 * tones,)``.

    As in a constant-Q transform (Brown, 1991) each octave has as many, but here the window is one for all.

    Args:
        signal: float32 ``(t,)``.
        rate: in Hz.
    """
    kernels = _tone_kernels(rate)
    frames = _frames(signal, len(kernels), round(_TONE_HOP * rate))
    cosines, sines = (frames @ kernels).square().double().numpy().reshape(len(frames), 2, -1).transpose(1, 0, 2)
    powers = cosines + sines
    powers /= powers.mean() + _SILENCE
    levels = np.log(powers + _TONE_FLOOR)
    frame_weights = _shares(powers.sum(axis=1))
    mean_level = np.log(frame_weights @ powers + _TONE_FLOOR)
    return np.concatenate((levels.mean(axis=0), levels.std(axis=0), levels.max(axis=0), mean_level))


def decays(signal: torch.Tensor, rate: int) -> np.ndarray:
    """How the octaves from 70 Hz on, what lies below them, and the whole sound rise and ring out, ``(9 * bands,)``.

    Of each: the logarithm of the seconds from its peak until it stays 10, 20, 30 and 40 dB below it, of those from the
    sound's onset to its peak and until half and nine tenths of its energy are over, and of its share of the largest
    peak and of all energy.

    Args:
        signal: float32 ``(t,)``.
        rate: in Hz.
    """
    hop = max(1, round(_DECAY_HOP * rate))
    spectra = _power_spectra(signal, round(_DECAY_WINDOW * rate), hop)
    edges = np.array([20.0, *_octave_edges(rate)])
    frequencies = np.linspace(0, rate / 2, spectra.shape[1])
    in_band = (frequencies >= edges[:-1, None]) & (frequencies < edges[1:, None])
    powers = np.concatenate((spectra @ in_band.T.astype(np.float32), spectra.sum(axis=1, keepdims=True)), axis=1)
    floor = float(_DECAY_FLOOR * powers.max() + _SILENCE)
    powers = np.where(powers > floor, powers, 0).astype(np.float64)
    peaks, energies = np.maximum(powers.max(axis=0), floor), np.maximum(powers.sum(axis=0), floor)
    onset = int(np.argmax(powers[:, -1] >= _ONSET * peaks[-1]))
    times = [_rise_and_fall(band, onset, hop / rate) for band in powers.T]
    shares = np.log10([peaks / peaks[-1], energies / energies[-1]])
    return np.concatenate((np.ravel(times), shares.ravel()))


def tonality(signal: torch.Tensor, rate: int) -> np.ndarray:
    """Where a sound is tone and where noise, ``(5 * bands + 6,)``.

    Of each octave from 70 Hz on and of all above 70 Hz: flatness of the spectrum (the geometric mean over the
    arithmetic, as in MPEG-7: mean and deviation over time by power, and plain mean) and centroid in octaves (mean and
    deviation). Of the whole: the peak of the autocorrelation between 40 Hz and 1.5 kHz (mean, deviation, maximum) and
    the octave of its pitch (mean, deviation, where the peak is largest; Boersma, 1993).

    Args:
        signal: float32 ``(t,)``.
        rate: in Hz.
    """
    hop, size = round(_TONALITY_HOP * rate), _fft_size(round(_TONALITY_WINDOW * rate))
    padded_spectra = _power_spectra(signal, size, hop, padding=size)
    spectra = padded_spectra[:, ::2] + _SILENCE * (float(padded_spectra.max()) + 1)
    frequencies = np.linspace(0, rate / 2, spectra.shape[1])
    edges = _octave_edges(rate)
    bands = [(frequencies >= low) & (frequencies < high) for low, high in pairwise(edges)]
    bands = [band for band in bands if band.sum() >= _LEAST_BINS]
    statistics: list[float] = []
    for band in (*bands, frequencies >= _LOWEST_OCTAVE):
        powers, octaves = spectra[:, band], np.log2(frequencies[band])
        flatness = np.log(powers).mean(axis=1, dtype=np.float64) - np.log(powers.mean(axis=1, dtype=np.float64))
        weights, centroids = _shares(powers.sum(axis=1)), powers @ octaves.astype(np.float32) / powers.sum(axis=1)
        statistics += [*_weighted_moments(flatness, weights), flatness.mean(), *_weighted_moments(centroids, weights)]
    peaks, pitches = _autocorrelation_peaks(padded_spectra, size, rate)
    weights = _shares(spectra.sum(axis=1))
    statistics += [*_weighted_moments(peaks, weights), peaks.max()]
    statistics += [*_weighted_moments(pitches, weights), pitches[peaks.argmax()]]
    return np.array(statistics)


@lru_cache(maxsize=8)
def _tone_kernels(rate: int) -> torch.Tensor:
    """Windowed cosines and sines ``(window, 2 * tones)``."""
    size = max(2, round(_TONE_WINDOW * rate))
    frequencies = _LOWEST_TONE * 2 ** (np.arange(_TONES) / _TONES_PER_OCTAVE)
    angles = 2 * np.pi / rate * np.outer(np.arange(size), frequencies[frequencies < rate / 2])
    kernels = np.hanning(size)[:, None] * np.hstack((np.cos(angles), np.sin(angles)))
    return torch.from_numpy(kernels.astype(np.float32))


def _octave_edges(rate: int) -> list[float]:
    """Edges in Hz of the octaves from 70 Hz on; the last band ends at half the rate."""
    return [*(edge for edge in _LOWEST_OCTAVE * 2.0 ** np.arange(_OCTAVES) if edge < 0.4 * rate), rate / 2]


def _rise_and_fall(powers: np.ndarray, onset: int, step: float) -> list[float]:
    """Times in log2 seconds of a band's powers ``(n,)``, one every ``step`` seconds."""
    peak = int(powers.argmax())
    energy = powers[onset:].cumsum()
    falls = (np.flatnonzero(powers[peak:] > powers[peak] * 10 ** (-fall / 10)) for fall in _FALLS)
    frames = [*(fall.max(initial=0) for fall in falls), abs(peak - onset)]
    frames += [np.searchsorted(energy, share * energy[-1]) for share in _ENERGY_SHARES]
    return [float(np.log2((1 + count) * step)) for count in frames]


def _autocorrelation_peaks(padded_spectra: np.ndarray, size: int, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each frame the peak ``(n,)`` of the autocorrelation without that of the window, and log2 of its pitch."""
    shortest, longest = max(1, int(rate / _HIGHEST_PITCH)), min(size // 2, int(rate / _LOWEST_PITCH))
    products = torch.fft.irfft(torch.from_numpy(padded_spectra)).numpy()[:, : longest + 1]
    window = np.hanning(size)
    of_window = np.fft.irfft(np.square(np.abs(np.fft.rfft(window, 2 * size))))[: longest + 1]
    peaks = products / (products[:, :1] + _SILENCE) * (of_window[0] / of_window)
    lower_octaves = np.log2(np.arange(shortest, longest + 1) / shortest)
    lags = shortest + (peaks[:, shortest:] - _OCTAVE_COST * lower_octaves).argmax(axis=1)
    return peaks[np.arange(len(lags)), lags].astype(np.float64), np.log2(rate / lags)


def _power_spectra(signal: torch.Tensor, size: int, hop: int, *, padding: int = 0) -> np.ndarray:
    """Powers ``(n, bins)`` of windows of ``size`` samples, zeros behind them."""
    frames = _frames(signal, size, hop) * torch.hann_window(size, periodic=False)
    spectra = torch.fft.rfft(frames, _fft_size(size + padding))
    return (spectra.real.square() + spectra.imag.square()).numpy()


def _frames(signal: torch.Tensor, size: int, hop: int) -> torch.Tensor:
    """Stretches ``(n, size)`` of a signal ``(t,)``, centred on multiples of ``hop``."""
    return torch.nn.functional.pad(signal, (size // 2, size - size // 2)).unfold(0, size, max(1, hop))


def _fft_size(samples: int) -> int:
    return 1 << max(1, samples - 1).bit_length()


def _shares(powers: np.ndarray) -> np.ndarray:
    """Weights ``(n,)`` in proportion to powers; they add up to 1."""
    floored = powers.astype(np.float64) + _SILENCE
    return floored / floored.sum()


def _weighted_moments(values: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    mean = float(weights @ values)
    return mean, float(np.sqrt(weights @ np.square(values - mean)))

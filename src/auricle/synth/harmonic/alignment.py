"""Two sounds aligned in time by how their spectra change."""

import numpy as np

from auricle.synth.harmonic.noise import SpectralBands, segments_at
from auricle.synth.harmonic.pitch import hop_samples
from auricle.synth.time_maps import best_path, frame_distances

_MOST_CELLS = 9_000_000
_FRAME_HOPS = 2
_QUIETEST = 10 ** (-60 / 20)
_STILL_PENALTY = 0.5
_LOUD = -2.3  # 20 dB below the loudest
_FAR_BELOW = -4.6  # 40 dB below: silence is alike in all sounds


def align(first: np.ndarray, second: np.ndarray, sample_rate: int) -> np.ndarray:
    """The path ``(k, 2)`` through frames of 5 ms of both sounds ``(c, t)`` on which they differ least.

    Compared are levels in bands less their means over the sound's loud frames: so what differs throughout, as timbres
    do, does not count. Time stands still in one of both only where that brings much.
    """
    lengths = [audio.shape[1] / hop_samples(sample_rate) for audio in (first, second)]
    hops = max(_FRAME_HOPS, int(np.ceil(np.sqrt(lengths[0] * lengths[1] / _MOST_CELLS))))
    levels = [_levels(audio, hops * hop_samples(sample_rate), sample_rate) for audio in (first, second)]
    cost = frame_distances(*_common_changes(*levels))
    return best_path(cost, _STILL_PENALTY * float(cost.mean())) * hops


def _levels(audio: np.ndarray, hop: int, sample_rate: int) -> np.ndarray:
    """Logarithms of amplitudes ``(n, bands + 1)`` every ``hop`` samples, the last over all bands; at least -6.9."""
    bands = SpectralBands(sample_rate)
    centres = np.arange(0, audio.shape[1] + hop, hop)
    mono = audio.mean(axis=0, keepdims=True)
    amplitudes = np.concatenate(
        [
            bands.amplitudes(bands.spectra(segments_at(mono, centres[start : start + 512], bands.size)))
            for start in range(0, len(centres), 512)
        ]
    )
    amplitudes = np.concatenate((amplitudes, amplitudes.max(axis=1, keepdims=True)), axis=1)
    return np.log(np.maximum(amplitudes / amplitudes.max(), _QUIETEST))


def _common_changes(*sounds: np.ndarray) -> tuple[np.ndarray, ...]:
    """Levels less their means over loud frames, of bands in which both sounds are heard; the last counts most."""
    means = [levels[levels[:, -1] >= levels[:, -1].max() + _LOUD].mean(axis=0) for levels in sounds]
    common = np.all([mean > np.log(_QUIETEST) - _LOUD for mean in means], axis=0)
    weights = np.where(np.arange(len(common)) == len(common) - 1, max(1.0, common.sum() ** 0.5), 1.0)[common]
    return tuple(
        (weights * np.maximum(levels - mean, _FAR_BELOW)[:, common]).astype(np.float32)
        for levels, mean in zip(sounds, means, strict=True)
    )

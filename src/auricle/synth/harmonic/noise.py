"""What is left of a sound without its partials, given another spectral envelope."""

from collections.abc import Iterator, Sequence
from typing import final

import numpy as np

from auricle.synth.harmonic.amplitudes import POWER, between
from auricle.synth.harmonic.pitch import hop_samples
from auricle.synth.time_maps import FrameMap

_WINDOW_SECONDS = 0.021
_BANDS = 32
_MOST_GAIN = 30.0
_HELD_SLOPE = 0.4
_PIECE_FRAMES = 512
_OVERLAP = 4


@final
class SpectralBands:
    """Overlapping triangles, evenly spaced below 500 Hz and by ratio above.

    Args:
        sample_rate: in Hz.

    Attributes:
        size: samples of a window, a power of 2 near 21 ms.
        hop: a quarter of it.
        window: float32 ``(size,)``, the root of a Hann window.
    """

    def __init__(self, sample_rate: int) -> None:
        self.size = 2 ** round(np.log2(_WINDOW_SECONDS * sample_rate))
        self.hop = self.size // _OVERLAP
        self.window = np.sqrt(np.hanning(self.size + 1)[:-1]).astype(np.float32)
        hertz = np.fft.rfftfreq(self.size, 1 / sample_rate)
        places = np.arcsinh(hertz / 500) / np.arcsinh(hertz[-1] / 500) * (_BANDS - 1)
        self._spread = np.maximum(0.0, 1 - np.abs(places[:, None] - np.arange(_BANDS))).astype(np.float32)
        self._gather = self._spread / np.maximum(self._spread.sum(axis=0), 1e-9)

    def amplitudes(self, spectra: np.ndarray) -> np.ndarray:
        """Root mean power of spectra ``(c, m, bins)`` in each band: ``(m, bands)``."""
        return np.sqrt(np.square(np.abs(spectra)).mean(axis=0) @ self._gather)

    def to_bins(self, gains: np.ndarray) -> np.ndarray:
        """Gains of bands ``(m, bands)`` at each bin."""
        return gains @ self._spread.T

    def spectra(self, segments: np.ndarray) -> np.ndarray:
        """Of segments ``(..., size)``."""
        return np.fft.rfft(segments * self.window, axis=-1).astype(np.complex64)

    def overlap_add(self, pieces: Iterator[np.ndarray], channels: int, samples: int) -> np.ndarray:
        """Sound float32 ``(c, t)`` of spectra ``(c, m, bins)``, the first around sample 0."""
        sound = np.zeros((channels, samples + 2 * self.size), np.float32)
        position = 0
        for spectra in pieces:
            segments = np.fft.irfft(spectra, self.size, axis=-1) * self.window * (2 / _OVERLAP)
            for frame in range(segments.shape[1]):
                start = position * self.hop
                sound[:, start : start + self.size] += segments[:, frame]
                position += 1
        half = self.size // 2
        return sound[:, half : half + samples]


def segments_at(audio: np.ndarray, centres: np.ndarray, size: int) -> np.ndarray:
    """Pieces ``(c, m, size)`` of a sound ``(c, t)`` around samples; silence is before and after it."""
    padded = np.pad(audio, ((0, 0), (size, size)))
    starts = np.clip(centres + size // 2, 0, padded.shape[1] - size)
    return np.lib.stride_tricks.sliding_window_view(padded, size, axis=1)[:, starts]


def mixed_noise(carriers: Sequence[np.ndarray], frame_map: FrameMap, sample_rate: int, samples: int) -> np.ndarray:
    """Sound float32 ``(c, t)`` of two residuals ``(c, t)``, both with the spectral envelope between theirs.

    At share 0 it is the first, to rounding.
    """
    bands = SpectralBands(sample_rate)
    frames = samples // bands.hop + 2
    hop = hop_samples(sample_rate)
    places = np.arange(frames) * bands.hop / hop
    indices = np.arange(len(frame_map.share))
    share = np.interp(places, indices, frame_map.share)
    centres = [
        _centres(np.interp(places, indices, column) * hop, bands) for column in (frame_map.first, frame_map.second)
    ]

    def pieces() -> Iterator[np.ndarray]:
        for start in range(0, frames, _PIECE_FRAMES):
            piece = slice(start, start + _PIECE_FRAMES)
            spectra = [
                bands.spectra(segments_at(carrier, middle[piece], bands.size))
                for carrier, middle in zip(carriers, centres, strict=True)
            ]
            yield _mixed(spectra, bands, share[piece, None])

    return bands.overlap_add(pieces(), len(carriers[0]), samples)


def _centres(places: np.ndarray, bands: SpectralBands) -> np.ndarray:
    """Places in whole samples; where time nearly stands they are scattered, so that no piece is heard over and over."""
    slope = np.gradient(places) / bands.hop
    scatter = np.random.default_rng(0).uniform(-0.5, 0.5, len(places)) * bands.size
    return np.rint(places + np.where(slope < _HELD_SLOPE, scatter, 0.0)).astype(int)


def _mixed(spectra: Sequence[np.ndarray], bands: SpectralBands, share: np.ndarray) -> np.ndarray:
    one, other = (np.maximum(bands.amplitudes(spectrum), 1e-9) for spectrum in spectra)
    target = between(one, other, share)
    gains = []
    for amplitude, part in ((one, 1 - share), (other, share)):
        power = part * (amplitude / target) ** POWER  # of the result, that this carrier gives; both are 1 together
        gains.append(bands.to_bins(np.minimum(np.sqrt(power) * target / amplitude, _MOST_GAIN)))
    return spectra[0] * gains[0] + spectra[1] * gains[1]

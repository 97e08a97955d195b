"""Pictures of sound."""

import io
from typing import final

import numpy as np
from matplotlib import colormaps
from matplotlib.image import imsave

_COLUMNS, _ROWS = 480, 160
_RANGE_DB = 80.0
_BREAK_HZ = 700.0
_TICKS = (("250 Hz", 250), ("1 kHz", 1000), ("4 kHz", 4000), ("8 kHz", 8000), ("16 kHz", 16000))


def mel(hertz: float | np.ndarray) -> np.ndarray:
    """Place on the mel scale (O'Shaughnessy, 1987), up to a factor."""
    return np.log1p(np.asarray(hertz) / _BREAK_HZ)


@final
class Spectrograph:
    """Draws sounds of one sample rate and length in the same way, so that pictures can be compared.

    Low frequencies are at the bottom, on a mel scale; colours span the 80 dB below the loudest place of ``reference``.
    """

    def __init__(self, reference: np.ndarray, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._size = 1024 if sample_rate > 32_000 else 512
        self._loudest = float(self._decibels(reference).max())

    def png(self, audio: np.ndarray) -> bytes:
        """A picture of ``(c, t)``."""
        share = (self._decibels(audio) - self._loudest) / _RANGE_DB + 1.0
        picture = io.BytesIO()
        imsave(
            picture, np.clip(share, 0.0, 1.0), vmin=0.0, vmax=1.0, cmap=colormaps["magma"], format="png", origin="lower"
        )
        return picture.getvalue()

    def ticks(self) -> tuple[tuple[str, float], ...]:
        """Labels of the frequency axis and their height, 0 at the bottom to 1 at the top."""
        top = self._sample_rate / 2
        return tuple((label, float(mel(hertz) / mel(top))) for label, hertz in _TICKS if hertz <= 0.95 * top)

    def _decibels(self, audio: np.ndarray) -> np.ndarray:
        """Rows by columns."""
        padded = np.pad(audio.mean(axis=0), self._size // 2)
        starts = np.linspace(0, padded.size - self._size, _COLUMNS).astype(int)
        frames = padded[starts[:, None] + np.arange(self._size)] * np.hanning(self._size)
        power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
        edges = np.expm1(np.linspace(0.0, float(mel(self._sample_rate / 2)), _ROWS)) * _BREAK_HZ
        bins = np.arange(power.shape[1]) * self._sample_rate / self._size
        rows = np.stack([np.interp(edges, bins, column) for column in power], axis=1)
        return 10.0 * np.log10(rows + 1e-12)

"""Pictures of sound."""

import io
from typing import final

import numpy as np

from auricle.extras import require

_COLUMNS, _ROWS = 480, 160
_RANGE_DB = 80.0
_SILENCE_DB = -120.0
_BREAK_HZ = 700.0
_TICKS = (("250 Hz", 250), ("1 kHz", 1000), ("4 kHz", 4000), ("8 kHz", 8000), ("16 kHz", 16000))


def mel(hertz: float | np.ndarray) -> np.ndarray:
    """Place on the mel scale (O'Shaughnessy, 1987), up to a factor."""
    return np.log1p(np.asarray(hertz) / _BREAK_HZ)


def require_pictures() -> None:
    """Refuse early what could not be drawn.

    Raises:
        MissingPackageError: matplotlib, which brings Pillow, is not installed.
    """
    require("matplotlib", extra="train", purpose="pictures of spectrograms")


@final
class Spectrograph:
    """Draws sounds of one sample rate and length in the same way, so that pictures can be compared.

    Low frequencies are at the bottom, on a mel scale; colours span the 80 dB below the loudest place of ``reference``.
    """

    def __init__(self, reference: np.ndarray, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._size = 1024 if sample_rate > 32_000 else 512
        self._window = np.hanning(self._size).astype(np.float32)
        self._rows = _rows(self._size, sample_rate)
        # of silence nothing is loud: it is as dark as it is quiet
        self._loudest = max(float(self._decibels(reference).max()), _SILENCE_DB + _RANGE_DB)

    @property
    def sample_rate(self) -> int:
        """Of the sounds, in Hz."""
        return self._sample_rate

    def png(self, audio: np.ndarray) -> bytes:
        """A picture of ``(c, t)``, with a palette: a third of the size."""
        require_pictures()
        from PIL import Image

        image = Image.fromarray(self._indices(audio))
        image.putpalette(_palette().tobytes())
        picture = io.BytesIO()
        image.save(picture, "png", compress_level=6)
        return picture.getvalue()

    def pixels(self, audio: np.ndarray) -> np.ndarray:
        """The same picture as uint8 ``(row, column, 3)``, the highest frequency in row 0."""
        return _palette()[self._indices(audio)]

    def ticks(self) -> tuple[tuple[str, float], ...]:
        """Labels of the frequency axis and their height, 0 at the bottom to 1 at the top."""
        top = self._sample_rate / 2
        return tuple((label, float(mel(hertz) / mel(top))) for label, hertz in _TICKS if hertz <= 0.95 * top)

    def _indices(self, audio: np.ndarray) -> np.ndarray:
        """Uint8 rows by columns, the highest frequency first."""
        share = (self._decibels(audio) - self._loudest) / _RANGE_DB + 1.0
        return np.ascontiguousarray((255 * np.clip(share, 0.0, 1.0)).astype(np.uint8)[::-1])

    def _decibels(self, audio: np.ndarray) -> np.ndarray:
        """Rows by columns."""
        padded = np.pad(audio.mean(axis=0, dtype=np.float32), self._size // 2)
        starts = np.linspace(0, padded.size - self._size, _COLUMNS).astype(int)
        frames = padded[starts[:, None] + np.arange(self._size)] * self._window
        power = np.square(np.abs(np.fft.rfft(frames, axis=1)))
        return 10.0 * np.log10(self._rows @ power.T + 10.0 ** (_SILENCE_DB / 10.0))


def _rows(size: int, sample_rate: int) -> np.ndarray:
    """Float32 ``(row, bin)``: where each row lies between two bins."""
    at = np.expm1(np.linspace(0.0, float(mel(sample_rate / 2)), _ROWS)) * _BREAK_HZ * size / sample_rate
    near = 1.0 - np.abs(at[:, None] - np.arange(size // 2 + 1))
    return np.maximum(near, 0.0).astype(np.float32)


def _palette() -> np.ndarray:
    """Uint8 ``(256, 3)``, dark to bright."""
    require_pictures()
    from matplotlib import colormaps

    return (255 * colormaps["magma"](np.arange(256))[:, :3]).astype(np.uint8)

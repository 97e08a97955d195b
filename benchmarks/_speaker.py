"""How much alike two voices are, by an embedding of speakers.

Resemblyzer's network (Wan et al., "Generalized End-to-End Loss for Speaker Verification", 2018), from packages:
``pip install --no-deps Resemblyzer==0.1.4 librosa lazy_loader; pip install webrtcvad-wheels``.
"""

import importlib.util
from importlib import import_module
from typing import final

import numpy as np

from auricle.dsp.mel import mel_filterbank

_PACKAGES = ("resemblyzer", "webrtcvad", "librosa")
_RATE = 16_000
_WINDOW, _HOP, _BANDS = 400, 160, 40
_PIECES_PER_SECOND, _LEAST_OF_LAST_PIECE = 1.3, 0.75  # Resemblyzer's own


@final
class Speakers:
    """Embeds voices.

    The package makes its spectrogram with librosa, which compiles itself for minutes at first. Here it is made by numpy
    with the same result; librosa must be installed but is not loaded further than its name.

    Raises:
        ImportError: see `missing`.
    """

    def __init__(self) -> None:
        self._package = import_module("resemblyzer")
        self._network = self._package.VoiceEncoder("cpu", verbose=False)
        self._tensor = import_module("torch").from_numpy

    @staticmethod
    def missing() -> str | None:
        """None, or which packages are absent."""
        absent = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
        install = "pip install --no-deps Resemblyzer==0.1.4 librosa lazy_loader; pip install webrtcvad-wheels"
        return f"speakers' similarity was left out, it needs {', '.join(absent)}: {install}" if absent else None

    def embed(self, audio: np.ndarray) -> np.ndarray | None:
        """Float32 ``(1, t)`` at 16 kHz to ``(256,)`` of length 1; None where no voice is found."""
        voiced = self._package.preprocess_wav(np.clip(audio[0], -1.0, 1.0))
        if voiced.size < _WINDOW:
            return None
        waves, pieces = self._network.compute_partial_slices(voiced.size, _PIECES_PER_SECOND, _LEAST_OF_LAST_PIECE)
        mel = _spectrogram(np.pad(voiced, (0, max(0, waves[-1].stop - voiced.size))))
        stacked = self._tensor(np.stack([mel[piece] for piece in pieces]))
        mean = self._network(stacked).detach().numpy().mean(axis=0)
        return mean / np.linalg.norm(mean)


def alike(first: np.ndarray | None, second: np.ndarray | None) -> float | None:
    """Cosine of two embeddings, 0 to 1; None where one is."""
    return None if first is None or second is None else float(first @ second)


def _spectrogram(signal: np.ndarray) -> np.ndarray:
    """Power in mel bands ``(n, 40)``, as librosa has it: a Hann window, centred frames."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(signal, _WINDOW // 2), _WINDOW)[::_HOP]
    power = np.abs(np.fft.rfft(frames * window)) ** 2
    return (power @ mel_filterbank(_RATE, _WINDOW, _BANDS).T).astype(np.float32)

"""A learned embedding of sound effects, for benchmarks only: its weights are a PyTorch checkpoint in a package.

``pip install --no-deps --target FOLDER aisfx==0.1.2`` and PYTHONPATH=FOLDER. Ma and Lerch, "Representation Learning for
the Automatic Indexing of Sound Effects Libraries", ISMIR 2022; weights CC BY 4.0. The network is the package's; the
spectrogram is as its variant for librosa makes it.
"""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from numpy._core.multiarray import scalar

from auricle.bench.synthesis import Embedding

_RATE, _WINDOW, _HOP, _BANDS, _FRAMES = 44_100, 2048, 1024, 96, 100
_TOP = 9.457798957824707
"""By which the authors divide."""
_AT_ONCE = 8


@final
class SoundEffects(Embedding):
    """512 features of blocks of 2.3 s, averaged; shorter sounds are followed by silence."""

    def __init__(self) -> None:
        self.rate, self.name = _RATE, "aisfx"
        self.about = "512 features learned on libraries of sound effects (Ma and Lerch, 2022), at 44.1 kHz"
        self._filters = _filters()
        self._network: torch.nn.Module | None = None

    def missing(self) -> str | None:
        return None if importlib.util.find_spec("aisfx") else "pip install --no-deps aisfx==0.1.2"

    @torch.inference_mode()
    def of(self, sounds: Sequence[np.ndarray]) -> np.ndarray:
        if self._network is None:
            self._network = _network()
        blocks = [_blocks(self._spectrogram(sound)) for sound in sounds]
        stacked = torch.from_numpy(np.concatenate(blocks))
        found = np.concatenate([self._network(part).numpy() for part in stacked.split(_AT_ONCE)])
        ends = np.cumsum([len(each) for each in blocks])[:-1]
        return np.stack([part.mean(axis=0) for part in np.split(found, ends)])

    def _spectrogram(self, sound: np.ndarray) -> np.ndarray:
        """``(n, 96)``, 0 to about 1."""
        top = float(np.abs(sound).max())
        padded = np.pad(sound / top if top > 0 else sound, _WINDOW // 2)
        frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
        power = np.square(np.abs(np.fft.rfft(frames * np.hanning(_WINDOW + 1)[:-1])))
        return (np.log10(1e4 * (power @ self._filters) + 1.0) / _TOP).astype(np.float32)


def _blocks(spectrogram: np.ndarray) -> np.ndarray:
    """``(b, 100, 96)``, half over each other."""
    lacking = max(0, _FRAMES - len(spectrogram))
    whole = np.pad(spectrogram, ((0, lacking), (0, 0)))
    return np.stack([whole[at : at + _FRAMES] for at in range(0, len(whole) - _FRAMES + 1, _FRAMES // 2)])


def _filters() -> np.ndarray:
    """Triangles on the scale of HTK, each summing to one: ``(bins, 96)``."""
    mels = np.linspace(0.0, 2595.0 * np.log10(1.0 + _RATE / 2 / 700.0), _BANDS + 2)
    edges = 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    bins = np.arange(_WINDOW // 2 + 1) * _RATE / _WINDOW
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    filters = np.maximum(0.0, np.minimum(rising, falling))
    return (filters / np.maximum(filters.sum(axis=1, keepdims=True), 1e-9)).T


def _network() -> torch.nn.Module:
    spec = importlib.util.find_spec("aisfx")
    assert spec is not None and spec.submodule_search_locations, "ask missing() first"
    folder = Path(next(iter(spec.submodule_search_locations))) / "models"
    found = importlib.util.spec_from_file_location("aisfx_network", folder / "cnn2d.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    network = module.EmbeddingNet("max", 3, 1, 64)
    numbers: list[Any] = [
        (scalar, "numpy.core.multiarray.scalar"),
        np.dtype,
        type(np.dtype(int)),
        type(np.dtype(float)),
    ]
    with torch.serialization.safe_globals(numbers):  # tensors and these, no other code
        weights, _ = torch.load(folder / "checkpoint.pth", map_location="cpu", weights_only=True)
    prefix = "embedding_net."
    network.load_state_dict({key.removeprefix(prefix): value for key, value in weights.items() if prefix in key})
    return network.eval()

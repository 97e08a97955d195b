"""A learned embedding whose weights lie in an installable package."""

import hashlib
import importlib.util
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, final

import numpy as np

from auricle.bench.synthesis.embedding_base import Embedding
from auricle.metrics.perceptual import no_native_chatter

_PACKAGE = "pyopen_wakeword"
_HINT = "pip install 'auricle[judges]'"
_FILES: Mapping[str, str] = MappingProxyType(
    {
        "melspectrogram.tflite": "96fa0adccb6e8cf95cb14465409a1a2898ee4a96a85bb9ed3c7eb0e68bf163e8",
        "embedding_model.tflite": "c0aea21eb84a4ce90a08c870da41b7a7173b45269e6a3207c71d67c40f3a59d8",
    }
)
"""SHA-256 of each file: other weights would give figures of another embedding under this one's name."""
_FRAMES, _HOP = 76, 8
_MOST_WINDOWS = 12
_SAMPLES_PER_FRAME = 160
_SHORTEST = _SAMPLES_PER_FRAME * (_FRAMES + 3)
_FULL_SCALE = 32767.0
_SMALLEST: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {"melspectrogram.tflite": (1, _SHORTEST), "embedding_model.tflite": (1, _FRAMES, 32, 1)}
)
"""Shapes in which each network is made ready, without what its runtime has to tell."""


@final
class SpeechEmbedding(Embedding):
    """Google's speech embedding, as openWakeWord converted it to TFLite (Apache-2.0): 96 numbers for each window of
    0.8 s, averaged over windows.

    Lin et al., "Training Keyword Spotters with Limited and Synthesized Speech Data", 2020.

    It was trained to tell spoken words apart; of other sounds it knows what words have in common with them.
    """

    def __init__(self) -> None:
        self.sample_rate = 16_000
        self.name = "speech embedding"
        self.about = "96 features learned on spoken keywords (Lin et al., 2020), up to 8 kHz"

    def missing(self) -> str | None:
        """Whether a package is absent, or holds other weights."""
        folder = _folder()
        if folder is None:
            return f"its weights come with the package pyopen-wakeword: {_HINT}"
        for name, digest in _FILES.items():
            file = folder / name
            if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != digest:
                return f"pyopen-wakeword holds another {name} than 1.1.0: pip install pyopen-wakeword==1.1.0"
        if importlib.util.find_spec("ai_edge_litert") is None:
            return f"it needs the package ai-edge-litert: {_HINT}"
        return None

    def embed(self, sounds: Sequence[np.ndarray]) -> np.ndarray:
        """One row for each sound; one shorter than a window is set into silence."""
        windows = [_windows(_run("melspectrogram.tflite", _padded(sound)[None])[0, 0]) for sound in sounds]
        embedded = _run("embedding_model.tflite", np.concatenate(windows)[..., None])[:, 0, 0]
        ends = np.cumsum([len(part) for part in windows])[:-1]
        return np.stack([part.mean(axis=0) for part in np.split(embedded, ends)])


def _padded(sound: np.ndarray) -> np.ndarray:
    lacking = max(0, _SHORTEST - len(sound))
    return _FULL_SCALE * np.pad(sound, (lacking // 2, lacking - lacking // 2)).astype(np.float32)


def _windows(mel: np.ndarray) -> np.ndarray:
    """At most 12 windows spread over a spectrogram ``(n, 32)``, scaled as the network expects: ``(w, 76, 32)``."""
    starts = np.arange(0, len(mel) - _FRAMES + 1, _HOP)
    if len(starts) > _MOST_WINDOWS:
        starts = starts[np.linspace(0, len(starts) - 1, _MOST_WINDOWS).round().astype(int)]
    return np.stack([mel[start : start + _FRAMES] for start in starts]) / 10.0 + 2.0


def _folder() -> Path | None:
    """Where the weights lie; the package itself is not imported."""
    spec = importlib.util.find_spec(_PACKAGE)
    places = (spec.submodule_search_locations if spec else None) or []
    return next((Path(place) / "models" for place in places), None)


def _run(name: str, values: np.ndarray) -> np.ndarray:
    network = _network(name)
    entry, exit_ = network.get_input_details()[0]["index"], network.get_output_details()[0]["index"]
    network.resize_tensor_input(entry, values.shape)
    network.allocate_tensors()
    network.set_tensor(entry, np.ascontiguousarray(values, np.float32))
    network.invoke()
    return network.get_tensor(exit_).copy()


@cache
def _network(name: str) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    folder = _folder()
    assert folder is not None, "ask missing() first"
    with no_native_chatter():
        network = Interpreter(str(folder / name), num_threads=1)
        network.resize_tensor_input(network.get_input_details()[0]["index"], _SMALLEST[name])
        network.allocate_tensors()
    return network

"""Exported folders, run as another program would run them."""

import json
from pathlib import Path

import numpy as np
import torch

from auricle.model import Autoencoder, ModelInfo
from auricle.model.config import AutoencoderConfig


def random_model(config: AutoencoderConfig) -> Autoencoder:
    """A model whose random network makes sound, with tables where it has codes."""
    torch.manual_seed(2)
    model = Autoencoder(config, ModelInfo(name="random")).eval().requires_grad_(False)
    noise = 0.2 * torch.randn(2, model.hop_length * 40)
    model.fit_scale(noise)
    for weight in model.parameters():
        weight.copy_(weight.half().float())
    if model.bottleneck.codebooks:
        model.fit_tables([model.encode(noise)])
    return model


def shared_hiss(samples: int) -> np.ndarray:
    """Two channels ``(2, t)``, the first louder, with a noise of their own each, and one that they share."""
    random = np.random.default_rng(5)
    own, shared = 0.1 * random.normal(size=(2, samples)), 0.1 * random.normal(size=samples)
    return (np.array([[1.0], [0.5]]) * (own + shared)).astype(np.float32)


class Network:
    """A graph with its state."""

    def __init__(self, folder: Path, name: str, batch: int = 1, suffix: str = ""):
        import onnxruntime

        about = json.loads((folder / "config.json").read_text())["graphs"][name]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(folder / f"{name}{suffix}.onnx", options)
        self.outputs, self.state = len(about["outputs"]), {}
        for part in about["state"]:
            shape = list(part["shape"])
            shape[part["batch_axis"]] *= batch
            self.state[part["name"]] = np.full(shape, part["fill"], part["type"])

    def __call__(self, **inputs: np.ndarray) -> list[np.ndarray]:
        results = self.session.run(None, {**inputs, **self.state})
        self.state = dict(zip(self.state, results[self.outputs :], strict=True))
        return results[: self.outputs]

    def stream(self, name: str, whole: np.ndarray, size: int) -> np.ndarray:
        """All of a long input, so many of its steps at a time."""
        pieces = [self(**{name: whole[:, at : at + size]})[0] for at in range(0, whole.shape[1], size)]
        return np.concatenate(pieces, axis=1)


def snr_db(reference: np.ndarray, other: np.ndarray) -> float:
    reference, error = reference.astype(np.float64), reference.astype(np.float64) - other
    return float(10 * np.log10(np.sum(reference**2) / max(np.sum(error**2), 1e-300)))


def moving_noise(batch: int, samples: int) -> np.ndarray:
    """Noise that swells, falls silent and stands still: float32 ``(b, t)``."""
    random = np.random.default_rng(4)
    audio = 0.3 * random.standard_normal((batch, samples)) * np.abs(np.sin(np.arange(samples) / 3000))
    audio[:, samples // 2 : 3 * samples // 4] = 0
    return audio.astype(np.float32)

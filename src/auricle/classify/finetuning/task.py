"""Train an encoder end to end for its classes: the general training loop's task."""

import json
from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from auricle.classify.features.base import mixed
from auricle.classify.features.encoder_only import own_encoder
from auricle.classify.features.pooling import Recipe, described, levelled
from auricle.classify.finetuning.augment import Augmentation, LabelledCrops
from auricle.classify.probes.calibration import softmax
from auricle.classify.probes.probe import Linear
from auricle.data import AudioCache
from auricle.model import Autoencoder
from auricle.model.registry import Frozen
from auricle.training import OptimiserConfig, Phase, Preview, SingleLossWorker, Task, TrainingDevice

_HEARD_SECONDS = 10.0  # of a held-out sound
_TOGETHER = 8


@final
class Tuning(Frozen):
    """A fine-tuning run but for its sounds and its budget."""

    recipe: Recipe = Field(description="how features are made")
    changes: Augmentation = Field(default=Augmentation(), description="what happens to the sounds")
    seconds: float = Field(default=3.0, gt=0, le=30, description="longest crop")
    batch: int = Field(default=16, ge=1, le=1024, description="sounds per step, process and accumulated part")
    optimiser: OptimiserConfig = Field(
        default=OptimiserConfig(rate=1e-4, betas=(0.9, 0.99), warmup=20, decay=0.7), description="how it learns"
    )
    smoothing: float = Field(default=0.1, ge=0, lt=1, description="share of a label given to all classes")
    average: float = Field(default=0.98, ge=0, lt=1, description="memory of the averaged weights per step")
    seed: int = Field(default=0, ge=0, description="decides crops, changes and mixtures")


@final
class TunedEncoder(nn.Module):
    """An encoder and the linear layer that reads its features; it starts as a fitted linear probe.

    Args:
        model: whose encoder is copied.
        fitted: the probe, of features made with ``recipe``.
        tuning: recipe and smoothing.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, model: Autoencoder, fitted: Linear, tuning: Tuning) -> None:
        super().__init__()
        self.model = own_encoder(model)
        self.model.decoder.requires_grad_(False)
        a = fitted.arrays
        heat = float(a["temperature"][0])
        self.register_buffer("mean", torch.from_numpy(a["mean"].copy()))
        self.register_buffer("scale", torch.from_numpy(a["scale"].copy()))
        self.weights = nn.Parameter(torch.from_numpy(a["weights"] / heat))
        self.bias = nn.Parameter(torch.from_numpy(a["bias"] / heat))
        self._tuning = tuning

    def scores(self, audio: Tensor, lengths: Sequence[int]) -> Tensor:
        """Logits ``(b, classes)`` of sounds ``(b, t)``, padded at their ends."""
        features = described(self.model, audio, lengths, self._tuning.recipe)
        return ((features - self.mean) / self.scale) @ self.weights + self.bias

    def forward(self, audio: Tensor, lengths: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """Cross entropy with softened labels, and how many sounds were recognised: ``(b,)`` each."""
        scores = self.scores(audio, lengths.tolist())
        soft = (1 - self._tuning.smoothing) * targets + self._tuning.smoothing / targets.shape[1]
        loss = -(soft * F.log_softmax(scores, dim=1)).sum(1)
        return {"loss": loss, "accuracy": (scores.argmax(1) == targets.argmax(1)).float()}


class Judged(NamedTuple):
    """How held-out sounds are taken: logits ``(files, classes)``, class numbers, mean log loss, accuracy."""

    scores: np.ndarray
    truth: np.ndarray
    loss: float
    accuracy: float


@final
class TuningTask(Task):
    """Teach an encoder to tell classes apart.

    Args:
        net: trained in place.
        tuning: the run's configuration.
        cache: the sounds at the model's rate.
        labels: class number of each.
        learned: rows of the sounds to learn from.
        held_out: rows that decide which weights are best; none for the last ones.
    """

    def __init__(
        self,
        net: TunedEncoder,
        tuning: Tuning,
        cache: AudioCache,
        labels: np.ndarray,
        learned: Sequence[int],
        held_out: Sequence[int],
    ) -> None:
        self.module, self._net = net, net
        self.phases = (Phase(name="fine-tuning", optimiser=tuning.optimiser),)
        self.identity = json.dumps({"tuning": tuning.model_dump(mode="json"), "learned": list(learned)})
        longest = round(tuning.seconds * cache.sample_rate)
        self.batch_seconds = tuning.batch * float(np.minimum(cache.lengths[list(learned)], longest).mean())
        self.batch_seconds /= cache.sample_rate
        self._tuning, self._cache, self._labels, self._held_out = tuning, cache, labels, list(held_out)
        self._crops = LabelledCrops(
            cache,
            learned,
            labels,
            net.bias.shape[0],
            longest=longest,
            batch=tuning.batch,
            changes=tuning.changes,
            seed=tuning.seed,
        )

    def worker(self, phase: int, device: TrainingDevice) -> SingleLossWorker:
        """One module, one optimiser, one loss."""
        tuning = self._tuning
        return SingleLossWorker(self._net, self.phases, phase, device, seed=tuning.seed, memory=tuning.average)

    def batch(self, step: int, shard: int) -> tuple[np.ndarray, ...]:
        """Crops, their lengths and labels."""
        return tuple(self._crops.batch(step, shard))

    def judge(self, rows: Sequence[int] | None = None) -> Judged:
        """Scores of held-out sounds, or of any others."""
        chosen = self._held_out if rows is None else list(rows)
        scores = heard(self._net, self._cache, chosen)
        truth = self._labels[chosen]
        odds = softmax(scores.astype(np.float64))[np.arange(len(chosen)), truth]
        right = scores.argmax(axis=1) == truth
        return Judged(scores, truth, float(-np.log(np.maximum(odds, 1e-12)).mean()), float(right.mean()))

    def measure(self) -> Preview | None:
        """Log loss on held-out sounds."""
        if not self._held_out:
            return None
        rate = self._cache.sample_rate
        return Preview(rate, self.judge().loss, "log loss", rate=None, usage={}, excerpts=())


@torch.no_grad()
def heard(net: TunedEncoder, cache: AudioCache, rows: Sequence[int]) -> np.ndarray:
    """Scores ``(files, classes)`` of whole sounds, of long ones of their first ten seconds."""
    mode, place = net.training, net.bias.device
    net.eval()
    longest = round(_HEARD_SECONDS * cache.sample_rate)
    order = sorted(rows, key=lambda row: int(cache.lengths[row]))
    found: dict[int, np.ndarray] = {}
    for start in range(0, len(order), _TOGETHER):
        part = order[start : start + _TOGETHER]
        sounds = [levelled(mixed(cache.crop(row, 0, min(longest, int(cache.lengths[row]))))) for row in part]
        audio = np.zeros((len(part), max(map(len, sounds))), np.float32)
        for line, sound in zip(audio, sounds, strict=True):
            line[: len(sound)] = sound
        scores = net.scores(torch.from_numpy(audio).to(place), [len(sound) for sound in sounds])
        found |= dict(zip(part, scores.cpu().numpy(), strict=True))
    net.train(mode)
    return np.stack([found[row] for row in rows])


__all__ = ["Judged", "TunedEncoder", "Tuning", "TuningTask", "heard"]

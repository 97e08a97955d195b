"""Train an encoder end to end for its classes: the general training loop's task."""

import json
from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import ConfigDict, Field
from torch import Tensor, nn

from auricle.classify.features.base import to_mono
from auricle.classify.features.pooling import FeatureConfig, batch_features, normalise_level
from auricle.classify.finetuning.augment import Augmentation, LabelledCrops
from auricle.classify.own_encoder import own_encoder
from auricle.classify.probes.calibration import softmax
from auricle.classify.probes.linear import Linear
from auricle.data import AudioCache
from auricle.model import Autoencoder
from auricle.model.registry import Frozen
from auricle.training import OptimiserConfig, Phase, Preview, SingleLossWorker, Task, TrainingDevice

_MAX_SECONDS = 10.0  # of a held-out sound
_BATCH = 8


@final
class Tuning(Frozen):
    """A fine-tuning run but for its sounds and its budget."""

    model_config = ConfigDict(populate_by_name=True)

    feature_config: FeatureConfig = Field(
        validation_alias="recipe", serialization_alias="recipe", description="how features are made"
    )
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
        fitted_probe: of features made with ``tuning.feature_config``.
        tuning: features and smoothing.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, model: Autoencoder, fitted_probe: Linear, tuning: Tuning) -> None:
        super().__init__()
        self.model = own_encoder(model)
        self.model.decoder.requires_grad_(False)
        arrays = fitted_probe.arrays
        temperature = float(arrays["temperature"][0])
        self.register_buffer("mean", torch.from_numpy(arrays["mean"].copy()))
        self.register_buffer("scale", torch.from_numpy(arrays["scale"].copy()))
        self.weights = nn.Parameter(torch.from_numpy(arrays["weights"] / temperature))
        self.bias = nn.Parameter(torch.from_numpy(arrays["bias"] / temperature))
        self._tuning = tuning

    def scores(self, audio: Tensor, lengths: Sequence[int]) -> Tensor:
        """Logits ``(b, classes)`` of sounds ``(b, t)``, padded at their ends."""
        features = batch_features(self.model, audio, lengths, self._tuning.feature_config)
        return ((features - self.mean) / self.scale) @ self.weights + self.bias

    def forward(self, audio: Tensor, lengths: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """Cross entropy with softened labels, and how many sounds were recognised: ``(b,)`` each."""
        scores = self.scores(audio, lengths.tolist())
        soft = (1 - self._tuning.smoothing) * targets + self._tuning.smoothing / targets.shape[1]
        loss = -(soft * F.log_softmax(scores, dim=1)).sum(1)
        return {"loss": loss, "accuracy": (scores.argmax(1) == targets.argmax(1)).float()}


class HeldOutScores(NamedTuple):
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
        training_rows: rows of the sounds to learn from.
        held_out: rows that decide which weights are best; none for the last ones.
    """

    def __init__(
        self,
        net: TunedEncoder,
        tuning: Tuning,
        cache: AudioCache,
        labels: np.ndarray,
        training_rows: Sequence[int],
        held_out: Sequence[int],
    ) -> None:
        self.module, self._net = net, net
        self.phases = (Phase(name="fine-tuning", optimiser=tuning.optimiser),)
        self.identity = json.dumps(
            {"tuning": tuning.model_dump(mode="json", by_alias=True), "learned": list(training_rows)}
        )
        longest = round(tuning.seconds * cache.sample_rate)
        self.batch_seconds = tuning.batch * float(np.minimum(cache.lengths[list(training_rows)], longest).mean())
        self.batch_seconds /= cache.sample_rate
        self._tuning, self._cache, self._labels, self._held_out = tuning, cache, labels, list(held_out)
        self._crops = LabelledCrops(
            cache,
            training_rows,
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

    def score_held_out(self, rows: Sequence[int] | None = None) -> HeldOutScores:
        """Scores of held-out sounds, or of any others."""
        rows = self._held_out if rows is None else list(rows)
        scores = score_sounds(self._net, self._cache, rows)
        truth = self._labels[rows]
        probabilities = softmax(scores.astype(np.float64))[np.arange(len(rows)), truth]
        right = scores.argmax(axis=1) == truth
        return HeldOutScores(
            scores, truth, float(-np.log(np.maximum(probabilities, 1e-12)).mean()), float(right.mean())
        )

    def measure(self) -> Preview | None:
        """Log loss on held-out sounds."""
        if not self._held_out:
            return None
        rate = self._cache.sample_rate
        return Preview(rate, self.score_held_out().loss, "log loss", rate=None, usage={}, excerpts=())


@torch.no_grad()
def score_sounds(net: TunedEncoder, cache: AudioCache, rows: Sequence[int]) -> np.ndarray:
    """Scores ``(files, classes)`` of whole sounds, of long ones of their first ten seconds."""
    training, device = net.training, net.bias.device
    net.eval()
    longest = round(_MAX_SECONDS * cache.sample_rate)
    order = sorted(rows, key=lambda row: int(cache.lengths[row]))
    row_scores: dict[int, np.ndarray] = {}
    for start in range(0, len(order), _BATCH):
        part = order[start : start + _BATCH]
        sounds = [normalise_level(to_mono(cache.crop(row, 0, min(longest, int(cache.lengths[row]))))) for row in part]
        audio = np.zeros((len(part), max(map(len, sounds))), np.float32)
        for line, sound in zip(audio, sounds, strict=True):
            line[: len(sound)] = sound
        scores = net.scores(torch.from_numpy(audio).to(device), [len(sound) for sound in sounds])
        row_scores |= dict(zip(part, scores.cpu().numpy(), strict=True))
    net.train(training)
    return np.stack([row_scores[row] for row in rows])


__all__ = ["HeldOutScores", "TunedEncoder", "Tuning", "TuningTask", "score_sounds"]

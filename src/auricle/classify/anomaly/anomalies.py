"""Sounds unlike usual ones, without labels: by the bits that they take under a model, their spectrum and waveform."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self, final

import numpy as np

from auricle.audio import AudioSource
from auricle.classify.anomaly.features import AnomalyFeatures
from auricle.classify.features.extract import extract, list_sounds, model_or_default
from auricle.data.scan import Rejected
from auricle.errors import DataError
from auricle.model import Autoencoder, load
from auricle.options.classification import CacheOptions
from auricle.options.field_types import check_arguments
from auricle.progress import OnProgress, ignore_progress

_PARTS = 5
_FEWEST = 8
_TINY = 1e-9
_ALIKE = 0.01
"""A distance so small is rounding: those of usual sounds are near 1."""


@final
@dataclass(frozen=True)
class AnomalousSound:
    """How unusual a sound is.

    Attributes:
        name: of the sound.
        score: its distance from the usual sounds, 1 for a typical one of them, by what it is most unusual by.
        by: what that is: bits (under the model), bands (of the spectrum) or waveform (clipping, clicks).
        rarity: share of the usual sounds that are as unusual, measured on usual sounds that were held out.
        kbps: kilobits a second that it takes at the middle quality, at one level for all sounds.
    """

    name: str
    score: float
    by: str
    rarity: float
    kbps: float


@final
@dataclass(frozen=True)
class Anomalies:
    """What `anomalies` found.

    Attributes:
        sounds: the most unusual first.
        usual: number of sounds that say what is usual.
        rejected: files that can't be used, and why.
        model: name of the autoencoder.
    """

    sounds: tuple[AnomalousSound, ...]
    usual: int
    rejected: tuple[Rejected, ...]
    model: str


@final
@dataclass(frozen=True, eq=False)
class ShrunkGaussian:
    """A normal distribution of features, its covariance shrunk towards its diagonal.

    With few sounds and many features a covariance is mostly chance; directions of which nothing was seen keep the
    variance that the diagonal gives them (Ledoit and Wolf, 2004).

    Attributes:
        mean: ``(d,)``.
        scale: ``(d,)``, deviations.
        whitening: ``(d, d)``, what standardised features are multiplied by.
    """

    mean: np.ndarray
    scale: np.ndarray
    whitening: np.ndarray

    @classmethod
    def fit(cls, values: np.ndarray) -> Self:
        """Learn from ``(files, d)``, two files at least."""
        mean, scale = values.mean(axis=0), values.std(axis=0)
        floor = max(1e-3, 0.1 * float(np.median(scale)))
        scale = np.maximum(scale, floor)
        centred = ((values - mean) / scale).astype(np.float64)
        files, size = centred.shape
        covariance = centred.T @ centred / files
        spread = np.square(centred).T @ np.square(centred) / files - np.square(covariance)
        shrinkage = float(np.clip(spread.sum() / files / max(1e-12, _off_diagonal(covariance)), 0.05, 1.0))
        shrunk = (1 - shrinkage) * covariance + shrinkage * np.eye(size)
        powers, vectors = np.linalg.eigh(shrunk)
        return cls(mean, scale, vectors / np.sqrt(np.maximum(powers, 1e-6)))

    def distances(self, values: np.ndarray) -> np.ndarray:
        """Features ``(n, d)`` to distances ``(n,)``."""
        points = ((values - self.mean) / self.scale) @ self.whitening
        return np.sqrt(np.square(points).mean(axis=1))


@final
@dataclass(frozen=True, eq=False)
class AnomalyScores:
    """Distances from usual sounds by each family of features, in those of a typical usual sound.

    Attributes:
        values: features of the usual sounds ``(usual, d)``.
        families: the columns of each family.
        typical: median distance of usual sounds that were held out ``(families,)``.
        held_out: scores of the usual sounds ``(usual, families)``, each from four fifths of the others.
    """

    values: np.ndarray
    families: tuple[slice, ...]
    typical: np.ndarray
    held_out: np.ndarray

    @classmethod
    def learn(cls, values: np.ndarray, families: Mapping[str, slice]) -> Self:
        """From features ``(usual, d)`` of two sounds at least."""
        columns, parts = tuple(families.values()), np.arange(len(values)) % min(_PARTS, len(values))
        distances = np.zeros((len(values), len(columns)))
        for part in range(int(parts.max()) + 1):
            distances[parts == part] = _distances(values[parts == part], values[parts != part], columns)
        typical = np.maximum(np.median(distances, axis=0), _TINY)
        return cls(values, columns, typical, distances / typical)

    def of(self, values: np.ndarray) -> np.ndarray:
        """Scores ``(files, families)`` of features ``(files, d)``; of one that is among the usual sounds as it was held
        out."""
        places = {row.tobytes(): index for index, row in enumerate(self.values)}
        scores = _distances(values, self.values, self.families) / self.typical
        for index, row in enumerate(values):
            if (place := places.get(row.tobytes())) is not None:
                scores[index] = self.held_out[place]
        return scores


def _distances(values: np.ndarray, usual: np.ndarray, families: tuple[slice, ...]) -> np.ndarray:
    """Distances ``(files, families)`` of features from those of usual sounds."""
    return np.stack(
        [ShrunkGaussian.fit(usual[:, columns]).distances(values[:, columns]) for columns in families], axis=1
    )


@check_arguments()
def anomalies(
    files: AudioSource | Sequence[AudioSource],
    usual: AudioSource | Sequence[AudioSource] | None = None,
    model: Autoencoder | Path | str | None = None,
    *,
    caching: CacheOptions = CacheOptions(),
    on_progress: OnProgress = ignore_progress,
    on_note: Callable[[str], None] = lambda line: None,
) -> Anomalies:
    """Say how unusual sounds are, without labels: how far the bits that each latent takes under a model, statistics of
    log-mel bands, or statistics of the waveform lie from those of usual sounds, whichever is farthest beside what is
    typical. A model that was trained on usual sounds knows best.

    Args:
        files: sounds to judge: files or folders of them, open files, or ``(audio, sample_rate)``.
        usual: sounds of which nearly all are usual; by default ``files`` themselves. Each fifth of them is judged by
            the others, also those that are among ``files``.
        model: a model, a shipped model's name or a model file; by default ``speech`` for sounds up to 24 kHz, else
            ``music``, whichever is for more of the length of ``files``.
        caching: where features are kept.
        on_progress: called while sounds are read.
        on_note: is told in one line if features that were kept are damaged: they are made anew.

    Raises:
        DataError: most usual sounds are the same; or no file can be used, or fewer than eight are usual.
        ModelError: the model can't be loaded, or has no prior.
        OptionError: nothing was named.
    """
    sounds, rejected = list_sounds(files)
    named = model_or_default(model, sounds)
    extractor = AnomalyFeatures(named if isinstance(named, Autoencoder) else load(named))
    features = extract(sounds, extractor, caching=caching, on_progress=on_progress, on_note=on_note)
    usual_values, rejected = features.values, (*rejected, *features.rejected)
    if usual is not None:
        usual_sounds, more_rejected = list_sounds(usual)
        usual_features = extract(usual_sounds, extractor, caching=caching, on_progress=on_progress, on_note=on_note)
        usual_values, rejected = usual_features.values, (*rejected, *more_rejected, *usual_features.rejected)
    if len(usual_values) < _FEWEST:
        raise DataError(f"{len(usual_values)} usual sounds: give {_FEWEST} or more to say what is usual")
    usual_scores = AnomalyScores.learn(usual_values, extractor.families)
    if (usual_scores.typical < _ALIKE).any():
        raise DataError(
            f"more than half of the {len(usual_values)} usual sounds are the same (copies, or silent): name sounds "
            "that differ as usual ones do"
        )
    by_family = usual_scores.held_out if usual is None else usual_scores.of(features.values)
    scores, ordered = by_family.max(axis=1), np.sort(usual_scores.held_out.max(axis=1))
    families = [tuple(extractor.families)[number] for number in by_family.argmax(axis=1)]
    rarity = 1 - np.searchsorted(ordered, scores) / len(ordered)
    typical = max(_TINY, float(np.median(ordered)))
    rows = zip(features.names, scores / typical, families, rarity, extractor.kilobits(features.values), strict=True)
    judged = [AnomalousSound(name, float(score), by, float(rare), float(kbps)) for name, score, by, rare, kbps in rows]
    return Anomalies(
        tuple(sorted(judged, key=lambda sound: -sound.score)),
        len(usual_values),
        rejected,
        extractor.name.partition(" of ")[2],
    )


def _off_diagonal(covariance: np.ndarray) -> float:
    """Sum of the squares beside the diagonal."""
    return float(np.square(covariance).sum() - np.square(np.diag(covariance)).sum())

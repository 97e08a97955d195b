"""A classifier that is trained on real sounds and asked about others."""

from collections.abc import Sequence
from typing import Any, final

import numpy as np

from auricle.bench.synthesis.measures import halves, with_half_spread
from auricle.bench.synthesis.results import ClassAccuracy, Figure
from auricle.extras import require
from auricle.metrics.sets import inception_score

_DRAWS = 4000
_STRENGTH = 0.1
"""Inverse of the regularisation: with less of it, probabilities become extreme and the inception score with them."""


def require_judge() -> None:
    """Ask for what `ClassJudge` needs, before work that would be lost without it.

    Raises:
        MissingPackageError: scikit-learn is not installed.
    """
    require("sklearn", extra="classify", purpose="classes of generated sounds")


@final
class ClassJudge:
    """Logistic regression on standardised embeddings; all classes weigh alike.

    Args:
        values: of real training sounds, ``(n, d)``.
        labels: their classes, two or more different ones.

    Raises:
        MissingPackageError: scikit-learn is not installed.
    """

    def __init__(self, values: np.ndarray, labels: Sequence[str]) -> None:
        require_judge()
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        regression = LogisticRegression(C=_STRENGTH, class_weight="balanced", max_iter=2000)
        self._fitted: Any = make_pipeline(StandardScaler(), regression).fit(values, list(labels))

    def judge(
        self, name: str, values: np.ndarray, labels: Sequence[str], mixed: np.ndarray, seed: int
    ) -> ClassAccuracy:
        """Ask about a set.

        Args:
            name: of the set.
            values: ``(m, d)``.
            labels: the classes that they should be of.
            mixed: numbers of the rows whose inception score is computed, so that all sets have one mix of classes.
            seed: decides the intervals.
        """
        probabilities = self._fitted.predict_proba(values)
        is_right = self._fitted.classes_[probabilities.argmax(axis=1)] == np.array(labels)
        members = {label: is_right[np.array(labels) == label] for label in sorted(set(labels))}
        return ClassAccuracy(
            set=name,
            sounds=len(values),
            accuracy=_accuracy(list(members.values()), seed),
            inception=_inception(probabilities[mixed], seed),
            classes={label: float(hits.mean()) for label, hits in members.items()},
        )


def _accuracy(members: Sequence[np.ndarray], seed: int) -> Figure:
    """Mean over classes, with a bootstrap interval within each: the sum of n drawn zeros and ones is binomial."""
    random = np.random.Generator(np.random.PCG64(seed))
    draws = np.mean([random.binomial(len(hits), hits.mean(), _DRAWS) / len(hits) for hits in members], axis=0)
    low, high = np.quantile(draws, (0.025, 0.975))
    return Figure(float(np.mean([hits.mean() for hits in members])), float(low), float(high))


def _inception(probabilities: np.ndarray, seed: int) -> Figure:
    (parts,) = halves((len(probabilities),), seed)
    spread = np.array([inception_score(probabilities[part]) for part in parts])
    return with_half_spread(inception_score(probabilities), spread)

"""Regression by likeness: as scikit-learn's, with borders that bend, and with more sounds than points."""

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge

from auricle.classify.features.scaling import mean_and_scale
from auricle.classify.probes import kernel_regression
from auricle.classify.probes.kernel_regression import KernelRegression, rbf_kernel, restored_points
from auricle.classify.probes.kinds import probe_of_kind


def rings(count: int, seed: int) -> tuple[np.ndarray, list[str]]:
    """Points of which one class lies around the other: no straight border parts them."""
    random = np.random.default_rng(seed)
    inside = np.arange(count) % 2 == 0
    radius = np.where(inside, 1.0, 3.0) + 0.2 * random.standard_normal(count)
    angle = random.uniform(0, 2 * np.pi, count)
    points = np.stack((radius * np.cos(angle), radius * np.sin(angle)), 1) * (5.0, 0.01) + (3.0, -2.0)
    return points.astype(np.float32), ["in" if one else "out" for one in inside]


def accuracy(kind: str, learned: int) -> float:
    fitted = probe_of_kind(kind).fit(*rings(learned, 0))
    values, labels = rings(200, 1)
    chosen = fitted.probabilities(values).argmax(axis=1)
    return float(np.mean([fitted.classes[place] == label for place, label in zip(chosen, labels, strict=True)]))


def test_borders_bend() -> None:
    assert accuracy("kernel", 100) > 0.97
    assert accuracy("ridge", 100) < 0.7


def test_it_is_kernel_ridge_regression_with_classes_that_count_alike() -> None:
    random = np.random.default_rng(0)
    values = random.standard_normal((40, 30)).astype(np.float32) * np.geomspace(0.01, 100, 30).astype(np.float32) + 7
    labels = np.repeat([0, 1, 2], [25, 10, 5])
    problem = KernelRegression.of(values, labels, np.arange(40))
    mean, scale = mean_and_scale(values)
    placed = (values - mean) / scale
    targets = np.eye(3)[labels] - 1 / 3
    theirs = KernelRidge(alpha=0.03, kernel="rbf", gamma=0.25)
    theirs.fit(placed, targets, sample_weight=40 / (3 * np.bincount(labels)[labels]))
    new = random.standard_normal((9, 30)) / np.sqrt(30)
    ours = rbf_kernel(new, restored_points(problem.points)) @ problem.ridge(0.03)
    np.testing.assert_allclose(ours, theirs.predict(new), atol=0.02)


def test_more_sounds_than_points(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = accuracy("kernel", 400)
    monkeypatch.setattr(kernel_regression, "_MOST_POINTS", 60)
    monkeypatch.setattr(kernel_regression, "_PIECE", 64)
    fitted = probe_of_kind("kernel").fit(*rings(400, 0))
    assert len(fitted.arrays["points"]) == 60 and fitted.arrays["points"].dtype == np.int8
    assert accuracy("kernel", 400) > whole - 0.02


def test_points_are_originals_and_not_their_copies() -> None:
    values, labels = rings(30, 0)
    fitted = probe_of_kind("kernel").fit(values, labels, copies=[values + 0.1, values - 0.1])
    assert len(fitted.arrays["points"]) == 30
    mean, scale = mean_and_scale(values)
    np.testing.assert_allclose(restored_points(fitted.arrays["points"]), (values - mean) / scale, atol=0.03)


def test_scores_of_a_sound_are_those_that_it_has_alone() -> None:
    fitted = probe_of_kind("kernel").fit(*rings(80, 0))
    values = rings(33, 2)[0]
    together = fitted.probabilities(values)
    alone = np.concatenate([fitted.probabilities(values[row : row + 1]) for row in range(len(values))])
    np.testing.assert_array_equal(together, alone)

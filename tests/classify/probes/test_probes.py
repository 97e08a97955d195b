"""Probes learn, choose and say how sure they are."""

import numpy as np
import pytest

from auricle.classify.features.scaling import Scaling
from auricle.classify.probes.calibration import calibration_error, fit_temperature, softmax
from auricle.classify.probes.kinds import probe_of_kind
from auricle.classify.probes.probe import Probe
from auricle.errors import DataError, OptionError

KINDS = ("ridge", "logistic", "kernel", "mlp", "knn")


def clouds(per_class: int, classes: int, seed: int, *, spread: float = 1.0) -> tuple[np.ndarray, list[str]]:
    """Points around a centre for each class, in 40 dimensions of very different sizes."""
    centres = np.random.default_rng(7).standard_normal((classes, 40))
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), per_class)
    points = centres[labels] + spread * random.standard_normal((len(labels), 40))
    return (points * np.geomspace(1e-3, 1e3, 40) + 5).astype(np.float32), [f"class {label}" for label in labels]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("classes", [2, 4])
def test_a_probe_learns(kind: str, classes: int) -> None:
    fitted = probe_of_kind(kind).fit(*clouds(20, classes, 0))
    values, labels = clouds(50, classes, 1)
    chances = fitted.probabilities(values)
    assert chances.shape == (50 * classes, classes) and np.allclose(chances.sum(axis=1), 1)
    right = [fitted.classes[number] for number in chances.argmax(axis=1)]
    assert np.mean([a == b for a, b in zip(right, labels, strict=True)]) > 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_a_probe_is_its_arrays(kind: str) -> None:
    probe, (values, labels) = probe_of_kind(kind), clouds(10, 3, 0)
    fitted = probe.fit(values, labels)
    restored = probe.restore(fitted.classes, {name: array.copy() for name, array in fitted.arrays.items()})
    assert np.array_equal(restored.probabilities(values), fitted.probabilities(values))
    assert fitted.arrays.keys() == {*probe.layout, "temperature"}
    for name, (dtype, letters) in probe.layout.items():
        assert fitted.arrays[name].ndim == len(letters.split())
        assert fitted.arrays[name].dtype == {"F32": np.float32, "I32": np.int32, "I8": np.int8}[dtype]


@pytest.mark.parametrize("kind", KINDS)
def test_few_sounds_are_enough(kind: str) -> None:
    values, labels = clouds(1, 3, 0)
    assert probe_of_kind(kind).fit(values, labels).probabilities(values).shape == (3, 3)
    values, labels = clouds(3, 3, 0)
    assert probe_of_kind(kind).fit(values[:-2], labels[:-2]).classes == ("class 0", "class 1", "class 2")


@pytest.mark.parametrize("kind", KINDS)
def test_features_that_never_move(kind: str) -> None:
    values, labels = clouds(8, 2, 0)
    values[:, ::2] = 3
    assert np.isfinite(probe_of_kind(kind).fit(values, labels).probabilities(values)).all()
    assert np.isfinite(probe_of_kind(kind).fit(np.ones((6, 4)), list("ababab")).probabilities(np.zeros((2, 4)))).all()


@pytest.mark.parametrize("kind", ("ridge", "logistic"))
def test_what_is_not_sure_says_so(kind: str) -> None:
    """Where classes overlap, stated confidence is about the accuracy."""
    fitted = probe_of_kind(kind).fit(*clouds(60, 3, 0, spread=5.0))
    values, labels = clouds(300, 3, 1, spread=5.0)
    truth = np.array([fitted.classes.index(label) for label in labels])
    assert calibration_error(fitted.probabilities(values), truth) < 0.1


def test_groups_choose_a_stronger_penalty() -> None:
    """Within a group one feature gives the class away; held-out groups show that it does not generalise."""
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(12), 10)
    labels = np.tile(["a", "b"], 60)
    sign = np.where(labels == "a", 1.0, -1.0)
    tricks = random.standard_normal((12, 30))[groups] * sign[:, None] * 3
    values = np.hstack([0.5 * sign[:, None] + random.standard_normal((120, 3)), tricks]).astype(np.float32)
    alone = probe_of_kind("ridge").choose(values, labels.tolist())
    apart = probe_of_kind("ridge").choose(values, labels.tolist(), [str(g) for g in groups])
    assert apart.strength >= alone.strength and apart.temperature > alone.temperature


def test_sounds_of_a_class_that_the_rest_lacks_are_judged_and_wrong() -> None:
    """As in `evaluate`; and they say nothing of the temperature."""
    values, labels = clouds(20, 3, 0)
    groups = [f"{number % 4}" for number in range(len(labels))]
    rare = [row for row, label in enumerate(labels) if label == labels[-1]]
    for row in rare:
        groups[row] = "rare"
    choice = probe_of_kind("ridge").choose(values, labels, groups)
    assert choice.right is not None and choice.judged_rows is not None
    right = dict(zip(choice.judged_rows.tolist(), choice.right.tolist(), strict=True))
    assert right.keys() == set(range(len(labels)))
    assert not any(right[row] for row in rare) and sum(right.values()) >= 0.9 * (len(labels) - len(rare))
    assert choice.temperature < 1.0


def test_one_class_and_unknown_kinds() -> None:
    with pytest.raises(DataError, match="all sounds are of class a"):
        probe_of_kind("ridge").fit(np.ones((3, 2)), ["a", "a", "a"])
    with pytest.raises(OptionError, match="choose from"):
        probe_of_kind("svm")
    assert set(KINDS) == set(Probe.kinds)


def test_scaling_keeps_distances() -> None:
    values = np.random.default_rng(0).standard_normal((20, 40)) * np.geomspace(0.1, 10, 40)
    scaling = Scaling.fit(values)
    placed, standard = scaling(values), (values - values.mean(0)) / values.std(0) / np.sqrt(40)
    assert np.allclose(_distances(placed), _distances(standard), atol=1e-3)
    assert Scaling.fit(values, directions=3)(values).shape == (20, 3)


def test_temperature_undoes_too_much_confidence() -> None:
    random = np.random.default_rng(0)
    scores = random.standard_normal((4000, 3))
    truth = np.array([random.choice(3, p=row) for row in softmax(scores)])
    assert fit_temperature(5 * scores, truth).value == pytest.approx(5, rel=0.2)
    assert calibration_error(softmax(scores), truth) < 0.03 < calibration_error(softmax(5 * scores), truth)


def _distances(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points[:, None] - points[None], axis=2)

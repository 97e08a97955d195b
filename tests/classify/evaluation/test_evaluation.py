"""Figures: nothing that is learned or chosen sees the sounds that are judged."""

import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest

from auricle.classify.evaluation.compare import draw_confusion, evaluate_classifier
from auricle.classify.evaluation.cross_validation import Evaluation, evaluate, interval, majority
from auricle.classify.probes.folds import check_groups_in_folds, complete_groups, esc_fold, folds_of, grouped_folds
from auricle.classify.probes.kinds import probe_of_kind
from auricle.data.labels import Labelled
from auricle.data.scan import Sound
from auricle.errors import DataError, OptionError, OutputError
from auricle.options.classification import CrossValidationOptions


def labelled(name: str, label: str, fold: str | None = None, group: str | None = None) -> Labelled:
    return Labelled(Sound(Path(name), 16000, 1, 16000, name), label, fold, group)


def test_groups_are_never_on_both_sides() -> None:
    random = np.random.default_rng(0)
    groups = [f"speaker {number}" for number in random.integers(0, 11, 300)]
    labels = [f"word {number}" for number in random.integers(0, 5, 300)]
    for seed in range(3):
        folds = grouped_folds(labels, groups, 4, seed=seed)
        assert set(folds) == {"1", "2", "3", "4"}
        check_groups_in_folds(groups, folds)
    assert grouped_folds(labels, groups, 4, seed=0) == grouped_folds(labels, groups, 4, seed=0)


def test_classes_are_spread_and_rare_ones_allowed() -> None:
    labels = ["a"] * 30 + ["b"] * 30 + ["c"]
    folds = np.array(grouped_folds(labels, None, 5))
    assert all((folds[:30] == fold).sum() == 6 for fold in "12345")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(set(grouped_folds(["a", "b", "c", "d"], None, 2))) == 2


@pytest.mark.parametrize(("count", "groups"), [(1, None), (7, None), (4, list("xxyyzz"))])
def test_folds_that_can_not_be(count: int, groups: list[str] | None) -> None:
    with pytest.raises(OptionError, match=f"{count} folds of"):
        grouped_folds(list("ababab"), groups, count)


def test_protocols() -> None:
    esc = [labelled("dog/1-100-A-0.ogg", "dog"), labelled("cat/5-2-B-1.ogg", "cat")]
    assert folds_of(esc, "esc10") == ("1", "5") and esc_fold("3-1-A.ogg") == "3"
    with pytest.raises(DataError, match="does not begin with its fold"):
        folds_of([labelled("dog.ogg", "dog")], "esc10")
    sounds = [labelled("a", "x", "left", "ann"), labelled("b", "y", "right", "bob"), labelled("c", "x", "left")]
    assert folds_of(sounds, "table") == ("left", "right", "left")
    with pytest.raises(DataError, match="c has no fold"):
        folds_of([*sounds[:2], labelled("c", "x")], "table")
    with pytest.raises(DataError, match="group ann lies in fold left and in fold right"):
        folds_of([*sounds, labelled("d", "x", "right", "ann")], "table")
    with pytest.raises(DataError, match="all sounds lie in fold left"):
        folds_of(sounds[::2], "table")
    assert complete_groups([None, None]) is None
    groups = complete_groups(["ann", None, None])
    assert groups is not None and len(set(groups)) == 3


def test_labels_without_meaning_are_not_recognised() -> None:
    """Many features, few sounds, labels by chance: a leak of any kind would be seen as accuracy."""
    random = np.random.default_rng(0)
    values = random.standard_normal((120, 300)).astype(np.float32)
    labels = [f"{number % 4}" for number in random.permutation(120)]
    evaluation = evaluate(values, labels, grouped_folds(labels, None, 5), probe_of_kind("ridge"))
    assert evaluation.accuracy.value < 0.4 and evaluation.calibration_error < 0.2


def test_a_leaked_group_would_flatter() -> None:
    """Speakers that are recognised by voice look like words that are: grouped folds show the difference."""
    random = np.random.default_rng(0)
    speakers = np.repeat(np.arange(20), 6)
    words = (speakers % 2).astype(str)
    voices = random.standard_normal((20, 30))[speakers]
    values = (voices + 0.1 * random.standard_normal(voices.shape)).astype(np.float32)
    groups = [str(speaker) for speaker in speakers]
    apart = evaluate(values, words, grouped_folds(words, groups, 5), probe_of_kind("ridge"), groups=groups)
    mixed = evaluate(values, words, grouped_folds(words, None, 5), probe_of_kind("ridge"))
    assert mixed.accuracy.value > 0.95 and apart.accuracy.value < 0.75
    width = apart.accuracy.high - apart.accuracy.low
    assert width > 2 * (interval(apart.right.astype(float)).high - interval(apart.right.astype(float)).low) * 0.9


def test_figures() -> None:
    probabilities = np.array([[0.9, 0.1, 0], [0.6, 0.4, 0], [0.2, 0.8, 0], [0.3, 0.3, 0.4]])
    evaluation = Evaluation(("a", "b", "c"), np.array([0, 1, 1, 1]), probabilities, ("1", "1", "2", "10"))
    assert evaluation.accuracy.value == 0.5 and evaluation.balanced_accuracy == pytest.approx((1 + 1 / 3 + 0) / 3)
    assert evaluation.confusion.tolist() == [[1, 0, 0], [1, 1, 1], [0, 0, 0]]
    assert evaluation.per_class["b"] == pytest.approx((1.0, 1 / 3, 0.5, 3)) and evaluation.per_class["c"].f1 == 0
    assert evaluation.fold_accuracy == {"1": 0.5, "2": 1.0, "10": 0.0} and list(evaluation.fold_accuracy) == [
        "1",
        "2",
        "10",
    ]


def test_an_interval_over_many_sounds_takes_little_memory() -> None:
    right = (np.random.default_rng(0).random(5000) < 0.7).astype(float)
    tracemalloc.start()
    found = interval(right)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    draws = np.random.Generator(np.random.PCG64(0)).integers(0, 5000, (2000, 5000))
    low, high = np.percentile(right[draws].mean(axis=1), [2.5, 97.5])
    assert found == pytest.approx((right.mean(), low, high), abs=1e-12)
    assert peak < 40e6


def test_majority_learns_from_the_training_folds() -> None:
    evaluation = majority(list("aaabbb"), list("111222"))
    assert evaluation.accuracy.value == 0.0
    assert majority(list("aaab"), list("1212")).accuracy.value == 0.75


def test_a_class_that_training_never_heard() -> None:
    values, labels = np.eye(6, dtype=np.float32), list("aabbac")
    evaluation = evaluate(values, labels, list("121212"), probe_of_kind("ridge"))
    assert evaluation.classes == ("a", "b", "c") and evaluation.probabilities[5, 2] == 0


def test_beside_baselines(sounds: Path, model_file: Path, tmp_path: Path) -> None:
    notes: list[str] = []
    picture = tmp_path / "confusion.png"
    comparison = evaluate_classifier(
        sounds,
        model_file,
        options=CrossValidationOptions(folds=4, groups=r"_(\w+)\.", features="latents"),
        out=picture,
        on_note=notes.append,
    )
    assert comparison.feature_config.segments == 8 and notes == []
    assert [baseline.name for baseline in comparison.baselines] == [
        "majority class",
        "MFCC statistics",
        "log-mel statistics",
        "MFCC statistics of 8 segments",
        "log-mel statistics of 8 segments",
        "random encoder",
    ]
    assert comparison.evaluation.accuracy.value > 0.7 and comparison.baselines[0].evaluation.accuracy.value <= 1 / 3
    assert comparison.evaluation.groups is not None and set(comparison.evaluation.groups) == {
        f"maker{number}" for number in range(4)
    }
    assert picture.read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(OutputError, match="exists already"):
        evaluate_classifier(sounds, model_file, out=picture)


def test_the_verdict_is_plain(sounds: Path, model_file: Path) -> None:
    comparison = evaluate_classifier(sounds, model_file, options=CrossValidationOptions(folds=2, segments=1))
    mfcc = next(baseline for baseline in comparison.baselines if baseline.name == "MFCC statistics")
    assert any("no groups are known" in note for note in comparison.notes)
    lost = type(mfcc)(mfcc.name, mfcc.evaluation, type(mfcc.lead)(-0.1, -0.15, -0.05))
    verdict = type(comparison)(
        comparison.evaluation, (lost,), comparison.feature_config, "tiny", comparison.names, ()
    ).verdict
    assert verdict.startswith("the latents of tiny lose to MFCC statistics by 10.0 points")
    won = type(mfcc)(mfcc.name, mfcc.evaluation, type(mfcc.lead)(0.1, 0.05, 0.15))
    assert (
        "beat the best baseline"
        in type(comparison)(comparison.evaluation, (won,), comparison.feature_config, "x", comparison.names, ()).verdict
    )
    even = type(mfcc)(mfcc.name, mfcc.evaluation, type(mfcc.lead)(0.01, -0.05, 0.07))
    assert (
        "may be chance"
        in type(comparison)(
            comparison.evaluation, (even,), comparison.feature_config, "x", comparison.names, ()
        ).verdict
    )


def test_bad_questions(sounds: Path, model_file: Path) -> None:
    with pytest.raises(DataError, match="need a table"):
        evaluate_classifier(sounds, model_file, options=CrossValidationOptions(folds="speaker"))
    with pytest.raises(OptionError, match="no regular expression"):
        evaluate_classifier(sounds, model_file, options=CrossValidationOptions(groups="("))
    with pytest.raises(DataError, match="find nothing in"):
        evaluate_classifier(sounds, model_file, options=CrossValidationOptions(groups="speaker"))
    with pytest.raises(DataError, match="find nothing in"):  # an expression that matches everywhere, and nothing there
        evaluate_classifier(sounds, model_file, options=CrossValidationOptions(groups="[0-9]*"))
    with pytest.raises(OptionError, match="all 24 sounds are of one group, maker: name groups"):
        evaluate_classifier(sounds, model_file, options=CrossValidationOptions(groups="maker"))


def test_groups_that_are_the_classes_are_told(sounds: Path, model_file: Path) -> None:
    options = CrossValidationOptions(groups="^[a-z]+", folds="3", skip_baselines=True)
    comparison = evaluate_classifier(sounds, model_file, options=options)
    (line,) = [note for note in comparison.notes if "of a single group" in note]
    assert line.startswith("3 classes of a single group (click, hiss, tone): whether they are recognised")
    makers = CrossValidationOptions(groups="maker.", folds="3", skip_baselines=True)
    assert not [note for note in evaluate_classifier(sounds, model_file, options=makers).notes if "group" in note]


def test_a_class_with_the_name_of_a_formula_can_be_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    labels = ["$x_$", "^{", "$x_$", "^{"]
    values = np.array([[0.0, 1.0], [1.0, 0.0], [0.1, 1.0], [1.0, 0.1]], np.float32)
    evaluation = evaluate(values, labels, ["1", "1", "2", "2"], probe_of_kind("knn"))
    draw_confusion(evaluation, tmp_path / "c.png")
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")

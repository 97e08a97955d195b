"""Generated sounds beside real ones, with real sounds that are sums of tones."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auricle import evaluate_synthesis
from auricle.audio.writer import write
from auricle.bench.synthesis import SynthesisResult
from auricle.bench.synthesis.copies import correlation
from auricle.bench.synthesis.results import CEILING, COPIES, FLOOR, GENERATED, HELD_OUT, REBUILT
from auricle.bench.synthesis.sounds import trim_silence
from auricle.bench.synthesis.splits import matching_mix
from auricle.errors import DataError, OptionError
from auricle.options.benchmark import SynthesisEvaluationOptions

RATE = 8000
Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def bell(label: str, random: np.random.Generator) -> np.ndarray:
    """A decaying chord; classes differ in pitch."""
    time = np.arange(round(0.25 * RATE)) / RATE
    pitch = {"low": 250.0, "high": 900.0}[label] * 2 ** random.normal(0, 0.15)
    parts = [random.uniform(0.2, 1) * np.sin(2 * np.pi * pitch * order * time) for order in (1, 2, 3)]
    return 0.2 * np.sum(parts, axis=0) * np.exp(-time * random.uniform(5, 25)) + 1e-3 * random.normal(size=len(time))


def folder(place: Path, seed: int, count: int, change: Change = lambda sound, random: sound) -> Path:
    random = np.random.Generator(np.random.PCG64(seed))
    for label in ("low", "high"):
        (place / label).mkdir(parents=True, exist_ok=True)
        for index in range(count):
            write(place / label / f"{index:03}.wav", change(bell(label, random), random)[None], RATE)
    return place


def noisy(sound: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return sound + 0.03 * random.normal(size=len(sound))


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Sets of 60: training and real sounds, good ones, noisy ones, and copies of training sounds."""
    root = tmp_path_factory.mktemp("sounds")
    return {
        "train": folder(root / "train", 1, 30),
        "real": folder(root / "real", 2, 30),
        "good": folder(root / "good", 3, 30),
        "noisy": folder(root / "noisy", 4, 30, noisy),
        "copied": folder(root / "copied", 1, 30, lambda sound, random: 0.8 * np.pad(sound, (0, 500))),
    }


def options(sounds: dict[str, Path], **values: Any) -> SynthesisEvaluationOptions:
    return SynthesisEvaluationOptions(**{"train": sounds["train"], "embeddings": ("log-mel",), "pairs": 3, **values})


def evaluate(sounds: dict[str, Path], name: str, model: str | Path | None = None, **values: Any) -> SynthesisResult:
    return evaluate_synthesis(sounds[name], sounds["real"], model=model, options=options(sounds, **values))


@pytest.fixture(scope="module")
def results(sounds: dict[str, Path]) -> dict[str, SynthesisResult]:
    return {name: evaluate(sounds, name) for name in ("good", "noisy", "copied")}


def test_real_sounds_are_nearer_than_degraded_ones(results: dict[str, SynthesisResult]):
    good, bad = (results[name].embeddings[0].comparison(GENERATED) for name in ("good", "noisy"))
    floor = results["noisy"].embeddings[0].comparison(FLOOR)
    assert good and bad and floor and floor.kad.high is not None and bad.kad.low is not None
    assert bad.kad.low > floor.kad.high and bad.kad.low > 5
    assert good.kad.low is not None and good.kad.low < 2
    assert bad.fad_infinity and floor.fad_infinity and bad.fad_infinity.value > 10 * floor.fad_infinity.value
    assert bad.coverage.value < 0.3 < good.coverage.value


def test_intervals_hold_their_figure(results: dict[str, SynthesisResult]):
    for comparison in results["good"].embeddings[0].comparisons:
        for figure in (comparison.kad, comparison.fad_infinity, comparison.diversity):
            assert figure and figure.low is not None and figure.high is not None
            assert figure.low < figure.value < figure.high


def test_classes_are_recognised(results: dict[str, SynthesisResult]):
    for name in (GENERATED, HELD_OUT):
        accuracy = results["good"].embeddings[0].class_accuracy(name)
        assert accuracy and accuracy.accuracy.value > 0.95 and 1.5 < accuracy.inception.value <= 2.0
        assert set(accuracy.classes) == {"low", "high"}


def test_wrong_classes_are_seen(sounds: dict[str, Path], tmp_path: Path):
    (tmp_path / "low").symlink_to(sounds["good"] / "high")
    (tmp_path / "high").symlink_to(sounds["good"] / "low")
    result = evaluate_synthesis(tmp_path, sounds["real"], options=options(sounds)).embeddings[0]
    accuracy = result.class_accuracy(GENERATED)
    assert accuracy and accuracy.accuracy.value < 0.05


def test_copies_are_found(results: dict[str, SynthesisResult]):
    near = {nearness.set: nearness for nearness in results["copied"].embeddings[0].nearness}
    assert near[GENERATED].nearer.value > 0.95 and near[GENERATED].suspects > 0.9
    assert near[HELD_OUT].nearer.value == 0.5
    pairs = results["copied"].embeddings[0].pairs
    assert len(pairs) == 3
    assert all(pair.generated == pair.training and pair.suspect and pair.correlation > 0.99 for pair in pairs)


def test_new_sounds_are_no_copies(results: dict[str, SynthesisResult]):
    near = {nearness.set: nearness for nearness in results["good"].embeddings[0].nearness}
    assert 0.3 < near[GENERATED].nearer.value < 0.7 and near[GENERATED].suspects < 0.15
    assert max(pair.correlation for pair in results["good"].embeddings[0].pairs) < 0.99


def test_names_and_their_order_do_not_matter(sounds: dict[str, Path], tmp_path: Path):
    """Without classes and without a choice, only the sounds themselves decide the distances."""
    for index, path in enumerate(sorted(sounds["good"].rglob("*.wav"), key=lambda path: path.read_bytes())):
        (tmp_path / f"{index}.wav").symlink_to(path)
    flat = tmp_path / "real"
    flat.mkdir()
    for index, path in enumerate(sorted(sounds["real"].rglob("*.wav"))):
        (flat / f"{index}.wav").symlink_to(path)
    made = tmp_path.parent / "made"
    made.mkdir()
    for path in tmp_path.glob("*.wav"):
        path.rename(made / path.name)
    result = evaluate_synthesis(made, flat, options=options(sounds)).embeddings[0]
    again = evaluate(sounds, "good").embeddings[0].comparison(GENERATED)
    first = result.comparison(GENERATED)
    assert first and again
    for name in ("kad", "precision", "recall", "density", "coverage", "diversity"):
        assert getattr(first, name).value == pytest.approx(getattr(again, name).value, rel=1e-6), name
    assert first.fad == pytest.approx(again.fad)
    assert not result.class_accuracies


def test_half_of_the_real_sounds_stands_for_training_sounds(sounds: dict[str, Path]):
    result = evaluate(sounds, "good", train=None)
    assert [summary.sounds for summary in result.sets] == [60, 30, 30]
    assert any("two halves" in note for note in result.notes)
    assert result.settings["training sounds known"] is False


def test_the_ceiling_is_what_the_autoencoder_gives_back(sounds: dict[str, Path], model_file: Path):
    result = evaluate(sounds, "good", model=model_file, count=20).embeddings[0]
    floor, ceiling = (result.comparison(name) for name in (FLOOR, CEILING))
    assert floor and ceiling and ceiling.kad.value > floor.kad.value
    assert ceiling.sounds == 20
    assert {nearness.set for nearness in result.nearness} == {GENERATED, HELD_OUT, REBUILT, COPIES}
    assert result.class_accuracy(REBUILT)


def test_everything_can_be_told_as_json(results: dict[str, SynthesisResult]):
    values = results["good"].to_json()
    assert values["sets"][0] == values["sets"][0] | {"name": "generated", "sounds": 60, "silent": 0}
    assert values["embeddings"][0]["comparisons"][0]["kad"].keys() == {"value", "low", "high"}


def test_silent_short_and_broken_sounds_are_counted(sounds: dict[str, Path], tmp_path: Path):
    made = folder(tmp_path / "made", 5, 12)
    write(made / "low" / "silent.wav", np.zeros((1, 2000)), RATE)
    write(made / "low" / "click.wav", np.eye(1, 2000, 900), RATE)
    (made / "low" / "broken.wav").write_bytes(b"no sound")
    result = evaluate_synthesis(made, sounds["real"], options=options(sounds))
    notes = "\n".join(result.notes)
    assert "1 generated sound was left out: broken.wav" in notes
    assert "1 of 26 generated sounds are silent" in notes
    assert "1 of 26 generated sounds last less than 50 ms" in notes
    assert str(tmp_path) not in notes


def test_one_class_has_no_accuracy(sounds: dict[str, Path], tmp_path: Path):
    (tmp_path / "low").symlink_to(sounds["good"] / "low")
    result = evaluate_synthesis(tmp_path, sounds["real"], options=options(sounds))
    assert not result.embeddings[0].class_accuracies
    assert any("one class only" in note for note in result.notes)
    assert any("30 real sounds are of classes that not all sets have (high)" in note for note in result.notes)


def test_classes_that_nobody_shares_are_refused(sounds: dict[str, Path], tmp_path: Path):
    (tmp_path / "kick").symlink_to(sounds["good"] / "low")
    with pytest.raises(DataError, match=r"share no class \(generated: kick; real: high, low"):
        evaluate_synthesis(tmp_path, sounds["real"], options=options(sounds))


def test_too_few_sounds_are_refused(sounds: dict[str, Path], tmp_path: Path):
    with pytest.raises(DataError, match="holds 8 sounds that can be compared: give 10 or more"):
        evaluate_synthesis(folder(tmp_path, 1, 4), sounds["real"])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"embeddings": ["clap"]}, "no embedding is called 'clap': choose from log-mel, speech"),
        ({"count": 3}, "give 10 or more"),
        ({"seconds": 0.0}, "positive length"),
        ({"sample_rate": 100}, "8000 to 192000"),
        ({"pairs": -1}, "0 or more"),
    ],
)
def test_options_that_can_not_be(sounds: dict[str, Path], values: dict[str, Any], message: str):
    with pytest.raises(OptionError, match=message):
        evaluate(sounds, "good", **values)


def test_sets_are_drawn_with_one_mix_of_classes():
    reference = ["a"] * 30 + ["b"] * 10
    rows = matching_mix(["a"] * 50 + ["b"] * 50, reference, 0)
    assert len(rows) == 66 and (rows < 50).sum() == 50
    assert len(set(rows.tolist())) == len(rows)
    assert list(matching_mix([None] * 20, [None] * 5, 0)) == list(range(20))


def test_trimming_keeps_the_sound_and_the_silence_in_it():
    sound = np.zeros(100)
    sound[[20, 60]] = 0.5
    assert len(trim_silence(sound)) == 41
    assert len(trim_silence(np.zeros(7))) == 7


def test_correlation_finds_shifted_copies():
    random = np.random.Generator(np.random.PCG64(0))
    sound = random.normal(size=500)
    assert correlation(sound, -0.3 * np.pad(sound, (70, 5))) == pytest.approx(1.0)
    assert correlation(sound, random.normal(size=500)) < 0.3
    assert correlation(sound, np.zeros(9)) == 0.0


def test_one_seed_gives_one_result(sounds: dict[str, Path], results: dict[str, SynthesisResult]):
    again = evaluate(sounds, "good")
    assert replace(again, wall_seconds=0, machine={}) == replace(results["good"], wall_seconds=0, machine={})

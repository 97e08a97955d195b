"""Features relative to those of their group: what a speaker adds to all sounds is gone, what a sound says is not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from auricle.archive.tasks.classify import PredictTask
from auricle.archive.tasks.task import LoadedModels
from auricle.classify.classifier import Classifier
from auricle.classify.classifier_file import read_classifier, write_classifier
from auricle.classify.evaluation import compare
from auricle.classify.evaluation.compare import evaluate_classifier
from auricle.classify.evaluation.cross_validation import Evaluation, evaluate
from auricle.classify.probes.group_scaling import GroupScaling
from auricle.classify.probes.kinds import probe_of_kind
from auricle.classify.search.suggest import suggest
from auricle.errors import AuricleError, DataError, ModelError, OptionError
from auricle.options.classification import ClassifierOptions, CrossValidationOptions, DetectorOptions, SuggestionOptions

GROUPS = r"_(\w+)\."
NORMALISED = ClassifierOptions(groups=GROUPS, normalise_groups=True)


def spoken(speakers: int, words: int, seed: int) -> tuple[np.ndarray, list[str], list[str]]:
    """Features ``(files, d)`` of speakers who each add something of their own to all words, words and speakers."""
    random = np.random.default_rng(seed)
    meanings, voices = random.standard_normal((words, 12)), 3 * random.standard_normal((speakers, 12))
    rows = [(word, speaker) for speaker in range(speakers) for word in range(words) for _ in range(6)]
    noise = 0.7 * random.standard_normal((len(rows), 12))
    values = np.stack([meanings[word] + voices[speaker] for word, speaker in rows]) + noise
    return values.astype(np.float32), [f"word {word}" for word, _ in rows], [f"speaker {name}" for _, name in rows]


def test_what_a_group_adds_is_gone() -> None:
    values, _, speakers = spoken(2, 800, seed=0)
    scaling = GroupScaling.learn(values)
    louder = values.copy()
    louder[4800:] = 2 * louder[4800:] + 5
    plain, changed = scaling.relative(values, speakers), scaling.relative(louder, speakers)
    assert np.abs(changed - plain).max() < 0.15 * plain.std()
    assert np.abs(louder - values).max() > 5


def test_a_sound_alone_stays_where_it_is() -> None:
    values, _, speakers = spoken(4, 10, seed=1)
    scaling = GroupScaling.learn(values)
    (alone,) = scaling.relative(values[:1], ["somebody"])
    by_itself = (values[0] - scaling.mean) / scaling.deviation
    assert alone == pytest.approx(by_itself, rel=0.03)
    together = scaling.relative(values, speakers)
    assert np.array_equal(together[:60], scaling.relative(values[:60], speakers[:60]))  # other groups say nothing


def test_features_that_never_vary_are_no_trouble() -> None:
    placed = GroupScaling.learn(np.full((5, 3), 2.0, np.float32)).relative(np.full((2, 3), 2.0, np.float32), ["a", "b"])
    assert np.isfinite(placed).all()


def test_new_speakers_are_understood_better() -> None:
    values, words, speakers = spoken(6, 10, seed=2)
    probe = probe_of_kind("ridge")
    plain = evaluate(values, words, speakers, probe, groups=speakers)
    relative = evaluate(values, words, speakers, probe, groups=speakers, normalise_groups=True)
    assert relative.accuracy.value > plain.accuracy.value + 0.1
    with pytest.raises(DataError, match="name them with --groups"):
        evaluate(values, words, speakers, probe, normalise_groups=True)


def test_silent_sounds_say_nothing_of_what_is_usual_in_their_group() -> None:
    values, words, speakers = spoken(6, 10, seed=2)
    mixed, silent = (
        np.concatenate((values, np.full((6, 12), 60, np.float32))),
        np.arange(len(values) + 6) >= len(values),
    )
    all_words, all_speakers = [*words, *["word 0"] * 6], [*speakers, *["speaker 0"] * 6]
    probe = probe_of_kind("knn")

    def recognised(silent: np.ndarray | None) -> float:
        judged = evaluate(
            mixed, all_words, all_speakers, probe, groups=all_speakers, normalise_groups=True, silent=silent
        )
        return float(judged.right[: len(values)].mean())

    clean = evaluate(values, words, speakers, probe, groups=speakers, normalise_groups=True).accuracy.value
    assert recognised(silent) > clean - 0.01 and recognised(None) < clean - 0.05


def test_what_is_usual_is_learned_from_sounds_that_can_be_heard(
    sounds: Path, model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean = Classifier.fit(sounds, model_file, options=NORMALISED)
    for number in range(4):
        soundfile.write(sounds / "hiss" / f"mute_maker{number}.wav", np.zeros(6400), 16000)
    mixed = Classifier.fit(sounds, model_file, options=NORMALISED)
    assert clean.group_scaling is not None and mixed.group_scaling is not None
    assert mixed.group_scaling.mean == pytest.approx(clean.group_scaling.mean)
    silent: list[int] = []

    def spied(*arguments: Any, **options: Any) -> Evaluation:
        silent.append(int(options["silent"].sum()))
        return evaluate(*arguments, **options)

    monkeypatch.setattr(compare, "evaluate", spied)
    options = CrossValidationOptions(groups=GROUPS, normalise_groups=True, folds="4", skip_baselines=True)
    evaluate_classifier(sounds, model_file, options=options)
    assert silent == [4]


def test_a_silent_sound_among_others_changes_nothing_for_them(sounds: Path, model_file: Path) -> None:
    classifier = Classifier.fit(sounds, model_file, options=NORMALISED)
    alone = classifier.predict(sounds).sounds
    soundfile.write(sounds / "mute.wav", np.zeros(6400), 16000)
    assert [sound for sound in classifier.predict(sounds).sounds if sound.name != "mute.wav"] == [*alone]


def test_a_classifier_keeps_what_it_has_learned(sounds: Path, model_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "g.classifier.safetensors"
    classifier = Classifier.fit(sounds, model_file, options=NORMALISED)
    assert classifier.metadata.normalise_groups
    classifier.save(path)
    loaded = Classifier.load(path, model_file)
    by_maker = loaded.predict(sounds, groups=GROUPS).sounds
    assert by_maker == classifier.predict(sounds, groups=GROUPS).sounds
    as_one = loaded.predict(sounds).sounds
    assert [sound.name for sound in as_one] == [sound.name for sound in by_maker] and as_one != by_maker
    assert as_one == loaded.predict(sounds, groups="maker").sounds
    with pytest.raises(DataError, match="find nothing in"):
        loaded.predict(sounds, groups="nobody")
    with pytest.raises(ModelError, match="without a timeline"):
        loaded.timeline(next(sounds.rglob("*.wav")))
    with pytest.raises(AuricleError, match="without many processes"):
        PredictTask(path, str(model_file)).run(next(sounds.rglob("*.wav")), tmp_path, LoadedModels(), force=False)


def test_suggestions_are_unsure_of_what_predictions_are(sounds: Path, model_file: Path) -> None:
    classifier = Classifier.fit(sounds, model_file, options=NORMALISED)
    renamed = sounds.rename(sounds.with_name("renamed"))
    for folder in renamed.iterdir():
        folder.rename(folder.with_name(f"of {folder.name}"))  # no class is called so: nothing counts as labelled
    predicted = {sound.name: sound.guesses[0] for sound in classifier.predict(renamed, top=1).sounds}
    proposed = suggest(renamed, classifier=classifier).sounds
    assert len(proposed) > 5
    for sound in proposed:
        guess = predicted[sound.name]
        assert (sound.guess, sound.probability) == (guess.label, pytest.approx(guess.probability, abs=1e-5))
    with pytest.raises(ModelError, match="without --window"):
        suggest(renamed, classifier=classifier, options=SuggestionOptions(window=1.0))


def test_evaluation_takes_every_kind_of_features_so(sounds: Path, model_file: Path) -> None:
    options = CrossValidationOptions(groups=GROUPS, normalise_groups=True, folds=3)
    plain = evaluate_classifier(sounds, model_file, options=CrossValidationOptions(groups=GROUPS, folds=3))
    relative = evaluate_classifier(sounds, model_file, options=options)
    (told,) = set(relative.notes) - set(plain.notes)
    assert told.startswith("features are relative to their group")
    assert not np.array_equal(relative.evaluation.probabilities, plain.evaluation.probabilities)
    for baseline, before in zip(relative.baselines[1:], plain.baselines[1:], strict=True):
        assert not np.array_equal(baseline.evaluation.probabilities, before.evaluation.probabilities)


def test_it_is_refused_where_there_are_no_groups(sounds: Path, model_file: Path, tmp_path: Path) -> None:
    plain = Classifier.fit(sounds, model_file)
    with pytest.raises(OptionError, match="leave the groups out"):
        plain.predict(sounds, groups=GROUPS)
    with pytest.raises(DataError, match="no groups are known"):
        Classifier.fit(sounds, model_file, options=ClassifierOptions(normalise_groups=True))


def test_groups_of_one_class_are_told(sounds: Path, model_file: Path) -> None:
    notes: list[str] = []
    Classifier.fit(sounds, model_file, options=NORMALISED, on_note=notes.append)
    assert not [note for note in notes if "hold sounds of one class only" in note]
    by_class = ClassifierOptions(groups="^[a-z]+", normalise_groups=True)
    Classifier.fit(sounds, model_file, options=by_class, on_note=notes.append)
    assert [note for note in notes if note.startswith("3 of 3 groups hold sounds of one class only: relative to")]


@pytest.mark.parametrize(
    "forge",
    [
        lambda arrays: arrays.pop("groups.mean"),
        lambda arrays: arrays.update({"groups.mean": arrays["groups.mean"][:-1].copy()}),
        lambda arrays: arrays.update({"groups.deviation": 0 * arrays["groups.deviation"]}),
    ],
)
def test_a_forged_file_is_refused(
    sounds: Path, model_file: Path, tmp_path: Path, forge: Callable[[dict[str, np.ndarray]], object]
) -> None:
    path, forged = tmp_path / "g.classifier.safetensors", tmp_path / "f.classifier.safetensors"
    Classifier.fit(sounds, model_file, options=NORMALISED).save(path)
    metadata, arrays = read_classifier(path)
    contents = dict(arrays)
    forge(contents)
    write_classifier(forged, metadata, contents)
    with pytest.raises(ModelError, match="is damaged"):
        Classifier.load(forged, model_file)


def test_events_and_fine_tuning_have_none(sounds: Path, model_file: Path) -> None:
    from auricle.classify.detection.fitting import fit_detector
    from auricle.classify.finetuning.finetune import check_finetuned_probe

    for options, named in (
        (DetectorOptions(normalise_groups=True), "--normalise-groups"),
        (DetectorOptions(groups="maker"), "--groups"),
        (DetectorOptions(groups="maker", normalise_groups=True), "--groups and --normalise-groups"),
    ):
        with pytest.raises(OptionError, match=f"have no groups.*: leave {named} out"):
            fit_detector(sounds, model_file, options=options)
    with pytest.raises(OptionError, match="can't be fine-tuned"):
        check_finetuned_probe(NORMALISED)

"""Where no model is named, the sounds decide which shipped one hears them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from small_sounds import RATE, sound

import auricle
from auricle import (
    Classifier,
    ClassifierOptions,
    CrossValidationOptions,
    DetectorOptions,
    FeatureOptions,
    FinetuneOptions,
    SuggestionOptions,
)
from auricle.api import finetune as finetune_module
from auricle.archive.tasks.classify import FeaturesTask, features_of
from auricle.archive.tasks.codec import ModelChoice
from auricle.classify import classifier
from auricle.classify.anomaly import anomalies
from auricle.classify.detection import fitting
from auricle.classify.evaluation import compare
from auricle.classify.features import extract
from auricle.classify.search import moments, suggest
from auricle.data.scan import Sound

HIGH = 44_100
LATENTS = FeatureOptions(features="latents")


class AskedForError(Exception):
    """Carries the model that was to be loaded."""


def ask(model: object, *others: object) -> None:
    raise AskedForError(model)


def write_folder(folder: Path, seconds_by_rate: Mapping[int, float]) -> Path:
    """Four sounds of either of two classes, each as long as is said for its sample rate."""
    for number, kind in enumerate(("hiss", "tone")):
        (folder / kind).mkdir(parents=True)
        for rate, seconds in seconds_by_rate.items():
            for index in range(4):
                samples = sound(kind, 10 * number + index, seconds, rate)
                soundfile.write(folder / kind / f"{rate}_{index}.wav", samples, rate)
    return folder


@dataclass(frozen=True)
class Case:
    """Lengths by sample rate, and the model that is for them."""

    seconds_by_rate: Mapping[int, float]
    model: str


CASES = {
    "low": Case({RATE: 0.2}, "speech"),
    "high": Case({HIGH: 0.2}, "music"),
    "mostly low": Case({RATE: 0.3, HIGH: 0.2}, "speech"),
    "mostly high": Case({RATE: 0.2, HIGH: 0.3}, "music"),
}


VERBS: Mapping[str, Callable[[Path], object]] = {
    "features": auricle.features,
    "fit": Classifier.fit,
    "evaluate": auricle.evaluate_classifier,
    "suggest": auricle.suggest,
    "suggest moments": lambda folder: auricle.suggest(folder, options=SuggestionOptions(window=1)),
    "anomaly": auricle.anomalies,
    "anomaly beside others": lambda folder: auricle.anomalies(folder, usual=folder.parent / "usual"),
    "fine-tune": lambda folder: auricle.finetune(
        folder, out=folder.parent / "out.safetensors", options=FinetuneOptions(trackers="none")
    ),
    "fit a detector": lambda folder: auricle.fit_detector(
        folder, options=DetectorOptions(labels_table=events_of(folder))
    ),
}


def events_of(folder: Path) -> Path:
    """A table in which something is marked in each recording."""
    table = folder.parent / "events.csv"
    names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.wav"))]
    table.write_text("path,begin,end,label\n" + "".join(f"{name},0.05,0.1,a\n" for name in names))
    return table


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything ends where a model would be loaded: what follows takes long."""
    for module in (extract, classifier, compare, suggest, moments, fitting):
        monkeypatch.setattr(module, "model_features", ask)
    for module in (anomalies, finetune_module):
        monkeypatch.setattr(module, "load", ask)


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_the_model_is_that_for_most_of_the_sound(verb: Callable[[Path], object], case: Case, tmp_path: Path):
    folder = write_folder(tmp_path / "folder", case.seconds_by_rate)
    write_folder(tmp_path / "usual", {RATE if case.model == "music" else HIGH: 1.0})
    with pytest.raises(AskedForError, match=f"^{case.model}$"):
        verb(folder)


def test_what_is_made_names_the_model_that_the_sounds_chose(tmp_path: Path):
    folder = write_folder(tmp_path / "folder", {HIGH: 0.1})
    assert auricle.features(folder, options=LATENTS).model == "music"
    fitted = Classifier.fit(folder, options=ClassifierOptions(features="latents", segments=1))
    assert fitted.metadata.model == fitted.extractor.model.name == "music"
    assert auricle.suggest(folder, classifier=fitted).model == "music"


def test_a_named_model_is_taken_whatever_the_sounds(tmp_path: Path, model_file: Path):
    folder = write_folder(tmp_path / "folder", {HIGH: 0.1})
    assert auricle.features(folder, "speech", options=LATENTS).model == "speech"
    assert auricle.anomalies(folder, model="speech").model == "speech"
    fitted = Classifier.fit(folder, model_file, options=ClassifierOptions(segments=1))
    assert fitted.metadata.model == "tiny"
    options = CrossValidationOptions(folds=2, segments=1, skip_baselines=True)
    assert auricle.evaluate_classifier(folder, model_file, options=options).model == "tiny"
    assert auricle.suggest(folder, classifier=fitted).model == auricle.suggest(folder, model=model_file).model == "tiny"


def test_a_sound_whose_length_is_not_known_counts_a_little():
    unknown, known = Sound(Path("a.ogg"), HIGH, 1, 0, "a.ogg"), Sound(Path("b.wav"), RATE, 1, RATE, "b.wav")
    assert extract.model_or_default(None, [unknown]) == "music"
    assert extract.model_or_default(None, [unknown, known]) == "speech"
    assert extract.model_or_default("live", [unknown, known]) == "live"


def test_the_first_of_many_files_decides_for_all(tmp_path: Path):
    folder = write_folder(tmp_path / "folder", {RATE: 0.1, HIGH: 0.2})
    (folder / "a.wav").write_bytes(b"no sound")
    low, high = folder / "hiss" / f"{RATE}_0.wav", folder / "hiss" / f"{HIGH}_0.wav"
    assert FeaturesTask().resolved([folder / "a.wav", low, high]).model == ModelChoice("speech")
    task = FeaturesTask().resolved([folder / "a.wav", high, low])
    assert task.model == ModelChoice("music")
    assert task.resolved([low]) is task, "a model that is named stays"
    assert task.settings() == FeaturesTask(ModelChoice("music")).settings()


def test_many_files_make_one_table_of_one_model(tmp_path: Path):
    folder = write_folder(tmp_path / "folder", {RATE: 0.1, HIGH: 0.1})
    (folder / "a.wav").write_bytes(b"no sound")
    (folder / "b.wav").write_bytes((folder / "tone" / f"{HIGH}_0.wav").read_bytes())
    result = auricle.run_archive(FeaturesTask(features="latents"), [folder])
    assert [record.source for record in result.failed] == ["a.wav"]
    table = features_of(result.records)
    assert table.model == "music"
    alike = auricle.features(folder, "music", options=LATENTS)
    assert table.names == tuple(sorted(alike.names))
    rows = [alike.names.index(name) for name in table.names]
    np.testing.assert_array_equal(table.values, alike.values[rows])

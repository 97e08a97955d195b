"""A classifier learns, is stored, comes back the same, and knows its autoencoder."""

import io
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from small_sounds import KINDS, RATE, sound

import auricle
from auricle import read
from auricle.classify.classifier import Classifier
from auricle.classify.classifier_file import read_classifier, write_classifier
from auricle.classify.features.latents import random_encoder
from auricle.classify.prediction import Guess, join_windows
from auricle.data.labels import check_class_names
from auricle.errors import DataError, ModelError, OptionError, OutputError
from auricle.model import load
from auricle.options.classification import ClassifierOptions
from auricle.progress import Progress
from model.forged import assert_each_flipped_bit_is_refused, save_forged


@pytest.fixture
def fitted(sounds: Path, model_file: Path) -> Classifier:
    return Classifier.fit(sounds, model_file, options=ClassifierOptions(groups=r"_(\w+)\."))


@pytest.fixture
def stored(fitted: Classifier, tmp_path: Path) -> Path:
    path = tmp_path / "a.classifier.safetensors"
    fitted.save(path)
    return path


def test_it_recognises_what_it_never_heard(fitted: Classifier) -> None:
    right = 0
    for number in range(12):
        kind = KINDS[number % 3]
        guesses = fitted.predict((sound(kind, 900 + number), RATE)).sounds[0].guesses
        right += guesses[0].label == kind
        assert sum(guess.probability for guess in guesses) == pytest.approx(1)
        assert [guess.probability for guess in guesses] == sorted((g.probability for g in guesses), reverse=True)
    assert right >= 11


@pytest.mark.parametrize("kind", ["ridge", "logistic", "kernel", "mlp", "knn"])
def test_a_stored_one_says_the_same(sounds: Path, model_file: Path, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "b.classifier.safetensors"
    classifier = Classifier.fit(sounds, model_file, options=ClassifierOptions(probe=kind, segments=1))
    classifier.save(path)
    loaded = Classifier.load(path, model_file)
    assert loaded.classes == KINDS and loaded.metadata == classifier.metadata
    assert loaded.predict(sounds).sounds == classifier.predict(sounds).sounds
    with pytest.raises(OutputError, match="exists already"):
        classifier.save(path)


def test_another_autoencoder_is_refused(stored: Path, model_file: Path) -> None:
    untrained = random_encoder(load(model_file), seed=5)
    with pytest.raises(ModelError) as refusal:
        Classifier.load(stored, untrained)
    metadata, _ = read_classifier(stored)
    assert metadata.encoder[:16] in str(refusal.value) and "fit again" in str(refusal.value)
    with pytest.raises(ModelError, match="name its file with --model"):
        Classifier.load(stored)  # its autoencoder is no shipped one


def test_what_is_heard_when(fitted: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    parts = [("tone", 2.0), ("hiss", 3.0), ("click", 2.0)]
    soundfile.write(path, np.concatenate([sound(kind, 70, seconds) for kind, seconds in parts]), RATE)
    heard: list[Progress] = []
    spans = fitted.timeline(path, on_progress=heard.append)
    assert heard[0].share < 0.5 < heard[-1].share == 1.0 and heard[0].text.startswith("listening to long.wav")
    assert spans[0].start == 0.0 and spans[-1].end == pytest.approx(7.0)
    assert all(before.end == after.start for before, after in pairwise(spans))
    seconds_by_kind = {kind: sum(span.end - span.start for span in spans if span.guess.label == kind) for kind in KINDS}
    assert seconds_by_kind == pytest.approx({"tone": 2.0, "hiss": 3.0, "click": 2.0}, abs=0.5)
    heard.clear()
    assert set(fitted.timelines([path], on_progress=heard.append)) == {str(path)}
    assert heard[0].share < 0.5 < heard[-1].share == 1.0
    with pytest.raises(OptionError, match="windows of 90 s"):
        fitted.timeline(path, window=90)


def test_neighbours_are_joined() -> None:
    windows = [(0.0, Guess("a", 0.6)), (0.5, Guess("a", 0.8)), (1.0, Guess("b", 0.9))]
    first, second = join_windows(windows, 1.0, 2.0)
    assert (first.start, first.end, first.guess.label) == (0.0, 1.25, "a")
    assert first.guess.probability == pytest.approx(0.7)
    assert (second.start, second.end, second.guess.probability) == (1.25, 2.0, 0.9)


def test_thin_classes_are_told(sounds: Path, model_file: Path) -> None:
    lonely = sounds / "bell" / "bell.wav"
    lonely.parent.mkdir()
    soundfile.write(lonely, sound("tone", 5), RATE)
    soundfile.write(sounds / "tone" / "short.wav", np.zeros(160), RATE)
    soundfile.write(sounds / "tone" / "still.wav", np.zeros(3200), RATE)
    soundfile.write(sounds / "loose.wav", sound("tone", 6), RATE)
    notes: list[str] = []
    classifier = Classifier.fit(sounds, model_file, on_note=notes.append)
    assert classifier.classes == ("bell", *KINDS) and classifier.metadata.files["bell"] == 1
    text = "\n".join(notes)
    for words in (
        "1 file was left out: ",
        "1 sound without a label",
        "1 class with a single file (bell)",
        "1 sound silent",
    ):
        assert words in text, text


def test_nothing_to_learn_from(sounds: Path, model_file: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no sound has a label"):
        Classifier.fit(sounds / "tone", model_file)
    (tmp_path / "one.csv").write_text("path,label\ntone/tone0_maker0.wav,a\ntone/tone1_maker1.wav,a\n")
    with pytest.raises(DataError, match="all 2 sounds are of class a"):
        Classifier.fit(sounds, model_file, options=ClassifierOptions(labels_table=tmp_path / "one.csv"))
    with pytest.raises(OptionError, match="no probe 'forest'"):
        Classifier.fit(sounds, model_file, options=ClassifierOptions(probe="forest"))


def test_silence_and_tiny_clips_have_an_answer(fitted: Classifier, tmp_path: Path) -> None:
    for samples in (np.zeros((1, 8000)), np.ones((2, 5000)), np.zeros(5000)):
        guesses = fitted.predict((samples, 44100)).sounds[0].guesses
        assert all(np.isfinite(guess.probability) for guess in guesses)
    soundfile.write(tmp_path / "tiny.wav", np.zeros(160), 16000)
    with pytest.raises(DataError, match=r"lasts 0\.010 s"):
        fitted.predict(tmp_path / "tiny.wav")
    with pytest.raises(DataError, match=r"sound 1 lasts 0\.000 s"):
        fitted.predict((np.zeros((1, 0)), 16000))
    with pytest.raises(OptionError, match="ask for 1 or more"):
        fitted.predict(tmp_path / "tiny.wav", top=0)


def test_sounds_in_memory_are_what_their_files_are(fitted: Classifier, sounds: Path, model_file: Path) -> None:
    path = sounds / "tone" / "tone0_maker0.wav"
    samples, data = read(path), path.read_bytes()
    with path.open("rb") as file:
        sources = [path, samples, io.BytesIO(data), file]
        features = auricle.features(sources, model_file)
    assert features.names == (str(path), "sound 2", "sound 3", str(path))
    assert (features.values == features.values[0]).all()
    guesses = {prediction.guesses for prediction in fitted.predict([path, samples, io.BytesIO(data)]).sounds}
    assert len(guesses) == 1
    assert fitted.predict(samples).sounds == fitted.predict(io.BytesIO(data)).sounds
    assert fitted.timeline(samples) == fitted.timeline(io.BytesIO(data)) == fitted.timeline(path)
    hits = auricle.similar(samples, sounds, model=model_file, options=auricle.SearchOptions(count=1)).hits
    assert [hit.path for hit in hits] == [path], "the sound itself, whose name nobody knows here"


def test_what_is_no_sound_is_one_line(fitted: Classifier) -> None:
    with pytest.raises(OptionError, match="without its sample rate"):
        fitted.predict(np.zeros(9))  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="can be read from int"):
        fitted.predict([7])  # type: ignore[list-item]
    with pytest.raises(DataError, match="sound 1 is of int16"):
        fitted.predict((np.zeros(9, np.int16), RATE))
    predictions = fitted.predict([(np.ones(RATE), RATE), (np.full(RATE, np.nan), RATE)])
    assert len(predictions.sounds) == 1 and "sound 2 holds the sample nan" in predictions.rejected[0].reason


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.text(min_size=1, max_size=300), min_size=2, max_size=2, unique=True))
def test_a_classifier_with_names_that_pass_can_be_read(stored: Path, tmp_path: Path, names: list[str]) -> None:
    metadata, arrays = read_classifier(stored)
    both = (*metadata.classes[2:], *names)
    try:
        check_class_names(both)
    except DataError:
        return
    renamed = metadata.model_copy(update={"classes": both, "files": dict.fromkeys(both, 1)})
    write_classifier(tmp_path / "b.classifier.safetensors", renamed, arrays, force=True)
    assert read_classifier(tmp_path / "b.classifier.safetensors")[0] == renamed


def test_each_flipped_bit_is_refused(stored: Path) -> None:
    assert_each_flipped_bit_is_refused(stored, read_classifier)


def test_a_file_from_before_checksums_says_how_to_go_on(stored: Path) -> None:
    with safe_open(stored, framework="np") as file:
        words = dict(file.metadata())
    del words["checksum"]
    save_file(load_file(stored), stored, words)
    with pytest.raises(ModelError, match=r"lacks checksum in its metadata .*: make it again"):
        read_classifier(stored)


def forge(stored: Path, change: Callable[[dict[str, np.ndarray], dict[str, Any]], None]) -> None:
    """Write the file again, with other contents."""
    with safe_open(stored, framework="np") as file:
        words = dict(file.metadata())
    arrays, about = load_file(stored), json.loads(words["classifier"])
    change(arrays, about)
    save_forged(arrays, stored, {**words, "classifier": json.dumps(about)})


def drop(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
    del arrays["weights"]


def narrow(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
    arrays["mean"] = arrays["mean"][:-1].copy()


def double(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
    arrays["weights"] = arrays["weights"].astype(np.float64)


def poison(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
    arrays["weights"][0, 0] = np.nan


def flatten(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
    arrays["scale"][0] = 0


def rename(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
    about["classes"][1] = about["classes"][0]


def invent(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
    about["probe"] = {"kind": "oracle"}


def swell(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
    about["recipe"]["shifts"] = 10**6


@pytest.mark.parametrize("change", [drop, narrow, double, poison, flatten, rename, invent, swell])
def test_forged_files_are_refused(stored: Path, model_file: Path, change: Callable[..., None]) -> None:
    forge(stored, change)
    with pytest.raises(ModelError) as refusal:
        Classifier.load(stored, model_file)
    assert "\n" not in str(refusal.value) and str(stored) in str(refusal.value)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff" * 64, (1 << 62).to_bytes(8, "little") + b"{}"])
def test_files_that_are_none(tmp_path: Path, model_file: Path, content: bytes) -> None:
    path = tmp_path / "x.classifier.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="is not a classifier"):
        Classifier.load(path, model_file)
    with pytest.raises(ModelError, match="not an Auricle classifier"):
        Classifier.load(model_file, model_file)
    with pytest.raises(ModelError, match="no classifier"):
        Classifier.load(tmp_path / "missing.safetensors", model_file)


def test_features_of_another_size_are_refused(stored: Path, model_file: Path) -> None:
    """The arrays fit each other but not what the recipe makes."""

    def shorten(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
        for name in ("mean", "scale", "points"):
            arrays[name] = arrays[name][..., :-1].copy()

    forge(stored, shorten)
    with pytest.raises(ModelError, match="features"):
        Classifier.load(stored, model_file)


def test_a_classifier_says_how_it_was_judged(sounds: Path, model_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "judged.classifier.safetensors"
    options = ClassifierOptions(groups=r"_(maker\d)")
    Classifier.fit(sounds, model_file, options=options).save(path)
    summary = auricle.info(path)
    assert isinstance(summary, auricle.ClassifierSummary)
    assert summary.judged["protocol"].endswith("groups never on both sides")
    assert summary.judged["sounds"] == sum(summary.files.values()) == 24
    assert summary.judged["low"] <= summary.judged["accuracy"] <= summary.judged["high"]
    assert summary.judged["accuracy"] > 0.8

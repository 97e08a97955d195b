"""Events are found in long recordings, and nothing where nothing is."""

import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile
from small_sounds import RATE, sound

from auricle.classify.classifier import Classifier
from auricle.classify.detection.augmentation import augmented_recordings
from auricle.classify.detection.candidates import candidates, median_filter
from auricle.classify.detection.detect import detect
from auricle.classify.detection.fitting import fit_detector
from auricle.classify.detection.matching import hits, shared_of_shorter
from auricle.classify.detection.novelty import NoveltySpace
from auricle.classify.detection.segments import SegmentPooler, segment_features
from auricle.classify.detection.settings import DetectedClass, DetectionSettings
from auricle.classify.detection.thresholds import JudgedRecording, ThresholdTargets, class_thresholds
from auricle.classify.detection.verifier import suppress_overlaps
from auricle.classify.features.scaling import Scaling
from auricle.classify.probes.linear import RidgeProbe
from auricle.classify.probes.probe import ProbeChoice
from auricle.data.event_labels import labelled_events
from auricle.data.events import SoundEvent
from auricle.errors import DataError, ModelError, OptionError
from auricle.options.classification import DetectionOptions, DetectorOptions

KINDS = ("click", "tone")


def recording(path: Path, seed: int, count: int, seconds: float = 40.0) -> list[SoundEvent]:
    """A long faint hiss with sounds in it; what is where."""
    random = np.random.default_rng(seed)
    audio = 0.003 * random.standard_normal(round(seconds * RATE)).astype(np.float32)
    events = []
    for number in range(count):
        kind, begin = KINDS[number % 2], (number + 0.3) * seconds / count
        part = sound(kind, 1000 * seed + number, 1.0)
        at = round(begin * RATE)
        audio[at : at + len(part)] += part
        events.append(SoundEvent(begin, begin + 1.0, kind))
    soundfile.write(path, audio, RATE)
    return events


def track(path: Path, events: Sequence[SoundEvent]) -> Path:
    path.write_text("".join(f"{event.begin}\t{event.end}\t{event.label}\n" for event in events))
    return path


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Path, ...]]:
    """Three recordings, and a label track of each."""
    folder = tmp_path_factory.mktemp("field")
    tracks = [
        track(folder / f"site{number}.txt", recording(folder / f"site{number}.wav", number, 12)) for number in range(3)
    ]
    return folder, tuple(tracks)


@pytest.fixture(scope="module")
def detector(field: tuple[Path, tuple[Path, ...]], model_file: Path) -> Classifier:
    return fit_detector(field[0], model_file, options=DetectorOptions(labels_table=field[1]))


def test_events_are_found_where_they_are(detector: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "20190521_053000.wav"
    truth = recording(path, 77, 10)
    (result,) = detect(path, detector)
    right = hits(result.events, truth)
    assert right.sum() >= 8 and (~right).sum() <= 1
    assert all(0 <= event.begin < event.end <= 40.0 and 0 < (event.score or 0) <= 1 for event in result.events)
    assert result.started is not None and result.started.hour == 5


def test_nothing_is_found_in_nothing(detector: Classifier, tmp_path: Path) -> None:
    recording(tmp_path / "empty.wav", 5, 0)
    soundfile.write(tmp_path / "silence.wav", np.zeros(20 * RATE), RATE)
    for result in detect(tmp_path, detector):
        assert not result.events, result.sound.name


def test_what_was_never_heard_is_far() -> None:
    random = np.random.default_rng(3)
    values = random.standard_normal((600, 12)) * np.geomspace(1, 9, 12)
    numbers = np.arange(600) % 3
    values[:, 0] += 20 * numbers
    scaling = Scaling.fit(values)
    space = NoveltySpace.fit(scaling, scaling(values), numbers)
    usual = space.distances(values)
    assert np.median(usual) == pytest.approx(1.0, abs=0.15)
    between = values[numbers == 0] + np.eye(12)[0] * 10  # between two classes, where none lies
    assert (space.distances(between) > np.median(usual)).mean() > 0.95
    assert space.distances(values + 100).min() > usual.max()


def test_what_is_too_strange_is_left_out(detector: Classifier, tmp_path: Path) -> None:
    recording(tmp_path / "usual.wav", 78, 10)
    (everything,) = detect(tmp_path / "usual.wav", detector, options=DetectionOptions(max_novelty=1e9))
    limit = float(np.median([event.novelty for event in everything.events]))  # type: ignore[arg-type]
    (familiar,) = detect(tmp_path / "usual.wav", detector, options=DetectionOptions(max_novelty=limit))
    assert set(familiar.events) == {event for event in everything.events if (event.novelty or 0) <= limit}
    assert 0 < len(familiar.events) < len(everything.events)
    with pytest.raises(OptionError, match="a novelty of at most -1"):
        DetectionOptions(max_novelty=-1)


def test_a_stored_one_finds_the_same(detector: Classifier, tmp_path: Path, model_file: Path) -> None:
    recording(tmp_path / "a.wav", 9, 6)
    detector.save(tmp_path / "d.classifier.safetensors")
    loaded = Classifier.load(tmp_path / "d.classifier.safetensors", model_file)
    assert loaded.metadata == detector.metadata and loaded.classes == ("click", "nothing", "tone")
    assert detect(tmp_path / "a.wav", loaded) == detect(tmp_path / "a.wav", detector)
    with pytest.raises(ModelError, match="use classify detect"):
        loaded.predict(tmp_path / "a.wav")


def test_a_damaged_recording_is_heard_as_far_as_it_goes(detector: Classifier, tmp_path: Path) -> None:
    truth = recording(tmp_path / "whole.wav", 21, 24, seconds=80.0)
    audio, rate = soundfile.read(tmp_path / "whole.wav")
    soundfile.write(tmp_path / "cut.flac", audio, rate)
    data = (tmp_path / "cut.flac").read_bytes()
    (tmp_path / "cut.flac").write_bytes(data[: len(data) * 3 // 4])
    notes: list[str] = []
    try:
        (result,) = detect(tmp_path / "cut.flac", detector, on_note=notes.append)
    except DataError as refusal:  # libsndfile may refuse it at once
        assert "cut.flac" in str(refusal)
        return
    assert "heard for" in notes[0] and len(result.events) >= 6 and result.events[-1].end < truth[-1].end


def test_held_out_recordings_choose_thresholds(field: tuple[Path, tuple[Path, ...]], model_file: Path) -> None:
    folder, tracks = field
    options = DetectorOptions(labels_table=tracks[:2], held_out=tracks[2:], precision=0.8, features="latents")
    notes: list[str] = []
    settings = fit_detector(folder, model_file, options=options, on_note=notes.append).metadata.detection
    assert settings is not None and settings.held_out_hours == pytest.approx(40 / 3600, rel=0.05)
    assert {name: figures.events for name, figures in settings.classes.items()} == {"click": 6, "tone": 6}
    assert not notes
    with pytest.raises(DataError, match=r"site0\.wav is to be learned from and held out"):
        fit_detector(folder, model_file, options=DetectorOptions(labels_table=tracks, held_out=tracks[:1]))


def test_what_can_not_be_learned_from(field: tuple[Path, tuple[Path, ...]], model_file: Path, tmp_path: Path) -> None:
    empty = track(tmp_path / "site0.txt", ())
    with pytest.raises(DataError, match="no event is marked"):
        fit_detector(field[0], model_file, options=DetectorOptions(labels_table=empty))
    full = track(tmp_path / "site1.txt", [SoundEvent(0, 40, "tone")])
    with pytest.raises(DataError, match="events from end to end"):
        fit_detector(field[0], model_file, options=DetectorOptions(labels_table=full))
    with pytest.raises(OptionError, match="a precision of 90"):
        DetectorOptions(precision=90)


@pytest.mark.parametrize("probe", ["ridge", "logistic"])
def test_events_that_lie_close_together_need_held_out_recordings(model_file: Path, tmp_path: Path, probe: str) -> None:
    near = track(tmp_path / "near.txt", recording(tmp_path / "near.wav", 0, 8, seconds=13.0))
    hiss = 0.003 * np.random.default_rng(5).standard_normal(27 * RATE)
    soundfile.write(tmp_path / "near.wav", np.concatenate((soundfile.read(tmp_path / "near.wav")[0], hiss)), RATE)
    with pytest.raises(DataError, match=r"all events lie in one of the 3 parts .* --held-out"):
        fit_detector(tmp_path, model_file, options=DetectorOptions(labels_table=near, probe=probe))
    held_out = track(tmp_path / "other.txt", recording(tmp_path / "other.wav", 1, 12))
    options = DetectorOptions(labels_table=near, held_out=(held_out,), probe=probe)
    settings = fit_detector(tmp_path, model_file, options=options).metadata.detection
    assert settings is not None
    found = [(figures.hits, figures.detections) for figures in settings.classes.values()]
    assert sum(hits for hits, _ in found) >= 4 and all(hits == detections for hits, detections in found)


def test_whole_sounds_know_no_nothing(sounds: Path, model_file: Path) -> None:
    with pytest.raises(ModelError, match="not what lies between events"):
        detect(sounds, Classifier.fit(sounds, model_file))


def settings(**widths: int) -> DetectionSettings:
    classes = {
        name: DetectedClass(
            smoothing=width, threshold=0.0, events=0, detections=0, hits=0, false_alarms=0, longest=10.0
        )
        for name, width in widths.items()
    }
    return DetectionSettings(hop=0.5, precision=0.9, held_out_hours=1.0, novelty_limit=1.0, classes=classes)


def test_probabilities_become_events() -> None:
    crow = [0, 0, 0.3, 0.8, 0.9, 0.4, 0.7, 0, 0, 0, 0, 0.2, 0, 0]
    wren = [0, 0, 0, 0, 0.9, 0, 0, 0, 0, 0, 0, 0, 0.6, 0.6]
    probabilities = np.array([crow, wren, np.ones(14)]).T
    found = candidates(probabilities, np.arange(14.0), ("crow", "wren", "nothing"), settings(crow=1, wren=3))
    assert [(event.begin, event.end, event.label, event.score) for event in found] == [
        (1.5, 3.5, "crow", 0.9),
        (5.5, 6.0, "crow", 0.2),
        (6.0, 7.0, "wren", 0.6),  # a single cell before is smoothed away
    ]
    assert found[0].novelty == 4.5


def test_what_goes_on_far_longer_than_what_was_marked_is_no_event() -> None:
    """A river beside rain of some seconds: left out, unless events of any length are asked for."""
    wet = settings(rain=1)
    wet = wet.model_copy(update={"classes": {"rain": wet.classes["rain"].model_copy(update={"longest": 1.0})}})
    probabilities = np.zeros((40, 1))
    probabilities[2:8], probabilities[20:27] = 0.9, 0.9  # 3 and 3.5 s
    listen = partial(candidates, probabilities, np.zeros(40), ("rain",), wet)
    assert [(event.begin, event.end) for event in listen()] == [(1.0, 4.0)]
    assert [event.begin for event in listen(any_length=True)] == [1.0, 10.0]


def test_a_long_recording_is_smoothed_in_little_memory() -> None:
    values = np.random.default_rng(0).random(50_000).astype(np.float32)
    tracemalloc.start()
    smooth = median_filter(values, 99)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(smooth) == len(values) and peak < 8e6
    for at in (0, 4095, 4096, 4097, 49_999):
        around = np.pad(values, 49, mode="edge")[at : at + 99]
        assert smooth[at] == np.median(around)


def test_right_and_wrong_detections() -> None:
    truth = [SoundEvent(1, 2, "a"), SoundEvent(5, 6, "a"), SoundEvent(8, 9, "b")]
    found = [
        SoundEvent(1, 2.1, "a", 0.5),
        SoundEvent(1.1, 2, "a", 0.9),
        SoundEvent(5.4, 7.4, "a", 0.8),
        SoundEvent(8, 9, "a", 0.7),
    ]
    assert hits(found, truth).tolist() == [False, True, False, False]
    assert hits(found, truth, shared_of_shorter).tolist() == [False, True, True, False]


def test_thresholds_reach_the_precision_that_was_asked_for() -> None:
    truth = tuple(SoundEvent(10 * n, 10 * n + 1, "a") for n in range(10))
    right = [SoundEvent(10 * n, 10 * n + 1, "a", 0.95 - 0.05 * n) for n in range(10)]
    wrong = [SoundEvent(10 * n + 5, 10 * n + 6, "a", 0.62 - 0.05 * n) for n in range(10)]
    judged = [JudgedRecording((*right, *wrong), truth, 3600.0)]
    lenient = class_thresholds(judged, settings(a=1).classes, ThresholdTargets(0.5, 1e9))["a"]
    strict = class_thresholds(judged, settings(a=1).classes, ThresholdTargets(1.0, 1e9))["a"]
    assert strict.hits == strict.detections == 7 and strict.precision == 1.0 and strict.recall == 0.7
    assert lenient.threshold < strict.threshold and lenient.hits == 10
    louder = SoundEvent(105, 106, "a", 0.97)
    some = [JudgedRecording((louder, *right[:3]), truth, 3600.0)]
    doubtful = class_thresholds(some, settings(a=1).classes, ThresholdTargets(0.9, 1e9))["a"]
    assert doubtful.precision == 0.75  # as near as it gets
    never = class_thresholds(
        [JudgedRecording(tuple(wrong), truth, 3600.0)], settings(a=1).classes, ThresholdTargets(0.9, 1e9)
    )["a"]
    assert never.threshold > 0.62 and never.precision is None


def test_a_threshold_from_a_minute_of_sound_lies_between_what_was_right_and_wrong() -> None:
    """Not at the highest of the few wrong scores that happen to be in so little sound."""

    def threshold(wrong: Sequence[float]) -> float:
        truth = tuple(SoundEvent(4.0 * at, 4.0 * at + 1, "a") for at in range(14))
        right = [replace(event, score=0.65 + 0.02 * at) for at, event in enumerate(truth)]
        extra = [SoundEvent(4.0 * at + 2, 4.0 * at + 3, "a", score) for at, score in enumerate(wrong)]
        return class_thresholds(
            [JudgedRecording((*right, *extra), truth, 60.0)], settings(a=1).classes, ThresholdTargets(0.9, 1.0)
        )["a"]

    some, more, none = threshold((0.02, 0.03)), threshold((0.02, 0.3)), threshold(())
    assert 0.1 < some.threshold < 0.4 and 0.3 < more.threshold < 0.65 and 0.1 < none.threshold < 0.65
    minute = settings(a=1).model_copy(update={"held_out_hours": 1 / 60, "classes": {"a": some}})
    assert minute.false_alarms_per_hour == 0 and 175 < minute.highest_false_alarms_per_hour < 185
    assert [chosen.hits for chosen in (some, more, none)] == [14, 14, 14] and more.detections == 14


def test_thresholds_allow_so_many_false_alarms_as_were_asked_for() -> None:
    random = np.random.default_rng(1)
    odds = random.exponential(1.0, 4000) - 3
    scores = 1 / (1 + np.exp(-odds))

    def recordings(part: np.ndarray) -> list[JudgedRecording]:
        wrong = [SoundEvent(n, n + 0.5, "a", score) for n, score in enumerate(part.tolist())]
        right = [SoundEvent(n, n + 0.5, "a", 0.9999) for n in range(-20, 0)]
        return [JudgedRecording((*wrong, *right), tuple(right), 36000.0)]

    few = class_thresholds(recordings(scores[:2000]), settings(a=1).classes, ThresholdTargets(0.1, 1.0))["a"]
    rare = class_thresholds(recordings(scores[:2000]), settings(a=1).classes, ThresholdTargets(0.1, 0.02))["a"]
    assert (scores[2000:] >= few.threshold).sum() <= 20 and few.hits == 20 and rare.threshold > few.threshold


def test_an_event_of_another_class_costs_precision_and_is_no_false_alarm() -> None:
    waves = tuple(SoundEvent(10.0 * n, 10.0 * n + 1, "waves") for n in range(40))
    rain = tuple(SoundEvent(10.0 * n + 4, 10.0 * n + 5, "rain") for n in range(40))
    right = [replace(event, score=0.6 + 0.002 * n) for n, event in enumerate((*waves, *rain))]
    taken_for_waves = [replace(event, label="waves", score=0.62) for event in rain[:4]]
    alarms = [SoundEvent(10.0 * n + 7, 10.0 * n + 8, "rain", 0.3) for n in range(5)]
    recording = JudgedRecording((*right, *taken_for_waves, *alarms), (*waves, *rain), 36000.0)
    chosen = class_thresholds([recording], settings(waves=1, rain=1).classes, ThresholdTargets(0.9, 0.4))
    assert chosen["rain"].hits == 40 and chosen["rain"].false_alarms == 0
    assert chosen["waves"].hits == 40 and chosen["waves"].detections == 44 and chosen["waves"].false_alarms == 0
    strict = class_thresholds([recording], settings(waves=1, rain=1).classes, ThresholdTargets(0.99, 0.4))
    assert (
        strict["waves"].threshold > 0.62
        and strict["waves"].detections == strict["waves"].hits > 20
        and strict["rain"].hits == 40
    )


def test_stretches_are_pooled_alike_however_windows_come_in() -> None:
    values = np.random.default_rng(0).standard_normal((100, 3)).astype(np.float32)
    spans = [(0, 4), (10, 20), (12, 13), (96, 100)]
    rows = segment_features(values, spans, 5)
    around = np.concatenate((values[5:10], values[20:25])).mean(axis=0)
    inside = values[10:20].mean(axis=0)
    expected = np.concatenate((inside, inside - around, values[10:20].max(axis=0) - around))
    assert rows[1] == pytest.approx(expected, abs=1e-5)
    pooler, bit_by_bit = SegmentPooler(spans, 5), {}
    for start in range(0, 100, 7):
        bit_by_bit.update(pooler.push(values[start : start + 7]))
    bit_by_bit.update(pooler.flush())
    assert np.stack([bit_by_bit[number] for number in range(4)]) == pytest.approx(rows, abs=1e-5)


def test_of_two_about_one_moment_the_surer_one_stays() -> None:
    events = [SoundEvent(1, 3, "a", 0.5), SoundEvent(1.5, 3, "b", 0.9), SoundEvent(6, 7, "a", 0.1)]
    assert [event.label for event in suppress_overlaps(events)] == ["b", "a"]


def test_events_are_mixed_with_what_their_own_part_holds(
    field: tuple[Path, tuple[Path, ...]], model_file: Path
) -> None:
    labels = labelled_events(field[0], field[1])
    mixed, parts = augmented_recordings(labels.recordings, RATE, 0)
    assert parts == (0, 1, 2)
    for recording, original in zip(mixed, labels.recordings, strict=True):
        assert len(recording.events) == len(original.events)
        assert recording.sound.seconds > recording.events[-1].end
    options = DetectorOptions(labels_table=field[1], augment=True, features="latents")
    assert fit_detector(field[0], model_file, options=options).metadata.files == {"click": 18, "tone": 18}
    again, _ = augmented_recordings(labels.recordings, RATE, 0)
    assert [recording.events for recording in again] == [recording.events for recording in mixed]


@pytest.mark.parametrize(("augment", "groups"), [(False, 6), (True, 3)])
def test_an_event_and_its_mixed_copies_are_never_on_both_sides(
    field: tuple[Path, tuple[Path, ...]],
    model_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    augment: bool,
    groups: int,
) -> None:
    """Copies are of the part that their event is of: it is held out as a whole. Else recordings are, and noise."""
    held_apart: list[str] = []
    choose = RidgeProbe.choose

    def noted(
        self: RidgeProbe, values: np.ndarray, labels: Sequence[str], groups: Sequence[str], *, seed: int
    ) -> ProbeChoice:
        held_apart.extend(groups)
        return choose(self, values, labels, groups, seed=seed)

    monkeypatch.setattr(RidgeProbe, "choose", noted)
    options = DetectorOptions(labels_table=field[1], augment=augment, features="latents")
    fit_detector(field[0], model_file, options=options)
    assert len(set(held_apart)) == groups

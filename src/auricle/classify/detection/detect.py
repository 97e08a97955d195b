"""What is heard in long recordings, from when to when."""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from auricle.audio import AudioSource
from auricle.classify.classifier import Classifier
from auricle.classify.detection.candidates import candidates
from auricle.classify.detection.novelty import NoveltySpace
from auricle.classify.detection.rescoring import context_cells, spans_of
from auricle.classify.detection.segments import SegmentPooler
from auricle.classify.detection.settings import DetectionSettings
from auricle.classify.detection.verifier import Verifier
from auricle.classify.features.extract import list_sounds
from auricle.classify.features.windows import WindowGrid, window_features
from auricle.data.events import Recording, SoundEvent
from auricle.data.recorded_at import recorded_at
from auricle.data.scan import Rejected, Sound
from auricle.errors import AudioError, DataError, ModelError
from auricle.options.classification import DetectionOptions
from auricle.options.field_types import check_arguments
from auricle.printable import none_usable, rejected_lines
from auricle.progress import OnProgress, Progress, ignore_progress


@check_arguments()
def detect(
    files: AudioSource | Sequence[AudioSource],
    classifier: Classifier | Path | str,
    *,
    options: DetectionOptions = DetectionOptions(),
    on_progress: OnProgress = ignore_progress,
    on_note: Callable[[str], None] = lambda line: None,
    on_rejected: Callable[[Rejected], None] = lambda file: None,
) -> tuple[Recording, ...]:
    """Find the events in recordings of any length, with flat memory: audio is heard in pieces, and a few numbers a
    window are kept (about 1 MB an hour).

    Args:
        files: recordings, or folders of them; or sounds as `features` takes them, which are held in memory.
        classifier: that has learned from events (`fit_detector`): itself, or its file where its model is a shipped one.
        options: what is reported.
        on_progress: called while recordings are heard.
        on_note: is told in one line about what was left out, and where a recording is damaged.
        on_rejected: is given each file that was left out.

    Raises:
        DataError: no file can be used.
        ModelError: the classifier can't be loaded, or has learned from whole sounds.
        OptionError: nothing was named, or a number is out of range.
    """
    loaded = classifier if isinstance(classifier, Classifier) else Classifier.load(classifier)
    settings = loaded.metadata.detection
    if settings is None:
        raise ModelError(
            "this classifier has learned from whole sounds, and not what lies between events: fit one with "
            "--labels-table and labels that have a begin and an end, or use classify predict --timeline"
        )
    sounds, unusable = list_sounds(files)
    rejected, recordings = [*unusable], []
    for sound in sounds:
        try:
            probabilities, novelty, damage = _listen(sound, loaded, settings, on_progress, on_note)
        except AudioError as error:
            rejected.append(Rejected(sound.path, str(error)))
            continue
        events = candidates(probabilities, novelty, loaded.classes, settings, any_length=options.any_length)
        events = _rescored(sound, events, loaded, on_progress)
        reported = tuple(event.clipped(sound.seconds) for event in events if _is_reported(event, settings, options))
        recordings.append(Recording(sound, reported, recorded_at(sound.path), damage))
    if not recordings:
        raise DataError(none_usable([file.reason for file in rejected], "recording"))
    for file in rejected:
        on_rejected(file)
    for line in rejected_lines(rejected):
        on_note(line)
    return tuple(recordings)


def window_probabilities(
    sound: Sound, classifier: Classifier, on_progress: OnProgress, on_note: Callable[[str], None]
) -> np.ndarray:
    """Probabilities ``(n, classes)`` of the windows of a recording, one row a hop; at least one row.

    Raises:
        ModelError: the classifier has learned from whole sounds.
    """
    settings = classifier.metadata.detection
    if settings is None:
        raise ModelError("this classifier has learned from whole sounds: fit one from labels that have begin and end")
    try:
        return _listen(sound, classifier, settings, on_progress, on_note)[0]
    except AudioError as error:
        for line in rejected_lines([(sound.path, str(error))], "recording"):
            on_note(line)
        return np.zeros((1, len(classifier.classes)), np.float32)


def _listen(
    sound: Sound,
    classifier: Classifier,
    settings: DetectionSettings,
    on_progress: OnProgress,
    on_note: Callable[[str], None],
) -> tuple[np.ndarray, np.ndarray, str | None]:
    """Probabilities ``(n, classes)`` and novelty ``(n,)`` of the windows of a recording, up to where it is damaged, and
    the line that says so.

    Raises:
        AudioError: nothing of it can be heard.
    """
    grid = WindowGrid(classifier.metadata.window, settings.hop)
    space = NoveltySpace.restore(classifier.fitted_probe.arrays)
    probabilities: list[np.ndarray] = []
    novelty: list[np.ndarray] = []
    cells, damage = 0, None
    try:
        for values in window_features(sound.source, classifier.extractor, grid):
            probabilities.append(classifier.fitted_probe.probabilities(values).astype(np.float32))
            novelty.append((space.distances(values) / settings.novelty_limit).astype(np.float32))
            cells += len(values)
            on_progress(Progress(f"listening to {sound.name}", cells * settings.hop, sound.seconds, "s"))
    except AudioError as error:
        if not cells:
            raise
        damage = f"heard for {cells * settings.hop:.0f} s only: {error}"
        on_note(damage)
    if not cells:
        raise AudioError(f"{sound.path} has no samples: replace it")
    return np.concatenate(probabilities), np.concatenate(novelty), damage


def _rescored(
    sound: Sound, events: tuple[SoundEvent, ...], classifier: Classifier, on_progress: OnProgress
) -> tuple[SoundEvent, ...]:
    """Candidates as the verifier scores them; they are heard a second time, up to where the recording is damaged."""
    verifier, settings = (
        Verifier.restore(classifier.classes, classifier.fitted_probe.arrays),
        classifier.metadata.detection,
    )
    if verifier is None or settings is None or not events:
        return events
    grid = WindowGrid(classifier.metadata.window, settings.hop)
    pooler = SegmentPooler(spans_of(events, settings.hop), context_cells(settings.hop))
    rows: dict[int, np.ndarray] = {}
    with contextlib.suppress(AudioError):  # which has been told of
        for count, values in enumerate(window_features(sound.source, classifier.extractor, grid), 1):
            rows.update(pooler.push(values))
            done = min(sound.seconds, count * len(values) * settings.hop)
            on_progress(Progress(f"looking again at {sound.name}", done, sound.seconds, "s"))
    rows.update(pooler.flush())
    if not rows:
        return ()
    order = sorted(rows)
    return verifier.rescored([events[number] for number in order], np.stack([rows[number] for number in order]))


def _is_reported(event: SoundEvent, settings: DetectionSettings, options: DetectionOptions) -> bool:
    figures = settings.classes.get(event.label)
    loud_enough = figures is not None and (event.score or 0.0) >= figures.threshold
    return loud_enough and (event.novelty or 0.0) <= options.max_novelty

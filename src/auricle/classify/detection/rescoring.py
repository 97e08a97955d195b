"""From what windows say to events: candidates, each scored once more as a whole segment, thresholds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, final

import numpy as np

from auricle.classify.detection.candidates import candidates
from auricle.classify.detection.matching import shared_of_shorter
from auricle.classify.detection.segments import CONTEXT_SECONDS, segment_features
from auricle.classify.detection.settings import DetectedClass, DetectionSettings
from auricle.classify.detection.thresholds import JudgedRecording, ThresholdTargets, class_thresholds
from auricle.classify.detection.training_windows import PARTS, RecordingWindows, middle_cell, sampled_places
from auricle.classify.detection.verifier import Verifier
from auricle.classify.features.windows import WindowGrid
from auricle.data.event_labels import NOTHING, EventLabels
from auricle.data.events import SoundEvent
from auricle.options.classification import DetectorOptions

_NOVEL_PERCENTILE = 99.0
_SMOOTHING_SHARE, _MAX_SMOOTHING = 0.6, 99
_RIGHT_OVERLAP = 0.2
_SEGMENTS_OF_NOTHING, _SECONDS_OF_NOTHING = 60, (0.3, 5.0)
"""Of each recording that is learned from, and seconds of one."""
_MAX_NOTHING_SHARE = 1
"""Candidates of nothing for each event that the verifier learns from."""


@final
@dataclass(frozen=True)
class WindowPredictions:
    """What is heard in a recording that was not learned from: probabilities ``(n, classes)``, distances ``(n,)``."""

    windows: RecordingWindows
    probabilities: np.ndarray
    distances: np.ndarray


@final
@dataclass(frozen=True, eq=False)
class RecordingSegments:
    """Segments of a recording that may be events.

    Attributes:
        predictions: whose.
        candidates: what windows take for events.
        values: features ``(n, s)``: of the candidates, of what is really there, and of some segments of nothing.
        labels: what each segment is; empty where that is not certain.
        parts: of the cross-validation ``(n,)``.
    """

    predictions: WindowPredictions
    candidates: tuple[SoundEvent, ...]
    values: np.ndarray
    labels: tuple[str, ...]
    parts: np.ndarray

    def rescored(self, verifier: Verifier, part: int | None = None) -> tuple[SoundEvent, ...]:
        """What a verifier makes of the candidates, or of those of one part."""
        rows = [row for row in range(len(self.candidates)) if part is None or self.parts[row] == part]
        return verifier.rescored([self.candidates[row] for row in rows], self.values[rows])


@final
@dataclass(frozen=True, eq=False)
class Rescorer:
    """Learns from candidates of recordings that windows had not learned from.

    Attributes:
        draft: settings without thresholds.
        classes: all there are, with `NOTHING`.
        segments: of each recording.
        verifier: that has learned from all of them.
        seed: of what it learns.
    """

    draft: DetectionSettings
    classes: tuple[str, ...]
    segments: tuple[RecordingSegments, ...]
    verifier: Verifier
    seed: int

    @classmethod
    def of(
        cls,
        recording_predictions: Sequence[WindowPredictions],
        labels: EventLabels,
        classes: tuple[str, ...],
        grid: WindowGrid,
        seed: int,
    ) -> Self:
        """Candidates of recordings, and a verifier that has learned from them."""
        marked = [predictions.distances[predictions.windows.labels != NOTHING] for predictions in recording_predictions]
        distances = (
            np.concatenate(marked)
            if sum(map(len, marked))
            else np.concatenate([each.distances for each in recording_predictions])
        )
        draft = DetectionSettings(
            hop=grid.hop_seconds,
            precision=1.0,
            held_out_hours=0.0,
            novelty_limit=max(1e-3, float(np.percentile(distances, _NOVEL_PERCENTILE))),
            classes={name: _without_threshold(labels, name, grid) for name in labels.classes},
        )
        segments = tuple(_recording_segments(predictions, classes, draft) for predictions in recording_predictions)
        return cls(draft, classes, segments, _fitted_verifier(segments, classes, seed), seed)

    def cross_rescored(self) -> list[JudgedRecording]:
        """Candidates of recordings of which each part is judged by the others, and what is really there."""
        verifiers = [_fitted_verifier(self.segments, self.classes, self.seed, part) for part in range(PARTS)]
        return [
            JudgedRecording(
                tuple(event for part in range(PARTS) for event in segments.rescored(verifiers[part], part)),
                segments.predictions.windows.recording.events,
                self._seconds(segments.predictions),
            )
            for segments in self.segments
            if not segments.predictions.windows.augmented
        ]

    def rescored(self, recording_predictions: Sequence[WindowPredictions]) -> list[JudgedRecording]:
        """Candidates of other recordings, and what is really there."""
        return [
            JudgedRecording(
                _recording_segments(predictions, self.classes, self.draft).rescored(self.verifier),
                predictions.windows.recording.events,
                self._seconds(predictions),
            )
            for predictions in recording_predictions
        ]

    def settings(self, judged: Sequence[JudgedRecording], options: DetectorOptions) -> DetectionSettings:
        """Settings with thresholds, chosen on what was not learned from."""
        targets = ThresholdTargets(options.precision, options.false_alarms)
        return self.draft.model_copy(
            update={
                "precision": options.precision,
                "false_alarms": options.false_alarms,
                "held_out_hours": sum(recording.seconds for recording in judged) / 3600,
                "classes": class_thresholds(judged, self.draft.classes, targets),
            }
        )

    def _seconds(self, predictions: WindowPredictions) -> float:
        return len(predictions.distances) * self.draft.hop


def _without_threshold(labels: EventLabels, name: str, grid: WindowGrid) -> DetectedClass:
    """A class before its threshold is chosen: smoothed over a share of what its events last."""
    lengths = [event.seconds for recording in labels.recordings for event in recording.events if event.label == name]
    width = max(_SMOOTHING_SHARE * float(np.median(lengths)), grid.hop_seconds) / grid.hop_seconds
    odd = min(_MAX_SMOOTHING, 2 * round((width - 1) / 2) + 1)
    longest = max(lengths)
    return DetectedClass(smoothing=odd, threshold=0.0, events=0, detections=0, hits=0, false_alarms=0, longest=longest)


def _recording_segments(
    predictions: WindowPredictions, classes: Sequence[str], settings: DetectionSettings
) -> RecordingSegments:
    windows, hop = predictions.windows, settings.hop
    proposed = candidates(predictions.probabilities, predictions.distances / settings.novelty_limit, classes, settings)
    truth = [event for event in windows.recording.events if event.label != NOTHING]
    certain = [*truth, *_segments_of_nothing(windows, truth, hop)]
    values = segment_features(windows.values, spans_of([*proposed, *certain], hop), context_cells(hop))
    labels = (*(_true_label(event, truth) for event in proposed), *(event.label for event in certain))
    middles = [middle_cell(event, len(windows.blocks), hop) for event in [*proposed, *certain]]
    return RecordingSegments(
        predictions, proposed, values, labels, windows.blocks[middles] if middles else np.zeros(0, int)
    )


def _segments_of_nothing(windows: RecordingWindows, truth: Sequence[SoundEvent], hop: float) -> list[SoundEvent]:
    """Segments of any length in which nothing is, anywhere in a recording."""
    random = np.random.Generator(np.random.PCG64(len(windows.values)))
    length = len(windows.values) * hop
    segments = []
    for seconds in random.uniform(*_SECONDS_OF_NOTHING, _SEGMENTS_OF_NOTHING).tolist():
        begin = float(random.uniform(0, max(0.0, length - seconds)))
        end = min(length, begin + seconds)
        if not any(event.begin < end and event.end > begin for event in truth):
            segments.append(SoundEvent(begin, end, NOTHING))
    return segments


def spans_of(events: Sequence[SoundEvent], hop: float) -> list[tuple[int, int]]:
    """The first cell of each event, and the one behind its last."""
    return [(round(event.begin / hop), max(round(event.begin / hop) + 1, round(event.end / hop))) for event in events]


def context_cells(hop: float) -> int:
    """Cells around a segment that it is compared with."""
    return max(1, round(CONTEXT_SECONDS / hop))


def _true_label(candidate: SoundEvent, truth: Sequence[SoundEvent]) -> str:
    """The class of the event that a candidate is about, `NOTHING` where none is near, else empty."""
    near = [event for event in truth if min(event.end, candidate.end) > max(event.begin, candidate.begin)]
    if not near:
        return NOTHING
    best = max(near, key=candidate.overlap)
    is_about = candidate.overlap(best) >= _RIGHT_OVERLAP and shared_of_shorter(candidate, best) >= 0.5
    return best.label if is_about else ""


def _fitted_verifier(
    segments: Sequence[RecordingSegments], classes: tuple[str, ...], seed: int, without: int | None = None
) -> Verifier:
    """A verifier that has learned from the segments of all parts but one."""
    rows = [
        (number, row)
        for number, part in enumerate(segments)
        for row, label in enumerate(part.labels)
        if label and part.parts[row] != (-1 if without is None else without)
    ]
    places = sampled_places(
        rows, lambda number, row: segments[number].labels[row], seed, nothing_share=_MAX_NOTHING_SHARE
    )
    if not places and without is not None:
        return _fitted_verifier(segments, classes, seed)
    values = np.stack([segments[number].values[row] for number, row in places])
    return Verifier.fit(values, [segments[number].labels[row] for number, row in places], classes, seed)

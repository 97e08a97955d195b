"""Word errors, likeness of voices, and quality under conditions: the parts of benchmarks/speech.py."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from _conditions import (
    METRIC_NAMES,
    RATE,
    CodecSetting,
    ConditionResult,
    amplified,
    at_peak,
    clips_of,
    estimate_text,
    means,
    metric_text,
    native,
    noisy,
    run_setting,
    score_clips,
)
from _shared import tell
from _transcripts import transcripts
from auricle.bench.scoring.bootstrap import bootstrap
from auricle.bench.scoring.clips import Clip, read_clip
from auricle.bench.scoring.metrics import METRICS, Scores
from auricle.errors import AudioError
from auricle.metrics import voice_embedding
from auricle.metrics.words import edit_distance, transcribe

_SNRS = (10.0, 0.0)
_PEAKS = (0.0, -10.0, -20.0, -30.0, -40.0)
Rows = list[dict[str, Any]]
ByCondition = dict[str, list[tuple[ConditionResult, list[Scores]]]]
"""By condition: what came back at each setting, and its scores."""


def run_settings(clips: Sequence[Clip], settings: Sequence[CodecSetting], condition: str) -> list[ConditionResult]:
    """The clips after each setting."""
    results: list[ConditionResult] = []
    for setting in settings:
        tell(f"{condition}, {setting.codec} {setting.setting}")
        results.append(run_setting(setting, clips))
    return results


def words(
    english: Sequence[ConditionResult], settings: Sequence[CodecSetting], file: Path | None, notes: list[str]
) -> dict[str, Rows]:
    """Word errors in percent of each setting, with transcripts and with what is heard in the original."""
    if (reason := METRICS["words"].missing()) is not None:
        notes.append(f"word errors were left out: {reason}")
        return {}
    original_words = {clip.clip.name: transcribe(clip.clip.audio[0]) for clip in english[0].clips}
    title = "word errors against the words heard in the original"
    tables = {title: _word_errors(english[1:], original_words)}
    if file is None:
        notes.append("no transcripts were given: word errors are told only against what is heard in the original")
        return tables
    transcribed = transcripts(file)
    clips = [native(read_clip(file.parent / name, name)) for name in transcribed]
    results = run_settings(clips, settings, "transcribed")
    notes += problems(results)
    return {"word errors against transcripts": _word_errors(results, transcribed)} | tables


def _word_errors(results: Sequence[ConditionResult], reference: Mapping[str, Sequence[str]]) -> Rows:
    """Errors per hundred words, of the files in whose reference there are words."""
    rows: Rows = []
    for result in results:
        tell(f"words, {result.setting.codec} {result.setting.setting}")
        clips = [clip for clip in result.clips if reference[clip.clip.name]]
        counts = [edit_distance(reference[clip.clip.name], transcribe(clip.audio[0])) for clip in clips]
        lengths = [len(reference[clip.clip.name]) for clip in clips]
        estimate = bootstrap([100.0 * count for count in counts], lengths)
        figures = {"word errors %": estimate_text(estimate, 1), "words": sum(lengths), "files": len(counts)}
        rows.append(_setting(result) | figures)
    return rows


def voices(english: Sequence[ConditionResult], longer: Sequence[Clip], notes: list[str]) -> dict[str, Rows]:
    """Cosines between the original and what came back, below those between recordings; ``longer`` are twice as long, so
    that their halves are as long as what was coded."""
    if (reason := METRICS["speaker"].missing()) is not None:
        notes.append(f"likeness of voices was left out: {reason}")
        return {}
    originals = {clip.clip.name: _voice(clip.clip.audio) for clip in english[0].clips}
    rows = _scale(longer)
    for result in english[1:]:
        tell(f"voices, {result.setting.codec} {result.setting.setting}")
        cosines = [_alike(originals[clip.clip.name], _voice(clip.audio)) for clip in result.clips]
        rows.append(_setting(result) | _cosine(cosines))
    return {"likeness of voices": rows}


def _voice(audio: np.ndarray) -> np.ndarray | None:
    """The embedding of float32 ``(1, t)``; None where nothing sounds."""
    try:
        return voice_embedding(audio, RATE)
    except AudioError:
        return None


def _alike(first: np.ndarray | None, second: np.ndarray | None) -> float | None:
    """Cosine of two embeddings, 0 to 1; None where one is."""
    return None if first is None or second is None else float(first @ second)


def _scale(clips: Sequence[Clip]) -> Rows:
    """What the cosine is between two parts of one recording, and between recordings of two speakers."""
    halves = [[_voice(part) for part in np.array_split(clip.audio, 2, axis=1)] for clip in clips]
    same_speaker = [_alike(*pair) for pair in halves]
    two_speakers = [_alike(pair[0], halves[index - 1][0]) for index, pair in enumerate(halves)]
    return [
        {"codec": name, "setting": "-", "kb/s": None, **_cosine(cosines)}
        for name, cosines in (("one speaker, other words", same_speaker), ("two speakers", two_speakers))
    ]


def _cosine(cosines: Sequence[float | None]) -> dict[str, Any]:
    values = [cosine for cosine in cosines if cosine is not None]
    return {"cosine": estimate_text(bootstrap(values), 3), "files": len(values)}


def conditions(clips: Mapping[str, Sequence[Clip]], settings: Sequence[CodecSetting]) -> ByCondition:
    """Clips of every condition through every codec, scored."""
    return {
        f"{name}, {len(some)} files": quality(run_settings(some, _codecs(settings), name))
        for name, some in clips.items()
    }


def quality(results: Sequence[ConditionResult]) -> list[tuple[ConditionResult, list[Scores]]]:
    """Each with the scores of its clips."""
    return [(result, score_clips(result)) for result in results]


def with_noise(clean: Sequence[Clip], folder: Path) -> dict[str, Sequence[Clip]]:
    """The clips with sounds of a folder mixed in, by how much the sounds lie below them."""
    noises = clips_of(folder, len(clean), max(clip.seconds for clip in clean))
    return {f"noise at {snr:g} dB": noisy(clean, noises, snr) for snr in _SNRS}


def levels(clips: Sequence[Clip], settings: Sequence[CodecSetting]) -> ByCondition:
    """The same clips at several peaks, scored after undoing the gain."""
    by_peak: ByCondition = {}
    for peak in _PEAKS:
        name = f"{peak:g} dBFS"
        results = run_settings([at_peak(clip, peak) for clip in clips], _codecs(settings), name)
        by_peak[name] = quality([amplified(result, -peak) for result in results])
    return by_peak


def _codecs(settings: Sequence[CodecSetting]) -> list[CodecSetting]:
    return [setting for setting in settings if setting.run is not None]


def tables(by_condition: ByCondition, head: str) -> dict[str, Rows]:
    """A table of each metric and one of bitrates: a row for each setting, a column for each condition."""
    if not by_condition:
        return {}
    first = next(iter(by_condition.values()))
    rows = [{"codec": result.setting.codec, "setting": result.setting.setting} for result, _ in first]
    estimates = {name: [means(scores) for _, scores in scored] for name, scored in by_condition.items()}
    by_metric = {
        f"{METRICS[metric].label} by {head}": [
            row | {name: metric_text(metric, values[index][metric]) for name, values in estimates.items()}
            for index, row in enumerate(rows)
        ]
        for metric in METRIC_NAMES
    }
    bitrates = [
        row | {name: scored[index][0].kbps for name, scored in by_condition.items()}  # of whole files
        for index, row in enumerate(rows)
    ]
    return by_metric | {f"kb/s by {head}": bitrates}


def _setting(result: ConditionResult) -> dict[str, Any]:
    return {"codec": result.setting.codec, "setting": result.setting.setting, "kb/s": result.kbps}


def single(by_condition: ByCondition) -> Rows:
    """Every figure of every file."""
    return [
        {
            "condition": name,
            "codec": result.setting.codec,
            "setting": result.setting.setting,
            "file": clip.clip.name,
            "bytes": clip.bytes,
            "seconds": round(clip.clip.seconds, 3),
            **{metric: scores.values.get(metric) for metric in METRIC_NAMES},
        }
        for name, scored in by_condition.items()
        for result, clip_scores in scored
        for clip, scores in zip(result.clips, clip_scores, strict=True)
    ]


def problems(results: Sequence[ConditionResult]) -> list[str]:
    """What codecs refused."""
    return sorted({problem for result in results for problem in result.problems})


def not_scored(by_condition: ByCondition) -> list[str]:
    """How many sounds each metric could not judge, and the first reason."""
    reasons: dict[str, list[str]] = {}
    for scored in by_condition.values():
        for _, clip_scores in scored:
            for scores in clip_scores:
                for metric, reason in scores.problems.items():
                    reasons.setdefault(METRICS[metric].label, []).append(reason)
    return [f"{label} could not judge {len(texts)} sounds: {texts[0]}" for label, texts in reasons.items()]

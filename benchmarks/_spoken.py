"""Word errors, likeness of voices, and quality under conditions: the parts of benchmarks/speech.py."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from _conditions import (
    JUDGES,
    Trip,
    Way,
    at_peak,
    clips_of,
    judged,
    means,
    metric_text,
    native,
    noisy,
    shown,
    through,
    turned,
)
from _recogniser import Recogniser, errors, transcripts
from _speaker import Speakers, alike
from auricle.bench.scoring.bootstrap import bootstrap
from auricle.bench.scoring.clips import Clip, whole
from auricle.bench.scoring.metrics import METRICS, Scores

_SNRS = (10.0, 0.0)
_PEAKS = (0.0, -10.0, -20.0, -30.0, -40.0)
Rows = list[dict[str, Any]]
Judged = dict[str, list[tuple[Trip, list[Scores]]]]
"""By condition: what came back by each way, and how it was judged."""


def coded(clips: Sequence[Clip], chosen: Sequence[Way], what: str) -> list[Trip]:
    """The clips after each way."""
    trips: list[Trip] = []
    for way in chosen:
        tell(f"{what}, {way.codec} {way.setting}")
        trips.append(through(way, clips))
    return trips


def words(english: Sequence[Trip], chosen: Sequence[Way], file: Path | None, notes: list[str]) -> dict[str, Rows]:
    """Word errors in percent of each way, with transcripts and with what is heard in the original."""
    if (reason := Recogniser.missing()) is not None:
        notes.append(reason)
        return {}
    able = Recogniser()
    heard = {back.clip.name: able.words(back.clip.audio) for back in english[0].backs}
    made = {"word errors against the words heard in the original": _wrong(able, english[1:], heard)}
    if file is None:
        notes.append("no transcripts were given: word errors are told only against what is heard in the original")
        return made
    said = transcripts(file)
    clips = [native(whole(file.parent / name, name)) for name in said]
    trips = coded(clips, chosen, "transcribed")
    notes += problems(trips)
    return {"word errors against transcripts": _wrong(able, trips, said)} | made


def _wrong(able: Recogniser, trips: Sequence[Trip], wanted: Mapping[str, Sequence[str]]) -> Rows:
    """Errors per hundred words, of the files in whose reference there are words."""
    rows: Rows = []
    for trip in trips:
        tell(f"words, {trip.way.codec} {trip.way.setting}")
        backs = [back for back in trip.backs if wanted[back.clip.name]]
        counts = [errors(wanted[back.clip.name], able.words(back.audio)) for back in backs]
        lengths = [len(wanted[back.clip.name]) for back in backs]
        found = bootstrap([100.0 * count for count in counts], lengths)
        rows.append({**_way(trip), "word errors %": shown(found, 1), "words": sum(lengths), "files": len(counts)})
    return rows


def voices(english: Sequence[Trip], longer: Sequence[Clip], notes: list[str]) -> dict[str, Rows]:
    """Cosines between the original and what came back, below those between recordings; ``longer`` are twice as long, so
    that their halves are as long as what was coded."""
    if (reason := Speakers.missing()) is not None:
        notes.append(reason)
        return {}
    able = Speakers()
    before = {back.clip.name: able.embed(back.clip.audio) for back in english[0].backs}
    rows = _scale(able, longer)
    for trip in english[1:]:
        tell(f"voices, {trip.way.codec} {trip.way.setting}")
        cosines = [alike(before[back.clip.name], able.embed(back.audio)) for back in trip.backs]
        rows.append({**_way(trip), **_cosine(cosines)})
    return {"likeness of voices": rows}


def _scale(able: Speakers, clips: Sequence[Clip]) -> Rows:
    """What the cosine is between two parts of one recording, and between recordings of two speakers."""
    halves = [[able.embed(part) for part in np.array_split(clip.audio, 2, axis=1)] for clip in clips]
    same = [alike(*pair) for pair in halves]
    other = [alike(pair[0], halves[index - 1][0]) for index, pair in enumerate(halves)]
    return [
        {"codec": name, "setting": "-", "kb/s": None, **_cosine(cosines)}
        for name, cosines in (("one speaker, other words", same), ("two speakers", other))
    ]


def _cosine(cosines: Sequence[float | None]) -> dict[str, Any]:
    found = [cosine for cosine in cosines if cosine is not None]
    return {"cosine": shown(bootstrap(found), 3), "files": len(found)}


def conditions(given: Mapping[str, Sequence[Clip]], chosen: Sequence[Way]) -> Judged:
    """Clips of every condition through every codec, judged."""
    return {
        f"{name}, {len(clips)} files": quality(coded(clips, _codecs(chosen), name)) for name, clips in given.items()
    }


def quality(trips: Sequence[Trip]) -> list[tuple[Trip, list[Scores]]]:
    """Each with how its clips were judged."""
    return [(trip, judged(trip)) for trip in trips]


def with_noise(clean: Sequence[Clip], folder: Path) -> dict[str, Sequence[Clip]]:
    """The clips with sounds of a folder mixed in, by how much the sounds lie below them."""
    noises = clips_of(folder, len(clean), max(clip.seconds for clip in clean))
    return {f"noise at {snr:g} dB": noisy(clean, noises, snr) for snr in _SNRS}


def levels(clips: Sequence[Clip], chosen: Sequence[Way]) -> Judged:
    """The same clips at several peaks, judged after undoing the gain."""
    found: Judged = {}
    for peak in _PEAKS:
        name = f"{peak:g} dBFS"
        trips = coded([at_peak(clip, peak) for clip in clips], _codecs(chosen), name)
        found[name] = quality([turned(trip, -peak) for trip in trips])
    return found


def _codecs(chosen: Sequence[Way]) -> list[Way]:
    return [way for way in chosen if way.coder is not None]


def tables(found: Judged, by: str) -> dict[str, Rows]:
    """A table of each metric and one of bitrates: a row for each way, a column for each condition."""
    if not found:
        return {}
    first = next(iter(found.values()))
    rows = [{"codec": trip.way.codec, "setting": trip.way.setting} for trip, _ in first]
    estimates = {name: [means(scores) for _, scores in each] for name, each in found.items()}
    by_metric = {
        f"{METRICS[judge].label} by {by}": [
            row | {name: metric_text(judge, each[index][judge]) for name, each in estimates.items()}
            for index, row in enumerate(rows)
        ]
        for judge in JUDGES
    }
    stored = [
        row | {name: each[index][0].kbps for name, each in found.items()}  # of whole files
        for index, row in enumerate(rows)
    ]
    return by_metric | {f"kb/s by {by}": stored}


def _way(trip: Trip) -> dict[str, Any]:
    return {"codec": trip.way.codec, "setting": trip.way.setting, "kb/s": trip.kbps}


def single(found: Judged) -> Rows:
    """Every figure of every file."""
    return [
        {
            "condition": name,
            "codec": trip.way.codec,
            "setting": trip.way.setting,
            "file": back.clip.name,
            "bytes": back.bytes,
            "seconds": round(back.clip.seconds, 3),
            **{judge: scores.values.get(judge) for judge in JUDGES},
        }
        for name, each in found.items()
        for trip, several in each
        for back, scores in zip(trip.backs, several, strict=True)
    ]


def problems(trips: Sequence[Trip]) -> list[str]:
    """What codecs refused."""
    return sorted({problem for trip in trips for problem in trip.problems})


def unjudged(found: Judged) -> list[str]:
    """How many sounds each metric could not judge, and the first reason."""
    reasons: dict[str, list[str]] = {}
    for each in found.values():
        for _, several in each:
            for scores in several:
                for judge, reason in scores.problems.items():
                    reasons.setdefault(METRICS[judge].label, []).append(reason)
    return [f"{label} could not judge {len(all_of)} sounds: {all_of[0]}" for label, all_of in reasons.items()]


def tell(text: str) -> None:
    """What is being done, on a terminal."""
    if sys.stderr.isatty():
        print(f"\r{text:60}", end="", file=sys.stderr)

"""Transfers of timbre: do pitch, loudness and rhythm stay, and is the result more like the target than like the source?

    python benchmarks/transfers.py CORPUS --through saxophone.auricle.safetensors guitar.auricle.safetensors

CORPUS has the folders that PHRASES and TARGETS name. Ten phrases are spoken, ten are played: six piano notes each,
drawn and cut by a fixed seed. Pitch is the share of the source's voiced frames, within 40 dB of its peak, in which the
pitch stays within 20 cents; onsets the share of the source's rises of level that have one within 20 ms; all as means
over phrases. Level is the mean distance of levels in 50 ms, in dB, where the source is within 30 dB of its peak.

Timbre is the share of transfers that are nearer to the target than to the source's kind, by latents and patches of
`music`, each divided by its deviation: mean distance to the nearest five of 24 phrases of six notes of the target, and
of 24 other phrases of the source's kind, all at one loudness and with the band of the source. What it says of real
sounds stands first: phrases of notes that are not among the examples, real tones with the rhythm and the loudness of
the phrases, and other real phrases of the source's kind. "former timbre" is what was measured before: distances of mean
mel-frequency cepstra to single notes of the target and to the source itself. With --through, the same of phrases
through models trained on the targets: RAVE's way; with --priors, of phrases played by priors that learned the notes.
"""

import itertools
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from _shared import one_thread, parser, publish, run, table, tell

TARGETS = ("saxophone", "guitar")
"""Folders of ``instruments``."""
SPOKEN = "speech/librispeech"
"""Where the spoken phrases are: every twentieth file."""
PLAYED = "instruments/piano"
_PIANO = "*M[Ff]_*[234].opus"
_PITCHED: Mapping[str, str] = MappingProxyType(
    {"saxophone": r"_[a-g]b?\d_[a-z]+_", "guitar": r"_(twang|staccato)_[a-g]b?\d_"}
)
"""What names of files of notes look like; what is heard of a guitar behind its bridge, or of fingers, is none."""
_PHRASES = 10
_COMPARED, _NEAREST, _TRUE = 24, 5, 20
_LEVEL = 0.05
_SECONDS = 4.0
_EXAMPLES = 24
_CENTS, _ONSET_SECONDS = 20.0, 0.02


class _Compared(NamedTuple):
    """Features ``(k, d)`` of what results are compared with."""

    target: np.ndarray
    kind: np.ndarray


def main() -> None:
    options = parser(__doc__)
    options.add_argument("corpus", type=Path, help="folder of recordings")
    options.add_argument("--through", nargs=len(TARGETS), help="models trained on the targets, in their order")
    options.add_argument("--priors", nargs="+", default=(), help="priors of notes, named after their targets")
    options.add_argument("--phrases", type=int, default=_PHRASES, help="of each kind")
    args = options.parse_args()
    one_thread()
    phrases = _phrases(args.corpus, args.phrases)
    truths, rows = [], []
    for index, target in enumerate(TARGETS):
        files = _spread(sorted((args.corpus / "instruments" / target).glob("*_f_*")), _EXAMPLES)
        compared = {kind: _compared(args.corpus, kind, files) for kind in ("spoken", "played")}
        truths += [_true(args.corpus, target, kind, phrases, compared[kind], files) for kind in compared]
        ways = {"transfer": files} | ({"through a model": args.through[index]} if args.through else {})
        prior = next((prior for prior in args.priors if Path(prior).name.split(".")[0] == target), None)
        ways |= {"played by a prior": prior} if prior else {}
        for (kind, sound, rate), (way, onto) in itertools.product(phrases, ways.items()):
            figures = _figures(sound, rate, onto, files, compared[kind])
            rows.append({"target": target, "way": way, "phrase": kind, **figures})
            tell(str(rows[-1]))
    groups = {(row["target"], row["way"], row["phrase"]) for row in rows}
    summary = [_mean(rows, *group) for group in sorted(groups)]
    sections = {"real sounds": truths, "summary": summary, "rows": rows}
    publish("transfers", args.out, {"phrases": args.phrases}, sections, [table(truths), table(summary)])


def _spread(paths: list[Path], count: int) -> tuple[Path, ...]:
    return tuple(paths[int(place)] for place in np.linspace(0, len(paths) - 1, min(count, len(paths))))


def _phrases(corpus: Path, count: int) -> list[tuple[str, np.ndarray, int]]:
    from auricle.audio import read

    spoken = []
    for path in sorted((corpus / SPOKEN).glob("*.flac"))[::20][:count]:
        audio, rate = read(path)
        spoken.append(("spoken", audio[:, : round(_SECONDS * rate)], rate))
    notes = sorted((corpus / PLAYED).glob(_PIANO))
    random = np.random.default_rng(0)
    return spoken + [("played", *_notes_in_turn(notes, random)) for _ in range(count)]


def _notes_in_turn(notes: list[Path], random: np.random.Generator) -> tuple[np.ndarray, int]:
    """Six notes of .3 to .8 s, one after the other: ``(1, t)`` and its rate."""
    from auricle.audio import read

    pieces = [read(notes[place]) for place in random.choice(len(notes), 6)]
    rate = pieces[0][1]
    cuts = [_cut(audio, round(random.uniform(0.3, 0.8) * rate)) for audio, _ in pieces]
    return np.concatenate(cuts, axis=1), rate


def _cut(audio: np.ndarray, samples: int) -> np.ndarray:
    fade = np.minimum(1, np.arange(samples)[::-1] / 1000)
    return audio[:1, :samples] * fade[: audio.shape[1]]


def _figures(sound: np.ndarray, rate: int, onto: Any, files: tuple[Path, ...], compared: _Compared) -> dict[str, float]:
    from auricle import transfer
    from auricle.synth.harmonic.analysis import measure_pitch

    through = None if isinstance(onto, tuple) else transfer((sound, rate), onto).sounds[0].audio
    result = _transferred(sound, rate, onto) if through is None else through
    assert result is not None
    before, after = (measure_pitch(audio[0], rate) for audio in (sound, result))
    hop = round(0.005 * rate)
    audible = np.repeat(_levels(sound[0], rate, 10 * hop) > _levels(sound[0], rate, 10 * hop).max() - 40, 10)
    voiced = before.voiced & np.pad(audible, (0, max(0, len(before.voiced) - len(audible))))[: len(before.voiced)]
    cents = 1200 * np.abs(np.log2(np.maximum(after.hertz, 1.0) / np.maximum(before.hertz, 1.0)))
    kept = (cents < _CENTS) & after.voiced
    levels = [_levels(audio[0], rate) for audio in (sound, result)]
    loud = levels[0] > levels[0].max() - 30
    mine, source = (_timbre(audio[0], rate) for audio in (result, sound))
    to_target = float(np.median([np.linalg.norm(mine - other) for other in _real(files, rate)]))
    return {
        "pitch": float(kept[voiced].mean()) if voiced.any() else 1.0,
        "onsets": _onsets(sound[0], result[0], rate),
        "level dB": float(np.abs(levels[0] - levels[1])[loud].mean()),
        "timbre": float(_is_target(_features(result, rate, rate)[None], compared)[0]),
        "former timbre": float(to_target < np.linalg.norm(mine - source)),
    }


def _transferred(sound: np.ndarray, rate: int, files: tuple[Path, ...]) -> np.ndarray:
    from auricle.audio import HeldAudio
    from auricle.synth.harmonic.examples import timbre_conversion, transferred

    return transferred(HeldAudio(sound, rate), timbre_conversion(lambda at: _timbre_of(files, at)))[0]


@cache
def _timbre_of(files: tuple[Path, ...], rate: int) -> Any:
    from auricle.synth.harmonic.examples import TimbreExamples, learned_timbre

    return learned_timbre(TimbreExamples("target", {}, files), rate, lambda file: None)


@cache
def _real(files: tuple[Path, ...], rate: int) -> list[np.ndarray]:
    from auricle.audio import read, resample

    sounds = [read(path) for path in files]
    return [_timbre(resample(audio[:1, : round(_SECONDS * other)], other, rate)[0], rate) for audio, other in sounds]


def _onsets(sound: np.ndarray, result: np.ndarray, rate: int) -> float:
    import librosa

    hop = round(0.005 * rate)
    times = [
        librosa.onset.onset_detect(
            onset_envelope=_rises(audio, rate, hop), sr=rate, hop_length=hop, units="time", delta=0.1
        )
        for audio in (sound, result)
    ]
    if not len(times[0]):
        return 1.0
    nearest = [np.abs(times[1] - time).min(initial=np.inf) for time in times[0]]
    return float(np.mean(np.array(nearest) <= _ONSET_SECONDS))


def _rises(audio: np.ndarray, rate: int, hop: int) -> np.ndarray:
    """By how many dB the level rises within 20 ms, at each hop. Changes of spectrum are the timbre's, not the phrase's:
    of real tones with a spoken phrase's rhythm they share half."""
    power = np.convolve(np.square(audio, dtype=np.float64), np.hanning(4 * hop), "same")[::hop]
    decibels = 10 * np.log10(power + 1e-6 * power.max())
    return np.pad(np.maximum(0.0, decibels[4:] - decibels[:-4]), 2)


def _compared(corpus: Path, kind: str, files: tuple[Path, ...]) -> _Compared:
    """Phrases of the target's examples, and of the source's kind that are none of the sources."""
    random = np.random.default_rng(5)
    band = _band(corpus, kind)
    target = [_features(*_notes_in_turn(list(files), random), band) for _ in range(_COMPARED)]
    return _Compared(np.stack(target), np.stack(_others(corpus, kind, 7, _COMPARED)))


def _others(corpus: Path, kind: str, seed: int, count: int) -> list[np.ndarray]:
    """Features of other phrases of a kind."""
    from auricle.audio import read

    band = _band(corpus, kind)
    if kind == "played":
        random, notes = np.random.default_rng(70 + seed), sorted((corpus / PLAYED).glob(_PIANO))
        return [_features(*_notes_in_turn(notes, random), band) for _ in range(count)]
    files = sorted((corpus / SPOKEN).glob("*.flac"))
    places = np.linspace(0, len(files) - 21, count).astype(int) // 20 * 20 + seed
    sounds = (read(files[place]) for place in sorted(set(places.tolist())))
    return [_features(audio[:, : round(_SECONDS * rate)], rate, band) for audio, rate in sounds]


def _band(corpus: Path, kind: str) -> int:
    """Sample rate in Hz of the sources of a kind: nothing that is compared has a wider band."""
    from auricle.audio import info

    folder, pattern = {"spoken": (SPOKEN, "*.flac"), "played": (PLAYED, _PIANO)}[kind]
    return info(min((corpus / folder).glob(pattern))).sample_rate


def _true(
    corpus: Path,
    target: str,
    kind: str,
    phrases: list[tuple[str, np.ndarray, int]],
    compared: _Compared,
    files: tuple[Path, ...],
) -> dict[str, Any]:
    """What the measure says of real sounds: shares that are nearer to the target."""
    random, band = np.random.default_rng(3), _band(corpus, kind)
    paths = sorted((corpus / "instruments" / target).glob("*"))
    held_out = [path for path in paths if path not in files and re.search(_PITCHED[target], path.name)]
    notes = [_features(*_notes_in_turn(held_out, random), band) for _ in range(_TRUE)]
    timed = [
        _features(_tones_as(sound[0], rate, held_out, random), rate, band)
        for name, sound, rate in phrases
        if name == kind
    ]
    return {
        "target": target,
        "phrases": kind,
        "notes held out": round(float(_is_target(np.stack(notes), compared).mean()), 2),
        "real tones with the phrases' rhythm": round(float(_is_target(np.stack(timed), compared).mean()), 2),
        "other real phrases": round(float(_is_target(np.stack(_others(corpus, kind, 13, _TRUE)), compared).mean()), 2),
    }


def _tones_as(sound: np.ndarray, rate: int, notes: list[Path], random: np.random.Generator) -> np.ndarray:
    """Real tones ``(1, t)`` of even level, one after the other, with the level of a phrase ``(t,)`` at each moment."""
    from auricle.audio import read, resample

    tones = np.zeros(0, np.float32)
    while len(tones) < len(sound):
        audio, other = read(notes[int(random.integers(len(notes)))])
        note = resample(audio[:1], other, rate)[0]
        level = _smooth_level(note, round(0.05 * rate))
        loud = np.flatnonzero(level > 0.1 * level.max())
        tones = np.concatenate((tones, (note / level)[loud[0] : loud[-1]][:rate]))
    return (tones[: len(sound)] * _smooth_level(sound, round(0.02 * rate)))[None].astype(np.float32)


def _smooth_level(audio: np.ndarray, size: int) -> np.ndarray:
    window = np.hanning(size)
    return np.sqrt(np.convolve(np.square(audio, dtype=np.float64), window / window.sum(), "same") + 1e-10)


def _features(audio: np.ndarray, rate: int, band: int) -> np.ndarray:
    """Features ``(d,)`` of a sound ``(c, t)`` at one loudness, without what is above half of ``band``."""
    from auricle.audio import resample

    mono = audio[:1].astype(np.float32)
    mono = mono * np.float32(_LEVEL / max(float(np.sqrt(np.square(mono, dtype=np.float64).mean())), 1e-6))
    at_band = resample(mono, rate, band)
    return np.concatenate([extractor.of_audio(at_band, band) for extractor in _extractors()])


@cache
def _extractors() -> tuple[Any, Any]:
    """Patches and latents of `music`: how a sound is made, not how long it rings."""
    from auricle import load
    from auricle.classify.features.hearing_file import patches_beside
    from auricle.classify.features.latents import LatentFeatures
    from auricle.classify.features.patches import PatchFeatures

    latents = LatentFeatures(load("music"))
    patches = patches_beside("music", latents.fingerprint)
    assert patches is not None
    return PatchFeatures(patches, latents.sample_rate, in_order=False), latents


def _is_target(features: np.ndarray, compared: _Compared) -> np.ndarray:
    """Whether each of ``(n, d)`` is nearer to the target than to the source's kind."""
    deviation = np.concatenate(compared).std(axis=0)
    varying = deviation > 1e-3 * np.median(deviation)  # what is the same in all of them says nothing of others
    target, kind = (
        _mean_distance(features[:, varying] / deviation[varying], other[:, varying] / deviation[varying])
        for other in compared
    )
    return target < kind


def _mean_distance(features: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Of each of ``(n, d)`` to the nearest of others ``(k, d)``: ``(n,)``."""
    return np.sort(np.linalg.norm(features[:, None] - others, axis=2), axis=1)[:, :_NEAREST].mean(axis=1)


def _levels(audio: np.ndarray, rate: int, size: int | None = None) -> np.ndarray:
    size = size or round(0.05 * rate)
    power = np.square(audio[: len(audio) // size * size].reshape(-1, size), dtype=np.float64).mean(axis=1)
    return 10 * np.log10(power + 1e-9)


def _timbre(audio: np.ndarray, rate: int) -> np.ndarray:
    """Means of mel-frequency cepstral coefficients 1 to 12 over what is within 25 dB of the loudest window."""
    import librosa

    mel = librosa.feature.melspectrogram(y=audio, sr=rate, n_fft=1024, hop_length=512, n_mels=40, fmax=8000)
    level = mel.sum(axis=0)
    decibels = librosa.power_to_db(mel[:, level > level.max() / 316], ref=float(level.max()), top_db=80)
    return librosa.feature.mfcc(S=decibels, n_mfcc=13)[1:].mean(axis=1)


def _mean(rows: list[dict[str, Any]], target: str, way: str, phrase: str) -> dict[str, Any]:
    mine = [row for row in rows if (row["target"], row["way"], row["phrase"]) == (target, way, phrase)]
    figures = {name: round(float(np.mean([row[name] for row in mine])), 2) for name in list(mine[0])[3:]}
    return {"target": target, "way": way, "phrases": phrase, **figures}


if __name__ == "__main__":
    run(main)

"""Transfers of timbre: do pitch, loudness and rhythm stay, and is the result more like the target than like the source?

    python benchmarks/transfers.py CORPUS --through saxophone.auricle.safetensors guitar.auricle.safetensors

CORPUS has the folders that PHRASES and TARGETS name. Ten phrases are spoken, ten are played: six piano notes each,
drawn and cut by a fixed seed. Pitch is the share of the source's voiced frames, within 40 dB of its peak, in which the
pitch stays within 20 cents; onsets the share of the source's that have one within 20 ms; both as means over phrases.
Level is the mean distance of levels in 50 ms, in dB, where the source is within 30 dB of its peak. Timbre is the share
of transfers that are nearer to the target's real sounds (the median of them) than to the source, by mean mel-frequency
cepstra of what is loud. With --through, the same of phrases through models trained on the targets: RAVE's way; with
--priors, of phrases played by priors that learned the targets' notes.
"""

import itertools
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from _shared import one_thread, parser, publish, run, table, tell

TARGETS = ("saxophone", "guitar")
"""Folders of ``instruments``."""
SPOKEN = "speech/librispeech"
"""Where the spoken phrases are: every twentieth file."""
PLAYED = "instruments/piano"
_PHRASES = 10
_SECONDS = 4.0
_EXAMPLES = 24
_CENTS, _ONSET_SECONDS = 20.0, 0.02


def main() -> None:
    options = parser(__doc__)
    options.add_argument("corpus", type=Path, help="folder of recordings")
    options.add_argument("--through", nargs=len(TARGETS), help="models trained on the targets, in their order")
    options.add_argument("--priors", nargs="+", default=(), help="priors of notes, named after their targets")
    options.add_argument("--phrases", type=int, default=_PHRASES, help="of each kind")
    args = options.parse_args()
    one_thread()
    rows = []
    for index, target in enumerate(TARGETS):
        files = _spread(sorted((args.corpus / "instruments" / target).glob("*_f_*")), _EXAMPLES)
        ways = {"transfer": files} | ({"through a model": args.through[index]} if args.through else {})
        prior = next((prior for prior in args.priors if Path(prior).name.split(".")[0] == target), None)
        ways |= {"played by a prior": prior} if prior else {}
        for (kind, sound, rate), (way, onto) in itertools.product(_phrases(args.corpus, args.phrases), ways.items()):
            figures = _figures(sound, rate, onto, files)
            rows.append({"target": target, "way": way, "phrase": kind, **figures})
            tell(str(rows[-1]))
    groups = {(row["target"], row["way"], row["phrase"]) for row in rows}
    summary = [_mean(rows, *group) for group in sorted(groups)]
    publish("transfers", args.out, {"phrases": args.phrases}, {"summary": summary, "rows": rows}, [table(summary)])


def _spread(paths: list[Path], count: int) -> tuple[Path, ...]:
    return tuple(paths[int(place)] for place in np.linspace(0, len(paths) - 1, min(count, len(paths))))


def _phrases(corpus: Path, count: int) -> list[tuple[str, np.ndarray, int]]:
    from auricle.audio import read

    spoken = []
    for path in sorted((corpus / SPOKEN).glob("*.flac"))[::20][:count]:
        audio, rate = read(path)
        spoken.append(("spoken", audio[:, : round(_SECONDS * rate)], rate))
    notes = sorted((corpus / PLAYED).glob("*M[Ff]_*[234].opus"))
    random = np.random.default_rng(0)
    played = []
    for _ in range(count):
        pieces = [read(notes[place]) for place in random.choice(len(notes), 6)]
        rate = pieces[0][1]
        cuts = [_cut(audio, round(random.uniform(0.3, 0.8) * rate)) for audio, _ in pieces]
        played.append(("played", np.concatenate(cuts, axis=1), rate))
    return spoken + played


def _cut(audio: np.ndarray, samples: int) -> np.ndarray:
    fade = np.minimum(1, np.arange(samples)[::-1] / 1000)
    return audio[:1, :samples] * fade[: audio.shape[1]]


def _figures(sound: np.ndarray, rate: int, onto: Any, files: tuple[Path, ...]) -> dict[str, float]:
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
        "timbre": float(to_target < np.linalg.norm(mine - source)),
    }


def _transferred(sound: np.ndarray, rate: int, files: tuple[Path, ...]) -> np.ndarray:
    from auricle.audio import HeldAudio
    from auricle.synth.harmonic.examples import timbre_conversion, transferred

    return transferred(HeldAudio(sound, rate), timbre_conversion(lambda at: _timbre_of(files, at)))[0]


@cache
def _timbre_of(files: tuple[Path, ...], rate: int) -> Any:
    from auricle.synth.harmonic.examples import TimbreExamples, learned_timbre

    return learned_timbre(TimbreExamples("target", {}, files), rate)


@cache
def _real(files: tuple[Path, ...], rate: int) -> list[np.ndarray]:
    from auricle.audio import read, resample

    sounds = [read(path) for path in files]
    return [_timbre(resample(audio[:1, : round(_SECONDS * other)], other, rate)[0], rate) for audio, other in sounds]


def _onsets(sound: np.ndarray, result: np.ndarray, rate: int) -> float:
    import librosa

    hop = round(0.005 * rate)
    times = [
        librosa.onset.onset_detect(y=audio, sr=rate, hop_length=hop, units="time", delta=0.1)
        for audio in (sound, result)
    ]
    if not len(times[0]):
        return 1.0
    nearest = [np.abs(times[1] - time).min(initial=np.inf) for time in times[0]]
    return float(np.mean(np.array(nearest) <= _ONSET_SECONDS))


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

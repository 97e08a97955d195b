"""Edges and levels of the sounds that a prior makes: clicks, cut tails, what was turned down, what came out silent.

A sound begins with a click if its first sample is above 1 % of its largest. Its tail is cut if the last 5 ms hold a
sample above 1 % of the largest. Attack is the time from 10 % to 90 % of the largest sample, on the running maximum.
A sound would have clipped if its largest sample, at the level at which it was decoded, was above full scale by over
0.5 dB. Low tones of a hit should fade: by how many dB in all they come back is `wavering_db`. With --real FOLDER
the same is measured of recorded sounds, and attacks stand beside those of their class.
With --format sounds are written to files first, and measured as those are read.
"""

import argparse
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from _shared import parser, publish, run, table
from auricle.metrics.artefacts import wavering_db

_SHARE = 0.01
_TAIL_SECONDS = 0.005
_OVER_DB = 0.5
_SILENT = 1e-3


class _Edges(NamedTuple):
    label: str
    first: float
    last: float
    attack_ms: float
    wavering_db: float
    over_db: float
    peak: float


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--prior", default="drums", help="a shipped prior or a file")
    options.add_argument("--count", type=int, default=128, help="sounds, as many of each class as will go")
    options.add_argument("--seed", type=int, default=0, help="of the sounds")
    options.add_argument(
        "--temperature",
        type=float,
        nargs="+",
        default=[None],
        help="spread of the random numbers; by default the prior's",
    )
    options.add_argument("--model", help="the autoencoder, where it is not beside the prior")
    options.add_argument("--format", choices=("wav", "flac", "ogg", "opus", "mp3"), help="of files; none by default")
    options.add_argument("--real", type=Path, help="folder of recorded sounds, to compare with")
    options.add_argument("--name", default="edges", help="of the result")
    args = options.parse_args()
    recorded = _rows(_recorded_sounds(args.real)) if args.real else []
    attacks = {row["class"]: row["attack ms, median"] for row in recorded}
    sections = {
        _heading(temperature): _rows(_generated_sounds(args, temperature), attacks) for temperature in args.temperature
    }
    if recorded:
        sections["recorded"] = recorded
    settings = {"prior": args.prior, "sounds": args.count, "seed": args.seed, "format": args.format or "none"}
    publish(args.name, args.out, settings, sections, [table([settings]), *map(table, sections.values())])


def _heading(temperature: float | None) -> str:
    return "made" if temperature is None else f"temperature {temperature:g}"


def _generated_sounds(args: argparse.Namespace, temperature: float | None) -> list[_Edges]:
    from auricle import GenerationOptions, SamplingOptions, SoundFileOptions, generate, read
    from auricle.synth.priors.loading import load_prior_and_model

    networks = load_prior_and_model(args.prior, args.model)
    labels = networks.prior.classes or (None,)
    measured = []
    with tempfile.TemporaryDirectory() as folder:
        form = {"out": folder, "files": SoundFileOptions(format=args.format)} if args.format else {}
        for label in labels:
            count = max(1, args.count // len(labels))
            options = GenerationOptions(label, count=count, seed=args.seed)
            sampling = SamplingOptions(temperature=temperature)
            output = generate(networks.prior, options, model=networks.model, sampling=sampling, **form)
            for sound in output.sounds:
                audio, rate = sound.audio, output.sample_rate
                if audio is None:
                    assert sound.path is not None
                    audio, rate = read(sound.path)
                over_db = sound.peak_dbfs - sound.level_db
                measured.append(_measure(label or "any", audio, rate, over_db))
    return measured


def _recorded_sounds(folder: Path) -> list[_Edges]:
    from auricle import read
    from auricle.data.scan import scan

    return [_measure(sound.path.parent.name, *read(sound.path), over_db=0.0) for sound in scan(folder).sounds]


def _measure(label: str, audio: np.ndarray, sample_rate: int, over_db: float) -> _Edges:
    magnitude = np.abs(audio).max(axis=0)
    peak = max(float(magnitude.max()), 1e-9)
    tail = magnitude[-max(1, round(_TAIL_SECONDS * sample_rate)) :]
    risen = np.maximum.accumulate(magnitude) / peak
    attack = (int((risen >= 0.9).argmax()) - int((risen >= 0.1).argmax())) / sample_rate
    wavering = wavering_db(audio, sample_rate)
    return _Edges(label, float(magnitude[0]) / peak, float(tail.max()) / peak, 1000 * attack, wavering, over_db, peak)


def _rows(sounds: Iterable[_Edges], attacks: Mapping[str, float] = MappingProxyType({})) -> list[dict[str, Any]]:
    groups: dict[str, list[_Edges]] = {}
    for sound in sounds:
        groups.setdefault(sound.label, []).append(sound)
    every = [sound for group in groups.values() for sound in group]
    rows = [_row(label, group) for label, group in (*groups.items(), ("all", every))]
    for row in rows if attacks else ():
        row["x attack of real ones"] = round(row["attack ms, median"] / max(attacks.get(row["class"], 0.0), 1e-3), 2)
    return rows


def _row(label: str, sounds: list[_Edges]) -> dict[str, Any]:
    def share(count: int) -> str:
        return f"{count / len(sounds):.0%}"

    return {
        "class": label,
        "sounds": len(sounds),
        "begin with a click": share(sum(sound.first > _SHARE for sound in sounds)),
        "tail cut": share(sum(sound.last > _SHARE for sound in sounds)),
        "would have clipped by over 0.5 dB": share(sum(sound.over_db > _OVER_DB for sound in sounds)),
        "silent": sum(sound.peak < _SILENT for sound in sounds),
        "first sample / peak, largest": max(sound.first for sound in sounds),
        "attack ms, median": float(np.median([sound.attack_ms for sound in sounds])),
        "low tones come back, dB, median": _median([sound.wavering_db for sound in sounds]),
    }


def _median(values: list[float]) -> float | None:
    """Of those that are known; None where none is."""
    finite = [value for value in values if not np.isnan(value)]
    return float(np.median(finite)) if finite else None


if __name__ == "__main__":
    run(main)

"""Gaps in recorded sounds, filled by a prior: are the seams heard, and how far is it from what was there?

From the middle of each sound a piece is cut out. `generate --between` fills it; beside it stand a crossfade (both sides
mirrored into the gap), a continuation of the first side that knows nothing of the second (`generate --continue`, cut
where the second begins), the recording itself, and the recording through the autoencoder. Of each seam are measured
the jump of level from the 10 ms before it to the 10 ms behind it, in dB, and the spectral flux from the 23 ms before it
to those behind it, divided by the median of the recording's own; so is that inside of the gap. Distance is that of
log-mel spectra to the recording, over the gap.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from _shared import parser, publish, run, table

_JUMP_SECONDS = 0.01
_FLUX_SAMPLES = 1024
_LEAST = 1e-5
_ROOM_SECONDS = 0.3


class _Case(NamedTuple):
    audio: np.ndarray
    rate: int
    start: int
    stop: int

    @property
    def sides(self) -> tuple[np.ndarray, np.ndarray]:
        return self.audio[:, : self.start], self.audio[:, self.stop :]


class _Measured(NamedTuple):
    jump_in: float
    jump_out: float
    flux_in: float
    flux_out: float
    flux_inside: float
    distance: float


_Way = Callable[[_Case], np.ndarray]


def main() -> None:
    options = parser(__doc__)
    options.add_argument("sounds", type=Path, nargs="+", help="folders of held-out recordings, one for each class")
    options.add_argument("--prior", default="drums", help="a shipped prior or a file")
    options.add_argument("--count", type=int, default=4, help="sounds of each folder, at most")
    options.add_argument("--gaps", type=float, nargs="+", default=[0.1, 0.25], help="their lengths in seconds")
    options.add_argument("--strengths", type=float, nargs="+", default=[0.5], help="how far from a crossfade")
    options.add_argument("--seed", type=int, default=0, help="of the sounds")
    args = options.parse_args()
    ways, sections = _ways(args.prior, args.seed, args.strengths), {}
    for gap in args.gaps:
        cases = [case for folder in args.sounds for case in _cases(folder, gap, args.count)]
        measured = {name: [_measure(case, way(case)) for case in cases] for name, way in ways.items()}
        sections[f"gaps of {gap:g} s, {len(cases)} sounds"] = [_row(*item) for item in measured.items()]
    settings = {"prior": args.prior, "seed": args.seed, "folders": ", ".join(path.name for path in args.sounds)}
    publish("gaps", args.out, settings, sections, [table([settings]), *map(table, sections.values())])


def _cases(folder: Path, gap: float, count: int) -> list[_Case]:
    """The first sounds of a folder that can be heard for long enough on both sides of their middle."""
    from auricle import read

    cases = []
    for path in sorted(folder.iterdir()):
        audio, rate = read(path)
        audio, samples = audio.mean(0, keepdims=True), round(gap * rate)
        start = (audio.shape[1] - samples) // 2
        if start > _ROOM_SECONDS * rate and np.abs(audio[:, start + samples :]).max() > 10 * _LEAST:
            cases.append(_Case(audio, rate, start, start + samples))
    return cases[:count]


def _ways(prior: str, seed: int, strengths: list[float]) -> Mapping[str, _Way]:
    from auricle import GenerationOptions, generate
    from auricle.synth.priors.loading import load_prior_and_model

    networks = load_prior_and_model(prior, None)

    def generated(case: _Case, **options: Any) -> np.ndarray:
        options_of_gap = GenerationOptions(seed=seed, **options)
        output = generate(networks.prior, options_of_gap, model=networks.model)
        assert output.sample_rate == case.rate, "the prior's rate is the recordings'"
        audio = output.sounds[0].audio
        assert audio is not None
        return audio / 10 ** (output.sounds[0].level_db / 20)

    def between(case: _Case, strength: float) -> np.ndarray:
        sounds = tuple((side, case.rate) for side in case.sides)
        return generated(case, between=sounds, strength=strength, seconds=(case.stop - case.start) / case.rate)

    def continued(case: _Case) -> np.ndarray:
        first, second = case.sides
        audio = generated(case, after=(first, case.rate), seconds=(case.stop - case.start) / case.rate + _ROOM_SECONDS)
        return np.concatenate((audio[:, : case.stop], second), 1)

    def rebuilt(case: _Case) -> np.ndarray:
        return generated(case, like=(case.audio, case.rate), strength=0.0)

    return {
        **{f"between, strength {strength:g}": partial(between, strength=strength) for strength in strengths},
        "crossfade": _crossfade,
        "continue": continued,
        "recording": lambda case: case.audio,
        "recording through the model": rebuilt,
    }


def _crossfade(case: _Case) -> np.ndarray:
    first, second = case.sides
    size = case.stop - case.start
    share = (np.arange(size) + 0.5) / size
    sides = (np.pad(side, ((0, 0), (0, max(0, size - side.shape[1])))) for side in (first[:, ::-1], second))
    before, after = (side[:, :size] for side in sides)
    gap = np.cos(0.5 * np.pi * share) * before + np.sin(0.5 * np.pi * share) * after[:, ::-1]
    return np.concatenate((first, gap.astype(np.float32), second), 1)


def _measure(case: _Case, audio: np.ndarray) -> _Measured:
    size = round(_JUMP_SECONDS * case.rate)
    own, inside = (
        float(np.median([_flux(sound[0], at) for at in range(case.start + size, case.stop - size, _FLUX_SAMPLES // 2)]))
        for sound in (case.audio, audio)
    )
    seams = case.start, case.stop
    jumps = [abs(_decibels(audio[0, at : at + size]) - _decibels(audio[0, at - size : at])) for at in seams]
    fluxes = [_flux(audio[0], at) / own for at in seams]
    return _Measured(jumps[0], jumps[1], fluxes[0], fluxes[1], inside / own, _distance(case, audio))


def _decibels(samples: np.ndarray) -> float:
    return 20 * float(np.log10(np.sqrt(np.square(samples, dtype=np.float64).mean()) + _LEAST))


def _flux(samples: np.ndarray, at: int) -> float:
    window = np.hanning(_FLUX_SAMPLES)
    parts = (samples[at - _FLUX_SAMPLES : at], samples[at : at + _FLUX_SAMPLES])
    first, second = (np.abs(np.fft.rfft(window[: len(part)] * part, _FLUX_SAMPLES)) ** 0.5 for part in parts)
    return float(np.linalg.norm(second - first))


def _distance(case: _Case, audio: np.ndarray) -> float:
    from auricle.metrics.spectral import mel_distance

    place = slice(case.start, case.stop)
    return mel_distance(case.audio[0, place], audio[0, place], case.rate)


def _row(name: str, measured: list[_Measured]) -> dict[str, Any]:
    values = np.array(measured)
    jumps, fluxes = values[:, :2], values[:, 2:4]
    return {
        "way": name,
        "jump in dB, first seam": round(float(np.median(jumps[:, 0])), 2),
        "second": round(float(np.median(jumps[:, 1])), 2),
        "9 of 10 are below": round(float(np.quantile(jumps, 0.9)), 2),
        "flux, first seam": round(float(np.median(fluxes[:, 0])), 2),
        "flux, second": round(float(np.median(fluxes[:, 1])), 2),
        "flux, inside": round(float(np.median(values[:, 4])), 2),
        "distance": round(float(values[:, 5].mean()), 2),
    }


if __name__ == "__main__":
    run(main)

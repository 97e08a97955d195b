"""Sounds under conditions, taken through codecs and judged: what benchmarks/speech.py measures on.

All sounds are brought to one channel and one rate first, so that every codec gets the same samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import numpy as np

from auricle.audio import resample
from auricle.bench.codecs import Places, peer
from auricle.bench.codecs.auricle import Auricle
from auricle.bench.codecs.base import Decoded, Peer
from auricle.bench.corpus import gather
from auricle.bench.scoring.bootstrap import bootstrap
from auricle.bench.scoring.clips import Clip
from auricle.bench.scoring.judge import Coder, at, coded
from auricle.bench.scoring.metrics import METRICS, Scores, score, usable
from auricle.bench.scoring.results import Estimate
from auricle.model import Autoencoder

RATE = 16_000
"""At which everything is coded and judged, in Hz."""

JUDGES = usable(("pesq", "stoi", "mel"), speech=True)
"""Metrics that are installed."""


@final
@dataclass(frozen=True)
class Way:
    """A codec at one setting, or none: then sounds stay as they are."""

    codec: str
    setting: str
    coder: Coder | None = None


@final
@dataclass(frozen=True, eq=False)
class Back:
    """What came back of a clip, float32 ``(1, t)``, in so many bytes; None where nothing is stored."""

    clip: Clip
    audio: np.ndarray
    bytes: int | None


@final
@dataclass(frozen=True, eq=False)
class Trip:
    """Some clips after one way, and what went wrong."""

    way: Way
    backs: tuple[Back, ...]
    problems: tuple[str, ...] = ()

    @property
    def kbps(self) -> float | None:
        """Kilobits per second of all files together."""
        stored = [back.bytes for back in self.backs if back.bytes is not None]
        return 8e-3 * sum(stored) / sum(back.clip.seconds for back in self.backs) if stored else None


def ways(
    model: Autoencoder, kbps: Sequence[float], opus: Sequence[float], lyra: Path | None
) -> tuple[list[Way], list[str]]:
    """Nothing, the model, and the peers that can run, each at its settings; and why others can't."""
    own = Auricle(model)
    known = peer("lyra", Places(lyra=lyra))
    asked: list[tuple[Peer, Sequence[float]]] = [(own, kbps), (peer("opus"), opus), (known, known.dial.steps)]
    found, notes = [Way("original", "-")], []
    for codec, settings in asked:
        reason = codec.available()
        if reason is not None:
            notes.append(f"{codec.name} was left out: {reason}")
            continue
        found += [Way(codec.name, codec.text(setting), at(codec, setting)) for setting in settings]
    return found, notes


def through(way: Way, clips: Sequence[Clip]) -> Trip:
    """Take clips through a codec; one that it refuses is a problem and comes not back."""
    backs: list[Back] = []
    problems: list[str] = []
    for clip in clips:
        if way.coder is None:
            backs.append(Back(clip, clip.audio, None))
            continue
        match coded(clip, way.coder):
            case Decoded() as decoded:
                backs.append(Back(clip, decoded.audio, decoded.bytes))
            case failed:
                problems.append(f"{way.codec} {way.setting}, {clip.name}: {failed.problem}")
    return Trip(way, tuple(backs), tuple(problems))


def clips_of(folder: Path, files: int, seconds: float) -> list[Clip]:
    """One excerpt of each of so many files of a folder; which ones depends on their names alone.

    Raises:
        DataError: the folder is missing or nothing in it can be used.
    """
    return [native(clip) for clip in gather([folder], files=files, seconds=seconds, seed=0).clips]


def native(clip: Clip) -> Clip:
    """The mean of a clip's channels at 16 kHz."""
    mean = clip.audio.mean(axis=0, keepdims=True, dtype=np.float32)
    return Clip(clip.name, resample(mean, clip.sample_rate, RATE), RATE)


def noisy(clips: Sequence[Clip], noises: Sequence[Clip], snr: float) -> list[Clip]:
    """Add to each clip the noise of its place in the row, so many dB below it over its whole length.

    A noise that is shorter is repeated. A sum that would clip is turned down to a peak of 1.
    """
    return [_mixed(clip, noises[index % len(noises)], snr) for index, clip in enumerate(clips)]


def _mixed(clip: Clip, noise: Clip, snr: float) -> Clip:
    length = clip.audio.shape[1]
    under = np.tile(noise.audio, -(-length // noise.audio.shape[1]))[:, :length]
    gain = np.sqrt(np.mean(clip.audio**2) / max(float(np.mean(under**2)), 1e-12)) * 10 ** (-snr / 20)
    both = clip.audio + np.float32(gain) * under
    return replace(clip, audio=(both / max(1.0, float(np.abs(both).max()))).astype(np.float32))


def at_peak(clip: Clip, dbfs: float) -> Clip:
    """A clip whose largest sample stands so many decibels from full scale."""
    peak = max(float(np.abs(clip.audio).max()), 1e-9)
    return replace(clip, audio=clip.audio * np.float32(10 ** (dbfs / 20) / peak))


def turned(trip: Trip, decibels: float) -> Trip:
    """The same clips and what came back of them, both louder by so much."""
    gain = np.float32(10 ** (decibels / 20))
    backs = [replace(b, clip=replace(b.clip, audio=b.clip.audio * gain), audio=b.audio * gain) for b in trip.backs]
    return replace(trip, backs=tuple(backs))


def judged(trip: Trip) -> list[Scores]:
    """Every clip that came back, against itself before."""
    return [
        score(back.clip.audio, back.audio, RATE, judged_rate=RATE, speech=True, metrics=JUDGES) for back in trip.backs
    ]


def means(scores: Sequence[Scores]) -> dict[str, Estimate | None]:
    """Mean of each metric over the clips that it could judge, with its 95 % interval."""
    return {name: bootstrap([each.values[name] for each in scores if name in each.values]) for name in JUDGES}


def shown(estimate: Estimate | None, digits: int) -> str | None:
    """For tables."""
    return None if estimate is None else estimate.text(digits)


def metric_text(name: str, estimate: Estimate | None) -> str | None:
    """A metric's mean and interval with its usual digits."""
    return shown(estimate, METRICS[name].digits)

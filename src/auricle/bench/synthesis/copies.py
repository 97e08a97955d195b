"""Whether generated sounds are training sounds over again."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from auricle.audio import AudioReader, resample
from auricle.bench.synthesis.measures import around, halves
from auricle.bench.synthesis.results import Nearness, Pair
from auricle.bench.synthesis.sounds import SoundSet, trimmed
from auricle.metrics.copying import copying
from auricle.metrics.sets import nearest

_RATE = 16_000


def nearness(
    sets: Mapping[str, np.ndarray], held_out: str, training: np.ndarray, seed: int
) -> tuple[tuple[Nearness, ...], dict[str, np.ndarray], float]:
    """Distances of each set to the training sounds.

    Args:
        sets: embeddings ``(n, d)`` by name.
        held_out: the name of the set that the others are compared with.
        training: ``(m, d)``.
        seed: decides the intervals.

    Returns:
        a summary of each set; for each of its sounds the number of the nearest training sound; and the distance below
        which a sound is suspect.
    """
    found = {name: nearest(values, training) for name, values in sets.items()}
    normal = found[held_out][0]
    told = tuple(_told(name, distances, normal, seed) for name, (distances, _) in found.items())
    return told, {name: which for name, (_, which) in found.items()}, copying(normal, normal).threshold


def _told(name: str, distances: np.ndarray, normal: np.ndarray, seed: int) -> Nearness:
    whole = copying(distances, normal)
    parts = halves((len(distances), len(normal)), seed)
    spread = [copying(distances[one], normal[two]).nearer for one, two in zip(*parts, strict=True)]
    return Nearness(
        set=name,
        sounds=len(distances),
        median=float(np.median(distances)),
        nearer=around(whole.nearer, np.array(spread)),
        suspects=whole.suspects,
    )


def nearest_pairs(
    generated: SoundSet, training: SoundSet, embedding: str, which: np.ndarray, threshold: float, count: int
) -> tuple[Pair, ...]:
    """The ``count`` generated sounds that are nearest to training sounds, with how alike the waveforms are."""
    steps = generated.values[embedding] - training.values[embedding][which]
    distances = np.sqrt((steps * steps).sum(axis=1))
    pairs = []
    for index in np.argsort(distances, kind="stable")[:count]:
        other = which[index]
        first, second = (_heard(each.paths[at]) for each, at in ((generated, index), (training, other)))
        pairs.append(
            Pair(
                generated.names[index],
                training.names[other],
                float(distances[index]),
                correlation(first, second),
                bool(distances[index] < threshold),
            )
        )
    return tuple(pairs)


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """The highest absolute correlation of two signals ``(t,)`` at any shift: 1 for the same, scaled or turned over."""
    size = 1 << (len(first) + len(second) - 1).bit_length()
    shared = np.fft.irfft(np.fft.rfft(first, size) * np.conj(np.fft.rfft(second, size)), size)
    norm = float(np.linalg.norm(first) * np.linalg.norm(second))
    return min(1.0, float(np.abs(shared).max()) / norm) if norm > 0 else 0.0


def _heard(path: Path, longest: float = 10.0) -> np.ndarray:
    with AudioReader(path) as reader:
        audio = next(reader.blocks(round(longest * reader.sample_rate)))
        rate = reader.sample_rate
    return resample(trimmed(audio.mean(axis=0))[None], rate, _RATE)[0].astype(np.float64)

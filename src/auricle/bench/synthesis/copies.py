"""Whether generated sounds are training sounds over again."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from auricle.audio import AudioReader, resample
from auricle.bench.synthesis.measures import halves, with_half_spread
from auricle.bench.synthesis.results import NearestPair, Nearness
from auricle.bench.synthesis.sounds import SoundSet, trim_silence
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
    neighbours = {name: nearest(values, training) for name, values in sets.items()}
    held_out_distances = neighbours[held_out][0]
    summaries = tuple(
        _summarise(name, distances, held_out_distances, seed) for name, (distances, _) in neighbours.items()
    )
    rows = {name: indices for name, (_, indices) in neighbours.items()}
    return summaries, rows, copying(held_out_distances, held_out_distances).threshold


def _summarise(name: str, distances: np.ndarray, held_out: np.ndarray, seed: int) -> Nearness:
    result = copying(distances, held_out)
    parts = halves((len(distances), len(held_out)), seed)
    spread = [copying(distances[first], held_out[second]).nearer for first, second in zip(*parts, strict=True)]
    return Nearness(
        set=name,
        sounds=len(distances),
        median=float(np.median(distances)),
        nearer=with_half_spread(result.nearer, np.array(spread)),
        suspects=result.suspects,
    )


def nearest_pairs(
    generated: SoundSet, training: SoundSet, embedding: str, training_rows: np.ndarray, threshold: float, count: int
) -> tuple[NearestPair, ...]:
    """The ``count`` generated sounds that are nearest to training sounds, with how alike the waveforms are."""
    steps = generated.values[embedding] - training.values[embedding][training_rows]
    distances = np.sqrt((steps * steps).sum(axis=1))
    pairs = []
    for index in np.argsort(distances, kind="stable")[:count]:
        row = training_rows[index]
        first, second = _read(generated.paths[index]), _read(training.paths[row])
        pairs.append(
            NearestPair(
                generated.names[index],
                training.names[row],
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


def _read(path: Path, longest: float = 10.0) -> np.ndarray:
    with AudioReader(path) as reader:
        audio = next(reader.blocks(round(longest * reader.sample_rate)))
        rate = reader.sample_rate
    return resample(trim_silence(audio.mean(axis=0))[None], rate, _RATE)[0].astype(np.float64)

"""Sounds with the same content."""

import numpy as np
import pytest

from auricle.audio import resample
from auricle.data.doctor.audio_fingerprint import SKETCH_SIZE, Fingerprint
from auricle.data.doctor.duplicates import (
    SAME_RECORDING,
    DisjointSets,
    candidate_pairs,
    correlation,
    exact_copies,
    groups,
)

RATE = 16000


def sound(seed: int, seconds: float = 4.0) -> np.ndarray:
    """Noise that changes in level and colour a few times a second, as speech does."""
    random = np.random.default_rng(seed)
    length = round(seconds * RATE)
    samples = np.zeros(length)
    for _ in range(round(12 * seconds)):
        size = int(random.integers(800, 6000))
        start = int(random.integers(0, length - size))
        tone = np.sin(2 * np.pi * random.uniform(200, 3500) / RATE * np.arange(size) + random.uniform(0, 6))
        samples[start : start + size] += random.uniform(0.02, 0.2) * np.hanning(size) * tone
    return (samples + 0.003 * random.standard_normal(length)).astype(np.float32)


def fingerprint(audio: np.ndarray, rate: int = RATE, block: int = 5000) -> tuple[int, np.ndarray]:
    taker = Fingerprint(rate)
    for start in range(0, len(audio), block):
        taker.push(audio[start : start + block])
    return taker.finish()


def shared(first: np.ndarray, second: np.ndarray) -> int:
    return len(np.intersect1d(first, second))


def test_blocks_do_not_matter() -> None:
    digest, sketch = fingerprint(sound(0))
    digest_by_blocks, sketch_by_blocks = fingerprint(sound(0), block=777)
    assert digest == digest_by_blocks and sketch.tolist() == sketch_by_blocks.tolist()
    assert len(sketch) == SKETCH_SIZE and (np.diff(sketch.astype(np.int64)) > 0).all()


def test_every_sample_counts() -> None:
    changed = sound(0)
    changed[-1] += 2**-14
    assert fingerprint(changed)[0] != fingerprint(sound(0))[0] != fingerprint(sound(0), rate=22050)[0]


def variants() -> dict[str, tuple[np.ndarray, int]]:
    original = sound(1)
    noisy = original + 0.0003 * np.random.default_rng(9).standard_normal(len(original)).astype(np.float32)
    return {
        "level": (0.2 * original, RATE),
        "inverted": (-original, RATE),
        "cut": (original[5001:-9000], RATE),
        "rate": (resample(original[None], RATE, 44100)[0], 44100),
        "noise": (noisy, RATE),
    }


@pytest.mark.parametrize("name", variants())
def test_the_same_recording_is_known_again(name: str) -> None:
    audio, rate = variants()[name]
    assert shared(fingerprint(audio, rate)[1], fingerprint(sound(1))[1]) >= 4
    sounds = [resample(samples[None], r, 8000)[0] for samples, r in ((audio, rate), (sound(1), RATE))]
    assert correlation(*sounds) >= SAME_RECORDING
    assert correlation(*reversed(sounds)) == pytest.approx(correlation(*sounds), abs=0.01)


def test_strangers_are_not() -> None:
    sketches = [fingerprint(sound(seed))[1] for seed in range(12)]
    assert max(shared(sketches[i], sketches[j]) for i in range(12) for j in range(i)) <= 1
    sounds = [resample(sound(seed)[None], RATE, 8000)[0] for seed in range(4)]
    assert max(correlation(sounds[i], sounds[j]) for i in range(4) for j in range(i)) < 0.5


def test_hum_does_not_make_strangers_alike() -> None:
    hum = 0.3 * np.sin(2 * np.pi * 50 / 8000 * np.arange(16000)).astype(np.float32)
    sounds = [resample(sound(seed, 2.0)[None], RATE, 8000)[0] + hum for seed in range(2)]
    assert correlation(*sounds) < SAME_RECORDING


@pytest.mark.parametrize("length", [0, 1, 100])
def test_nothing_to_compare(length: int) -> None:
    assert correlation(np.zeros(length, np.float32), np.zeros(length, np.float32)) == 0.0
    assert fingerprint(np.zeros(length, np.float32))[1].size == 0


def test_exact_copies() -> None:
    digest = np.array([5, 7, 5, 9, 7, 5, 11], np.uint64)
    among = np.array([True] * 6 + [False])
    assert [copies.tolist() for copies in exact_copies(digest, among)] == [[0, 2, 5], [1, 4]]
    assert exact_copies(np.zeros(0, np.uint64), np.zeros(0, bool)) == []


def test_candidates() -> None:
    random = np.random.default_rng(0)
    sketches = random.integers(1, 2**32, (1000, SKETCH_SIZE), np.uint32)
    sketches[700, :5] = sketches[3, 10:15]
    sketches[701, :2] = sketches[4, :2]
    sketches[702, 0] = sketches[5, 0]  # one code may be the same by chance
    sketches[703, 4:8] = sketches[6, 4:8]
    sketches[800:, 0] = 77  # a code that many files have tells nothing
    sketches[900:910] = 0  # none
    among = np.ones(1000, bool)
    among[703] = False
    assert candidate_pairs(sketches, among).tolist() == [[3, 700], [4, 701]]
    assert candidate_pairs(sketches, np.zeros(1000, bool)).shape == (0, 2)


def test_groups() -> None:
    merged = groups([np.array([1, 5]), np.array([2, 6])], [(5, 8), (10, 11)])
    assert [(group.members, group.exact) for group in merged] == [
        ((1, 5, 8), False),
        ((2, 6), True),
        ((10, 11), False),
    ]


def test_sets_do_not_depend_on_order() -> None:
    pairs = [(3, 9), (1, 3), (9, 4), (7, 8), (2, 7)]
    for turn in range(5):
        sets = DisjointSets()
        for first, second in pairs[turn:] + pairs[:turn]:
            sets.join(second, first)
        assert sets.groups() == [[1, 3, 4, 9], [2, 7, 8]]

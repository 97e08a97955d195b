"""What can be measured of sounds, in musicians' words, and which of it a direction changes."""

from collections.abc import Mapping, Sequence
from itertools import chain
from math import log2
from pathlib import Path
from types import MappingProxyType

import numpy as np

from auricle.audio import AudioReader

OPPOSITES: Mapping[str, str] = MappingProxyType(
    {"brighter": "darker", "noisier": "purer", "louder": "quieter", "longer": "shorter", "softer": "sharper"}
)
"""Words for more of each descriptor, and for less of it."""
_MOST_SECONDS = 10.0
_WINDOW, _HOP = 1024, 512
_LOUD = 10 ** (-40 / 20)
_END = 10 ** (-30 / 20)
_CORRELATION = 0.6
"""At least so much a direction and a descriptor must go together for the word to be its name."""


def describe(path: Path) -> np.ndarray:
    """Descriptors of the first 10 seconds of a file, ``(5,)`` in the order of `OPPOSITES`.

    Brightness is the logarithm of the spectral centroid, noise the spectral flatness in dB (both of windows within
    40 dB of the loudest), loudness the root mean square in dB, length that down to 30 dB below the peak and softness
    the time up to the peak of the envelope, both as logarithms.

    Raises:
        AudioError: it can't be read.
    """
    with AudioReader(path) as reader:
        rate, blocks, samples = reader.sample_rate, [], 0
        for block in reader.blocks(reader.sample_rate):
            blocks.append(block.mean(axis=0))
            samples += len(blocks[-1])
            if samples >= _MOST_SECONDS * rate:
                break
    return describe_samples(np.concatenate((*blocks, np.zeros(1, np.float32))), rate)


def describe_samples(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """The same of samples ``(t,)``."""
    padded = np.pad(audio.astype(np.float64), (0, max(0, _WINDOW + _HOP - len(audio))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP] * np.hanning(_WINDOW)
    power = np.square(np.abs(np.fft.rfft(frames, axis=1))) + 1e-12
    level = np.sqrt(power.mean(axis=1))
    loud = power[level >= _LOUD * level.max()].mean(axis=0)
    hertz = np.fft.rfftfreq(_WINDOW, 1 / sample_rate)
    centroid = float((loud * hertz).sum() / loud.sum())
    flatness = 10 * float(np.log10(loud).mean() - np.log10(loud.mean()))
    seconds = _HOP / sample_rate
    length = (int(np.flatnonzero(level >= _END * level.max())[-1]) + 1) * seconds
    attack = (int(level.argmax()) + 1) * seconds
    rms = float(np.sqrt(np.square(audio, dtype=np.float64).mean()))
    return np.array([log2(max(centroid, 1.0)), flatness, 20 * np.log10(max(rms, 1e-6)), log2(length), log2(attack)])


def name_directions(places: np.ndarray, descriptors: Sequence[np.ndarray]) -> tuple[list[str], np.ndarray]:
    """Words for what directions do, by the correlation of places along them with descriptors of the same sounds.

    The strongest pair of a direction and a descriptor comes first; no word is given twice.

    Args:
        places: ``(sounds, k)``.
        descriptors: of each sound, from `describe`.

    Returns:
        A word for each direction, "" where none fits, and signs ``(k,)`` with which more of it is up.
    """
    count = places.shape[1]
    names, signs = [""] * count, np.ones(count)
    correlation = _correlations(places, np.stack(descriptors))
    words = list(OPPOSITES)
    for flat in np.abs(correlation).argsort(axis=None)[::-1]:
        direction, word = divmod(int(flat), len(words))
        value = correlation[direction, word]
        if abs(value) < _CORRELATION:
            break
        if not names[direction] and words[word] not in names:
            names[direction], signs[direction] = words[word], np.sign(value)
    return names, signs


def _correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Pearson's, of the columns of ``(n, k)`` with those of ``(n, m)``: ``(k, m)``; 0 where one does not vary."""
    first, second = (
        (values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-9) for values in (first, second)
    )
    return first.T @ second / len(first)


def direction_words(names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Number, from 0, and sign of what each word asks for: ``PC1``, its name and the opposite of that."""
    numbered = enumerate(names)
    pairs = chain.from_iterable(
        ((f"pc{index + 1}", (index, 1)), (name, (index, 1)), (OPPOSITES.get(name, ""), (index, -1)))
        for index, name in numbered
    )
    return {word: place for word, place in pairs if word}

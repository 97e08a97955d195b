"""Copies of sounds that a class should not change by: what a probe may learn from besides the sounds themselves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import soxr

from auricle.classify.features.base import Extractor, digest
from auricle.classify.features.extract import Features, extract
from auricle.data.scan import Sound
from auricle.options.classification import CacheOptions
from auricle.progress import OnProgress, ignore_progress

_VERSION = 1
_ROOM_SECONDS = 0.2


@final
@dataclass(frozen=True)
class Alteration:
    """How a copy differs from its sound.

    Attributes:
        speed: above 1 the copy is shorter and higher, as another voice or instrument may be.
        echo: ratio of a room's echoes to the sound, as amplitudes; 0 for none.
        noise_db: level of white noise against the sound; None for none.
    """

    speed: float = 1.0
    echo: float = 0.0
    noise_db: float | None = None

    def __call__(self, audio: np.ndarray, rate: int) -> np.ndarray:
        """The copy of a sound ``(t,)`` at its rate; the same one each time."""
        random = np.random.Generator(np.random.PCG64(0))
        copy = soxr.resample(audio, self.speed, 1.0)
        if self.echo:
            copy = _in_a_room(copy, rate, self.echo, random)
        if self.noise_db is not None:
            level = float(np.sqrt(np.square(copy, dtype=np.float64).mean())) * 10 ** (self.noise_db / 20)
            copy = copy + level * random.standard_normal(len(copy))
        return np.ascontiguousarray(copy, np.float32)


ALTERATIONS = (
    Alteration(0.87, echo=0.5),
    Alteration(1.15, noise_db=-25.0),
    Alteration(0.93, noise_db=-30.0),
    Alteration(1.07, echo=0.4),
    Alteration(1.2, echo=0.5),
    Alteration(0.83, noise_db=-25.0),
    Alteration(1.1, noise_db=-20.0),
    Alteration(0.9, echo=0.6),
)
"""Of the first copy, the second, and so on."""


def _in_a_room(audio: np.ndarray, rate: int, echo: float, random: np.random.Generator) -> np.ndarray:
    """A sound ``(t,)`` and its echoes: noise that falls by 60 dB in a fifth of a second."""
    length = max(2, round(_ROOM_SECONDS * rate))
    tail = random.standard_normal(length) * 10 ** (-3 * np.arange(length) / length)
    response = tail * (echo / np.sqrt(np.square(tail).sum()))
    response[0] += 1.0
    size = len(audio) + length
    return np.fft.irfft(np.fft.rfft(audio, size) * np.fft.rfft(response, size), size)[: len(audio)]


@final
class AlteredFeatures(Extractor):
    """The features of copies.

    Args:
        extractor: of sounds as they are.
        alteration: of the copies.
    """

    def __init__(self, extractor: Extractor, alteration: Alteration) -> None:
        identity = digest("altered", _VERSION, extractor.identity, alteration)
        super().__init__(f"{extractor.name}, copy", extractor.sample_rate, identity)
        self._extractor, self._alteration = extractor, alteration

    def mono_features(self, audio: np.ndarray) -> np.ndarray:
        return self._extractor.mono_features(self._alteration(audio, self.sample_rate))


def features_of_copies(
    sounds: Sequence[Sound],
    extractor: Extractor,
    originals: Features,
    count: int,
    *,
    caching: CacheOptions = CacheOptions(),
    on_progress: OnProgress = ignore_progress,
    on_note: Callable[[str], None] = lambda line: None,
) -> list[np.ndarray]:
    """Features ``(files, d)`` of each of some copies of the sounds that have features, in the order of these.

    Args:
        sounds: that were read.
        extractor: that made the features of the sounds as they are.
        originals: these features.
        count: of copies.
        caching: where features are kept.
        on_progress: called while sounds are read.
        on_note: is told in one line if features that were kept are damaged: they are made anew.
    """
    names = set(originals.names)
    readable = [sound for sound in sounds if sound.name in names]
    copies = []
    for alteration in ALTERATIONS[:count]:
        altered = AlteredFeatures(extractor, alteration)
        copy = extract(readable, altered, caching=caching, on_progress=on_progress, on_note=on_note)
        rows = dict(zip(originals.names, originals.values, strict=True)) | dict(
            zip(copy.names, copy.values, strict=True)
        )
        copies.append(np.stack([rows[name] for name in originals.names]))
    return copies

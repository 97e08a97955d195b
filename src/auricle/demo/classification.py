"""Seconds that are classified: a classifier learns from the first seconds of each recording and names those after."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import final

import numpy as np

from auricle.atomic import temporary_folder
from auricle.audio.writer import write
from auricle.classify.classifier import Classifier
from auricle.demo.excerpts import Excerpt
from auricle.model import Autoencoder
from auricle.options.classification import CacheOptions, ClassifierOptions

_SECONDS = 1.0
_TRAINING_SECONDS = 3
_MIN_RECORDINGS = 2
_LIKELIEST = 3
_NO_CACHE = CacheOptions(no_cache=True)


@final
@dataclass(frozen=True)
class ClassifiedSecond:
    """A second of a recording, and what it was taken for.

    Attributes:
        title: of the recording that it is of.
        start: where it begins, in seconds.
        guess: title of the recording that it was taken for.
        probability: of the guess.
        probabilities: of the likeliest titles, the guess first.
    """

    title: str
    start: float
    guess: str
    probability: float
    probabilities: Mapping[str, float]

    @property
    def is_right(self) -> bool:
        """Whether the guess is true."""
        return self.guess == self.title


def classify_seconds(excerpts: tuple[Excerpt, ...], model: Autoencoder) -> tuple[ClassifiedSecond, ...]:
    """Learn from three seconds of each recording and name those after them.

    Nothing without scikit-learn, or where fewer than two recordings are long enough.
    """
    seconds = {excerpt.title: _seconds(excerpt) for excerpt in excerpts}
    usable = {title: pieces for title, pieces in seconds.items() if len(pieces) > _TRAINING_SECONDS}
    if find_spec("sklearn") is None or len(usable) < _MIN_RECORDINGS:
        return ()
    rates = {excerpt.title: excerpt.sample_rate for excerpt in excerpts}
    with temporary_folder() as folder:
        for title, pieces in usable.items():
            _write(folder / title, pieces[:_TRAINING_SECONDS], rates[title])
        classifier = Classifier.fit(folder, model, options=ClassifierOptions(no_cache=True))
    new = [(title, number) for title, pieces in usable.items() for number in range(_TRAINING_SECONDS, len(pieces))]
    sounds = [(usable[title][number], rates[title]) for title, number in new]
    predictions = classifier.predict(sounds, top=_LIKELIEST, caching=_NO_CACHE).sounds
    return tuple(
        ClassifiedSecond(
            title,
            number * _SECONDS,
            prediction.guesses[0].label,
            prediction.guesses[0].probability,
            {guess.label: guess.probability for guess in prediction.guesses},
        )
        for (title, number), prediction in zip(new, predictions, strict=True)
    )


def _seconds(excerpt: Excerpt) -> list[np.ndarray]:
    size = round(_SECONDS * excerpt.sample_rate)
    count = excerpt.audio.shape[1] // size
    return [excerpt.audio[:, number * size : (number + 1) * size] for number in range(count)]


def _write(folder: Path, pieces: list[np.ndarray], rate: int) -> None:
    folder.mkdir()
    for number, piece in enumerate(pieces):
        write(folder / f"{number}.wav", piece, rate)

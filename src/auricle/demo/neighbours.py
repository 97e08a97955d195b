"""Near sounds: which of the sounds on the page are most alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from auricle.classify.features.extract import features
from auricle.classify.search.neighbours import WhitenedSpace
from auricle.demo.excerpts import Excerpt
from auricle.demo.generated import GeneratedSound
from auricle.model import Autoencoder
from auricle.options.classification import FeatureOptions

_NEAREST = 3
_FEWEST_SOUNDS = 3


@final
@dataclass(frozen=True)
class NearSounds:
    """The sounds that are most like one.

    Attributes:
        title: of the sound.
        neighbours: titles of others, nearest first.
        cosines: how alike each is, at most 1.
    """

    title: str
    neighbours: tuple[str, ...]
    cosines: tuple[float, ...]


def near_sounds(
    excerpts: Sequence[Excerpt], generated: Sequence[GeneratedSound], model: Autoencoder
) -> tuple[NearSounds, ...]:
    """The three sounds nearest to each recording and each generated sound, as `auricle.similar` compares them.

    Nothing where there are fewer than three sounds.
    """
    sounds: list[Excerpt | GeneratedSound] = [*excerpts, *generated]
    if len(sounds) < _FEWEST_SOUNDS:
        return ()
    recorded = [(sound.audio, sound.sample_rate) for sound in sounds]
    values = features(recorded, model, options=FeatureOptions(no_cache=True)).values
    points = WhitenedSpace.fit(values)(values)
    cosines = points @ points.T
    np.fill_diagonal(cosines, -np.inf)
    order = np.argsort(-cosines, axis=1)[:, : min(_NEAREST, len(sounds) - 1)]
    return tuple(
        NearSounds(
            sound.title,
            tuple(sounds[other].title for other in order[row]),
            tuple(float(cosines[row, other]) for other in order[row]),
        )
        for row, sound in enumerate(sounds)
    )

"""What a probe learns from: labelled sounds as features."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Self, final

import numpy as np

from auricle.classify.features.extract import extract, match_labels
from auricle.classify.features.latents import EncoderFeatures
from auricle.classify.label_checks import DOCTOR, note_silent
from auricle.classify.probes.copies import features_of_copies
from auricle.classify.probes.folds import complete_groups
from auricle.classify.probes.group_scaling import GroupScaling, groups_apart_from_silence, required_groups
from auricle.data.labels import Labelled
from auricle.errors import DataError
from auricle.options.classification import ClassifierOptions
from auricle.printable import rejected_lines
from auricle.progress import OnProgress


@final
class ProbeExamples(NamedTuple):
    """Labelled sounds as a probe takes them, in one order.

    Attributes:
        values: features ``(files, d)``.
        copies: those of each of their altered copies.
        names: of their classes.
        groups: of which they are; None where not all have one.
        seconds: their lengths.
        silent: whether each is silent.
    """

    values: np.ndarray
    copies: Sequence[np.ndarray]
    names: list[str]
    groups: Sequence[str] | None
    seconds: list[float]
    silent: np.ndarray

    @classmethod
    def of(
        cls,
        labelled: Sequence[Labelled],
        extractor: EncoderFeatures,
        options: ClassifierOptions,
        on_progress: OnProgress,
        on_note: Callable[[str], None],
    ) -> Self:
        """Those that decode; ``on_note`` is told in a line of each that does not, and of silent ones.

        Raises:
            DataError: none decodes, or all are silent.
        """
        sounds = [item.sound for item in labelled]
        features = extract(sounds, extractor, caching=options, on_progress=on_progress, on_note=on_note)
        for line in rejected_lines(features.rejected, lister=DOCTOR):
            on_note(line)
        if len(features.silent) == len(features.names):
            raise DataError(f"all {len(features.names)} sounds are silent: name sounds that can be heard")
        note_silent(features.silent, on_note)
        items = match_labels(features, labelled)
        copies = features_of_copies(
            sounds, extractor, features, options.copies, caching=options, on_progress=on_progress, on_note=on_note
        )
        return cls(
            features.values,
            copies,
            [str(item.label) for item in items],
            complete_groups([item.group for item in items]),
            [item.sound.seconds for item in items],
            features.is_silent,
        )

    def relative_to_groups(self) -> tuple[Self, GroupScaling]:
        """The same with features relative to those of their group, and what makes others' so.

        Raises:
            DataError: no groups are known.
        """
        usual_in = groups_apart_from_silence(required_groups(self.groups), self.silent)
        scaling = GroupScaling.learn(self.values[~self.silent])
        values, *copies = (scaling.relative(version, usual_in) for version in (self.values, *self.copies))
        return self._replace(values=values, copies=copies), scaling

"""Fine-tuning: from labelled sounds and a frozen encoder's probe to a classifier with an encoder of its own."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from auricle.classify.classifier import Classifier, timeline_window
from auricle.classify.classifier_file import ClassifierMetadata
from auricle.classify.features.extract import extract
from auricle.classify.features.latents import LatentFeatures
from auricle.classify.features.pooling import fitting_feature_config
from auricle.classify.finetuning.task import HeldOutScores, TunedEncoder, Tuning, TuningTask
from auricle.classify.label_checks import DOCTOR, check_classes
from auricle.classify.own_encoder import encoder_arrays, restore_encoder
from auricle.classify.probes.calibration import fit_temperature
from auricle.classify.probes.folds import complete_groups, split_folds
from auricle.classify.probes.kinds import probe_of_kind
from auricle.classify.probes.linear import Linear
from auricle.classify.probes.probe import FittedProbe
from auricle.data import AudioCache
from auricle.data.labels import Labels
from auricle.errors import DataError, OptionError
from auricle.model import Autoencoder
from auricle.options.classification import ClassifierOptions
from auricle.printable import rejected_lines
from auricle.progress import OnProgress, Progress, ignore_progress

_HELD_OUT_FOLDS = 5  # one fold of so many decides which weights are kept
_MAX_LOSS_SHARE = 0.95  # of the probe's log loss: what is gained by less is chance, and was lost on other sounds
FINETUNED_PROBE = "ridge"


@final
@dataclass(frozen=True)
class Tuned:
    """A fine-tuned classifier, and whether it became better.

    Attributes:
        classifier: with an encoder of its own.
        held_out: sounds that decided which weights are kept, and how sure to be; 0 if there were too few to spare any.
        before: what the probe on the frozen encoder made of them; None without such sounds.
        after: what the classifier makes of them. They have chosen it, so this is a little too good.
        helped: False if fine-tuning did not clearly lower the log loss on them: the classifier is the probe then.
    """

    classifier: Classifier
    held_out: int
    before: HeldOutScores | None
    after: HeldOutScores | None
    helped: bool


@final
class FineTuning:
    """Everything a fine-tuning run needs, and what becomes of it: run ``task``, then call :meth:`result`.

    A linear probe on the frozen encoder is fitted first and training starts there, with a small learning rate (Kumar
    et al., "Fine-tuning can distort pretrained features", 2022).

    Args:
        labels: sounds with their labels and groups.
        model: whose encoder is the start; it is not changed.
        folder: for decoded sounds.
        options: groups, segments, seed and cache.
        tuning: the run's configuration; by default what fits the sounds.
        on_progress: called while sounds are decoded, and while the probe is fitted.
        on_note: is told in one line about what was left out.

    Attributes:
        cache: the sounds, decoded.

    Raises:
        DataError: no labelled sound can be used, or all are of one class, or silent.
        OptionError: another probe than ridge was named.
    """

    def __init__(
        self,
        labels: Labels,
        model: Autoencoder,
        folder: Path,
        *,
        options: ClassifierOptions = ClassifierOptions(),
        tuning: Tuning | None = None,
        on_progress: OnProgress = ignore_progress,
        on_note: Callable[[str], None] = lambda line: None,
    ) -> None:
        check_finetuned_probe(options)
        check_classes(labels, on_note)
        self._model = model
        self.tuning = tuning or _fitting_tuning([item.sound.seconds for item in labels.labelled], options)
        self.cache = AudioCache.build(
            [item.sound for item in labels.labelled],
            folder,
            sample_rate=model.sample_rate,
            on_progress=on_progress,
            on_note=on_note,
        )
        self.cache.require_audible()
        for line in rejected_lines(self.cache.rejected, lister=DOCTOR):
            on_note(line)
        decoded_names = set(self.cache.names)
        self._items = tuple(item for item in labels.labelled if item.sound.name in decoded_names)
        names = [str(item.label) for item in self._items]
        self.classes = tuple(sorted(set(names)))
        if len(self.classes) < 2:
            raise DataError(f"all sounds that can be decoded are of class {names[0]}: two classes or more are needed")
        numbers = np.array([self.classes.index(name) for name in names], np.int64)
        groups = complete_groups([item.group for item in self._items])
        training_rows, self._held_out = _split_held_out(numbers, groups, len(self.classes), options.seed)
        on_progress(Progress("fitting the probe", 0, 0, ""))
        extractor = LatentFeatures(model, self.tuning.feature_config)
        sounds = [item.sound for item in self._items]
        features = extract(sounds, extractor, caching=options, on_progress=on_progress, on_note=on_note)
        feature_rows = {name: row for row, name in enumerate(features.names)}
        rows_with_features = [row for row, sound in enumerate(sounds) if sound.name in feature_rows]

        def fit(rows: Sequence[int]) -> FittedProbe:
            values = features.values[[feature_rows[sounds[row].name] for row in rows]]
            row_groups = None if groups is None else [groups[row] for row in rows]
            return probe_of_kind(FINETUNED_PROBE).fit(
                values, [names[row] for row in rows], row_groups, seed=options.seed
            )

        self._fit_all = lambda: fit(rows_with_features)
        learned = set(training_rows)
        fitted_probe = fit([row for row in rows_with_features if row in learned])
        assert isinstance(fitted_probe, Linear)
        self._fitted_probe = fitted_probe
        self._net = TunedEncoder(model, fitted_probe, self.tuning)
        self.task = TuningTask(self._net, self.tuning, self.cache, numbers, training_rows, self._held_out)
        self.before = self.task.score_held_out() if self._held_out else None

    @property
    def held_out_names(self) -> tuple[str, ...]:
        """Names of the sounds that decide which weights are kept."""
        return tuple(self._items[row].sound.name for row in self._held_out)

    @property
    def label_by_name(self) -> dict[str, str | None]:
        """The class of each sound."""
        return {item.sound.name: item.label for item in self._items}

    def result(self) -> Tuned:
        """The classifier, with weights as its file holds them."""
        net = self._net.cpu().eval()
        weights = {"weights": net.weights.detach().numpy(), "bias": net.bias.detach().numpy()}
        net.model = restore_encoder(net.model.config, encoder_arrays(net.model), self._model.name)
        after = self.task.score_held_out() if self._held_out else None
        helped = self.before is None or after is None or after.loss < _MAX_LOSS_SHARE * self.before.loss
        temperature = 1.0 if after is None else fit_temperature(after.scores.astype(np.float64), after.truth).value
        arrays = {**self._fitted_probe.arrays, **weights, "temperature": np.array([temperature], np.float32)}
        if not helped:  # the probe, of all sounds
            net.model = restore_encoder(net.model.config, encoder_arrays(self._model), self._model.name)
            arrays, after = self._fit_all().arrays, self.before
        extractor = LatentFeatures(net.model, self.tuning.feature_config)
        metadata = ClassifierMetadata(
            model=self._model.name,
            encoder=extractor.fingerprint,
            sample_rate=self._model.sample_rate,
            feature_config=self.tuning.feature_config,
            probe=probe_of_kind(FINETUNED_PROBE),
            classes=self.classes,
            files=dict(sorted(Counter(str(item.label) for item in self._items).items())),
            window=timeline_window([item.sound.seconds for item in self._items]),
            own_encoder=net.model.config,
        )
        classifier = Classifier(Linear(self.classes, arrays), metadata, extractor)
        return Tuned(classifier, len(self._held_out), self.before, after, helped)


def check_finetuned_probe(options: ClassifierOptions) -> None:
    """Refuse probes and features that can't be fine-tuned.

    Raises:
        OptionError: another probe than ridge, other features than latents, copies, or groups that are normalised.
    """
    if options.features == "hearing":
        raise OptionError("--features hearing can't be fine-tuned: leave it out, the encoder is trained end to end")
    if options.normalise_groups:
        raise OptionError("--normalise-groups can't be fine-tuned: an encoder learns from one sound at a time")
    if options.copies:
        raise OptionError("--copies can't be fine-tuned: leave it out, sounds are altered while they are learned from")
    if options.probe not in (None, FINETUNED_PROBE):
        raise OptionError(f"--probe {options.probe} can't be fine-tuned: leave it out, a linear layer is trained")


def _fitting_tuning(seconds: Sequence[float], options: ClassifierOptions) -> Tuning:
    """A configuration for sounds of these lengths. One grid of frames: more would cost as much more."""
    config = fitting_feature_config(seconds, options.segments).model_copy(update={"shifts": 1})
    return Tuning(feature_config=config, seed=options.seed)


def _split_held_out(
    numbers: np.ndarray, groups: Sequence[str] | None, classes: int, seed: int
) -> tuple[list[int], list[int]]:
    """Rows to learn from and rows to hold out, groups whole; nothing is held out if a class would be lost."""
    units = len(numbers) if groups is None else len(set(groups))
    for held_out in split_folds(numbers, groups, min(_HELD_OUT_FOLDS, units), seed) if units >= 2 else []:
        inside = np.ones(len(numbers), bool)
        inside[held_out] = False
        if len(np.unique(numbers[inside])) == classes:
            return np.flatnonzero(inside).tolist(), sorted(held_out.tolist())
    return list(range(len(numbers))), []

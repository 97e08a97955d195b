"""Fine-tuning: from labelled sounds and a frozen encoder's probe to a classifier with an encoder of its own."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from auricle.classify.classifier import Classifier, window_of
from auricle.classify.classifier_file import Described
from auricle.classify.features.encoder_only import encoder_arrays, restored
from auricle.classify.features.extract import extract
from auricle.classify.features.latents import LatentFeatures
from auricle.classify.features.pooling import fitting_segments, recipe_of
from auricle.classify.finetuning.task import Judged, TunedEncoder, Tuning, TuningTask
from auricle.classify.label_checks import check_classes
from auricle.classify.probes.calibration import temperature
from auricle.classify.probes.folds import dealt, known_groups
from auricle.classify.probes.probe import Fitted, Linear, probe
from auricle.data import AudioCache
from auricle.data.labels import Labels
from auricle.errors import DataError
from auricle.model import Autoencoder
from auricle.progress import OnProgress, Progress, ignore_progress

_HELD_OUT = 5  # one fold of so many decides which weights are kept
_CLEARLY = 0.95  # of the probe's log loss: what is gained by less is chance, and was lost on other sounds
_PROBE = "ridge"


@final
@dataclass(frozen=True)
class Tuned:
    """What fine-tuning gave.

    Attributes:
        classifier: with an encoder of its own.
        held_out: sounds that decided which weights are kept, and how sure to be; 0 if there were too few to spare any.
        before: what the probe on the frozen encoder made of them; None without such sounds.
        after: what the classifier makes of them. They have chosen it, so this is a little too good.
        helped: False if fine-tuning did not clearly lower the log loss on them: the classifier is the probe then.
    """

    classifier: Classifier
    held_out: int
    before: Judged | None
    after: Judged | None
    helped: bool


@final
class FineTuning:
    """Everything a fine-tuning run needs, and what becomes of it: run ``task``, then call :meth:`result`.

    A linear probe on the frozen encoder is fitted first and training starts there, with a small learning rate (Kumar
    et al., "Fine-tuning can distort pretrained features", 2022).

    Args:
        labels: sounds with their labels and groups.
        model: whose encoder is the start; it is not changed.
        home: folder for decoded sounds.
        tuning: the run's configuration; by default what fits the sounds.
        segments: parts of a sound that are told apart, where no configuration is given.
        seed: decides what is held out, and the run where no configuration is given.
        cache: where features are kept; by default below the user's cache folder.
        keep: False neither reads nor writes that cache.
        on_progress: called with what begins, and with the number of sounds done and of all.
        on_note: is told in one line about what was left out.

    Raises:
        DataError: no labelled sound can be used, or all are of one class.
    """

    def __init__(
        self,
        labels: Labels,
        model: Autoencoder,
        home: Path,
        *,
        tuning: Tuning | None = None,
        segments: int | None = None,
        seed: int = 0,
        cache: Path | None = None,
        keep: bool = True,
        on_progress: OnProgress = ignore_progress,
        on_note: Callable[[str], None] = lambda line: None,
    ) -> None:
        check_classes(labels, on_note)
        self._model, self._known = model, labels.known
        self.tuning = tuning or _fitting([each.sound.seconds for each in self._known], segments, seed)
        sounds = [each.sound for each in self._known]
        decoded = AudioCache.build(
            sounds,
            home,
            sample_rate=model.sample_rate,
            on_progress=on_progress,
            on_note=on_note,
        )
        for refused in decoded.rejected:
            on_note(f"left out: {refused.reason}")
        alive = set(decoded.names)
        self._known = tuple(each for each in self._known if each.sound.name in alive)
        names = [str(each.label) for each in self._known]
        self.classes = tuple(sorted(set(names)))
        if len(self.classes) < 2:
            raise DataError(f"all sounds that can be decoded are of class {names[0]}: two classes or more are needed")
        numbers = np.array([self.classes.index(name) for name in names], np.int64)
        groups = known_groups([each.group for each in self._known])
        learned, self._held_out = _parted(numbers, groups, len(self.classes), seed)
        on_progress(Progress("fitting the probe", 0, 0, ""))
        self._extractor = LatentFeatures(model, self.tuning.recipe)
        found = extract(
            [each.sound for each in self._known],
            self._extractor,
            cache=cache,
            keep=keep,
            on_progress=on_progress,
        )
        places = {name: row for row, name in enumerate(found.names)}
        able = [row for row, each in enumerate(self._known) if each.sound.name in places]

        def fit(rows: Sequence[int]) -> Fitted:
            values = found.values[[places[self._known[row].sound.name] for row in rows]]
            apart = None if groups is None else [groups[row] for row in rows]
            return probe(_PROBE).fit(values, [names[row] for row in rows], apart, seed=seed)

        chosen = set(learned)
        self._refit = lambda: fit(able)
        fitted = fit([row for row in able if row in chosen])
        assert isinstance(fitted, Linear)
        self._fitted = fitted
        self._net = TunedEncoder(model, fitted, self.tuning)
        self.task = TuningTask(self._net, self.tuning, decoded, numbers, learned, self._held_out)
        self.before = self.task.judge() if self._held_out else None

    def result(self) -> Tuned:
        """The classifier, with weights as its file holds them."""
        net = self._net.cpu().eval()
        weights = {"weights": net.weights.detach().numpy(), "bias": net.bias.detach().numpy()}
        net.model = restored(net.model.config, encoder_arrays(net.model), self._model.name)
        after = self.task.judge() if self._held_out else None
        helped = self.before is None or after is None or after.loss < _CLEARLY * self.before.loss
        heat = 1.0 if after is None else temperature(after.scores.astype(np.float64), after.truth).value
        arrays = {**self._fitted.arrays, **weights, "temperature": np.array([heat], np.float32)}
        if not helped:  # the probe, of all sounds
            net.model = restored(net.model.config, encoder_arrays(self._model), self._model.name)
            arrays, after = self._refit().arrays, self.before
        described = Described(
            model=self._model.name,
            encoder=LatentFeatures(net.model, self.tuning.recipe).fingerprint,
            sample_rate=self._model.sample_rate,
            recipe=self.tuning.recipe,
            probe=probe(_PROBE),
            classes=self.classes,
            files=dict(sorted(Counter(str(each.label) for each in self._known).items())),
            window=window_of([each.sound.seconds for each in self._known]),
            own=net.model.config,
        )
        classifier = Classifier(Linear(self.classes, arrays), described, net.model)
        return Tuned(classifier, len(self._held_out), self.before, after, helped)


def _fitting(seconds: Sequence[float], segments: int | None, seed: int) -> Tuning:
    """A configuration for sounds of these lengths. One grid of frames: more would cost as much more."""
    recipe = recipe_of(segments=segments or fitting_segments(seconds)).model_copy(update={"shifts": 1})
    return Tuning(recipe=recipe, seed=seed)


def _parted(numbers: np.ndarray, groups: Sequence[str] | None, classes: int, seed: int) -> tuple[list[int], list[int]]:
    """Rows to learn from and rows to hold out, groups whole; nothing is held out if a class would be lost."""
    have = len(numbers) if groups is None else len(set(groups))
    for held_out in dealt(numbers, groups, min(_HELD_OUT, have), seed) if have >= 2 else []:
        inside = np.ones(len(numbers), bool)
        inside[held_out] = False
        if len(np.unique(numbers[inside])) == classes:
            return np.flatnonzero(inside).tolist(), sorted(held_out.tolist())
    return list(range(len(numbers))), []

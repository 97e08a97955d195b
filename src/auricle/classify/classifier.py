"""A classifier: an encoder's features and a probe that has learned from them."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self, final

import numpy as np

from auricle import audio
from auricle.classify.classifier_file import Described, read_classifier, write_classifier
from auricle.classify.features.base import LONGEST_SECONDS
from auricle.classify.features.encoder_only import ENCODER, encoder_arrays, restored
from auricle.classify.features.extract import extract, gathered, labels_of
from auricle.classify.features.latents import LatentFeatures
from auricle.classify.features.pooling import Recipe, fitting_segments, recipe_of
from auricle.classify.label_checks import check_classes, gathered_labels, tell_silent
from auricle.classify.prediction import Guess, Prediction, Predictions, Span, joined
from auricle.classify.probes.folds import known_groups
from auricle.classify.probes.probe import Fitted, Probe, probe
from auricle.data.labels import Labels
from auricle.errors import AudioError, DataError, ModelError, OptionError
from auricle.extras import require
from auricle.model import Autoencoder, load, shipped
from auricle.progress import OnProgress, Progress, ignore_progress

_SHORTEST_WINDOW, _LONGEST_WINDOW = 0.05, 10.0
_SHOWN = 16  # digits of a fingerprint


@final
class Classifier:
    """Tells sounds apart.

    Attributes:
        fitted: the probe.
        described: what the probe is for: autoencoder, recipe, sounds that it learned from.
    """

    def __init__(self, fitted: Fitted, described: Described, model: Autoencoder | None = None) -> None:
        self.fitted, self.described = fitted, described
        self._extractor = None if model is None else LatentFeatures(model, described.recipe)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self.fitted.classes

    @classmethod
    def fit(
        cls,
        sounds: Path | str | Labels,
        model: Autoencoder | Path | str = "speech",
        *,
        table: Path | str | None = None,
        column: str = "label",
        group: str | None = None,
        kind: str | Probe = "ridge",
        recipe: Recipe | None = None,
        segments: int | None = None,
        seed: int = 0,
        cache: Path | None = None,
        keep: bool = True,
        on_progress: OnProgress = ignore_progress,
        on_note: Callable[[str], None] = lambda line: None,
    ) -> Self:
        """Learn to tell the classes of a folder apart.

        Args:
            sounds: a folder with a subfolder per class (or any folder, with ``table``), or labels made before.
            model: whose encoder makes the features: a model, a shipped model's name or a model file.
            table: CSV with a header: path, label, and optionally group.
            column: the table's column of labels.
            group: the table's column of groups (speakers, recordings), or, without a table, a regular expression that
                finds the group in a file's path. The choice of the probe's strength and its calibration never see one
                on both sides.
            kind: ``ridge``, ``logistic``, ``knn`` or ``mlp``.
            recipe: how features are made; by default what fits the sounds' length.
            segments: parts of a sound that are told apart, where no recipe is given.
            seed: decides inner folds and first weights.
            cache: where features are kept; by default below the user's cache folder.
            keep: False neither reads nor writes that cache.
            on_progress: called while sounds are read.
            on_note: is told in one line about what was left out.

        Raises:
            DataError: no labelled sound can be used, or all are of one class.
            ModelError: the model can't be loaded.
            OptionError: no such kind.
            MissingPackageError: scikit-learn is not installed.
        """
        require("sklearn", extra="classify", purpose="classifiers")
        how = probe(kind) if isinstance(kind, str) else kind
        labels = sounds if isinstance(sounds, Labels) else gathered_labels(sounds, table, column=column, group=group)
        check_classes(labels, on_note)
        autoencoder = model if isinstance(model, Autoencoder) else load(model)
        known = labels.known
        chosen = recipe or recipe_of(segments=segments or fitting_segments([each.sound.seconds for each in known]))
        extractor = LatentFeatures(autoencoder, chosen)
        found = extract([each.sound for each in known], extractor, cache=cache, keep=keep, on_progress=on_progress)
        for refused in found.skipped:
            on_note(f"left out: {refused.reason}")
        tell_silent(found.silent, on_note)
        known = labels_of(found, known)
        names = [str(each.label) for each in known]
        fitted = how.fit(found.values, names, known_groups([each.group for each in known]), seed=seed)
        described = Described(
            model=autoencoder.name,
            encoder=extractor.fingerprint,
            sample_rate=autoencoder.sample_rate,
            recipe=extractor.recipe,
            probe=how,
            classes=fitted.classes,
            files=dict(sorted(Counter(names).items())),
            window=window_of([each.sound.seconds for each in known]),
        )
        return cls(fitted, described, autoencoder)

    @classmethod
    def load(cls, path: Path | str, model: Autoencoder | Path | str | None = None) -> Self:
        """Read a classifier's file, which may come from a stranger.

        Args:
            path: the file.
            model: its autoencoder; by default the shipped model of the name that the file states. A fine-tuned
                classifier brings its own encoder and takes no other.

        Raises:
            ModelError: the file is malformed; or the autoencoder is not known, or another one than it was fitted with.
        """
        described, arrays = read_classifier(Path(path))
        if described.own is not None:
            model = restored(described.own, arrays, described.model)
        if model is None:
            if described.model not in shipped():
                raise ModelError(f"{path} was fitted with the model {described.model!r}: name its file with --model")
            model = described.model
        autoencoder = model if isinstance(model, Autoencoder) else load(model)
        learned = {name: value for name, value in arrays.items() if not name.startswith(ENCODER)}
        made = cls(described.probe.restore(described.classes, learned), described, autoencoder)
        mine = made.extractor.fingerprint
        if mine != described.encoder:
            raise ModelError(
                f"{path} was fitted with the encoder {described.encoder[:_SHOWN]} (model {described.model!r}), but "
                f"{autoencoder.name!r} has the encoder {mine[:_SHOWN]}: name the model it was fitted with, or fit again"
            )
        wanted, given = len(arrays["mean"]), made.extractor.size
        if wanted != given:
            raise ModelError(f"{path} wants {wanted} features, its recipe makes {given}: the file is damaged")
        return made

    def save(self, path: Path | str, *, force: bool = False) -> None:
        """Write a classifier's file; it appears whole or not at all.

        Raises:
            OutputError: the file exists and ``force`` is false, or can't be written.
        """
        own = {} if self.described.own is None else encoder_arrays(self.extractor.model)
        write_classifier(Path(path), self.described, {**self.fitted.arrays, **own}, force=force)

    @property
    def extractor(self) -> LatentFeatures:
        """What makes the features."""
        assert self._extractor is not None
        return self._extractor

    def predict(
        self,
        files: Path | str | Sequence[Path | str],
        *,
        top: int = 3,
        cache: Path | None = None,
        keep: bool = True,
        on_progress: OnProgress = ignore_progress,
    ) -> Predictions:
        """What sounds are taken for.

        Args:
            files: audio files, or folders of them.
            top: classes to name for each.
            cache: as `fit`.
            keep: as `fit`.
            on_progress: as `fit`.

        Raises:
            DataError: no file can be used.
            OptionError: ``top`` is below 1, or nothing was named.
        """
        if top < 1:
            raise OptionError(f"the best {top} classes: ask for 1 or more")
        sounds, refused = gathered([files] if isinstance(files, str | Path) else files)
        found = extract(sounds, self.extractor, cache=cache, keep=keep, on_progress=on_progress)
        rows = self.fitted.probabilities(found.values)
        told = [Prediction(name, self._best(row, top)) for name, row in zip(found.names, rows, strict=True)]
        return Predictions(tuple(told), (*refused, *found.skipped), found.silent)

    def predict_audio(self, samples: np.ndarray, rate: int, *, top: int = 3) -> tuple[Guess, ...]:
        """What a sound ``(c, t)`` at any rate is taken for, best first.

        Raises:
            AudioError: it has no samples.
        """
        row = self.fitted.probabilities(self.extractor.of_audio(samples, rate)[None])[0]
        return self._best(row, top)

    def timeline(self, path: Path | str, *, seconds: float | None = None) -> tuple[Span, ...]:
        """What is heard when: windows that overlap by half, neighbours of one class joined.

        Args:
            path: a file of any length.
            seconds: length of a window; by default the median length of the sounds that were learned from.

        Raises:
            AudioError: the file can't be read, or has no samples.
            OptionError: ``seconds`` is out of range.
        """
        length = self.described.window if seconds is None else seconds
        if not _SHORTEST_WINDOW <= length <= LONGEST_SECONDS:
            raise OptionError(f"windows of {length:g} s: give {_SHORTEST_WINDOW:g} to {LONGEST_SECONDS:g}")
        heard = [
            (start, self._best(self.fitted.probabilities(values[None])[0], 1)[0])
            for start, values in self.extractor.of_windows(Path(path), length, length / 2)
        ]
        if not heard:
            raise AudioError(f"{path} has no samples: replace it")
        return joined(heard, length, audio.info(path).seconds)

    def timelines(
        self,
        files: Path | str | Sequence[Path | str],
        *,
        seconds: float | None = None,
        on_progress: OnProgress = ignore_progress,
        on_note: Callable[[str], None] = lambda line: None,
    ) -> dict[str, tuple[Span, ...]]:
        """The `timeline` of each of several files or folders, by name; files that do not decode are told of.

        Raises:
            DataError: no file can be used.
            OptionError: ``seconds`` is out of range, or nothing was named.
        """
        sounds, refused = gathered([files] if isinstance(files, str | Path) else files)
        found: dict[str, tuple[Span, ...]] = {}
        reasons = [each.reason for each in refused]
        for done, sound in enumerate(sounds, 1):
            try:
                found[sound.name] = self.timeline(sound.path, seconds=seconds)
            except AudioError as error:
                reasons.append(str(error))
            on_progress(Progress("listening", done, len(sounds), "sounds"))
        for reason in reasons:
            on_note(f"left out: {reason}")
        if not found:
            raise DataError(f"none of {len(sounds)} sounds can be decoded; the first problem: {reasons[0]}")
        return found

    def _best(self, row: np.ndarray, top: int) -> tuple[Guess, ...]:
        order = np.argsort(-row, kind="stable")[:top]
        return tuple(Guess(self.classes[number], float(row[number])) for number in order)


def window_of(seconds: Sequence[float]) -> float:
    """Seconds of a timeline's windows for a classifier that learned from sounds of these lengths."""
    return min(_LONGEST_WINDOW, max(_SHORTEST_WINDOW, float(np.median(seconds))))

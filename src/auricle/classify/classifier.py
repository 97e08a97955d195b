"""A classifier: an encoder's features and a probe that has learned from them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self, final

import numpy as np

from auricle import audio
from auricle.audio import AudioSource
from auricle.classify.classifier_file import (
    SUFFIX,
    ClassifierMetadata,
    JudgedAccuracy,
    read_classifier,
    shipped_classifiers,
    write_classifier,
)
from auricle.classify.evaluation.cross_validation import interval
from auricle.classify.features.base import LONGEST_SECONDS
from auricle.classify.features.extract import Features, extract, list_sounds, model_or_default
from auricle.classify.features.hearing import features_with, model_features
from auricle.classify.features.hearing_file import HEARING
from auricle.classify.features.latents import EncoderFeatures
from auricle.classify.features.pooling import FeatureConfig, fitting_feature_config
from auricle.classify.label_checks import (
    check_classes,
    groups_in_paths,
    load_labels,
    note_one_group,
    note_uniform_groups,
)
from auricle.classify.own_encoder import ENCODER, encoder_arrays, restore_encoder
from auricle.classify.prediction import Guess, Prediction, Predictions, Span, join_windows
from auricle.classify.probes.examples import ProbeExamples
from auricle.classify.probes.group_scaling import GROUP_SCALING, GroupScaling, groups_apart_from_silence
from auricle.classify.probes.kinds import SOUND_PROBE, probe_of_kind
from auricle.classify.probes.probe import FittedProbe, ProbeChoice
from auricle.data.labels import Labels
from auricle.data.scan import Rejected, Sound
from auricle.errors import AudioError, DataError, ModelError, OptionError
from auricle.extras import require
from auricle.hub.download import local_path
from auricle.model import Autoencoder, load, shipped
from auricle.model.files.tensor_file import short_digest
from auricle.options.classification import CacheOptions, ClassifierOptions
from auricle.options.field_types import check_arguments
from auricle.printable import none_usable, rejected_lines
from auricle.progress import OnProgress, Progress, ignore_progress

_SHORTEST_WINDOW, _LONGEST_WINDOW = 0.05, 10.0
_NO_TABLE = "put the sounds of each group into a folder: no table of groups is read here"


@final
class Classifier:
    """Tells the classes of sounds: an encoder's features, and a probe that was fitted on them.

    Attributes:
        fitted_probe: what has learned from features.
        metadata: what the probe is for: autoencoder, features, sounds that it learned from.
        extractor: what makes features of sounds, with the autoencoder's encoder.
        group_scaling: what makes them relative to those of their group; None where they are not.
    """

    def __init__(
        self,
        fitted_probe: FittedProbe,
        metadata: ClassifierMetadata,
        extractor: EncoderFeatures,
        group_scaling: GroupScaling | None = None,
    ) -> None:
        self.fitted_probe, self.metadata, self.extractor = fitted_probe, metadata, extractor
        self.group_scaling = group_scaling

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in alphabetical order."""
        return self.fitted_probe.classes

    @classmethod
    @check_arguments()
    def fit(
        cls,
        sounds: Path | str | Labels,
        model: Autoencoder | Path | str | None = None,
        *,
        options: ClassifierOptions = ClassifierOptions(),
        feature_config: FeatureConfig | None = None,
        on_progress: OnProgress = ignore_progress,
        on_note: Callable[[str], None] = lambda line: None,
    ) -> Self:
        """Learn to tell the classes of a folder apart.

        Args:
            sounds: a folder with a subfolder per class (or any folder, with ``options.labels_table``), or labels that
                are loaded already.
            model: whose encoder makes the features: a model, a shipped model's name or a model file; by default
                ``speech`` for sounds up to 24 kHz, else ``music``, whichever is for more of their length.
            options: labels, groups, whether they are normalised, probe, segments, copies, seed and cache. The choice of
                the probe's strength and its calibration never see one group on both sides.
            feature_config: how features are made; by default what fits the sounds' length.
            on_progress: called while sounds are read.
            on_note: is told in one line about what was left out.

        Raises:
            DataError: no labelled sound can be used, or all are of one class; or groups are to be normalised and none
                is known.
            ModelError: the model can't be loaded.
            OptionError: no such probe.
            MissingPackageError: scikit-learn is not installed.
        """
        require("sklearn", extra="classify", purpose="classifiers")
        probe = probe_of_kind(options.probe or SOUND_PROBE)
        labels = sounds if isinstance(sounds, Labels) else load_labels(sounds, options)
        check_classes(labels, on_note)
        if options.normalise_groups:
            note_uniform_groups(labels, on_note)
        lengths = [item.sound.seconds for item in labels.labelled]
        config = feature_config or fitting_feature_config(lengths, options.segments)
        encoder = model_or_default(model, [item.sound for item in labels.labelled])
        extractor = model_features(encoder, config, options.features, on_note)
        examples = ProbeExamples.of(labels.labelled, extractor, options, on_progress, on_note)
        scaling = None
        if options.normalise_groups:
            examples, scaling = examples.relative_to_groups()
        values, copies, names = examples.values, examples.copies, examples.names
        emphasis, seed = extractor.emphasis, options.seed
        choice = probe.choose(values, names, examples.groups, copies=copies, emphasis=emphasis, seed=seed)
        fitted_probe = probe.fit_as(choice, values, names, copies=copies, emphasis=emphasis, seed=seed)
        metadata = ClassifierMetadata(
            model=extractor.model.name,
            encoder=extractor.fingerprint,
            sample_rate=extractor.sample_rate,
            feature_config=extractor.config,
            features=extractor.kind,
            probe=probe,
            classes=fitted_probe.classes,
            files=dict(sorted(Counter(names).items())),
            copies=options.copies,
            normalise_groups=scaling is not None,
            window=timeline_window(examples.seconds),
            judged=_judged(choice, examples.groups),
        )
        return cls(fitted_probe, metadata, extractor, scaling)

    @classmethod
    @check_arguments()
    def load(cls, path: Path | str, model: Autoencoder | Path | str | None = None) -> Self:
        """A shipped classifier by its name, or one from a file, which may come from a stranger.

        Args:
            path: the file, a shipped classifier's name, or ``hf://owner/name``.
            model: its autoencoder; by default the shipped model of the name that the file states. A fine-tuned
                classifier brings its own encoder and takes no other.

        Raises:
            ModelError: the file is malformed; or the autoencoder is not known, or another one than it was fitted with.
        """
        path = local_path(shipped_classifiers().get(str(path), path), (SUFFIX,))
        metadata, arrays = read_classifier(path)
        if metadata.own_encoder is not None:
            model = restore_encoder(metadata.own_encoder, arrays, metadata.model)
        if model is None:
            if metadata.model not in shipped():
                raise ModelError(f"{path} was fitted with the model {metadata.model!r}: name its file with --model")
            model = metadata.model
        autoencoder = model if isinstance(model, Autoencoder) else load(model)
        probe_arrays = {
            name: value for name, value in arrays.items() if not name.startswith((ENCODER, HEARING, GROUP_SCALING))
        }
        extractor = features_with(autoencoder, metadata.feature_config, metadata.features, arrays)
        scaling = GroupScaling.of_arrays(arrays) if metadata.normalise_groups else None
        classifier = cls(metadata.probe.restore(metadata.classes, probe_arrays), metadata, extractor, scaling)
        fingerprint = extractor.fingerprint
        if fingerprint != metadata.encoder:
            raise ModelError(
                f"{path} was fitted with the encoder {short_digest(metadata.encoder)} (model "
                f"{metadata.model!r}), but {autoencoder.name!r} has the encoder {short_digest(fingerprint)}: "
                "name the model it was fitted with, or fit again"
            )
        size = len(arrays["mean"])
        current = extractor.size if metadata.detection is None else extractor.window_size
        if size != current:
            raise ModelError(f"{path} has {size} features a sound, but they are {current} now: fit it again")
        return classifier

    @check_arguments()
    def save(self, path: Path | str, *, force: bool = False) -> None:
        """Write a classifier's file; it appears whole or not at all.

        Raises:
            OutputError: the file exists and ``force`` is false, or can't be written.
        """
        encoder = {} if self.metadata.own_encoder is None else encoder_arrays(self.extractor.model)
        scaling = {} if self.group_scaling is None else self.group_scaling.arrays
        arrays = {**self.fitted_probe.arrays, **self.extractor.arrays, **encoder, **scaling}
        write_classifier(Path(path), self.metadata, arrays, force=force)

    @check_arguments()
    def predict(
        self,
        files: AudioSource | Sequence[AudioSource],
        *,
        top: int = 3,
        groups: str | None = None,
        caching: CacheOptions = CacheOptions(),
        on_progress: OnProgress = ignore_progress,
        on_note: Callable[[str], None] = lambda line: None,
    ) -> Predictions:
        """What sounds are taken for.

        Args:
            files: audio files, or folders of them; open files or ``(audio, sample_rate)``, as `auricle.features`.
            top: classes to name for each.
            groups: of a classifier whose groups are normalised: a regular expression that finds the group in a file's
                path, as in `fit`; by default all are of one group.
            caching: where features are kept.
            on_progress: called while sounds are read.
            on_note: is told in one line if features that were kept are damaged: they are made anew; and if the groups
                are all one.

        Raises:
            DataError: no file can be used, or the groups find nothing in a path.
            ModelError: it has learned from events in long recordings: see `detect`.
            OptionError: ``top`` is below 1, nothing was named, or the groups are no regular expression or of no use.
        """
        if top < 1:
            raise OptionError(f"the best {top} classes: ask for 1 or more")
        self._refuse_windows()
        if groups is not None and self.group_scaling is None:
            raise OptionError("this classifier takes each sound by itself: leave the groups out")
        sounds, rejected = list_sounds(files)
        sound_groups = _groups_of(sounds, groups)
        if groups is not None:
            note_one_group(tuple(sound_groups.values()), groups, on_note)
        features = extract(sounds, self.extractor, caching=caching, on_progress=on_progress, on_note=on_note)
        rows = self.fitted_probe.probabilities(self.probe_input(features, sound_groups))
        predictions = tuple(
            Prediction(name, self._guesses(row, top)) for name, row in zip(features.names, rows, strict=True)
        )
        return Predictions(predictions, (*rejected, *features.rejected), features.silent)

    def probe_input(self, features: Features, groups: Mapping[str, str] | None = None) -> np.ndarray:
        """What the probe is given ``(files, d)``: relative to groups by the sound's name, if it has learned so; by
        default all are of one group."""
        if self.group_scaling is None:
            return features.values
        named = [groups[name] if groups else "" for name in features.names]
        return self.group_scaling.relative(features.values, groups_apart_from_silence(named, features.is_silent))

    @check_arguments()
    def timeline(
        self, sound: AudioSource, *, window: float | None = None, on_progress: OnProgress = ignore_progress
    ) -> tuple[Span, ...]:
        """What is heard when: windows that overlap by half, neighbours of one class joined.

        Args:
            sound: a file of any length, or an open file or ``(audio, sample_rate)``, which are held in memory.
            window: seconds of a window; by default the median length of the sounds that were learned from.
            on_progress: is told how many seconds were heard.

        Raises:
            AudioError: the file can't be read, or has no samples.
            ModelError: it has learned from events in long recordings, or compares sounds of a group.
            OptionError: ``window`` is out of range.
        """
        self._refuse_windows()
        self._refuse_groups()
        length = self.metadata.window if window is None else window
        if not _SHORTEST_WINDOW <= length <= LONGEST_SECONDS:
            raise OptionError(f"windows of {length:g} s: give {_SHORTEST_WINDOW:g} to {LONGEST_SECONDS:g}")
        source = audio.rereadable(sound)
        stage, seconds = f"listening to {audio.source_path(source).name}", audio.info(source).seconds
        window_guesses: list[tuple[float, Guess]] = []
        for start, values in self.extractor.of_windows(source, length, length / 2):
            window_guesses.append((start, self._guesses(self.fitted_probe.probabilities(values[None])[0], 1)[0]))
            on_progress(Progress(stage, min(start + length, seconds), seconds, "s"))
        if not window_guesses:
            raise AudioError(f"{audio.source_path(source)} has no samples: replace it")
        return join_windows(window_guesses, length, seconds)

    def timelines(
        self,
        files: AudioSource | Sequence[AudioSource],
        *,
        window: float | None = None,
        on_progress: OnProgress = ignore_progress,
        on_note: Callable[[str], None] = lambda line: None,
        on_rejected: Callable[[Rejected], None] = lambda file: None,
    ) -> dict[str, tuple[Span, ...]]:
        """The `timeline` of each of several files or folders, by name; files that do not decode are told of:
        ``on_note`` in a line, ``on_rejected`` as such.

        Raises:
            DataError: no file can be used.
            OptionError: ``window`` is out of range, or nothing was named.
        """
        sounds, unusable = list_sounds(files)
        timelines: dict[str, tuple[Span, ...]] = {}
        rejected = [*unusable]
        for number, sound in enumerate(sounds):

            def show(part: Progress, number: int = number) -> None:
                on_progress(Progress(part.stage, number + part.share, len(sounds), "sounds"))

            try:
                timelines[sound.name] = self.timeline(sound.source, window=window, on_progress=show)
            except AudioError as error:
                rejected.append(Rejected(sound.path, str(error)))
        if not timelines:
            raise DataError(none_usable([file.reason for file in rejected]))
        for file in rejected:
            on_rejected(file)
        for line in rejected_lines(rejected):
            on_note(line)
        return timelines

    def _refuse_windows(self) -> None:
        if self.metadata.detection is not None:
            raise ModelError("this classifier has learned from events in long recordings: use classify detect")

    def _refuse_groups(self) -> None:
        if self.group_scaling is not None:
            raise ModelError("this classifier compares sounds of a group: use classify predict without a timeline")

    def _guesses(self, row: np.ndarray, top: int) -> tuple[Guess, ...]:
        order = np.argsort(-row, kind="stable")[:top]
        return tuple(Guess(self.classes[number], float(row[number])) for number in order)


def _groups_of(sounds: Sequence[Sound], expression: str | None) -> dict[str, str]:
    """The group of each sound by its name: what an expression finds there, else one for all."""
    names = [sound.name for sound in sounds]
    groups = [""] * len(names) if expression is None else groups_in_paths(names, expression, _NO_TABLE)
    return dict(zip(names, groups, strict=True))


def _judged(choice: ProbeChoice, groups: Sequence[str] | None) -> JudgedAccuracy | None:
    """What the sounds held out in turn say of a probe."""
    if choice.right is None or choice.judged_rows is None:
        return None
    row_groups = None if groups is None else [groups[int(row)] for row in choice.judged_rows]
    value, low, high = interval(choice.right.astype(float), row_groups)
    held_out = "sounds" if groups is None else "groups"
    protocol = f"three parts held out in turn, {held_out} never on both sides"
    return JudgedAccuracy(protocol=protocol, accuracy=value, low=low, high=high, sounds=len(choice.right))


def timeline_window(seconds: Sequence[float]) -> float:
    """Seconds of a timeline's windows for a classifier that learned from sounds of these lengths."""
    return min(_LONGEST_WINDOW, max(_SHORTEST_WINDOW, float(np.median(seconds))))

"""A classifier's figures beside those of features that nobody had to train, and its confusions as a picture."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from auricle.atomic import atomic_write, check_writable
from auricle.classify.evaluation.cross_validation import Evaluation, Interval, evaluate, interval, majority
from auricle.classify.features.base import Extractor
from auricle.classify.features.extract import extract, match_labels, model_or_default
from auricle.classify.features.hearing import model_features
from auricle.classify.features.latents import EncoderFeatures, LatentFeatures, random_encoder
from auricle.classify.features.mel_baselines import LogMelFeatures, MfccFeatures
from auricle.classify.features.pooling import FeatureConfig, fitting_feature_config
from auricle.classify.label_checks import check_classes, load_labels, note_silent, note_uniform_groups
from auricle.classify.probes.copies import features_of_copies
from auricle.classify.probes.folds import ESC_PROTOCOLS, complete_groups, folds_of
from auricle.classify.probes.kinds import SOUND_PROBE, probe_of_kind
from auricle.data.labels import Labelled, Labels
from auricle.errors import DataError
from auricle.extras import require
from auricle.model import Autoencoder
from auricle.options.classification import CrossValidationOptions, FeatureKind
from auricle.options.field_types import check_arguments
from auricle.printable import rejected_lines
from auricle.progress import OnProgress, ignore_progress

_MAX_NUMBERED_CLASSES = 30
"""With more classes than this the cells' numbers could not be read."""
_MAX_NAMED_CLASSES = 60
_MAX_SAMPLE_RATE = 48_000


def _require_matplotlib() -> None:
    require("matplotlib", extra="classify", purpose="pictures of confusions")


def draw_confusion(evaluation: Evaluation, path: Path, *, force: bool = False) -> None:
    """Write a PNG: rows are true, columns predicted classes; colours are shares of a row.

    Raises:
        OutputError: the file exists and ``force`` is false, or can't be written.
    """
    _require_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    counts, names = evaluation.confusion, [name[-24:] for name in evaluation.classes]
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    side = min(24.0, 3.0 + 0.4 * len(names))
    figure = Figure((side + 1, side), layout="constrained")
    axes = figure.add_subplot()
    image = axes.imshow(shares, vmin=0, vmax=1, cmap="Blues")
    figure.colorbar(image, ax=axes, label="share of the true class")
    if len(names) <= _MAX_NAMED_CLASSES:
        axes.set_xticks(range(len(names)), names, rotation=90, parse_math=False)
        axes.set_yticks(range(len(names)), names, parse_math=False)  # a class may be called $x_$
    axes.set(xlabel="predicted", ylabel="true", title=f"accuracy {evaluation.accuracy.value:.1%}")
    if len(names) <= _MAX_NUMBERED_CLASSES:
        for row, column in zip(*np.nonzero(counts), strict=True):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour, fontsize=8)
    with atomic_write(path, force=force) as temporary:
        FigureCanvasAgg(figure).print_figure(temporary, dpi=110, format="png")


@final
@dataclass(frozen=True)
class Baseline:
    """Figures of other features with the same probe on the same folds.

    Attributes:
        name: what features.
        evaluation: their figures.
        lead: accuracy of the judged features minus theirs, with its interval (paired bootstrap).
    """

    name: str
    evaluation: Evaluation
    lead: Interval


@final
@dataclass(frozen=True)
class Comparison:
    """What `evaluate_classifier` found.

    Attributes:
        evaluation: figures of the features that were judged.
        baselines: those of simpler features.
        feature_config: how the latents' features were made.
        model: name of the autoencoder.
        names: of the sounds, in the order of ``evaluation.truth``.
        notes: what was left out, and what the figures do not say.
        features: which were judged: hearing or latents.
    """

    evaluation: Evaluation
    baselines: tuple[Baseline, ...]
    feature_config: FeatureConfig
    model: str
    names: tuple[str, ...]
    notes: tuple[str, ...]
    features: FeatureKind = "latents"

    @property
    def verdict(self) -> str:
        """Whether the latents are worth it, in a sentence."""
        rivals = [baseline for baseline in self.baselines if baseline.name != "majority class"]
        if not rivals:
            return f"{self.model}: {self.evaluation.accuracy.value:.1%}, beside no baseline"
        best = max(rivals, key=lambda baseline: baseline.evaluation.accuracy.value)
        points = 100 * abs(best.lead.value)
        title = f"the {'latents' if self.features == 'latents' else 'features that hear'} of {self.model}"
        if best.lead.low > 0:
            return f"{title} beat the best baseline, {best.name}, by {points:.1f} points"
        if best.lead.high < 0:
            return (
                f"{title} lose to {best.name} by {points:.1f} points: use that, or train an "
                "autoencoder on sounds like these"
            )
        side = "above" if best.lead.value >= 0 else "below"
        return f"{title} are {points:.1f} points {side} {best.name}: that may be chance"


@check_arguments()
def evaluate_classifier(
    sounds: Path | str | Labels,
    model: Autoencoder | Path | str | None = None,
    *,
    options: CrossValidationOptions = CrossValidationOptions(),
    feature_config: FeatureConfig | None = None,
    out: Path | str | None = None,
    force: bool = False,
    on_progress: OnProgress = ignore_progress,
    on_note: Callable[[str], None] = lambda line: None,
) -> Comparison:
    """Measure how well an autoencoder's features tell classes apart, by cross-validation, beside baselines.

    Args:
        sounds: a folder with a subfolder per class (or any folder, with ``options.labels_table``), or labels that are
            loaded already.
        model: whose encoder makes the features: a model, a shipped model's name or a model file; by default ``speech``
            for sounds up to 24 kHz, else ``music``, whichever is for more of their length.
        options: labels, groups, folds, probe, segments, copies and normalised groups (of every kind of features),
            seed and cache.
        feature_config: how features are made; by default what fits the sounds' length.
        out: picture to write (PNG): the confusion matrix.
        force: replace an existing picture.
        on_progress: called while sounds are read, and after each fold.
        on_note: is told in one line what was left out.

    Raises:
        DataError: no labelled sound can be used, one class only, or folds that part a group.
        OptionError: the number of folds, the probe or the groups can't be used.
        OutputError: the picture can't be written.
        MissingPackageError: scikit-learn, or for a picture matplotlib, is not installed.
    """
    require("sklearn", extra="classify", purpose="comparisons of classifiers")
    probe, protocol = probe_of_kind(options.probe or SOUND_PROBE), str(options.folds)
    if out is not None:
        _require_matplotlib()
        check_writable(Path(out), force=force)
    fold_column = None if protocol.isdecimal() or protocol in ESC_PROTOCOLS else protocol
    if fold_column is not None and options.labels_table is None and not isinstance(sounds, Labels):
        raise DataError(f"folds by column {protocol} need a table: give --labels-table, a number of folds or esc10")
    notes: list[str] = []

    def note(line: str) -> None:
        notes.append(line)
        on_note(line)

    labels = sounds if isinstance(sounds, Labels) else load_labels(sounds, options, fold=fold_column)
    check_classes(labels, note)
    if options.normalise_groups:
        note("features are relative to their group: what is usual in a judged group is known from all of its sounds")
        note_uniform_groups(labels, note)
    labelled_sounds = [item.sound for item in labels.labelled]
    config = feature_config or fitting_feature_config([sound.seconds for sound in labelled_sounds], options.segments)
    judged = model_features(model_or_default(model, labelled_sounds), config, options.features, note)
    baselines = [] if options.skip_baselines else _baseline_extractors(labels.labelled, judged, options.seed)
    versions, items, silent = _extract_all([judged, *baselines], labels.labelled, options, on_progress, note)
    if len({item.label for item in items}) < 2:
        raise DataError("all sounds that decode are of one class: two classes or more are needed")
    folds = folds_of(items, protocol, seed=options.seed)
    names, groups = [str(item.label) for item in items], complete_groups([item.group for item in items])
    if groups is None and protocol.isdecimal():
        note("no groups are known: one speaker or recording may be on both sides, which flatters; give --groups")
    evaluation, *baseline_evaluations = (
        evaluate(
            values,
            names,
            folds,
            probe,
            groups=groups,
            copies=copies,
            emphasis=extractor.emphasis,
            normalise_groups=options.normalise_groups,
            silent=silent,
            seed=options.seed,
            on_progress=on_progress,
        )
        for extractor, (values, *copies) in zip((judged, *baselines), versions, strict=True)
    )
    figures = [] if options.skip_baselines else [("majority class", majority(names, folds, groups))]
    figures += zip((extractor.name for extractor in baselines), baseline_evaluations, strict=True)
    if out is not None:
        draw_confusion(evaluation, Path(out), force=force)
    return Comparison(
        evaluation,
        tuple(Baseline(name, baseline, _lead(evaluation, baseline)) for name, baseline in figures),
        config,
        judged.model.name,
        tuple(item.sound.name for item in items),
        tuple(notes),
        judged.kind,
    )


def _baseline_extractors(items: Sequence[Labelled], judged: EncoderFeatures, seed: int) -> list[Extractor]:
    """Features to beat: those of the whole sound as everybody makes them, and where the latents are told apart by
    segments, the same segments."""
    rate = min(_MAX_SAMPLE_RATE, Counter(item.sound.sample_rate for item in items).most_common(1)[0][0])
    segments = judged.config.segments
    extractors: list[Extractor] = [MfccFeatures(rate), LogMelFeatures(rate)]
    if segments > 1:
        extractors += [MfccFeatures(rate, segments=segments), LogMelFeatures(rate, segments=segments)]
    if judged.kind == "hearing":
        extractors.append(LatentFeatures(judged.model, judged.config, name="latents"))
    untrained = random_encoder(judged.model, seed=seed)
    return [*extractors, LatentFeatures(untrained, judged.config, name="random encoder")]


def _extract_all(
    extractors: Sequence[Extractor],
    items: Sequence[Labelled],
    options: CrossValidationOptions,
    on_progress: OnProgress,
    on_note: Callable[[str], None],
) -> tuple[list[list[np.ndarray]], tuple[Labelled, ...], np.ndarray]:
    """Features of the sounds that decode and of their copies, for every extractor, these sounds, and which of them are
    silent."""
    versions: list[list[np.ndarray]] = []
    silent = np.zeros(0, bool)
    for extractor in extractors:
        sounds = [item.sound for item in items]
        features = extract(sounds, extractor, caching=options, on_progress=on_progress, on_note=on_note)
        if not versions:
            if features.rejected:
                for line in rejected_lines(features.rejected, most=1):
                    on_note(line)
                items = match_labels(features, items)
            note_silent(features.silent, on_note)
            silent = features.is_silent
        copies = features_of_copies(
            sounds, extractor, features, options.copies, caching=options, on_progress=on_progress, on_note=on_note
        )
        versions.append([features.values, *copies])
    return versions, tuple(items), silent


def _lead(latents: Evaluation, baseline: Evaluation) -> Interval:
    return interval(latents.right.astype(float) - baseline.right.astype(float), latents.groups)

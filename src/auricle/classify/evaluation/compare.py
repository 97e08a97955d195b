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
from auricle.classify.features.extract import extract
from auricle.classify.features.latents import LatentFeatures, random_encoder
from auricle.classify.features.mel_baselines import LogMelFeatures, MfccFeatures
from auricle.classify.features.pooling import Recipe, fitting_segments, recipe_of
from auricle.classify.label_checks import check_classes, gathered_labels, tell_silent
from auricle.classify.probes.folds import folds_of, known_groups
from auricle.classify.probes.probe import Probe, probe
from auricle.data.labels import Labelled, Labels
from auricle.errors import DataError
from auricle.extras import require
from auricle.model import Autoencoder, load
from auricle.progress import OnProgress, ignore_progress

_MOST_NUMBERS = 30
"""With more classes than this the cells' numbers could not be read."""
_MOST_NAMES = 60
_HIGHEST_RATE = 48_000
_OFFICIAL = ("esc10", "esc50")


def _require_matplotlib() -> None:
    require("matplotlib", extra="classify", purpose="pictures of confusions")


def draw_confusion(found: Evaluation, path: Path, *, force: bool = False) -> None:
    """Write a PNG: rows are true, columns predicted classes; colours are shares of a row.

    Raises:
        OutputError: the file exists and ``force`` is false, or can't be written.
    """
    _require_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    counts, names = found.confusion, [name[-24:] for name in found.classes]
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    side = min(24.0, 3.0 + 0.4 * len(names))
    figure = Figure((side + 1, side), layout="constrained")
    axes = figure.add_subplot()
    image = axes.imshow(shares, vmin=0, vmax=1, cmap="Blues")
    figure.colorbar(image, ax=axes, label="share of the true class")
    if len(names) <= _MOST_NAMES:
        axes.set_xticks(range(len(names)), names, rotation=90)
        axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="predicted", ylabel="true", title=f"accuracy {found.accuracy.value:.1%}")
    if len(names) <= _MOST_NUMBERS:
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
        found: their figures.
        lead: accuracy of the latents minus theirs, with its interval (paired bootstrap).
    """

    name: str
    found: Evaluation
    lead: Interval


@final
@dataclass(frozen=True)
class Comparison:
    """What `evaluate_classifier` found.

    Attributes:
        found: figures of the latents.
        baselines: those of simpler features.
        features: how the latents' features were made.
        model: name of the autoencoder.
        names: of the sounds, in the order of ``found.truth``.
        notes: what was left out, and what the figures do not say.
    """

    found: Evaluation
    baselines: tuple[Baseline, ...]
    features: Recipe
    model: str
    names: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """Whether the latents are worth it, in a sentence."""
        rivals = [each for each in self.baselines if each.name != "majority class"]
        if not rivals:
            return f"{self.model}: {self.found.accuracy.value:.1%}, beside no baseline"
        best = max(rivals, key=lambda each: each.found.accuracy.value)
        points = 100 * abs(best.lead.value)
        if best.lead.low > 0:
            return f"the latents of {self.model} beat the best baseline, {best.name}, by {points:.1f} points"
        if best.lead.high < 0:
            return (
                f"the latents of {self.model} lose to {best.name} by {points:.1f} points: use that, or train an "
                "autoencoder on sounds like these"
            )
        side = "above" if best.lead.value >= 0 else "below"
        return f"the latents of {self.model} are {points:.1f} points {side} {best.name}: that may be chance"


def evaluate_classifier(
    sounds: Path | str | Labels,
    model: Autoencoder | Path | str = "speech",
    *,
    table: Path | str | None = None,
    column: str = "label",
    folds: str | int = 5,
    groups: str | None = None,
    kind: str | Probe = "ridge",
    recipe: Recipe | None = None,
    segments: int | None = None,
    baselines: bool = True,
    picture: Path | str | None = None,
    force: bool = False,
    seed: int = 0,
    cache: Path | None = None,
    keep: bool = True,
    on_progress: OnProgress = ignore_progress,
    on_note: Callable[[str], None] = lambda line: None,
) -> Comparison:
    """Measure how well an autoencoder's features tell classes apart, by cross-validation, beside baselines.

    Args:
        sounds: a folder with a subfolder per class (or any folder, with ``table``), or labels made before.
        model: whose encoder makes the features.
        table: CSV with a header: path, label, and optionally fold and group.
        column: the table's column of labels.
        folds: ``esc10`` (official folds, from file names), a column of the table, or a number.
        groups: the table's column of groups, or a regular expression, as `Classifier.fit`; no group is ever on both
            sides.
        kind: of probe, as `Classifier.fit`.
        recipe: how features are made; by default what fits the sounds' length.
        segments: parts of a sound that are told apart, where no recipe is given.
        baselines: compare with the majority class, MFCC and log-mel statistics and a random encoder.
        picture: PNG to write, with the confusion matrix.
        force: replace an existing picture.
        seed: decides folds, first weights and the random encoder.
        cache: as `features`.
        keep: as `features`.
        on_progress: called while sounds are read, and after each fold.
        on_note: is told in one line what was left out.

    Raises:
        DataError: no labelled sound can be used, one class only, or folds that part a group.
        OptionError: the number of folds, the kind or the groups can't be used.
        OutputError: the picture can't be written.
        MissingPackageError: scikit-learn, or for a picture matplotlib, is not installed.
    """
    require("sklearn", extra="classify", purpose="comparisons of classifiers")
    how, protocol = probe(kind) if isinstance(kind, str) else kind, str(folds)
    if picture is not None:
        _require_matplotlib()
        check_writable(Path(picture), force=force)
    by_column = None if protocol.isdecimal() or protocol in _OFFICIAL else protocol
    if by_column is not None and table is None and not isinstance(sounds, Labels):
        raise DataError(f"folds by column {protocol} need a table: give --labels, a number of folds or esc10")
    notes: list[str] = []

    def note(line: str) -> None:
        notes.append(line)
        on_note(line)

    labels = (
        sounds
        if isinstance(sounds, Labels)
        else gathered_labels(sounds, table, column=column, fold=by_column, group=groups)
    )
    check_classes(labels, note)
    autoencoder = model if isinstance(model, Autoencoder) else load(model)
    chosen = recipe or recipe_of(segments=segments or fitting_segments([each.sound.seconds for each in labels.known]))
    own = LatentFeatures(autoencoder, chosen)
    others = _others(labels.known, own, seed) if baselines else []
    values, known = _values([own, *others], labels.known, cache, keep, on_progress, note)
    if len({each.label for each in known}) < 2:
        raise DataError("all sounds that decode are of one class: two classes or more are needed")
    places = folds_of(known, protocol, seed=seed)
    names, apart = [str(each.label) for each in known], known_groups([each.group for each in known])
    if apart is None and protocol.isdecimal():
        note("no groups are known: one speaker or recording may be on both sides, which flatters; give --groups")
    found = [
        evaluate(rows, names, places, how, groups=apart, seed=seed, on_progress=on_progress)
        for rows, extractor in zip(values, [own, *others], strict=True)
    ]
    rivals = [("majority class", majority(names, places, apart))] if baselines else []
    rivals += [(extractor.name, each) for extractor, each in zip(others, found[1:], strict=True)]
    told = tuple(Baseline(name, each, _lead(found[0], each)) for name, each in rivals)
    if picture is not None:
        _require_matplotlib()
        draw_confusion(found[0], Path(picture), force=force)
    return Comparison(found[0], told, chosen, autoencoder.name, tuple(each.sound.name for each in known), tuple(notes))


def _others(known: Sequence[Labelled], own: LatentFeatures, seed: int) -> list[Extractor]:
    """Features to beat: those of the whole sound as everybody makes them, and where the latents are told apart by
    segments, the same segments."""
    rate = min(_HIGHEST_RATE, Counter(each.sound.sample_rate for each in known).most_common(1)[0][0])
    segments = own.recipe.segments
    made: list[Extractor] = [MfccFeatures(rate), LogMelFeatures(rate)]
    if segments > 1:
        made += [MfccFeatures(rate, segments=segments), LogMelFeatures(rate, segments=segments)]
    name = "random encoder"
    return [*made, LatentFeatures(random_encoder(own.model, seed=seed), own.recipe, name=name)]


def _values(
    extractors: Sequence[Extractor],
    known: Sequence[Labelled],
    cache: Path | None,
    keep: bool,
    on_progress: OnProgress,
    on_note: Callable[[str], None],
) -> tuple[list[np.ndarray], tuple[Labelled, ...]]:
    """Features of the sounds that decode, for every extractor, and these sounds."""
    made = []
    for extractor in extractors:
        sounds = [each.sound for each in known]
        made.append(extract(sounds, extractor, cache=cache, keep=keep, on_progress=on_progress))
        if made[-1].skipped and extractor is extractors[0]:
            on_note(f"{len(made[0].skipped)} files do not decode; the first: {made[0].skipped[0].reason}")
            kept = set(made[0].names)
            known = [each for each in known if each.sound.name in kept]
    tell_silent(made[0].silent, on_note)
    return [each.values for each in made], tuple(known)


def _lead(own: Evaluation, other: Evaluation) -> Interval:
    return interval(own.right.astype(float) - other.right.astype(float), own.groups)

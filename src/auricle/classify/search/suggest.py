"""What to label next, and what looks wrong in a folder: outliers, near duplicates, doubtful labels."""

from collections.abc import Callable
from pathlib import Path

from auricle.classify.classifier import Classifier
from auricle.classify.features.extract import extract, match_labels, model_or_default
from auricle.classify.features.hearing import model_features
from auricle.classify.label_checks import note_silent
from auricle.classify.search.choosing import best_class, class_probabilities, informative_rows
from auricle.classify.search.moments import suggest_moments
from auricle.classify.search.neighbours import WhitenedSpace
from auricle.classify.search.outliers import doubtful_labels, near_duplicates, neighbours_of_each, outliers
from auricle.classify.search.suggestions import DoubtfulLabel, Outlier, Suggestion, Suggestions
from auricle.data.labels import labelled
from auricle.extras import require
from auricle.model import Autoencoder
from auricle.options.classification import SuggestionOptions
from auricle.options.field_types import check_arguments
from auricle.progress import OnProgress, ignore_progress

_MAX_LISTED = 50


@check_arguments()
def suggest(
    folder: Path | str,
    *,
    classifier: Classifier | None = None,
    model: Autoencoder | Path | str | None = None,
    options: SuggestionOptions = SuggestionOptions(),
    on_progress: OnProgress = ignore_progress,
    on_note: Callable[[str], None] = lambda line: None,
) -> Suggestions:
    """Propose the sounds of a folder that should be labelled next, and tell what looks wrong in it.

    Where little is known the most typical sounds are proposed, later those that a classifier is unsure of. Without a
    classifier one is fitted to the labels of the table. Without a table a sound counts as labelled if its folder has
    the name of one of the classifier's classes.

    With ``options.window`` the recordings may be long: proposed is which stretches of so many seconds to listen to. A
    table then states events with begin and end; stretches in which one is marked count as labelled.

    Args:
        folder: searched at any depth.
        classifier: knows the classes so far; its encoder makes the features. To one whose groups are normalised all
            sounds are of one group.
        model: whose encoder makes the features where there is no classifier: a model, a shipped model's name or a
            model file; by default ``speech`` for sounds up to 24 kHz, else ``music``, whichever is for more of their
            length.
        options: what is labelled already, how many sounds to propose, seed and cache.
        on_progress: called while sounds are read.
        on_note: is told in one line about what was left out.

    Raises:
        DataError: the folder holds no usable sound, or the table does not fit it.
        ModelError: the model can't be loaded; or ``window`` is given, and the classifier compares sounds of a group.
        MissingPackageError: scikit-learn is not installed.
    """
    require("sklearn", extra="classify", purpose="suggestions")
    if options.window is not None:
        return suggest_moments(folder, classifier, model, options, on_progress, on_note)
    labels = labelled(folder, options.labels_table, column=options.column)
    if labels.unmatched:
        rows = "1 row of the table names" if labels.unmatched == 1 else f"{labels.unmatched} rows of the table name"
        on_note(f"{rows} no usable sound")
    sounds = [item.sound for item in labels.sounds]
    if classifier is not None:
        extractor = classifier.extractor
    else:
        extractor = model_features(model_or_default(model, sounds), None, options.features, on_note)
    features = extract(sounds, extractor, caching=options, on_progress=on_progress, on_note=on_note)
    note_silent(features.silent, on_note)
    names = features.names
    classes = None if options.labels_table is not None else () if classifier is None else classifier.classes
    sound_labels = [
        item.label if classes is None or item.label in classes else None
        for item in match_labels(features, labels.sounds)
    ]
    points = WhitenedSpace.fit(features.values)(features.values)
    probe_input = features.values if classifier is None else classifier.probe_input(features)
    probabilities = class_probabilities(probe_input, sound_labels, classifier, extractor.emphasis, options.seed)
    rows, method = informative_rows(points, sound_labels, probabilities, options)
    neighbours = neighbours_of_each(points)
    return Suggestions(
        sounds=tuple(Suggestion(names[row], *best_class(probabilities, row)) for row in rows),
        method=method,
        outliers=tuple(Outlier(names[row], deviations) for row, deviations in outliers(neighbours, limit=_MAX_LISTED)),
        duplicates=tuple(tuple(names[row] for row in group) for group in near_duplicates(neighbours)),
        doubtful=tuple(
            DoubtfulLabel(names[row], label, neighbour_label)
            for row, label, neighbour_label in doubtful_labels(points, sound_labels, limit=_MAX_LISTED)
        ),
        files=len(points),
        labelled=sum(label is not None for label in sound_labels),
        rejected=(*labels.rejected, *features.rejected),
        model=extractor.model.name,
    )

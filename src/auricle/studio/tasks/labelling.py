"""The room Label: a map of the library, what to label next, what is like what, and how well classes are told apart."""

import csv
from pathlib import Path
from typing import Any

import numpy as np

from auricle import (
    AudioReader,
    Classifier,
    ClassifierOptions,
    CrossValidationOptions,
    OptionError,
    SearchOptions,
    SuggestionOptions,
    evaluate_classifier,
    features,
    similar,
    suggest,
)
from auricle.printable import printable
from auricle.progress import OnProgress, Progress
from auricle.studio.server.library import LABELS, Library, sound_id
from auricle.studio.server.workspace import Workspace
from auricle.studio.tasks.models import loaded_model

_MOST_NEIGHBOURS = 3000
_CLASSIFIER = "mine.classifier.safetensors"
_SIMILAR = 12
_NEXT = 12
_FOLDS = 3


def read_library(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """Listen to every sound of the folder, and draw the map: near each other lies what sounds alike."""
    named = arguments.get("model")
    library = features(workspace.folder, loaded_model(named) if named else None, on_progress=on_progress)
    name = named or library.model
    on_progress(Progress("drawing the map", 0, 0, ""))
    places = _flattened(library.values)
    sounds = [
        {"id": sound_id(sound), "name": sound, "x": round(float(x), 4), "y": round(float(y), 4)}
        for sound, (x, y) in zip(library.names, places, strict=True)
    ]
    rejected = [printable(file.reason.replace(f"{workspace.folder}/", "")) for file in library.rejected]
    Library(workspace).write({"model": name, "sounds": sounds, "rejected": rejected[:100]})
    return {"sounds": len(sounds), "rejected": rejected[:100], "model": name}


def suggest_next(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """Sounds whose labels would help most, with a guess where there is one; and labels that look wrong."""
    labels = workspace.state / LABELS
    options = SuggestionOptions(labels_table=labels if labels.exists() else None, count=_NEXT)
    result = suggest(workspace.folder, model=_model(workspace), options=options)
    return {
        "method": result.method,
        "sounds": [{"id": sound_id(s.name), "guess": s.guess, "probability": s.probability} for s in result.sounds],
        "doubtful": [{"id": sound_id(d.name), "label": d.label, "neighbours": d.neighbours} for d in result.doubtful],
        "outliers": [sound_id(outlier.name) for outlier in result.outliers],
        "duplicates": [[sound_id(name) for name in group] for group in result.duplicates],
    }


def find_similar(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """The sounds most like one of the library, or one that was sent."""
    try:
        path = Library(workspace).path(arguments["id"])
    except OptionError:
        item = workspace.item(arguments["id"])
        path = item.file(str(item.facts.get("file")))
    result = similar(path, workspace.folder, model=_model(workspace), options=SearchOptions(count=_SIMILAR))
    return {"sounds": [{"id": sound_id(hit.name), "cosine": round(hit.cosine, 3)} for hit in result.hits]}


def judge_classes(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """The confusion matrix of a cross-validation, with the sounds of every cell."""
    table = _labels(workspace)
    options = CrossValidationOptions(labels_table=table, folds=_FOLDS, skip_baselines=True)
    comparison = evaluate_classifier(workspace.folder, _model(workspace), options=options, on_progress=on_progress)
    evaluation, size = comparison.evaluation, len(comparison.evaluation.classes)
    cells: list[list[list[str]]] = [[[] for _ in range(size)] for _ in range(size)]
    for name, truth, predicted in zip(comparison.names, evaluation.truth, evaluation.predicted, strict=True):
        cells[int(truth)][int(predicted)].append(sound_id(name))
    accuracy = evaluation.accuracy
    return {
        "classes": list(evaluation.classes),
        "cells": cells,
        "accuracy": [accuracy.value, accuracy.low, accuracy.high],
        "notes": list(comparison.notes),
    }


def save_classifier(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """Learn the classes, and tell what every sound of the folder is taken for; files as `auricle classify` writes."""
    options = ClassifierOptions(labels_table=_labels(workspace))
    classifier = Classifier.fit(workspace.folder, _model(workspace), options=options, on_progress=on_progress)
    item = workspace.new_item(kind="classifier", name=_CLASSIFIER)
    classifier.save(item.file(_CLASSIFIER))
    classifier.save(workspace.state / _CLASSIFIER, force=True)
    predictions = classifier.predict(workspace.folder, top=1).sounds
    with item.file("predictions.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("path", "label", "probability"))
        rows.writerows((printable(p.name), p.guesses[0].label, f"{p.guesses[0].probability:.3f}") for p in predictions)
    guesses = {sound_id(p.name): [p.guesses[0].label, round(p.guesses[0].probability, 3)] for p in predictions}
    files = [[_CLASSIFIER, _CLASSIFIER], ["predictions.csv", "predictions.csv"]]
    return item.add(files=files, classes=list(classifier.classes), guesses=guesses)


def hear_timeline(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """What is heard when in a long recording, by the classifier that was saved last."""
    path = workspace.state / _CLASSIFIER
    if not path.exists():
        raise OptionError("no classes have been learned yet: learn them first")
    sound = Library(workspace).path(arguments["id"])
    with AudioReader(sound) as reader:
        seconds = reader.info.seconds
    spans = Classifier.load(path, _model(workspace)).timeline(sound)
    return {
        "seconds": seconds,
        "spans": [
            {"begin": s.start, "end": s.end, "label": s.guess.label, "probability": round(s.guess.probability, 3)}
            for s in spans
        ],
    }


def _model(workspace: Workspace) -> Any:
    return loaded_model(Library(workspace).read()["model"])


def _labels(workspace: Workspace) -> Path:
    labels = workspace.state / LABELS
    if not labels.exists():
        raise OptionError("nothing is labelled yet: give some sounds of two classes a label")
    return labels


def _flattened(values: np.ndarray) -> np.ndarray:
    """Two numbers for each row, in -1 to 1: t-SNE for up to 3000 sounds, the two principal components for more."""
    centred = (values - values.mean(0)) / (values.std(0) + 1e-6)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    components = (u * s)[:, :30]
    places = np.pad(components[:, :2], ((0, 0), (0, max(0, 2 - components.shape[1]))))
    if 10 <= len(values) <= _MOST_NEIGHBOURS:
        from sklearn.manifold import TSNE

        perplexity = min(30.0, (len(values) - 1) / 3)
        places = TSNE(perplexity=perplexity, init="pca", random_state=0, max_iter=500).fit_transform(components)
    low, high = np.percentile(places, 1, axis=0), np.percentile(places, 99, axis=0)
    return np.clip((places - low) / np.maximum(high - low, 1e-9) * 1.8 - 0.9, -1.0, 1.0)

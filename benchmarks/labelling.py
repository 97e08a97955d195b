"""How many labels are needed: sounds to label as `auricle classify suggest` proposes them, beside a random choice.

    python benchmarks/labelling.py --corpus CORPUS/ --drums DRUMS/ --works esc10 arabic drums

Each fold of a corpus is judged by a probe that has the labels of some sounds of the others. They are asked for in
rounds, of which each has a quarter more. Features are kept in the user's cache.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from _corpora import WORKS, folds_for, labels_of, model_for, protocol
from _rivals import rivals
from _shared import one_thread, parser, publish, run, table, tell

_FIRST, _GROWTH = 10, 1.25
_SHARE = 0.9
_MOST = 0.5
"""Share of the sounds after which rounds end: what is asked for later is nearly all there is."""


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--corpus", type=Path, help="folder with manifest.csv, as shared/corpus")
    options.add_argument("--drums", type=Path, help="folder of one-shots with manifest.csv, from recipes/drums.py")
    options.add_argument("--works", nargs="+", default=["esc10", "arabic", "drums"], choices=[*WORKS, "drums"])
    options.add_argument("--model", help="instead of the shipped model that fits each work")
    options.add_argument("--hearing", type=Path, help="folder of hearing files, instead of those beside the models")
    options.add_argument("--folds", type=int, default=5, help="judge at most so many folds of each work")
    options.add_argument("--draws", type=int, default=3, help="random choices, of which the mean is taken")
    args = options.parse_args()
    one_thread()
    curves, totals = [], []
    for name in args.works:
        rows, total = _work(name, args)
        curves += rows
        totals.append(total)
    settings = {"threads": 1, **{name: getattr(args, name) for name in ("works", "folds", "draws")}}
    notes = (
        f"needed: labels at which the mean accuracy first reaches {_SHARE:.0%} of what all labels give, by straight "
        "lines between rounds"
    )
    publish("labelling", args.out, settings, {"rows": curves, "needed": totals}, [table(totals), table(curves), notes])


def _work(name: str, args: argparse.Namespace) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    from auricle.classify.features.extract import extract, match_labels
    from auricle.classify.probes.kinds import SOUND_PROBE, probe_of_kind

    labels = labels_of(name, args.corpus, args.drums)
    folds_by_name = dict(zip((item.sound.name for item in labels.labelled), folds_for(name, labels), strict=True))
    extractor = rivals(labels, args.model or model_for(name), args.hearing)[0]
    features = extract([item.sound for item in labels.labelled], extractor)
    items = match_labels(features, labels.labelled)
    names = np.array([str(item.label) for item in items])
    folds = np.array([folds_by_name[item.sound.name] for item in items])
    counts = _counts(int(_MOST * min((folds != fold).sum() for fold in np.unique(folds)[: args.folds])))
    proposed, random, final = np.zeros(len(counts)), np.zeros(len(counts)), 0.0
    judged = np.unique(folds)[: args.folds]
    for fold in judged:
        tell(f"{name}: fold {fold}")
        pool, outside = np.flatnonzero(folds != fold), folds == fold

        def accuracy(rows: np.ndarray, outside: np.ndarray = outside, pool: np.ndarray = pool) -> float:
            fitted = probe_of_kind(SOUND_PROBE).fit(
                features.values[pool[rows]], names[pool[rows]].tolist(), emphasis=extractor.emphasis
            )
            guessed = np.array(fitted.classes)[fitted.probabilities(features.values[outside]).argmax(axis=1)]
            return float((guessed == names[outside]).mean())

        proposed += _active_accuracies(features.values[pool], names[pool], counts, accuracy, extractor.emphasis)
        for draw in range(args.draws):
            order = np.random.default_rng(draw).permutation(len(pool))
            random += [_safe(accuracy, order[:count], names[pool]) / args.draws for count in counts]
        final += accuracy(np.arange(len(pool)))
    proposed, random, final = 100 * proposed / len(judged), 100 * random / len(judged), 100 * final / len(judged)
    rows = [
        {"work": protocol(name), "labels": count, "as proposed %": good, "by chance %": chance}
        for count, good, chance in zip(counts, proposed.tolist(), random.tolist(), strict=True)
    ]
    needed = [_reached(counts, curve, _SHARE * final) for curve in (proposed, random)]
    return rows, {
        "work": protocol(name),
        "all labels": int(min((folds != fold).sum() for fold in judged)),
        "accuracy with all %": final,
        "needed as proposed": needed[0],
        "needed by chance": needed[1],
    }


def _counts(most: int) -> list[int]:
    counts = [_FIRST]
    while counts[-1] * _GROWTH < most:
        counts.append(int(np.ceil(counts[-1] * _GROWTH)))
    return counts


def _active_accuracies(
    values: np.ndarray, names: np.ndarray, counts: list[int], accuracy: Any, emphasis: np.ndarray | None
) -> np.ndarray:
    """Accuracy after each round of labels that are asked for as `auricle.suggest` does."""
    from auricle.classify.search.choosing import class_probabilities, informative_rows
    from auricle.classify.search.neighbours import WhitenedSpace
    from auricle.options.classification import SuggestionOptions

    points = WhitenedSpace.fit(values)(values)
    row_labels: list[str | None] = [None] * len(names)
    accuracies = []
    for count in counts:
        have = sum(label is not None for label in row_labels)
        probabilities = class_probabilities(values, row_labels, None, emphasis, 0)
        rows, _ = informative_rows(points, row_labels, probabilities, SuggestionOptions(count=count - have))
        for row in rows:
            row_labels[row] = str(names[row])
        labelled = np.array([row for row, label in enumerate(row_labels) if label is not None])
        accuracies.append(_safe(accuracy, labelled, names))
    return np.array(accuracies)


def _safe(accuracy: Any, rows: np.ndarray, names: np.ndarray) -> float:
    """Of one class nothing can be learned."""
    return accuracy(rows) if len(set(names[rows])) > 1 else 0.0


def _reached(counts: list[int], curve: np.ndarray, target: float) -> float | None:
    """Labels at which a curve first reaches a value."""
    above = np.flatnonzero(curve >= target)
    if not len(above):
        return None
    place = int(above[0])
    if place == 0:
        return float(counts[0])
    low, high = curve[place - 1], curve[place]
    return counts[place - 1] + (target - low) / (high - low) * (counts[place] - counts[place - 1])


if __name__ == "__main__":
    run(main)

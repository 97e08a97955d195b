"""How well classes are told apart by what an autoencoder has learned, beside baselines, and what it costs.

    python benchmarks/classification.py accuracy --corpus CORPUS/ --drums DRUMS/
    python benchmarks/classification.py accuracy --corpus CORPUS/ --works fsdd --hearing FOLDER_OF_HEARING_FILES/
    python benchmarks/classification.py labels --corpus CORPUS/ --works esc10 fsdd
    python benchmarks/classification.py finetune --corpus CORPUS/ --works esc10 --budget 5m
    python benchmarks/classification.py architectures --corpus CORPUS/ --minutes 10
    python benchmarks/classification.py speed --corpus CORPUS/ --hour

Each part writes a result of its own. Nothing is chosen by looking at the judged fold: scaling, strength and calibration
are learned inside the training folds, and no speaker, source or kit is ever on both sides. Features are kept in the
user's cache, so that only those of a new model are made in a second run.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import cycle, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from _corpora import WORKS, folds_for, has_full_groups, labels_of, model_for, protocol, right_by_group
from _rivals import rivals, svm_accuracy, whole_mfcc
from _shared import one_thread, parser, publish, run, table, tell
from _timing import RunningClock

if TYPE_CHECKING:
    from auricle.classify.features.base import Extractor
    from auricle.data.labels import Labels

_DRAWS = 5
_PER_CLASS = (1, 5, 10, 0)
_RATE = 44_100


def main() -> None:
    options = parser(__doc__)
    options.add_argument("part", choices=sorted(PARTS), help="what to measure")
    options.add_argument("--corpus", type=Path, help="folder with manifest.csv, as shared/corpus")
    options.add_argument("--drums", type=Path, help="folder of one-shots with manifest.csv, from recipes/drums.py")
    options.add_argument("--works", nargs="+", default=["esc10", "fsdd", "arabic"], choices=[*WORKS, "drums"])
    options.add_argument("--model", help="instead of the shipped model that fits each work")
    options.add_argument("--hearing", type=Path, help="folder of hearing files, instead of those beside the models")
    options.add_argument("--copies", type=int, default=4, help="altered ones of each short sound to learn from, too")
    options.add_argument("--every", action="store_true", help="beside more baselines: whole sounds, SVM, no training")
    options.add_argument("--probe", default="kernel", help="kernel, ridge, logistic, knn or mlp")
    options.add_argument("--budget", default="4m", help="of fine-tuning, for each fold")
    options.add_argument("--folds", type=int, help="judge only so many of the folds (fine-tuning takes minutes each)")
    options.add_argument("--minutes", type=float, default=10.0, help="of training for each architecture")
    options.add_argument("--presets", nargs="+", default=["conv", "conv-lstm", "mixed"], help="architectures")
    options.add_argument("--clips", type=int, default=1000, help="whose features are timed")
    options.add_argument("--hour", action="store_true", help="time an hour's timeline, too")
    args = options.parse_args()
    one_thread()
    import torch

    torch.set_num_threads(1)
    settings, results, tables = PARTS[args.part](args)
    publish(f"classification-{args.part}", args.out, {"threads": 1, **settings}, results, tables)


Part = tuple[dict[str, Any], dict[str, Any], list[str]]


def accuracy(args: argparse.Namespace) -> Part:
    """Every work, learned with altered copies and without: features that hear, and by how many points they are above
    all others."""
    from auricle.classify.evaluation.cross_validation import evaluate, interval
    from auricle.classify.probes.kinds import probe_of_kind

    rows, probe = list[dict[str, Any]](), probe_of_kind(args.probe)
    for name in args.works:
        labels, model = _with_folds(name, labels_of(name, args.corpus, args.drums)), args.model or model_for(name)
        first: dict[tuple[int, bool], Any] = {}
        normalised = (False, True) if has_full_groups(name) else (False,)
        for extractor, (values, names, folds, groups), copies in _compared(name, labels, model, args):
            for relative, count in product(normalised, sorted({0, len(copies)}, reverse=True)):
                learned = {"copies": copies[:count], "emphasis": extractor.emphasis, "normalise_groups": relative}
                judged = evaluate(values, names.tolist(), folds.tolist(), probe, groups=groups, **learned)
                right = judged.right.astype(float)
                ahead = first.setdefault((count, relative), right)
                lead = None if ahead is right else _points(interval(ahead - right, judged.groups))
                facts = {"work": protocol(name), "features": extractor.name, "copies": count, "relative": relative}
                rows.append({**facts, "lead": lead, **_figures(judged)})
                title = f"{extractor.name}, {count} copies{', relative to groups' if relative else ''}"
                tell(f"{name}: {title}: {rows[-1]['accuracy %']:.1f} %")
        if args.every:
            (values, names, folds, _), _ = _values(labels, whole_mfcc(labels))
            svm = {"accuracy %": 100 * svm_accuracy(values, names, folds), "95 %": "-", "lead": None}
            rows.append({"work": protocol(name), "features": "MFCC + SVM (RBF)", "copies": 0, "relative": False, **svm})
    columns = ("work", "features", "copies", "relative", "accuracy %", "95 %", "lead")
    heads = [{key: row.get(key) for key in columns} for row in rows]
    notes = (
        "copies: altered ones of each sound to learn from, as classify evaluate has them; relative: features relative "
        "to those of their group, as with --normalise-groups: what is usual in a judged group is known from all of its "
        "sounds, without labels; lead: points by which the first features of each work are above these in the same "
        "way, with the paired 95 % interval"
    )
    return {"probe": args.probe}, {"rows": rows}, [table(heads), notes]


def labels(args: argparse.Namespace) -> Part:
    """Accuracy with few labels a class, means over draws."""
    rows: list[dict[str, Any]] = []
    for name in args.works:
        labelled_sounds = _with_folds(name, labels_of(name, args.corpus, args.drums))
        model = args.model or model_for(name)
        for extractor, sounds, _ in _compared(name, labelled_sounds, model, args):
            accuracies = {_title(count): _few(sounds, extractor, count, args.probe) for count in _PER_CLASS}
            rows.append({"work": protocol(name), "features": extractor.name, **accuracies})
    return {"probe": args.probe, "draws": _DRAWS}, {"rows": rows}, [table(rows)]


def finetune(args: argparse.Namespace) -> Part:
    """The frozen encoder's probe and the fine-tuned encoder on the same folds."""
    from auricle import load
    from auricle.classify.finetuning.finetune import FineTuning
    from auricle.options.training import DeviceConfig
    from auricle.training import Budget, Run, TrainingDevice, run_training

    rows: list[dict[str, Any]] = []
    for name in args.works:
        labelled_sounds = _with_folds(name, labels_of(name, args.corpus, args.drums))
        model = load(args.model or model_for(name))
        folds = sorted({str(sound.fold) for sound in labelled_sounds.labelled})[: args.folds]
        for fold in folds:
            inside, outside = _sides(labelled_sounds, fold)
            with tempfile.TemporaryDirectory() as home:
                started = time.perf_counter()
                tuning = FineTuning(inside, model, Path(home))
                limit = Run(
                    Path(home),
                    Budget.parse(args.budget),
                    TrainingDevice(DeviceConfig(cpu=True)),
                    previews=8,
                    save_seconds=1e9,
                )
                reports = list(run_training(tuning.task, limit))
                tuned = tuning.result()
                spent = (time.perf_counter() - started) / 60
            frozen = _frozen(inside, outside, model)
            rows.append(
                {
                    "work": protocol(name),
                    "fold": fold,
                    "frozen %": 100 * frozen,
                    "fine-tuned %": 100 * _right(tuned.classifier, outside),
                    "helped inside": str(tuned.helped),
                    "steps": reports[-1].step if reports else 0,
                    "minutes": round(spent, 1),
                    "files": len(outside.labelled),
                }
            )
    means = [
        {"work": work, **{key: _mean(rows, work, key) for key in ("frozen %", "fine-tuned %", "minutes")}}
        for work in dict.fromkeys(row["work"] for row in rows)
    ]
    return {"budget": args.budget}, {"rows": rows, "means": means}, [table(rows), table(means)]


def architectures(args: argparse.Namespace) -> Part:
    """The seed architectures on the same sounds for the same minutes: accuracy, reconstruction, speed."""
    from auricle import CrossValidationOptions, DeviceConfig, TrainingOptions, evaluate_classifier, train

    rows: list[dict[str, Any]] = []
    for name in args.works:
        sounds_with_folds = _with_folds(name, labels_of(name, args.corpus, args.drums))
        folder = args.corpus / WORKS[name].folder
        for preset in args.presets:
            with tempfile.TemporaryDirectory() as home:
                training = train(
                    folder,
                    out=Path(home) / "seed.auricle.safetensors",
                    base="none",
                    budget=f"{args.minutes}m",
                    options=TrainingOptions(preset=preset, trackers="none"),
                    device=DeviceConfig(threads=1),
                )
                judged = evaluate_classifier(
                    sounds_with_folds,
                    training.model,
                    options=CrossValidationOptions(folds="fold", probe=args.probe, skip_baselines=True, no_cache=True),
                )
            best = max((row for row in training.table if row.codec != "opus"), key=lambda row: row.si_sdr or -99.0)
            rows.append(
                {
                    "work": protocol(name),
                    "architecture": preset,
                    "accuracy %": 100 * judged.evaluation.accuracy.value,
                    "mel": best.mel,
                    "SI-SDR dB": best.si_sdr,
                    "kb/s": best.kbps,
                    "training, audio s/s": training.audio_per_second,
                    "features x real time": _pace(training.model),
                    "parameters": sum(value.numel() for value in training.model.parameters()),
                }
            )
    note = "each autoencoder was trained, without labels, on the sounds that are then classified"
    return {"minutes": args.minutes, "probe": args.probe}, {"rows": rows}, [table(rows), note]


def speed(args: argparse.Namespace) -> Part:
    """Processor time and memory of an hour's timeline by the shipped classifier, and of many short clips."""
    from auricle import CacheOptions, Classifier, ClassifierOptions

    rows = []
    if args.hour:
        rows.append(_hour(args.corpus))
    for name in args.works:
        labelled_sounds = labels_of(name, args.corpus, args.drums)
        sounds = [item.sound for item in labelled_sounds.labelled]
        classifier = Classifier.fit(
            _first(labelled_sounds, 200), args.model or model_for(name), options=ClassifierOptions(probe=args.probe)
        )
        paths = [sound.path for sound in sounds[: args.clips]]
        seconds = sum(sound.seconds for sound in sounds[: args.clips])
        started = RunningClock()
        classifier.predict(paths, caching=CacheOptions(no_cache=True))
        rows.append({"work": protocol(name), "clips": len(paths), "mean s": seconds / len(paths), **started(seconds)})
    notes = (
        "hours per minute: of sound, per minute of one thread's processor time; peak MB: of the process until then, "
        "Python, torch and the model included"
    )
    return {}, {"rows": rows}, [table(rows), notes]


def _hour(corpus: Path) -> dict[str, Any]:
    """The timeline of an hour of ESC-10's clips one after the other, by the shipped classifier."""
    from auricle import Classifier
    from auricle.audio import AudioWriter, info, read, resample

    paths = sorted((corpus / WORKS["esc10"].folder).rglob("*.ogg"))
    with tempfile.TemporaryDirectory() as home:
        path, written = Path(home) / "hour.flac", 0
        with AudioWriter(path, _RATE, 1) as writer:
            for clip in cycle(paths):
                audio, rate = read(clip)
                sound = resample(audio.mean(axis=0, keepdims=True), rate, _RATE)[:, : 3600 * _RATE - written]
                writer.write(sound)
                written += sound.shape[1]
                if written >= 3600 * _RATE:
                    break
        classifier, started = Classifier.load("environment"), RunningClock()
        spans = classifier.timeline(path)
        seconds = info(path).seconds
        return {"work": f"an hour's timeline, {len(spans)} spans", "clips": 1, "mean s": seconds, **started(seconds)}


PARTS: Mapping[str, Callable[[argparse.Namespace], Part]] = {
    part.__name__: part for part in (accuracy, labels, finetune, architectures, speed)
}


def _with_folds(name: str, labels: "Labels") -> "Labels":
    from dataclasses import replace

    folds = folds_for(name, labels)
    sounds = tuple(replace(sound, fold=fold) for sound, fold in zip(labels.labelled, folds, strict=True))
    return replace(labels, sounds=sounds)


def _figures(result: Any) -> dict[str, Any]:
    low, high = 100 * result.accuracy.low, 100 * result.accuracy.high
    return {
        "accuracy %": 100 * result.accuracy.value,
        "95 %": f"{low:.1f} to {high:.1f}",
        "balanced %": 100 * result.balanced_accuracy,
        "calibration error": result.calibration_error,
        "folds %": {fold: round(100 * value, 1) for fold, value in result.fold_accuracy.items()},
        "right by group": right_by_group(result),
    }


def _points(lead: Any) -> str:
    return f"{100 * lead.value:+.1f} ({100 * lead.low:+.1f} to {100 * lead.high:+.1f})"


Table = tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]
"""Features, classes, folds and groups of sounds."""


Copies = list[np.ndarray]
"""Features of altered copies of the same sounds."""


def _compared(
    name: str, labels: "Labels", model: str, args: argparse.Namespace
) -> "Iterator[tuple[Extractor, Table, Copies]]":
    """Features that hear, the parts that they are made of, and other rivals."""
    from auricle.classify.features.pooling import fitting_feature_config

    hearing, latents, patches, descriptors, *others = rivals(labels, model, args.hearing, every=args.every)
    tell(f"{name}: {hearing.name}")
    short = fitting_feature_config([item.sound.seconds for item in labels.labelled]).segments > 1
    count = args.copies if short and args.part == "accuracy" else 0
    sounds, copies = _values(labels, hearing, count)
    yield hearing, sounds, copies
    first = 0
    for extractor in (patches, descriptors, latents):
        yield extractor, (sounds[0][:, first : first + extractor.size], *sounds[1:]), []
        first += extractor.size
    for extractor in others:
        tell(f"{name}: {extractor.name}")
        yield extractor, *_values(labels, extractor, count)


def _values(labels: "Labels", extractor: "Extractor", count: int = 0) -> tuple[Table, Copies]:
    """Features, classes, folds and groups of the sounds that decode, and features of so many copies of them."""
    from auricle.classify.features.extract import extract, match_labels
    from auricle.classify.probes.copies import features_of_copies

    result = extract([sound.sound for sound in labels.labelled], extractor)
    sounds = match_labels(result, labels.labelled)
    names, folds = (np.array([str(getattr(sound, key)) for sound in sounds]) for key in ("label", "fold"))
    copies = features_of_copies([sound.sound for sound in sounds], extractor, result, count)
    return (result.values, names, folds, [str(sound.group) for sound in sounds]), copies


def _title(count: int) -> str:
    return f"{count} a class" if count else "all"


def _few(sounds: Table, extractor: "Extractor", count: int, kind: str) -> float:
    """Accuracy in percent with so many labels a class from the training folds, a mean over draws and folds."""
    from auricle.classify.probes.kinds import probe_of_kind

    values, names, folds, groups = sounds
    right = []
    for fold in np.unique(folds):
        inside, outside = np.flatnonzero(folds != fold), folds == fold
        for draw in range(_DRAWS if count else 1):
            random = np.random.default_rng([draw, int(np.flatnonzero(np.unique(folds) == fold)[0])])
            rows = _drawn(inside, names, count, random) if count else inside
            row_groups, emphasis = [groups[row] for row in rows], extractor.emphasis
            fitted = probe_of_kind(kind).fit(values[rows], names[rows].tolist(), row_groups, emphasis=emphasis)
            guessed = np.array(fitted.classes)[fitted.probabilities(values[outside]).argmax(1)]
            right.append(np.repeat((guessed == names[outside]).mean(), outside.sum()))
    return 100 * float(np.concatenate(right).mean())


def _drawn(inside: np.ndarray, names: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """So many of each class."""
    classes = [inside[names[inside] == name] for name in np.unique(names[inside])]
    return np.concatenate([random.choice(have, min(count, len(have)), replace=False) for have in classes])


def _sides(labels: "Labels", fold: str) -> "tuple[Labels, Labels]":
    from dataclasses import replace

    parts = ([e for e in labels.labelled if e.fold != fold], [e for e in labels.labelled if e.fold == fold])
    inside, outside = (replace(labels, sounds=tuple(part), rejected=()) for part in parts)
    return inside, outside


def _frozen(inside: "Labels", outside: "Labels", model: Any) -> float:
    from auricle.classify.classifier import Classifier

    return _right(Classifier.fit(inside, model), outside)


def _right(classifier: Any, outside: "Labels") -> float:
    predictions = classifier.predict([item.sound.path for item in outside.labelled], top=1)
    truth = {str(item.sound.path): item.label for item in outside.labelled}
    return float(np.mean([sound.guesses[0].label == truth[sound.name] for sound in predictions.sounds]))


def _first(labels: "Labels", count: int) -> "Labels":
    from dataclasses import replace

    step = max(1, len(labels.labelled) // count)
    return replace(labels, sounds=labels.labelled[::step])


def _pace(model: Any) -> float:
    """Seconds of sound per second of processor time, features alone."""
    from auricle.classify.features.latents import LatentFeatures

    extractor = LatentFeatures(model)
    sound = np.random.default_rng(0).standard_normal(10 * model.sample_rate).astype(np.float32)
    extractor.mono_features(sound)
    started = time.process_time()
    extractor.mono_features(sound)
    return 10.0 / (time.process_time() - started)


def _mean(rows: list[dict[str, Any]], work: str, key: str) -> float:
    work_rows = [row for row in rows if row["work"] == work]
    return float(np.average([row[key] for row in work_rows], weights=[row["files"] for row in work_rows]))


if __name__ == "__main__":
    run(main)

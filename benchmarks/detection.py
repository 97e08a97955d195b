"""Events in hours made of real backgrounds and ESC-10's calls: how many are found, how many false alarms, how fast.

    python benchmarks/detection.py --corpus CORPUS/ --backgrounds BACKGROUNDS/

CORPUS holds environment/esc10. BACKGROUNDS holds recordings of places, flat, each called PACKAGE_PLACE_NAME, as
recipes/backgrounds.py gathers them; those that may hold one of ESC-10's classes are passed over by name.

Nothing is on two sides: classes are learned from folds 1 to 4 and seven of ten families of backgrounds, each third of
which (recordings of its own, calls and backgrounds) chooses thresholds for what the others have learned; judged are
fold 5 and the other backgrounds, an hour for each range of signal to noise ratios, so that F1 can be told for each.
What the model itself has heard without labels is for its card to say.
"""

import argparse
import csv
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from _hours import GROUPS, RATE, MixedEvent, Mixture, background, backgrounds_of, calls_of, foreign_calls, mixture
from _shared import one_thread, parser, publish, run, table, tell, write_sound

if TYPE_CHECKING:
    from auricle import Classifier
    from auricle.data.events import SoundEvent

_SNR = (0.0, 20.0)
_WITHOUT_EVENTS = "background alone"
_BANDS = ((0.0, 5.0), (5.0, 10.0), (10.0, 15.0), (15.0, 20.0))
_FAINT_DB = -60.0
_ROOSTER_SECONDS = 720.0
_FOREIGN = 60


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--corpus", type=Path, required=True, help="folder with environment/esc10")
    options.add_argument("--backgrounds", type=Path, required=True, help="folder of recordings without events")
    options.add_argument("--model", default="music", help="a shipped model or a model file")
    options.add_argument("--probe", default="mlp", help="mlp, kernel, ridge, logistic or knn")
    options.add_argument("--precision", type=float, default=0.9, help="that the thresholds are chosen for")
    options.add_argument("--false-alarms", type=float, default=1.0, help="an hour that the thresholds are chosen for")
    options.add_argument("--augment", action="store_true", help="mix events into other background, too")
    options.add_argument("--features", choices=("hearing", "latents"), help="by default hearing where there is a file")
    options.add_argument("--events", type=int, default=100, help="in the hour of each range of signal to noise ratios")
    options.add_argument("--dense", type=int, default=200, help="events in one more hour, of all ratios; 0 for none")
    options.add_argument("--empty", type=int, default=3, help="hours of background alone")
    options.add_argument(
        "--fit", type=int, nargs="+", default=[240, 240, 240, 0, 0, 0], help="events in each hour to learn from"
    )
    options.add_argument("--seconds", type=float, default=3600.0, help="length of each hour")
    args = options.parse_args()
    one_thread()
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as home:
        results, tables = measure(args, Path(home))
    settings = {
        "threads": 1,
        "model": Path(args.model).name,
        **{
            name: getattr(args, name)
            for name in (
                "probe",
                "precision",
                "false_alarms",
                "augment",
                "features",
                "events",
                "dense",
                "empty",
                "fit",
                "seconds",
            )
        },
    }
    publish("detection", args.out, settings, results, tables)


def measure(args: argparse.Namespace, home: Path) -> tuple[dict[str, Any], list[str]]:
    """Make the hours, learn, and judge."""
    from auricle import Classifier

    fit = _fit_hours(args, home)
    started = time.process_time()
    classifier = _fitted(args, home, fit)
    learning = time.process_time() - started
    classifier.save(home / "esc10.classifier.safetensors")
    classifier = Classifier.load(home / "esc10.classifier.safetensors", args.model)
    hours = _judged_hours(args, home)
    judged = [_judged(classifier, home / f"{name}.flac", mixed) for name, mixed in hours.items()]
    rows = [
        {"SNR dB": name, "events": len(mixed.events), **part.row}
        for (name, mixed), part in zip(hours.items(), judged, strict=True)
    ]
    apart = [part for name, part in zip(hours, judged, strict=True) if name != _dense_name(args)]
    total = _total(apart)
    roosters = _roosters(args, home, classifier)
    foreign = _foreign(args, home, classifier, [name for name, *_ in _ranges(args)])
    classes = _by_class(apart, classifier)
    tables = [
        table(rows),
        table([total]),
        table(classes),
        table([roosters]),
        table([foreign]),
        f"an event is found if a detection of its class overlaps it by half (intersection over union); learning took "
        f"{learning:.0f} s of one thread",
    ]
    return {
        "rows": rows,
        "total": total,
        "classes": classes,
        "roosters": roosters,
        "foreign": foreign,
    }, tables


def _fit_hours(args: argparse.Namespace, home: Path) -> list[str]:
    """Names of the recordings to learn from; each is of one group, in turn, and so of one third of the fitting."""
    names = []
    for number, count in enumerate(args.fit):
        group, random = number % GROUPS, np.random.default_rng([1, number])
        beds = backgrounds_of(args.backgrounds, "fit", group)
        calls = calls_of(args.corpus / "environment" / "esc10", "1234", group)
        tell(f"mixing hour {number} to learn from")
        _write(home / f"fit{number}.flac", mixture(background(beds, args.seconds, random), calls, count, _SNR, random))
        names.append(f"fit{number}")
    return names


def _dense_name(args: argparse.Namespace) -> str:
    return f"{_SNR[0]:.0f} to {_SNR[1]:.0f}, {args.dense} events"


def _ranges(args: argparse.Namespace) -> list[tuple[str, int, tuple[float, float]]]:
    """Name, events and signal to noise ratios of the hours with events."""
    return [(f"{low:.0f} to {high:.0f}", args.events, (low, high)) for low, high in _BANDS]


def _judged_hours(args: argparse.Namespace, home: Path) -> dict[str, Mixture]:
    """What is judged, by name: an hour for each range of signal to noise ratios, some of background alone, and one with
    more events, which counts in no total."""
    beds, calls = backgrounds_of(args.backgrounds, "judge"), calls_of(args.corpus / "environment" / "esc10", "5")
    ranges = _ranges(args)
    ranges += [(f"{_WITHOUT_EVENTS} {number + 1}", 0, _SNR) for number in range(args.empty)]
    ranges += [(_dense_name(args), args.dense, _SNR)] if args.dense else []
    mixtures: dict[str, Mixture] = {}
    for number, (name, count, snr) in enumerate(ranges):
        tell(f"mixing {name}")
        random = np.random.default_rng([2, number])
        mixed = mixture(background(beds, args.seconds, random), calls, count, snr, random)
        _write(home / f"{name}.flac", mixed)
        mixtures[name] = Mixture(np.zeros(0, np.float32), mixed.events)
    return mixtures


def _write(path: Path, mixed: Mixture) -> None:
    write_sound(path, mixed.audio[None], RATE)
    with path.with_suffix(".csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "begin", "end", "label"))
        writer.writerows((path.name, event.begin, event.end, event.label) for event in mixed.events)
        if not mixed.events:
            writer.writerow((path.name, "", "", ""))


def _fitted(args: argparse.Namespace, home: Path, names: Sequence[str]) -> "Classifier":
    from auricle import DetectorOptions, fit_detector

    options = DetectorOptions(
        labels_table=tuple(home / f"{name}.csv" for name in names),
        precision=args.precision,
        false_alarms=args.false_alarms,
        augment=args.augment,
        probe=args.probe,
        features=args.features,
    )
    return fit_detector(home, args.model, options=options, on_note=lambda line: tell(line))


class Judged:
    """Detections in an hour, which are right, and the time that they took."""

    def __init__(self, mixed: Mixture, detections: "Sequence[SoundEvent]", seconds: float, taken: float) -> None:
        from auricle.classify.detection.matching import hits, shared_of_shorter

        self.mixed, self.detections, self.seconds, self.taken = mixed, detections, seconds, taken
        truth = _truth(mixed)
        self.right = hits(detections, truth)
        self.touching = hits(detections, truth, shared_of_shorter)

    @property
    def false_alarms(self) -> "list[SoundEvent]":
        """Detections where nothing is."""
        truth = _truth(self.mixed)
        return [event for event in self.detections if not any(event.overlap(other) > 0 for other in truth)]

    @property
    def row(self) -> dict[str, Any]:
        """Figures of this hour."""
        return {
            "detections": len(self.detections),
            "right": int(self.right.sum()),
            "F1": _f1(int(self.right.sum()), len(self.detections), len(self.mixed.events)),
            "right by half of the shorter": int(self.touching.sum()),
            "false alarms an hour": len(self.false_alarms) / (self.seconds / 3600),
            "hours a minute": self.seconds / 3600 / (self.taken / 60),
        }


def _truth(mixed: Mixture) -> "list[SoundEvent]":
    from auricle.data.events import SoundEvent

    return [SoundEvent(event.begin, event.end, event.label) for event in mixed.events]


def _judged(classifier: "Classifier", path: Path, mixed: Mixture) -> Judged:
    from auricle import detect

    tell(f"judging {path.stem}")
    started = time.process_time()
    (recording,) = detect(path, classifier)
    return Judged(mixed, recording.events, recording.sound.seconds, time.process_time() - started)


def _f1(right: int, detections: int, events: int) -> float | None:
    return 2 * right / (detections + events) if events else None


def _total(judged: Sequence[Judged]) -> dict[str, Any]:
    """All hours with events together; false alarms of those without."""
    full = [part for part in judged if part.mixed.events]
    empty = [part for part in judged if not part.mixed.events]
    right, detections, events = (
        sum(counts)
        for counts in zip(*((int(p.right.sum()), len(p.detections), len(p.mixed.events)) for p in full), strict=True)
    )
    touching = sum(int(part.touching.sum()) for part in full)
    alarms, hours = sum(len(part.false_alarms) for part in empty), sum(part.seconds for part in empty) / 3600
    return {
        "events": events,
        "detections": detections,
        "F1": _f1(right, detections, events),
        "precision %": 100 * right / max(1, detections),
        "recall %": 100 * right / max(1, events),
        "F1 by half of the shorter": _f1(touching, detections, events),
        "false alarms an hour of background alone": alarms / hours if hours else None,
        "hours a minute": sum(p.seconds for p in judged) / 60 / sum(p.taken for p in judged),
    }


def _by_class(judged: Sequence[Judged], classifier: "Classifier") -> list[dict[str, Any]]:
    """Figures of each class, and what was promised where thresholds were chosen."""
    settings = classifier.metadata.detection
    assert settings is not None
    rows = []
    for label, promised in settings.classes.items():
        events = sum(event.label == label for part in judged for event in part.mixed.events)
        marks = [(d.label == label, right) for p in judged for d, right in zip(p.detections, p.right, strict=True)]
        detections, right = sum(mine for mine, _ in marks), sum(mine and bool(hit) for mine, hit in marks)
        rows.append(
            {
                "class": label,
                "events": events,
                "detections": detections,
                "F1": _f1(right, detections, events),
                "on background alone": sum(
                    detection.label == label
                    for part in judged
                    if not part.mixed.events
                    for detection in part.detections
                ),
                "threshold": promised.threshold,
                "precision on held-out": promised.precision,
                "recall there": promised.recall,
            }
        )
    return rows


def _roosters(args: argparse.Namespace, home: Path, classifier: "Classifier") -> dict[str, Any]:
    """The eight roosters of fold 5 as they were recorded, in twelve minutes of faint white noise."""
    random = np.random.default_rng(8)
    audio = (10 ** (_FAINT_DB / 20) * random.standard_normal(round(_ROOSTER_SECONDS * RATE))).astype(np.float32)
    roosters = [call for call in calls_of(args.corpus / "environment" / "esc10", "5") if call.label == "rooster"]
    events = []
    for number, call in enumerate(roosters):
        at = round((number + random.uniform(0.1, 0.8)) * _ROOSTER_SECONDS / len(roosters) * RATE)
        audio[at : at + len(call.audio)] += call.audio
        events.append((at / RATE, (at + len(call.audio)) / RATE))
    from auricle.classify.detection.matching import hits, shared_of_shorter
    from auricle.data.events import SoundEvent

    write_sound(home / "roosters.flac", audio.clip(-1, 1)[None], RATE)
    part = _judged(classifier, home / "roosters.flac", Mixture(audio, ()))
    truth = [SoundEvent(begin, end, "rooster") for begin, end in events]
    right = hits(part.detections, truth)
    others = [event.label for event, hit in zip(part.detections, right, strict=True) if not hit]
    touching = int(hits(part.detections, truth, shared_of_shorter).sum())
    return {
        "roosters": len(events),
        "found": int(right.sum()),
        "by half of the shorter": touching,
        "others": len(others),
        "which": ", ".join(others) or "-",
    }


def _foreign(args: argparse.Namespace, home: Path, classifier: "Classifier", names: list[str]) -> dict[str, Any]:
    """What was never heard, instruments and speech: how much of it is reported, and whether novelty tells it."""
    from auricle import DetectionOptions, detect

    random = np.random.default_rng(9)
    folders = [args.corpus / name for name in ("instruments", "speech", "digits")]
    count = min(_FOREIGN, int(args.seconds / 24))
    calls = foreign_calls([folder for folder in folders if folder.is_dir()], count, random)
    bed = background(backgrounds_of(args.backgrounds, "judge"), args.seconds / 2, random)
    mixed = mixture(bed, calls, len(calls), _SNR, random)
    _write(home / "foreign.flac", mixed)
    (usual,) = detect(home / "foreign.flac", classifier)
    (everything,) = detect(home / "foreign.flac", classifier, options=DetectionOptions(max_novelty=1e9))
    strange = _novelties(classifier, home / "foreign.flac", mixed.events)
    with (home / f"{names[-1]}.csv").open(encoding="utf-8") as file:
        spans = [(float(row["begin"]), float(row["end"])) for row in csv.DictReader(file) if row["label"]]
    familiar = _novelties(classifier, home / f"{names[-1]}.flac", [MixedEvent(*span, "", 0.0) for span in spans])
    above = np.mean([[(new > old) + 0.5 * (new == old) for old in familiar] for new in strange]) if familiar else None
    return {
        "foreign sounds": len(mixed.events),
        "reported": len(usual.events),
        "reported whatever the novelty": len(everything.events),
        "AUC of novelty against fold 5": None if above is None else float(above),
    }


def _novelties(classifier: "Classifier", path: Path, events: Sequence[MixedEvent]) -> list[float]:
    """The median distance of the windows in each event."""
    from auricle.classify.detection.novelty import NoveltySpace
    from auricle.classify.features.windows import WindowGrid, window_features

    settings, space = classifier.metadata.detection, NoveltySpace.restore(classifier.fitted_probe.arrays)
    assert settings is not None
    grid = WindowGrid(classifier.metadata.window, settings.hop)
    distances = np.concatenate(
        [space.distances(values) for values in window_features(path, classifier.extractor, grid)]
    )
    spans = [(int(event.begin / settings.hop), int(np.ceil(event.end / settings.hop))) for event in events]
    return [float(np.median(distances[first:last])) for first, last in spans]


if __name__ == "__main__":
    run(main)

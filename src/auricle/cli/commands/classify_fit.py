"""``auricle classify fit``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from auricle.cli.formatting import format_size, format_table
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.cli.views import RunView
from auricle.errors import refuse_unfit
from auricle.options.classification import DetectorOptions, FinetuneOptions
from auricle.options.training import DeviceConfig

if TYPE_CHECKING:
    from auricle import Classifier, Tuned

_OUT = Path("sounds.classifier.safetensors")


@dataclass(frozen=True)
class _Options(FinetuneOptions, DetectorOptions):
    """What a classifier learns from, and how.

    Attributes:
        labels_table: CSV with a header: path (relative to the folder), label, and optionally group; by default each
            subfolder is a class. Or where events are in long recordings: CSV files with begin and end, label tracks of
            Audacity, selection tables of Raven, one or more; what they do not mark is the class nothing, and the
            classifier is one for `auricle classify detect`.
        column: the column of labels.
        groups: the table's column of groups, such as speakers or recordings; without a table a regular expression that
            finds the group in a file's path. No group is ever on both sides where something is chosen. Not of events.
        probe: kernel (regression by likeness to known sounds; the default), ridge (the default for events, and the only
            one with finetune) or logistic (linear), mlp (a small network) or knn (nearest neighbours).
        segments: parts of a sound that are told apart; by default 8 where sounds are short, else 1. Not of events.
        copies: altered copies of each sound that are learned from too, up to 8. Not of events (see augment),
            nor with finetune.
        normalise_groups: compare each sound with others of its group: features are relative to the mean and deviation
            of their group, such as a speaker (needs groups). Not of events, nor with finetune.
        seed: decides what is held out, first weights, crops and changes.
        cache: folder of features; by default below the user's cache folder. Not of events.
        no_cache: neither read nor write it.
        features: hearing (the latents, and patches of the spectrogram learned beside the model) or latents; by default
            hearing where the model has such a file. The classifier remembers which.
        held_out: of events: label files of recordings that the thresholds are chosen on, and nothing else is learned
            from; by default each third of the others in turn.
        precision: of events: share of the detections that shall be right, for each class.
        false_alarms: of events: detections an hour where nothing is that are allowed, of all classes together.
        augment: of events: learn also from them mixed into other background and into noise, 0 to 20 dB above it.
        window: of events: seconds of a window; by default as the shorter events, 0.2 to 0.6 s.
        budget: how long to fine-tune: 90s, 5m, or a number of steps.
        trackers: curves besides run.html: tensorboard, any tracker that accelerate knows, several with commas, or none.
        resume: go on with fine-tuning from the last checkpoint.
    """

    labels_table: Annotated[tuple[Path, ...], Parameter(consume_multiple=True)] = ()
    held_out: Annotated[tuple[Path, ...], Parameter(consume_multiple=True)] = ()


_OPTIONS = _Options()
_DEVICE = DeviceConfig()


def classify_fit(
    sounds: Path,
    /,
    *,
    model: str | None = None,
    out: Path = _OUT,
    options: Annotated[_Options, Parameter(name="*", negative="")] = _OPTIONS,
    finetune: Flag = False,
    device: Annotated[DeviceConfig, Parameter(name="*", negative="")] = _DEVICE,
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Learn to tell classes of sounds apart.

    Args:
        sounds: a folder with a subfolder for each class, or any folder with --labels-table; long recordings, if that
            marks events in them.
        model: whose encoder makes the features: a shipped model's name or a model file; by default speech for sounds up
            to 24 kHz, else music.
        out: the classifier's file to write.
        finetune: train the encoder too, end to end; the file then holds an encoder of its own. Checkpoints and the
            run's page lie beside it.
        force: replace an existing file; with --finetune also discard the states of an earlier run, unless --resume
            goes on from them.
    """
    from auricle import Classifier, fit_detector
    from auricle.atomic import check_writable
    from auricle.classify.classifier_file import CLASSIFIER_FILE
    from auricle.data.event_formats import names_events

    _refuse_options_without_effect(options, device, finetune=finetune)
    if not finetune:
        CLASSIFIER_FILE.check_name(out)
        check_writable(out, force=force)
    screen = Screen(output)
    if finetune:
        from auricle import TrainingCallbacks
        from auricle import finetune as run

        with screen.progress("fine-tune") as on_progress, RunView(screen, on_progress) as view:
            tuned = run(
                sounds,
                out=out,
                model=model,
                options=options,
                device=device,
                force=force,
                callbacks=TrainingCallbacks(view.scanned, on_progress, view.trained, screen.note, view.intent),
            )
        _show(
            screen, out, tuned.classifier, (_gain_text(tuned),), {"probe": "finetune", "finetuned": _gain_values(tuned)}
        )
        return
    if any(map(names_events, options.label_files)):
        with screen.progress("events") as on_progress:
            detector = fit_detector(sounds, model, options=options, on_progress=on_progress, on_note=screen.note)
        detector.save(out, force=force)
        _show_detector(screen, out, detector)
        return
    with screen.progress("features") as on_progress:
        classifier = Classifier.fit(sounds, model, options=options, on_progress=on_progress, on_note=screen.note)
    classifier.save(out, force=force)
    _show(screen, out, classifier, (), {"probe": classifier.metadata.probe.kind})


def _refuse_options_without_effect(options: _Options, device: DeviceConfig, *, finetune: bool) -> None:
    from auricle.data.event_formats import names_events

    if not finetune:
        refuse_unfit(
            "no encoder is trained without --finetune",
            {
                "--budget": options.budget != _OPTIONS.budget,
                "--trackers": options.trackers != _OPTIONS.trackers,
                "--resume": options.resume,
                "--accumulate": device.accumulate != _DEVICE.accumulate,
                "--cpu": device.cpu,
                "--threads": device.threads is not None,
            },
        )
    of_events = {
        "--held-out": bool(options.held_out),
        "--precision": options.precision != _OPTIONS.precision,
        "--false-alarms": options.false_alarms != _OPTIONS.false_alarms,
        "--augment": options.augment,
        "--window": options.window is not None,
    }
    if any(of_events.values()) and not any(map(names_events, options.label_files)):
        refuse_unfit("no label file states events in long recordings", of_events)


def _show(screen: Screen, out: Path, classifier: "Classifier", more: Sequence[str], values: dict[str, object]) -> None:
    metadata, size = classifier.metadata, out.stat().st_size
    count = sum(metadata.files.values())
    text = f"{out} {format_size(size)}: {len(metadata.files)} classes, {count} sounds, model {metadata.model}"
    facts = {"path": out, "bytes": size, "model": metadata.model, "classes": metadata.files}
    feature_facts = {
        "features": metadata.features,
        "segments": metadata.feature_config.segments,
        "copies": metadata.copies,
        "normalise_groups": metadata.normalise_groups,
    }
    screen.result((text, *more), {**facts, **feature_facts, **values})


def _show_detector(screen: Screen, out: Path, classifier: "Classifier") -> None:
    metadata, size = classifier.metadata, out.stat().st_size
    settings = metadata.detection
    assert settings is not None
    rows = [
        (
            name,
            str(metadata.files.get(name, 0)),
            f"{figures.threshold:.2f}",
            *map(_share, (figures.precision, figures.recall)),
        )
        for name, figures in settings.classes.items()
    ]
    classes = "1 class" if len(rows) == 1 else f"{len(rows)} classes"
    lines = (
        f"{out} {format_size(size)}: {classes} and nothing, windows of {metadata.window:.2f} s, model {metadata.model}",
        *format_table(("class", "events", "threshold", "precision", "recall"), rows),
        f"precision and recall in {settings.held_out_hours:.2f} h that were held out and chose the thresholds; "
        f"{settings.false_alarms_per_hour:.1f} false alarms an hour there, up to "
        f"{settings.highest_false_alarms_per_hour:.1f} by so much sound (95 %)",
    )
    facts = {
        "path": out,
        "bytes": size,
        "model": metadata.model,
        "classes": metadata.files,
        "features": metadata.features,
        "probe": metadata.probe.kind,
    }
    screen.result(lines, {**facts, "window": metadata.window, "detection": settings.model_dump()})


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _gain_text(tuned: "Tuned") -> str:
    if tuned.before is None or tuned.after is None:
        return "too few sounds to hold some out: how much fine-tuning helps is not known"
    if not tuned.helped:
        return f"fine-tuning did not help on {tuned.held_out} held-out sounds: this is the frozen encoder's probe"
    return (
        f"on {tuned.held_out} held-out sounds: accuracy {tuned.before.accuracy:.1%} before, "
        f"{tuned.after.accuracy:.1%} after (they chose the weights: measure on others)"
    )


def _gain_values(tuned: "Tuned") -> dict[str, object]:
    figures = {
        name: None if scores is None else {"accuracy": scores.accuracy, "log_loss": scores.loss}
        for name, scores in (("before", tuned.before), ("after", tuned.after))
    }
    return {"held_out": tuned.held_out, "helped": tuned.helped, **figures}

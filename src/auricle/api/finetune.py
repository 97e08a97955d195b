"""Fine-tune an encoder for the classes of a folder."""

from pathlib import Path

from auricle.api.run_record import RunRecord
from auricle.api.training_run import (
    TrainingCallbacks,
    check_output,
    fit,
    note_of_main,
    open_run_folder,
)
from auricle.classify.classifier_file import CLASSIFIER_FILE
from auricle.classify.features.extract import model_or_default
from auricle.classify.finetuning.finetune import FineTuning, Tuned, check_finetuned_probe
from auricle.classify.label_checks import load_labels
from auricle.data.labels import Labels
from auricle.extras import require
from auricle.model import Autoencoder, load
from auricle.options.classification import FinetuneOptions
from auricle.options.field_types import check_arguments
from auricle.options.training import DeviceConfig, tracker_names
from auricle.stream import threads
from auricle.training import Budget, Run, TrainingDevice
from auricle.watch import check_trackers

_SAVE_SECONDS = 60.0


@check_arguments()
def finetune(
    sounds: Path | str | Labels,
    *,
    out: Path | str,
    model: Autoencoder | Path | str | None = None,
    options: FinetuneOptions = FinetuneOptions(),
    device: DeviceConfig = DeviceConfig(),
    force: bool = False,
    callbacks: TrainingCallbacks = TrainingCallbacks(),
) -> Tuned:
    """Train an encoder end to end for the classes of a folder, and write a classifier that holds it.

    For those who only want accuracy: the classifier has an encoder of its own, so its features serve nothing else.

    Args:
        sounds: a folder with a subfolder per class (or any folder, with ``options.labels_table``), or labels that are
            loaded already.
        out: the classifier's file to write. Checkpoints, decoded sounds and the run's page lie beside it in
            ``OUT.run``.
        model: whose encoder is the start: a model, a shipped model's name or a model file; by default ``speech`` for
            sounds up to 24 kHz, else ``music``, whichever is for more of their length.
        options: labels, groups, segments, seed, budget, trackers.
        device: what each process computes on; by default the best device at hand.
        force: replace ``out``, and discard the states of an earlier run unless ``options.resume`` goes on from them.
        callbacks: called while it goes.

    Raises:
        DataError: no labelled sound can be used, or all are of one class.
        AuricleError: its other children, for an option, model or output that can't be used.
    """
    out, limit, trackers = Path(out), Budget.parse(options.budget), tracker_names(options.trackers)
    require("sklearn", extra="classify", purpose="classifiers")
    check_finetuned_probe(options)
    check_trackers(trackers)
    CLASSIFIER_FILE.check_name(out)
    check_output(out, resume=options.resume, force=force)
    training_device = TrainingDevice(device)
    labels = sounds if isinstance(sounds, Labels) else load_labels(sounds, options)
    named = model_or_default(model, [item.sound for item in labels.labelled])
    autoencoder = named if isinstance(named, Autoencoder) else load(named)
    opened = open_run_folder(out, training_device, resume=options.resume, force=force)
    with threads(device.threads), opened as run_folder:
        with training_device.main_process_first():
            finetuning = FineTuning(
                labels,
                autoencoder,
                run_folder,
                options=options,
                on_progress=callbacks.on_progress,
                on_note=callbacks.on_note,
            )
        on_note = note_of_main(training_device, callbacks)
        run = Run(
            run_folder,
            limit,
            training_device,
            options.resume,
            save_seconds=_SAVE_SECONDS,
            on_note=on_note,
            intent=callbacks.intent,
        )
        record = RunRecord.of(finetuning.cache, finetuning.held_out_names, finetuning.label_by_name, training_device)
        config = finetuning.tuning.model_dump(mode="json", by_alias=True)
        fit(finetuning.task, config, run, record, trackers, callbacks)
        tuned = finetuning.result()
        if training_device.is_main:
            tuned.classifier.save(out, force=force)
        training_device.wait_for_everyone()
        return tuned

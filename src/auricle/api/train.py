"""Train an autoencoder."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import final

from auricle.api.run_record import RunRecord
from auricle.api.training_run import TrainingCallbacks, TrainingCost, check_output, fit, note_of_main, open_run_folder
from auricle.api.training_sounds import LabelSource, TrainingData, find_sounds
from auricle.bench.held_out import evaluate_held_out
from auricle.bench.scoring.rows import Row
from auricle.data import Corpus, Rejected, Sound
from auricle.errors import DataError
from auricle.model import Autoencoder, ModelInfo, default_model_for
from auricle.model.files.file import load
from auricle.model.files.writing import MODEL_FILE, fingerprint, save
from auricle.options.field_types import check_arguments
from auricle.options.training import DeviceConfig, TrainingOptions, tracker_names
from auricle.stream import threads
from auricle.training import (
    AutoencoderTask,
    Budget,
    Excerpts,
    LabelConfig,
    Run,
    TrainingDevice,
    preview,
    with_adversary,
)
from auricle.training.initialise import AUTO, NONE, StartingPoint, first_model, fit_scale, freeze_prior, resolve_start
from auricle.training.objective.adversary import full, light
from auricle.watch import check_trackers


@final
@dataclass(frozen=True)
class Trained:
    """What a training run left behind. ``table`` was measured on the held-out files, beside Opus."""

    path: Path
    model: Autoencoder
    steps: int
    seconds: float
    audio_per_second: float
    corpus: Corpus
    held_out: tuple[Sound, ...]
    table: tuple[Row, ...]
    rejected: tuple[Rejected, ...]


@check_arguments("budget")
def train(
    folder: str | Path,
    *,
    out: str | Path,
    base: str | Path = AUTO,
    budget: str = "10m",
    options: TrainingOptions = TrainingOptions(),
    device: DeviceConfig = DeviceConfig(),
    force: bool = False,
    callbacks: TrainingCallbacks = TrainingCallbacks(),
) -> Trained:
    """Train an autoencoder on a folder of sounds.

    Started by ``torchrun`` or ``accelerate launch``, all processes train one model together; the first one writes it.

    Args:
        folder: sounds in any nesting, format, rate and channel count, or an fsspec URL of such a folder. Subfolders
            ``train`` and ``valid`` decide what is held out; else one file in ten is.
        out: the model file to write. Checkpoints, decoded sounds and the run's page lie beside it in ``OUT.run``.
        base: what to start from: ``auto`` for the shipped model of the preset where there is one, ``none``, a shipped
            model's name or a model file.
        budget: time (``90s``, ``20m``, ``2h``) or number of steps.
        options: shape, objective, labels, seed, trackers.
        device: what each process computes on; by default the best device at hand.
        force: replace ``out``, and discard the states of an earlier run unless ``options.resume`` goes on from them.
        callbacks: called while it goes.

    Raises:
        PausedError: ``callbacks.intent`` asked for it; ``options.resume`` goes on from there.
        AuricleError: its other children, for a folder, option, base or output that can't be used.
    """
    out, limit, trackers = Path(out), Budget.parse(budget), tracker_names(options.trackers)
    check_trackers(trackers)
    MODEL_FILE.check_name(out)
    check_output(out, resume=options.resume, force=force)
    training_device = TrainingDevice(device)
    start = None if _sounds_decide(options, base) else resolve_start(options.preset, options.size, base)
    opened = open_run_folder(out, training_device, resume=options.resume, force=force)
    with threads(device.threads), opened as run_folder:
        sounds = find_sounds(folder, run_folder, training_device, callbacks)
        on_note = note_of_main(training_device, callbacks)
        chosen = None if start else default_model_for(sounds.seconds_by_rate())
        start = _configured(start or resolve_start(chosen, options.size, base), options, training_device)
        rate, source = start.config.model.sample_rate, _label_source(options)
        data = sounds.decode(rate, training_device, callbacks, source)
        if chosen is not None:
            on_note(f"preset {chosen} ({rate} Hz), as most sounds are: --preset names another")
        if base == AUTO and start.base is None and not options.resume:
            on_note(f"no shipped model has preset {start.preset} and size {options.size}: weights start at random")
        start, classes = _with_labels(start, data)
        model = first_model(start, ModelInfo(name=out.name.split(".")[0][:64]))
        if start.base is None and not options.resume:
            fit_scale(model, data.cache, options.seed)
        excerpts = Excerpts.choose(data.held_out, model.sample_rate)
        origin = None if start.base is None else fingerprint(start.base)
        kept = origin if start.keeps_codes else None
        task = AutoencoderTask(model, start.config, data.cache, partial(preview, excerpts=excerpts), classes, kept)
        run = Run(run_folder, limit, training_device, options.resume, on_note=on_note, intent=callbacks.intent)
        record = RunRecord.of(data.cache, data.held_out_names, data.label_by_name, training_device, origin or "")
        cost = fit(task, start.config.model_dump(mode="json"), run, record, trackers, callbacks)
        if training_device.is_main:
            callbacks.enter("freezing the prior")
            freeze_prior(model, start, data.cache)
            save(_with_provenance(model, start, data, cost), out, force=force)
        training_device.wait_for_everyone()
        trained = load(out)
        callbacks.enter("measuring held-out files")
        return Trained(
            path=out,
            model=trained,
            steps=cost.steps,
            seconds=cost.seconds,
            audio_per_second=cost.audio_per_second,
            corpus=data.corpus,
            held_out=data.held_out,
            table=evaluate_held_out(
                trained,
                data.held_out if training_device.is_main else (),
                base=start.base,
                on_progress=callbacks.on_progress,
                on_note=callbacks.on_note,
            ),
            rejected=(*data.corpus.rejected, *data.cache.rejected),
        )


def _sounds_decide(options: TrainingOptions, base: str | Path) -> bool:
    """Whether neither a preset nor a base says what is trained."""
    return options.preset is None and base in (AUTO, NONE)


def _configured(start: StartingPoint, options: TrainingOptions, device: TrainingDevice) -> StartingPoint:
    """The preset with this run's settings."""
    config = start.config.model_copy(update={"seed": options.seed, "batch": options.batch or start.config.batch})
    adversary = light if device.torch_device.type == "cpu" else full
    return replace(start, config=with_adversary(config, options.adversarial, adversary(config.model.sample_rate)))


def _label_source(options: TrainingOptions) -> LabelSource | None:
    if not options.labels and options.labels_table is None:
        return None
    return LabelSource(options.labels_table and Path(options.labels_table))


def _with_labels(start: StartingPoint, data: TrainingData) -> tuple[StartingPoint, tuple[int, ...] | None]:
    """The configuration with a label head, and the class of each sound in the cache.

    Raises:
        DataError: there are not two classes among the sounds to train on.
    """
    if data.labels is None:
        return start, None
    labels = data.label_by_name
    sound_labels = [labels.get(name) for name in data.cache.names]
    names = sorted({label for label in sound_labels if label is not None})
    if len(names) < 2:
        count = f"one class, {names[0]}" if names else "no class"
        raise DataError(
            f"the sounds to train on have {count}: labels need two or more, a folder for each or a CSV file"
        )
    classes = tuple(-1 if label is None else names.index(label) for label in sound_labels)
    objective = start.config.objective.model_copy(update={"labels": LabelConfig(classes=len(names))})
    return replace(start, config=start.config.model_copy(update={"objective": objective})), classes


def _with_provenance(model: Autoencoder, start: StartingPoint, data: TrainingData, cost: TrainingCost) -> Autoencoder:
    """The model with a note of how it was trained."""
    training = {
        "preset": start.preset,
        "base": start.base.name if start.base else "none",
        "hours of sound": round(data.corpus.hours, 3),
        **cost.provenance(),
    }
    model.info = model.info.model_copy(update={"training": {**model.info.training, **training}})
    return model

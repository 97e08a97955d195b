"""Train a prior over the latents of an autoencoder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch

from auricle.api.run_record import RunRecord
from auricle.api.training_run import TrainingCallbacks, TrainingCost, check_output, fit, note_of_main, open_run_folder
from auricle.api.training_sounds import LabelSource, TrainingData, find_sounds
from auricle.data import AudioCache, Corpus, DecodedSounds, Rejected, Sound
from auricle.errors import DataError, OptionError
from auricle.model import Autoencoder, load
from auricle.options.field_types import check_arguments
from auricle.options.training import DeviceConfig, PriorTrainingOptions, tracker_names
from auricle.stream import threads
from auricle.synth import FlowConfig, Origin, Prior, PriorConfig, PriorInfo, RecurrentConfig
from auricle.synth.priors.base import MAX_PRIOR_CLASSES
from auricle.synth.priors.file import PRIOR_FILE, load_prior, save_prior
from auricle.synth.training.latent_cache import LatentCache
from auricle.synth.training.noted_sounds import NotedSounds, listed_notes, named_notes
from auricle.synth.training.reconstruction_check import ReconstructionScore, check_reconstruction
from auricle.synth.training.setup import (
    first_prior,
    fitted_config,
    require_base,
    take_weights,
    with_note_defaults,
)
from auricle.synth.training.task import LabelledLatents, PriorTask, PriorTraining
from auricle.training import Budget, Run, TrainingDevice
from auricle.training.loop.checkpoint import Checkpoints
from auricle.training.loop.run_state import CHECKPOINTS
from auricle.watch import check_trackers

KINDS: dict[str, PriorConfig] = {
    "flow": FlowConfig(times="mixed", guided=True, guidance_interval=(0.1, 0.7), mean_velocities=True),
    "recurrent": RecurrentConfig(),
}
"""What ``kind`` may name."""
_USUAL_KIND = "flow"
_FEW_STEPS = 300
_CHANCE = 0.98
"""Share of the loss before the first step that a prior must come below to be better than chance."""


@final
@dataclass(frozen=True)
class TrainedPrior:
    """What the training of a prior left behind.

    Attributes:
        path: the file.
        prior: what is in it.
        steps: of training, those before a resumption too.
        seconds: of training.
        audio_per_second: seconds of sound learned from per second, 0 if a resumed run had nothing left to do.
        loss: on held-out sounds; None where nothing was held out.
        verdict: what is wrong with it, such as that it learned for few steps; empty if nothing is.
        reconstruction: how well the autoencoder rebuilds the sounds.
        corpus: everything that was found.
        held_out: what was not learned from.
        counts: sounds of each class that were learned from.
        unlabelled: sounds without a class that were learned from.
        unmatched: rows of the table that name no sound.
        rejected: files that could not be used.
    """

    path: Path
    prior: Prior
    steps: int
    seconds: float
    audio_per_second: float
    loss: float | None
    verdict: str
    reconstruction: ReconstructionScore
    corpus: Corpus
    held_out: tuple[Sound, ...]
    counts: dict[str, int]
    unlabelled: int
    unmatched: int
    rejected: tuple[Rejected, ...]


@check_arguments()
def train_prior(
    folder: str | Path,
    *,
    model: Autoencoder | str | Path,
    out: str | Path,
    options: PriorTrainingOptions = PriorTrainingOptions(),
    config: PriorConfig | None = None,
    device: DeviceConfig = DeviceConfig(),
    force: bool = False,
    callbacks: TrainingCallbacks = TrainingCallbacks(),
) -> TrainedPrior:
    """Train a prior on a folder of sounds: what makes new sounds like them, through a frozen autoencoder.

    Args:
        folder: sounds in any nesting, format, rate and channel count, or an fsspec URL of such a folder. Subfolders
            ``train`` and ``valid`` decide what is held out; else one file in ten is.
        model: the autoencoder: a shipped name, a file, or a model in memory. It is not changed.
        out: the prior file to write. Checkpoints, latents and the run's page lie beside it in ``OUT.run``.
        options: kind of prior, classes, budget, seed, trackers.
        config: the prior's shape in detail; it overrides ``options.kind``, and does not go with ``options.base``.
        device: what each process computes on; by default the best device at hand.
        force: replace ``out``, and discard the states of an earlier run unless ``options.resume`` goes on from them.
        callbacks: called while it goes.

    Raises:
        ModelError: no such model, or it rebuilds these sounds badly; the message has the figure.
        AuricleError: its other children, for a folder, option or output that can't be used.
    """
    out, limit, trackers = Path(out), Budget.parse(options.budget), tracker_names(options.trackers)
    if options.kind not in (None, *KINDS):
        raise OptionError(f"no prior of kind {options.kind!r}: choose one of {', '.join(KINDS)}")
    check_trackers(trackers)
    PRIOR_FILE.check_name(out)
    check_output(out, resume=options.resume, force=force)
    training_device = TrainingDevice(device)
    base = None if options.base is None else load_prior(options.base)
    if base and options.kind not in (None, base.config.kind):
        raise OptionError(
            f"the prior {options.base} is of kind {base.config.kind}, not {options.kind}: leave --kind or --base out"
        )
    with_notes = options.notes or options.notes_table is not None
    if base and with_notes and not base.config.notes:
        raise OptionError(f"the prior {options.base} knows no notes: leave --base out, or learn without notes")
    if base and config not in (None, base.config):
        raise OptionError(f"the prior {options.base} has a shape of its own: leave config or base out")
    autoencoder = model if isinstance(model, Autoencoder) else load(model)
    opened = open_run_folder(out, training_device, resume=options.resume, force=force)
    with threads(device.threads), opened as run_folder:
        config = config or KINDS[options.kind or _USUAL_KIND]
        with_notes = with_notes or (base.config if base else config).notes
        prepared = _prepare_data(folder, run_folder, autoencoder, options, with_notes, training_device, callbacks)
        origin = Origin.of(autoencoder, options.channels, prepared.labelling.classes)
        if base:
            shape = require_base(base, origin)
        else:
            states = _states_config(run_folder) if options.resume else None
            config = with_note_defaults(config) if with_notes else config
            shape = fitted_config(config, prepared.learned.latents, origin.frame_rate, states)
        if options.temperature is not None:
            shape = shape.model_copy(update={"temperature": options.temperature})
        training = _training(shape, options)
        torch.manual_seed(training.seed)
        prior = first_prior(training.prior, origin, prepared.learned, _named(out))
        task = PriorTask(prior, training, prepared.learned, prepared.held_out, autoencoder)
        chance = task.loss()
        if base:
            take_weights(prior, base)
        on_note = note_of_main(training_device, callbacks)
        run = Run(run_folder, limit, training_device, options.resume, on_note=on_note, intent=callbacks.intent)
        record = prepared.record(training_device)
        cost = fit(task, training.model_dump(mode="json"), run, record, trackers, callbacks)
        loss = task.loss()
        verdict = _verdict(_all_steps(cost, base), loss, chance)
        if training_device.is_main:
            losses = {"held-out loss": loss, "loss of chance": chance}
            figures = {"reconstruction": prepared.score.mel, **losses, "verdict": verdict}
            save_prior(_with_provenance(task.trained_prior, prepared.data, cost, base, figures), out, force=force)
        training_device.wait_for_everyone()
        return _trained_prior(out, prepared, cost, loss, verdict)


def _trained_prior(
    out: Path, prepared: "_PreparedData", cost: TrainingCost, loss: float | None, verdict: str
) -> TrainedPrior:
    labels, data = list(prepared.learned.labels), prepared.data
    return TrainedPrior(
        path=out,
        prior=load_prior(out),
        steps=cost.steps,
        seconds=cost.seconds,
        audio_per_second=cost.audio_per_second,
        loss=loss,
        verdict=verdict,
        reconstruction=prepared.score,
        corpus=data.corpus,
        held_out=data.held_out,
        counts={name: labels.count(index) for index, name in enumerate(prepared.labelling.classes)},
        unlabelled=labels.count(-1),
        unmatched=prepared.labelling.unmatched,
        rejected=(*data.corpus.rejected, *data.cache.rejected),
    )


def _label_source(options: PriorTrainingOptions) -> LabelSource | None:
    return None if options.no_labels else LabelSource(options.labels_table, MAX_PRIOR_CLASSES)


@final
@dataclass(frozen=True)
class _Labelling:
    """Labels of sounds by name, and the classes among those to learn from."""

    labels: dict[str, str | None]
    classes: tuple[str, ...]
    unmatched: int

    @staticmethod
    def of(data: TrainingData) -> "_Labelling":
        if data.labels is None:
            return _Labelling({}, (), 0)
        label_by_name = data.label_by_name
        used_labels = {label_by_name.get(name) for name in data.cache.names}
        classes = tuple(sorted(label for label in used_labels if label is not None))
        return _Labelling(label_by_name, classes, data.labels.unmatched)

    def numbers(self, names: Sequence[str]) -> tuple[int, ...]:
        """The class of each sound; -1 for none, also for a class that is not learned."""
        places = {name: index for index, name in enumerate(self.classes)}
        return tuple(places.get(self.labels.get(name) or "", -1) for name in names)


@final
@dataclass(frozen=True, eq=False)
class _Encoding:
    """How sounds become what a prior learns from: whether with notes, and from which table, if not from their names."""

    model: Autoencoder
    run_folder: Path
    channels: int
    labelling: _Labelling
    with_notes: bool
    notes_table: Path | None

    def examples(self, sounds: DecodedSounds, callbacks: TrainingCallbacks) -> LabelledLatents:
        """Latents of sounds, and what is known of them."""
        notes = self._noted(sounds, callbacks) if self.with_notes else None
        latents = LatentCache.build(
            sounds if notes is None else notes,
            self.model,
            self.run_folder,
            channels=self.channels,
            on_progress=callbacks.on_progress,
            on_note=callbacks.on_note,
        )
        return LabelledLatents(latents, self.labelling.numbers(latents.names), None if notes is None else notes.notes)

    def _noted(self, sounds: DecodedSounds, callbacks: TrainingCallbacks) -> NotedSounds:
        notes = named_notes(sounds) if self.notes_table is None else listed_notes(self.notes_table)
        frame_rate = self.model.sample_rate / self.model.hop_length
        return NotedSounds.build(
            sounds,
            notes,
            self.run_folder,
            frame_rate=frame_rate,
            on_progress=callbacks.on_progress,
            on_note=callbacks.on_note,
        )


@final
@dataclass(frozen=True, eq=False)
class _PreparedData:
    """Sounds, their latents, and how well the autoencoder rebuilds them.

    Attributes:
        data: the sounds.
        labelling: their classes.
        score: of the autoencoder.
        learned: latents of what is learned from.
        held_out: those of what is not; None for nothing.
    """

    data: TrainingData
    labelling: _Labelling
    score: ReconstructionScore
    learned: LabelledLatents
    held_out: LabelledLatents | None

    def record(self, device: TrainingDevice) -> RunRecord:
        """What a resumed run is compared with."""
        return RunRecord.of(self.data.cache, self.data.held_out_names, self.labelling.labels, device)


def _prepare_data(
    folder: str | Path,
    run_folder: Path,
    model: Autoencoder,
    options: PriorTrainingOptions,
    with_notes: bool,
    device: TrainingDevice,
    callbacks: TrainingCallbacks,
) -> _PreparedData:
    """Decode the sounds, refuse an autoencoder that rebuilds them badly, and encode them."""
    source = _label_source(options)
    data = find_sounds(folder, run_folder, device, callbacks).decode(model.sample_rate, device, callbacks, source)
    callbacks.enter("trying the model on them")
    score = check_reconstruction(model, data.cache)
    score.require(model, options.max_mel_distance)
    labelling = _Labelling.of(data)
    encoding = _Encoding(model, run_folder, options.channels, labelling, with_notes, options.notes_table)
    return _PreparedData(data, labelling, score, *_examples(data, encoding, device, callbacks))


def _examples(
    data: TrainingData, encoding: _Encoding, device: TrainingDevice, callbacks: TrainingCallbacks
) -> tuple[LabelledLatents, LabelledLatents | None]:
    """Latents of what is learned from and of what is held out, one process first."""
    with device.main_process_first():
        callbacks.enter("encoding sounds")
        learned = encoding.examples(data.cache, callbacks)
        if learned.notes is not None:
            _check_notes(learned.notes, callbacks)
        if not data.held_out:
            return learned, None
        try:
            spare = AudioCache.build(
                data.held_out, encoding.run_folder, sample_rate=encoding.model.sample_rate, on_note=callbacks.on_note
            )
        except DataError as error:
            callbacks.on_note(f"nothing is held out: {error}")
            return learned, None
        return learned, encoding.examples(spare, callbacks)


def _check_notes(notes: np.ndarray, callbacks: TrainingCallbacks) -> None:
    """Say how many sounds have no note; refuse if none has."""
    missing = int(np.isnan(notes[:, 0]).sum())
    if missing == len(notes):
        raise DataError("no sound has a note whose pitch can be measured: learn them without notes")
    if missing:
        callbacks.on_note(f"{missing} of {len(notes)} sounds have no note, or no pitch: they are learned without")


def _training(config: PriorConfig, options: PriorTrainingOptions) -> PriorTraining:
    training = PriorTraining(prior=config, seed=options.seed)
    return training if options.batch is None else training.model_copy(update={"batch": options.batch})


def _states_config(folder: Path) -> dict[str, Any] | None:
    """The prior's configuration in a run that is resumed."""
    config = Checkpoints(folder / CHECKPOINTS).newest_config
    return None if config is None else config.get("training", {}).get("prior")


def _named(out: Path) -> PriorInfo:
    return PriorInfo(name=out.name.split(".")[0][:64])


def _verdict(steps: int, loss: float | None, chance: float | None) -> str:
    if loss is not None and chance is not None and loss > _CHANCE * chance:
        return f"no better than chance after {steps} steps: its sounds are noise, go on with a larger budget"
    if steps < _FEW_STEPS:
        return f"{steps} steps are few: expect rough sounds, go on with a larger budget"
    return ""


def _all_steps(cost: TrainingCost, base: Prior | None) -> int:
    """Steps of this run, and those of the prior that it started from."""
    earlier = int(base.info.training.get("steps", 0)) if base else 0
    return earlier + cost.steps


def _with_provenance(
    prior: Prior,
    data: TrainingData,
    cost: TrainingCost,
    base: Prior | None,
    figures: Mapping[str, float | str | None],
) -> Prior:
    """The prior with a note of how it was trained, and with those figures that are known."""
    training = {
        "sounds": len(data.cache),
        "hours of sound": round(data.cache.seconds / 3600, 3),
        **({"base": base.info.name} if base else {}),
        **cost.provenance(),
    }
    metrics = {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in figures.items()
        if value not in (None, "")
    }
    prior.info = prior.info.model_copy(
        update={"training": {**prior.info.training, **training}, "metrics": {**prior.info.metrics, **metrics}}
    )
    return prior

"""Train a prior over the latents of an autoencoder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import torch

from auricle.api.run_record import RunRecord
from auricle.api.training_run import (
    LabelSource,
    TrainingCallbacks,
    TrainingData,
    check_output,
    fit,
    note_of_main,
    open_run_folder,
    prepare_data,
)
from auricle.data import AudioCache, Corpus, Rejected, Sound
from auricle.errors import DataError, OptionError
from auricle.model import Autoencoder, load
from auricle.options.training import DeviceConfig, PriorTrainingOptions, tracker_names
from auricle.stream import threads
from auricle.synth import FlowConfig, Origin, Prior, PriorConfig, PriorInfo, RecurrentConfig
from auricle.synth.priors.base import MAX_PRIOR_CLASSES
from auricle.synth.priors.file import load_prior, save_prior
from auricle.synth.training.latent_cache import LatentCache
from auricle.synth.training.reconstruction_check import ReconstructionScore, check_reconstruction
from auricle.synth.training.task import LabelledLatents, PriorTask, PriorTraining
from auricle.training import Budget, Report, Run, TrainingDevice
from auricle.training.loop.checkpoint import Checkpoints
from auricle.training.loop.run_state import CHECKPOINTS
from auricle.watch import check_trackers

KINDS: dict[str, PriorConfig] = {"flow": FlowConfig(), "recurrent": RecurrentConfig()}
"""What ``kind`` may name."""
_SHORTEST_WINDOW, _LONGEST_WINDOW, _WHOLE = 16, 96, 90
_PAUSE = 4


@final
@dataclass(frozen=True)
class TrainedPrior:
    """What the training of a prior left behind.

    Attributes:
        path: the file.
        prior: what is in it.
        steps: of training, 0 if a resumed run had nothing left to do.
        seconds: of training.
        audio_per_second: seconds of sound learned from per second.
        loss: on held-out sounds; None where nothing was held out.
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
    reconstruction: ReconstructionScore
    corpus: Corpus
    held_out: tuple[Sound, ...]
    counts: dict[str, int]
    unlabelled: int
    unmatched: int
    rejected: tuple[Rejected, ...]


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
        config: the prior's shape in detail; it overrides ``options.kind``.
        device: what each process computes on; by default the best device at hand.
        force: replace ``out``, and discard the states of an earlier run unless ``options.resume`` goes on from them.
        callbacks: called while it goes.

    Raises:
        ModelError: no such model, or it rebuilds these sounds badly; the message has the figure.
        AuricleError: its other children, for a folder, option or output that can't be used.
    """
    out, limit, trackers = Path(out), Budget.parse(options.budget), tracker_names(options.trackers)
    if options.kind not in KINDS:
        raise OptionError(f"no prior of kind {options.kind!r}: choose one of {', '.join(KINDS)}")
    check_trackers(trackers)
    check_output(out, resume=options.resume, force=force)
    channels, resume = options.channels, options.resume
    training_device = TrainingDevice(device)
    autoencoder = model if isinstance(model, Autoencoder) else load(model)
    opened = open_run_folder(out, training_device, resume=resume, force=force)
    with threads(device.threads), opened as home:
        source = _label_source(options)
        material = prepare_data(folder, home, autoencoder.sample_rate, training_device, callbacks, label_source=source)
        callbacks.enter("trying the model on them")
        score = check_reconstruction(autoencoder, material.cache)
        score.require(autoencoder, options.max_mel_distance)
        labelling = _Labelling.of(material)
        learned, held_out = _examples(material, labelling, autoencoder, home, channels, training_device, callbacks)
        window = _window_of_states(home) if resume else None
        training = _configured(config or KINDS[options.kind], learned.latents, options, window)
        prior = _first(training, Origin.of(autoencoder, channels, labelling.classes), learned, _named(out))
        task = PriorTask(prior, training, learned, held_out, autoencoder)
        run = Run(home, limit, training_device, resume, on_note=note_of_main(training_device, callbacks))
        record = RunRecord.of(material.cache, material.held_out_names, labelling.labels, training_device)
        last = fit(task, training.model_dump(mode="json"), run, record, trackers, callbacks)
        held_out_loss = task.loss()
        if training_device.is_main:
            _sign(prior, material, last, held_out_loss, score)
            save_prior(prior, out, force=force)
        training_device.wait_for_everyone()
        return TrainedPrior(
            path=out,
            prior=load_prior(out),
            steps=last.step if last else 0,
            seconds=last.seconds if last else 0.0,
            audio_per_second=last.audio_per_second if last else 0.0,
            loss=held_out_loss,
            reconstruction=score,
            corpus=material.corpus,
            held_out=material.held_out,
            counts={name: list(learned.labels).count(index) for index, name in enumerate(labelling.classes)},
            unlabelled=list(learned.labels).count(-1),
            unmatched=labelling.unmatched,
            rejected=(*material.corpus.rejected, *material.cache.rejected),
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
    def of(material: TrainingData) -> "_Labelling":
        if material.labels is None:
            return _Labelling({}, (), 0)
        label_by_name = material.label_by_name
        used_labels = {label_by_name.get(name) for name in material.cache.names} - {None}
        return _Labelling(
            label_by_name, tuple(sorted(name for name in used_labels if name is not None)), material.labels.unmatched
        )

    def numbers(self, names: Sequence[str]) -> tuple[int, ...]:
        """The class of each sound; -1 for none, also for a class that is not learned."""
        places = {name: index for index, name in enumerate(self.classes)}
        return tuple(places.get(self.labels.get(name) or "", -1) for name in names)


def _examples(
    material: TrainingData,
    labelling: _Labelling,
    model: Autoencoder,
    home: Path,
    channels: int,
    device: TrainingDevice,
    callbacks: TrainingCallbacks,
) -> tuple[LabelledLatents, LabelledLatents | None]:
    """Latents of what is learned from and of what is held out, one process first."""

    def encoded(sounds: AudioCache) -> LabelledLatents:
        latents = LatentCache.build(
            sounds,
            model,
            home,
            channels=channels,
            on_progress=callbacks.on_progress,
            on_note=callbacks.on_note,
        )
        return LabelledLatents(latents, labelling.numbers(latents.names))

    with device.main_process_first():
        callbacks.enter("encoding sounds")
        learned = encoded(material.cache)
        if not material.held_out:
            return learned, None
        try:
            spare = AudioCache.build(material.held_out, home, sample_rate=model.sample_rate, on_note=callbacks.on_note)
        except DataError as error:
            callbacks.on_note(f"nothing is held out: {error}")
            return learned, None
        return learned, encoded(spare)


def _configured(
    config: PriorConfig, latents: LatentCache, options: PriorTrainingOptions, window: int | None
) -> PriorTraining:
    """With ``window``, or one that holds most sounds whole, if they are short."""
    if "window" not in config.model_fields_set:
        window = window or _fitting_window(latents)
        config = type(config).model_validate({**config.model_dump(), "window": window})
    training = PriorTraining(prior=config, seed=options.seed)
    return training if options.batch is None else training.model_copy(update={"batch": options.batch})


def _fitting_window(latents: LatentCache) -> int:
    most = float(np.percentile(latents.lengths, _WHOLE)) + _PAUSE
    return int(min(max(-(-most // _PAUSE) * _PAUSE, _SHORTEST_WINDOW), _LONGEST_WINDOW))


def _window_of_states(folder: Path) -> int | None:
    """The window of a run that is resumed: sounds that were added since do not change it."""
    config = Checkpoints(folder / CHECKPOINTS).newest_config
    return None if config is None else config.get("training", {}).get("prior", {}).get("window")


def _first(training: PriorTraining, origin: Origin, learned: LabelledLatents, info: PriorInfo) -> Prior:
    """A new prior that the seed decides, with the scale of the latents."""
    torch.manual_seed(training.seed)
    prior = training.prior.build(origin, info)
    latents = learned.latents
    prior.fit_scale(*(torch.from_numpy(part) for part in (latents.mean, latents.deviation, latents.silence)))
    return prior


def _named(out: Path) -> PriorInfo:
    return PriorInfo(name=out.name.split(".")[0][:64])


def _sign(
    prior: Prior, material: TrainingData, last: Report | None, held_out_loss: float | None, score: ReconstructionScore
) -> None:
    """Note how it was made."""
    training = {
        "sounds": len(material.cache),
        "hours of sound": round(material.cache.seconds / 3600, 3),
        **({"steps": last.step, "seconds": round(last.seconds)} if last else {}),
    }
    figures = {
        "reconstruction": round(score.mel, 3),
        **({} if held_out_loss is None else {"held-out loss": round(held_out_loss, 4)}),
    }
    prior.info = prior.info.model_copy(
        update={"training": {**prior.info.training, **training}, "metrics": {**prior.info.metrics, **figures}}
    )

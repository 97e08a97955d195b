"""Train an autoencoder."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import final

from auricle.api.training_run import Material, Watcher, check_options, fit, gather, run_folder, threads_of
from auricle.atomic import check_writable
from auricle.bench.held_out import evaluate_held_out
from auricle.bench.scoring.rows import Row
from auricle.data import Corpus, Rejected, Sound
from auricle.data.labels import labelled
from auricle.errors import DataError
from auricle.model import Autoencoder, ModelInfo
from auricle.model.files.file import load, save
from auricle.training import (
    AutoencoderTask,
    Budget,
    Excerpts,
    LabelConfig,
    Machine,
    Report,
    Run,
    preview,
    with_adversary,
)
from auricle.training.initialise import AUTO, Beginning, beginning, first_model, fit_scale, freeze_prior
from auricle.training.objective.adversary import full, light
from auricle.watch import TENSORBOARD, check_trackers


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


def train(
    folder: str | Path,
    *,
    out: str | Path,
    preset: str | None = None,
    size: str = "base",
    base: str | Path = AUTO,
    budget: str = "10m",
    adversarial: float = 0.0,
    labels: bool | str | Path = False,
    batch: int | None = None,
    machine: Machine | None = None,
    resume: bool = False,
    force: bool = False,
    seed: int = 0,
    threads: int | None = None,
    trackers: Sequence[str] = (TENSORBOARD,),
    info: ModelInfo | None = None,
    watcher: Watcher | None = None,
) -> Trained:
    """Train an autoencoder on a folder of sounds.

    Started by ``torchrun`` or ``accelerate launch``, all processes train one model together; the first one writes it.

    Args:
        folder: sounds in any nesting, format, rate and channel count, or an fsspec URL of such a folder. Subfolders
            ``train`` and ``valid`` decide what is held out; else one file in ten is.
        out: the model file to write. Checkpoints, decoded sounds and the run's page lie beside it in ``OUT.run``.
        preset: shape and objective, one of ``auricle.training.PRESETS``; by default that of the base, else ``speech``.
        size: of a new network, ``small``, ``base`` or ``large``.
        base: what to start from: ``auto`` for the shipped model of the preset where there is one, ``none``, a shipped
            model's name or a model file.
        budget: time (``90s``, ``20m``, ``2h``) or number of steps.
        adversarial: last share of the budget in which only the decoder learns, judged by discriminators, 0 to 1.
        labels: also learn to tell classes apart: True for the names of the folders that hold the sounds, or a CSV file
            with the columns path and label. Sounds without a label take part as before.
        batch: crops per step, process and accumulated part; by default the preset's.
        machine: device, precision and accumulation; by default the best device at hand.
        resume: go on from the last checkpoint.
        force: replace ``out``.
        seed: decides weights, crops and noise.
        threads: CPU threads, all by default.
        trackers: what keeps curves and sounds besides the run's page: names that accelerate knows.
        info: name and origin stored in the model.
        watcher: is told what happens.

    Raises:
        AuricleError: its children, for a folder, option, base or output that can't be used.
    """
    out, watcher, limit = Path(out), watcher or Watcher(), Budget.parse(budget)
    check_options(seed, threads, batch)
    check_trackers(trackers)
    check_writable(out, force=force or resume)
    machine = machine or Machine()
    start = _configured(beginning(preset, size, base), machine, seed=seed, batch=batch, adversarial=adversarial)
    with threads_of(threads), run_folder(out) as home:
        material = gather(folder, home, start.config.model.sample_rate, machine, watcher)
        start, classes = _labelled(start, material, labels)
        model = first_model(start, info or ModelInfo(name=out.name.split(".")[0][:64]))
        if start.base is None and not resume:
            fit_scale(model, material.cache, seed)
        excerpts = Excerpts.choose(material.held_out, model.sample_rate)
        task = AutoencoderTask(model, start.config, material.cache, partial(preview, excerpts=excerpts), classes)
        run = Run(home, limit, machine, resume)
        last = fit(task, start.config.model_dump(mode="json"), run, trackers, watcher)
        if machine.first:
            watcher.on_stage("freezing the prior")
            freeze_prior(model, start, material.cache)
            save(_signed(model, start, material, last), out, force=force or resume)
        machine.wait()
        finished = load(out)
        watcher.on_stage("measuring held-out files")
        judged = material.held_out if machine.first else ()
        return Trained(
            path=out,
            model=finished,
            steps=last.step if last else 0,
            seconds=last.seconds if last else 0.0,
            audio_per_second=last.audio_per_second if last else 0.0,
            corpus=material.corpus,
            held_out=material.held_out,
            table=evaluate_held_out(
                finished,
                judged,
                on_progress=lambda progress: watcher.on_part(int(progress.done), int(progress.total)),
            ),
            rejected=(*material.corpus.rejected, *material.cache.rejected),
        )


def _configured(start: Beginning, machine: Machine, *, seed: int, batch: int | None, adversarial: float) -> Beginning:
    """The preset with this run's settings."""
    config = start.config.model_copy(update={"seed": seed, "batch": batch or start.config.batch})
    adversary = light if machine.device.type == "cpu" else full
    return replace(start, config=with_adversary(config, adversarial, adversary(config.model.sample_rate)))


def _labelled(
    start: Beginning, material: Material, labels: bool | str | Path
) -> tuple[Beginning, tuple[int, ...] | None]:
    """The configuration with a label head, and the class of each sound in the cache.

    Raises:
        DataError: there are not two classes among the sounds to train on.
    """
    if labels is False:
        return start, None
    found = labelled(material.folder, None if labels is True else Path(labels))
    known = {each.sound.name: each.label for each in found.sounds}
    named = [known.get(name) for name in material.cache.names]
    names = sorted({name for name in named if name is not None})
    if len(names) < 2:
        told = f"one class, {names[0]}" if names else "no class"
        raise DataError(f"the sounds to train on have {told}: labels need two or more, a folder for each or a CSV file")
    classes = tuple(-1 if name is None else names.index(name) for name in named)
    objective = start.config.objective.model_copy(update={"labels": LabelConfig(classes=len(names))})
    return replace(start, config=start.config.model_copy(update={"objective": objective})), classes


def _signed(model: Autoencoder, start: Beginning, material: Material, last: Report | None) -> Autoencoder:
    """The model with a note of how it was made."""
    made = {
        "preset": start.preset,
        "base": start.base.name if start.base else "none",
        "hours of sound": round(material.corpus.hours, 3),
        **({"steps": last.step, "seconds": round(last.seconds)} if last else {}),
    }
    model.info = model.info.model_copy(update={"training": {**model.info.training, **made}})
    return model

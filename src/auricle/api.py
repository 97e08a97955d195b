"""The public functions that join several rooms of the house. Each command-line verb calls one of these."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import final

import torch

from auricle.bench.heldout import evaluate_held_out
from auricle.bench.rows import Row
from auricle.data import AudioCache, Corpus, Rejected, Sound, scan, split
from auricle.data.remote import is_url, local_copy
from auricle.errors import AuricleError, OptionError, OutputError
from auricle.model import Autoencoder, ModelInfo
from auricle.model.file import load, save
from auricle.output import check_output
from auricle.training import Budget, Excerpts, Machine, Report, Run, preview, run_training, with_adversary
from auricle.training.adversary import full, light
from auricle.training.begin import AUTO, Beginning, beginning, first_model, fit_scale, freeze_prior
from auricle.training.checkpoint import Checkpoints
from auricle.training.keeper import CHECKPOINTS
from auricle.watch import TENSORBOARD, Recorder, check_trackers

_LARGEST_SEED, _LARGEST_BATCH = 2**31, 4096


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


@final
@dataclass(frozen=True)
class Watcher:
    """Where a training run tells how it goes; each part may be replaced.

    Attributes:
        on_scan: is told what the folder holds.
        on_stage: is told what begins.
        on_part: is told how many files of how many are done, while decoding and while measuring.
        on_report: is told the state of training every few steps.
        on_note: is told what could not be done although training goes on.
    """

    on_scan: Callable[[Corpus], None] = lambda corpus: None
    on_stage: Callable[[str], None] = lambda text: None
    on_part: Callable[[int, int], None] = lambda done, total: None
    on_report: Callable[[Report], None] = lambda report: None
    on_note: Callable[[str], None] = lambda text: None


def train(
    folder: str | Path,
    *,
    out: str | Path,
    preset: str | None = None,
    size: str = "base",
    base: str | Path = AUTO,
    budget: str = "10m",
    adversarial: float = 0.0,
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
    _check_options(seed, threads, batch)
    check_trackers(trackers)
    check_output(out, force=force or resume)
    machine = machine or Machine()
    start = _configured(beginning(preset, size, base), machine, seed=seed, batch=batch, adversarial=adversarial)
    with _threads(threads), _run_folder(out) as home:
        material = _gather(folder, home, start.config.model.sample_rate, machine, watcher)
        model = first_model(start, info or ModelInfo(name=out.name.split(".")[0][:64]))
        if start.base is None and not resume:
            fit_scale(model, material.cache, seed)
        excerpts = Excerpts.choose(material.held_out, model.sample_rate)
        run = Run(home, material.cache, limit, machine, resume, partial(preview, excerpts=excerpts))
        last = _fit(model, start, run, trackers, watcher)
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
            table=evaluate_held_out(finished, judged, on_progress=watcher.on_part),
            rejected=(*material.corpus.rejected, *material.cache.rejected),
        )


@final
@dataclass(frozen=True)
class _Material:
    """What is learned from, and what is held out."""

    corpus: Corpus
    held_out: tuple[Sound, ...]
    cache: AudioCache


def _gather(folder: str | Path, home: Path, rate: int, machine: Machine, watcher: Watcher) -> _Material:
    """Find and decode the sounds; one process first, so that the others find the work done."""
    with machine.in_turn():
        lost: tuple[Rejected, ...] = ()
        if is_url(folder):
            watcher.on_stage("fetching sounds")
            mirror = local_copy(str(folder), home / "sounds", on_progress=watcher.on_part)
            folder, lost = mirror.folder, mirror.rejected
        found = scan(Path(folder))
        corpus = Corpus(found.sounds, (*lost, *found.rejected))
        watcher.on_scan(corpus)
        learned, held_out = split(corpus.sounds)
        watcher.on_stage("decoding sounds")
        cache = AudioCache.build(learned, home, sample_rate=rate, on_progress=watcher.on_part, on_note=watcher.on_note)
    return _Material(corpus, held_out, cache)


def _configured(start: Beginning, machine: Machine, *, seed: int, batch: int | None, adversarial: float) -> Beginning:
    """The preset with this run's settings."""
    config = start.config.model_copy(update={"seed": seed, "batch": batch or start.config.batch})
    adversary = light if machine.device.type == "cpu" else full
    return replace(start, config=with_adversary(config, adversarial, adversary(config.model.sample_rate)))


def _fit(model: Autoencoder, start: Beginning, run: Run, trackers: Sequence[str], watcher: Watcher) -> Report | None:
    """Train; the last report, None if a resumed run had nothing left to do."""
    watcher.on_stage("training")
    last = None
    with ExitStack() as stack:
        recorder = None
        if run.machine.first:
            shown = start.config.model_dump(mode="json")
            recorder = Recorder(run.folder, shown, resume=run.resume, trackers=trackers, on_trouble=watcher.on_note)
            stack.enter_context(recorder)
        for last in run_training(model, start.config, run):
            watcher.on_report(last)
            if recorder is not None:
                recorder.record(last)
    return last


def _signed(model: Autoencoder, start: Beginning, material: _Material, last: Report | None) -> Autoencoder:
    """The model with a note of how it was made."""
    made = {
        "preset": start.preset,
        "base": start.base.name if start.base else "none",
        "hours of sound": round(material.corpus.hours, 3),
        **({"steps": last.step, "seconds": round(last.seconds)} if last else {}),
    }
    model.info = model.info.model_copy(update={"training": {**model.info.training, **made}})
    return model


def _check_options(seed: int, threads: int | None, batch: int | None) -> None:
    if not 0 <= seed < _LARGEST_SEED:
        raise OptionError(f"seed {seed} is out of range: use 0 to {_LARGEST_SEED - 1}")
    if threads is not None and threads < 1:
        raise OptionError(f"{threads} threads can't compute anything: use 1 or more")
    if batch is not None and not 1 <= batch <= _LARGEST_BATCH:
        raise OptionError(f"a batch of {batch} crops: use 1 to {_LARGEST_BATCH}")


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    """Compute on so many threads, then on as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _run_folder(out: Path) -> Iterator[Path]:
    """Where checkpoints and decoded sounds lie; it goes again if a run fails before its first checkpoint."""
    folder = out.with_name(out.name.removesuffix(".safetensors").removesuffix(".auricle") + ".run")
    fresh = not folder.exists()
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"can't make the folder {folder}: {error.strerror}") from error
    try:
        yield folder
    except AuricleError:
        if fresh and not Checkpoints(folder / CHECKPOINTS):
            shutil.rmtree(folder, ignore_errors=True)
        raise

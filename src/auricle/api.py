"""The public functions that join several rooms of the house. Each command-line verb calls one of these."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import final

import torch

from auricle.bench.heldout import evaluate_held_out
from auricle.bench.rows import Row
from auricle.data import AudioCache, Corpus, Rejected, Sound, scan, split
from auricle.errors import AuricleError, ConfigError, OptionError, OutputError
from auricle.model import Autoencoder, ModelInfo
from auricle.model.file import as_stored, load, save
from auricle.output import check_output
from auricle.training import Budget, Report, Run, TrainConfig, named, run_training, sample_audio
from auricle.training.loop import CHECKPOINT

_SCALE_SECONDS = 120.0
_TABLE_SECONDS = 2400.0
_LARGEST_SEED = 2**31


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
    """

    on_scan: Callable[[Corpus], None] = lambda corpus: None
    on_stage: Callable[[str], None] = lambda text: None
    on_part: Callable[[int, int], None] = lambda done, total: None
    on_report: Callable[[Report], None] = lambda report: None


def train(
    folder: str | Path,
    *,
    out: str | Path,
    preset: str = "speech",
    base: str | Path | None = None,
    budget: str = "10m",
    resume: bool = False,
    force: bool = False,
    seed: int = 0,
    threads: int | None = None,
    info: ModelInfo | None = None,
    watcher: Watcher | None = None,
) -> Trained:
    """Train an autoencoder on a folder of sounds.

    Args:
        folder: sounds in any nesting, format, rate and channel count. Subfolders ``train`` and ``valid`` decide what is
            held out; else one file in ten is.
        out: the model file to write. Checkpoints and decoded sounds lie beside it in ``OUT.run``.
        preset: shape and objective, one of ``auricle.training.PRESETS``.
        base: a shipped model's name or a model file to start from; it must have the preset's shape.
        budget: time (``90s``, ``20m``, ``2h``) or number of steps.
        resume: go on from the last checkpoint.
        force: replace ``out``.
        seed: decides weights, crops and noise.
        threads: CPU threads, all by default.
        info: name and origin stored in the model.
        watcher: is told what happens.

    Raises:
        AuricleError: its children, for a folder, option, base or output that can't be used.
    """
    out, watcher, limit = Path(out), watcher or Watcher(), Budget.parse(budget)
    config = named(preset).model_copy(update={"seed": seed})
    force = force or resume
    _check_options(seed, threads)
    check_output(out, force=force)
    corpus = scan(Path(folder))
    watcher.on_scan(corpus)
    learned, held_out = split(corpus.sounds)
    with _threads(threads), _run_folder(out) as home:
        model = _start(config, base, info, out)
        watcher.on_stage("decoding sounds")
        cache = AudioCache.build(learned, home, sample_rate=model.sample_rate, on_progress=watcher.on_part)
        last = _fit(model, config, Run(home, cache, limit, resume), watcher, scaled=base is not None)
        watcher.on_stage("freezing the prior")
        _freeze(model, cache, seed)
        save(model, out, force=force)
        finished = load(out)
        watcher.on_stage("measuring held-out files")
        return Trained(
            path=out,
            model=finished,
            steps=last.step if last else 0,
            seconds=last.seconds if last else 0.0,
            audio_per_second=last.audio_per_second if last else 0.0,
            corpus=corpus,
            held_out=held_out,
            table=evaluate_held_out(finished, held_out, on_progress=watcher.on_part),
            rejected=(*corpus.rejected, *cache.rejected),
        )


def _check_options(seed: int, threads: int | None) -> None:
    if not 0 <= seed < _LARGEST_SEED:
        raise OptionError(f"seed {seed} is out of range: use 0 to {_LARGEST_SEED - 1}")
    if threads is not None and threads < 1:
        raise OptionError(f"{threads} threads can't compute anything: use 1 or more")


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
        if fresh and not (folder / CHECKPOINT).exists():
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _start(config: TrainConfig, base: str | Path | None, info: ModelInfo | None, out: Path) -> Autoencoder:
    torch.manual_seed(config.seed)
    model = Autoencoder(config.model, info or ModelInfo(name=out.name.split(".")[0][:64]))
    if base is not None:
        start = load(base)
        if start.config != config.model:
            raise ConfigError(f"the base {base} has another shape than the preset: name the preset it was trained with")
        model.load_state_dict(start.state_dict())
    return model


def _fit(model: Autoencoder, config: TrainConfig, run: Run, watcher: Watcher, *, scaled: bool) -> Report | None:
    """Train; the last report, None if a resumed run had nothing left to do."""
    if not scaled and not run.resume:
        sounds = sample_audio(run.cache, model.sample_rate, seconds=_SCALE_SECONDS, crop=2.0, seed=config.seed)
        model.fit_scale(torch.cat(sounds))
    watcher.on_stage("training")
    last = None
    for report in run_training(model, config, run):
        watcher.on_report(report)
        last = report
    return last


@torch.inference_mode()
def _freeze(model: Autoencoder, cache: AudioCache, seed: int) -> None:
    if model.bottleneck.table_shape() is None:
        return
    seconds = min(_TABLE_SECONDS, max(60.0, cache.seconds))
    rounded = as_stored(model)
    sounds = sample_audio(cache, model.sample_rate, seconds=seconds, crop=6.0, seed=seed + 1)
    rounded.fit_tables([rounded.encode(audio) for audio in sounds])
    model.load_state_dict(rounded.state_dict())
    model.tables = rounded.tables

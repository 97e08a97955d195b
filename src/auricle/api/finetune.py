"""Fine-tune an encoder for the classes of a folder."""

from collections.abc import Sequence
from pathlib import Path

from auricle.api.training_run import Watcher, check_options, fit, run_folder, threads_of
from auricle.atomic import check_writable
from auricle.classify.finetuning.finetune import FineTuning, Tuned
from auricle.classify.label_checks import gathered_labels
from auricle.data.labels import Labels
from auricle.extras import require
from auricle.model import Autoencoder, load
from auricle.training import Budget, Machine, Run
from auricle.watch import TENSORBOARD, check_trackers

_SAVE_SECONDS = 60.0


def finetune(
    sounds: Path | str | Labels,
    *,
    out: Path | str,
    model: Autoencoder | Path | str = "speech",
    table: Path | str | None = None,
    column: str = "label",
    group: str | None = None,
    segments: int | None = None,
    budget: str = "5m",
    machine: Machine | None = None,
    resume: bool = False,
    force: bool = False,
    seed: int = 0,
    threads: int | None = None,
    cache: Path | None = None,
    keep: bool = True,
    trackers: Sequence[str] = (TENSORBOARD,),
    watcher: Watcher | None = None,
) -> Tuned:
    """Train an encoder end to end for the classes of a folder, and write a classifier that holds it.

    For those who only want accuracy: the classifier has an encoder of its own, so its features serve nothing else.

    Args:
        sounds: a folder with a subfolder per class (or any folder, with ``table``), or labels made before.
        out: the classifier's file to write. Checkpoints, decoded sounds and the run's page lie beside it in
            ``OUT.run``.
        model: whose encoder is the start.
        table: CSV with a header: path, label, and optionally group.
        column: the table's column of labels.
        group: as `Classifier.fit`: none is ever on both sides of the part that decides which weights are kept.
        segments: parts of a sound that are told apart; by default what fits the sounds' length.
        budget: time (``90s``, ``5m``) or number of steps.
        machine: device, precision and accumulation; by default the best device at hand.
        resume: go on from the last checkpoint.
        force: replace ``out``.
        seed: decides what is held out, crops and changes.
        threads: CPU threads, all by default.
        cache: where features are kept; by default below the user's cache folder.
        keep: False neither reads nor writes that cache.
        trackers: what keeps curves besides the run's page: names that accelerate knows.
        watcher: is told what happens.

    Raises:
        DataError: no labelled sound can be used, or all are of one class.
        AuricleError: its other children, for an option, model or output that can't be used.
    """
    out, watcher, limit = Path(out), watcher or Watcher(), Budget.parse(budget)
    check_options(seed, threads, None)
    require("sklearn", extra="classify", purpose="classifiers")
    check_trackers(trackers)
    check_writable(out, force=force or resume)
    machine = machine or Machine()
    labels = sounds if isinstance(sounds, Labels) else gathered_labels(sounds, table, column=column, group=group)
    autoencoder = model if isinstance(model, Autoencoder) else load(model)
    with threads_of(threads), run_folder(out) as home:
        with machine.in_turn():
            tuning = FineTuning(
                labels,
                autoencoder,
                home,
                segments=segments,
                seed=seed,
                cache=cache,
                keep=keep,
                on_stage=watcher.on_stage,
                on_progress=watcher.on_part,
                on_note=watcher.on_note,
            )
        run = Run(home, limit, machine, resume, save_seconds=_SAVE_SECONDS)
        fit(tuning.task, tuning.tuning.model_dump(mode="json"), run, trackers, watcher)
        made = tuning.result()
        if machine.first:
            made.classifier.save(out, force=force or resume)
        machine.wait()
        return made

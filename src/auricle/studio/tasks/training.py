"""The room Train: a model trained on sounds of the folder, in a process of its own."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from auricle import PausedError, Trained, TrainingOptions, train
from auricle.atomic import atomic_write
from auricle.errors import OptionError
from auricle.progress import OnProgress
from auricle.studio.server.jobs import read_json
from auricle.studio.server.runs import OUTCOME, SOUNDS, last_report, model_file, run_folder
from auricle.studio.server.workspace import Item, Workspace
from auricle.studio.tasks.models import model_source
from auricle.studio.tasks.run_log import RunLog

_LINKS = "links"
_NO_FILE = ("auto", "none")


def train_model(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """Train, or go on where an earlier job of this run was paused or ended."""
    run = workspace.run(arguments["run"])
    facts, run_log = run.facts, RunLog(run, on_progress)
    can_resume = (run_folder(run) / "checkpoints" / "latest").is_file()
    options = TrainingOptions(
        preset=facts["preset"], size=facts["size"], adversarial=facts["adversarial"], trackers="none", resume=can_resume
    )
    try:
        trained = train(
            _sounds(workspace, run),
            out=model_file(run),
            base=_base(workspace, facts["base"]),
            budget=_budget(facts["budget"]),
            options=options,
            force=True,
            callbacks=run_log.callbacks,
        )
    except PausedError:
        return {"outcome": "paused", "run": run.id}
    run_log.log_verdicts()
    with atomic_write(run.file(OUTCOME), force=True) as file:
        file.write_text(json.dumps(_facts_of(trained, run, workspace)), "utf-8")
    return {"outcome": "finished", "run": run.id}


def _sounds(workspace: Workspace, run: Item) -> Path:
    """The folder to train on: the library, a folder of it, or links to the sounds that were chosen."""
    selection = run.facts["sounds"]
    if selection.get("names") is None:
        return workspace.folder / selection.get("folder", "")
    folder = run.folder / _LINKS
    for name in read_json(run.file(SOUNDS))["names"]:
        source, link = workspace.folder / name, folder / name
        if not source.is_file() or link.exists():
            continue  # what has gone is not there to be learned from
        link.parent.mkdir(parents=True, exist_ok=True)
        try:
            link.symlink_to(source)
        except OSError:  # Windows wants a right for this
            shutil.copyfile(source, link)
    if not folder.is_dir():
        raise OptionError("none of the chosen sounds is in the folder any more: choose others")
    return folder


def _base(workspace: Workspace, base: str) -> str | Path:
    return base if base in _NO_FILE else model_source(workspace, base)


def _budget(budget: dict[str, float]) -> str:
    return f"{int(budget['steps'])}" if "steps" in budget else f"{budget['seconds']:g}s"


def _facts_of(trained: Trained, run: Item, workspace: Workspace) -> dict[str, Any]:
    """What is told of a run that has ended; a job that only measured has the steps of the one before it."""
    last = last_report(run)
    return {
        "steps": trained.steps or last["step"],
        "seconds": trained.seconds or last["seconds"],
        "speed": trained.audio_per_second or last["speed"],
        "sounds": len(trained.corpus.sounds),
        "hours": trained.corpus.hours,
        "held_out": len(trained.held_out),
        "rejected": [str(file.reason).replace(f"{workspace.folder}{os.sep}", "") for file in trained.rejected[:100]],
        "sample_rate": trained.model.sample_rate,
        "bytes": trained.path.stat().st_size,
        "table": [
            {"codec": row.codec, "setting": row.setting, "kbps": row.kbps, "mel": row.mel, "pesq": row.pesq}
            for row in trained.table
        ],
    }

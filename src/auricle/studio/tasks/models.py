"""Which models the rooms can work with: shipped ones, those that were trained here, and files in the folder."""

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auricle import default_model
from auricle.errors import AuricleError, OptionError
from auricle.progress import OnProgress
from auricle.studio.server.jobs import read_json
from auricle.studio.server.runs import OUTCOME, model_file
from auricle.studio.server.workspace import Workspace, display_name

if TYPE_CHECKING:
    from auricle import Autoencoder

SHIPPED = ("speech", "music")
_SUFFIX = ".auricle.safetensors"
_RUN = re.compile(r"[0-9a-f]{16}")
_MOST = 3


def list_models(workspace: Workspace, arguments: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """All of them, with the shipped one whose bitrates suit each."""
    models = [{"name": name, "title": name, "like": name} for name in SHIPPED]
    for run in sorted(workspace.all_runs(), key=lambda run: run.facts["asked"]):
        if (outcome := read_json(run.file(OUTCOME))) and model_file(run).is_file():
            models.append({"name": run.id, "title": run.facts["title"], "like": default_model(outcome["sample_rate"])})
    for path in sorted(workspace.folder.glob(f"*{_SUFFIX}")):
        if rate := _sample_rate(path):
            title = display_name(path.name.removesuffix(_SUFFIX))
            models.append({"name": path.name, "title": title, "like": default_model(rate)})
    return {"models": models}


def model_source(workspace: Workspace, name: str) -> str | Path:
    """A shipped model's name, or the file of one that was trained here or lies right in the folder.

    Raises:
        OptionError: there is none.
    """
    if name in SHIPPED:
        return name
    if _RUN.fullmatch(name):
        path = model_file(workspace.run(name, "the run that made this model is no longer there"))
        if path.is_file():
            return path
    elif name in {path.name for path in workspace.folder.glob(f"*{_SUFFIX}")}:
        return workspace.folder / name
    raise OptionError(f"no model is called {display_name(name)}: choose another one")


def loaded_model(source: str | Path) -> "Autoencoder":
    """A model that stays in memory: a shipped one by its name, or one from a file, again if that was replaced."""
    return _loaded(source, Path(source).stat().st_mtime_ns if isinstance(source, Path) else 0)


@lru_cache(_MOST)
def _loaded(source: str | Path, stamp: int) -> "Autoencoder":
    from auricle import load  # loads torch, which a list does without

    return load(source)


def _sample_rate(path: Path) -> int:
    """Of a model file in Hz; 0 where it is none."""
    from auricle import ModelSummary, info

    try:
        summary = info(path)
    except AuricleError:
        return 0
    return int(summary.config["sample_rate"]) if isinstance(summary, ModelSummary) else 0

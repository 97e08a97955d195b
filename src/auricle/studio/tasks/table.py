"""The tasks by name; a module is loaded with the first of its tasks."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, TypeAlias

from auricle.errors import OptionError
from auricle.progress import OnProgress
from auricle.studio.server.workspace import Workspace

StudioTask: TypeAlias = Callable[[Workspace, dict[str, Any], OnProgress], dict[str, Any]]
"""What is done in a process of its own: plain values in and out."""

_TASKS: Mapping[str, tuple[str, ...]] = {
    "compressing": ("warm_up", "open_sound", "preview", "compress_whole", "open_aur", "repair_aur"),
    "models": ("list_models",),
    "training": ("train_model",),
    "folder_sounds": (
        "list_sounds",
        "look_at",
        "open_listed",
        "add_upload",
        "remove_sounds",
        "restore_sounds",
        "examine",
    ),
    "labelling": ("read_library", "suggest_next", "find_similar", "judge_classes", "save_classifier", "hear_timeline"),
    "making": (
        "list_priors",
        "make_sounds",
        "make_notes",
        "make_variations",
        "blend",
        "find_directions",
        "move",
        "pack_set",
    ),
}


def find_task(name: str) -> StudioTask:
    """A task's function.

    Raises:
        OptionError: there is none of this name.
    """
    for module, names in _TASKS.items():
        if name in names:
            return getattr(import_module(f"auricle.studio.tasks.{module}"), name)
    raise OptionError(f"no task is called {name!r}")

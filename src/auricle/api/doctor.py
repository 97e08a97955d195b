"""Look at a folder before or after training: sounds that shall be learned, or the run that learned them."""

from pathlib import Path
from typing import TYPE_CHECKING

from auricle.data.doctor.checkup import SoundsHealth, examine_sounds
from auricle.data.shards.index import INDEX_NAME
from auricle.errors import OptionError
from auricle.options.field_types import check_arguments
from auricle.progress import OnProgress, ignore_progress
from auricle.urls import is_url

if TYPE_CHECKING:
    from auricle.watch import RunHealth

_RUN_FILES = ("history.jsonl", "checkpoints")


@check_arguments()
def doctor(
    path: str | Path,
    *,
    quick: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> "SoundsHealth | RunHealth":
    """Tell what is wrong with a folder of sounds, or with a training run.

    Args:
        path: sounds in any nesting, format, rate and channel count; or the folder of a run, ``OUT.run``.
        quick: of sounds, read headers only.
        on_progress: of sounds, is told how many files are read and compared.

    Returns:
        for sounds a `SoundsHealth`, for a run a `RunHealth`; both have ``verdicts``.

    Raises:
        OptionError: ``path`` is a URL, or a corpus in shards.
        DataError: the folder is missing, a file, or holds neither a run nor audio files.
    """
    if is_url(path):
        raise OptionError(f"doctor looks at local folders, not at {path}: copy the sounds to this machine first")
    folder = Path(path)
    if (folder / INDEX_NAME).is_file():
        raise OptionError(f"doctor looks at sounds, not at a corpus in shards such as {path}: name what it was made of")
    if any((folder / name).exists() for name in _RUN_FILES):  # else torch would be loaded in vain
        from auricle.watch import examine_run, is_run

        if is_run(folder):
            return examine_run(folder)
    return examine_sounds(folder, quick=quick, on_progress=on_progress)

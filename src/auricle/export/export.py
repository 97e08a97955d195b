"""Write a model for other programs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import final

from auricle.atomic import temporary_folder
from auricle.errors import OptionError, OutputError
from auricle.export.browser import write_browser
from auricle.export.folder import list_files, move_in
from auricle.export.nn_tilde import write_nn_tilde
from auricle.export.onnx_export import write_onnx
from auricle.export.parts import ExportParts
from auricle.model import Autoencoder, load
from auricle.options.export import ExportForm
from auricle.options.field_types import check_arguments
from auricle.progress import OnProgress, Progress, ignore_progress
from auricle.synth.directions import Directions
from auricle.synth.priors.base import Prior
from auricle.synth.priors.file import load_prior

_Writer = Callable[[ExportParts, Path, OnProgress], None]
_WRITERS: Mapping[ExportForm, _Writer] = MappingProxyType(
    {"onnx": write_onnx, "nn~": write_nn_tilde, "browser": write_browser}
)


@final
@dataclass(frozen=True)
class ExportedModel:
    """What was written.

    Attributes:
        folder: where.
        files: names and sizes in bytes.
        model: name of the model.
    """

    folder: Path
    files: Mapping[str, int]
    model: str


@check_arguments()
def export_model(
    model: Autoencoder | Path | str,
    out: Path | str,
    *,
    to: ExportForm = "onnx",
    prior: Prior | Path | str | None = None,
    directions: Directions | Path | str | None = None,
    runtime: Path | str | None = None,
    force: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> ExportedModel:
    """Write a model for programs that have no Auricle. Either all files of the folder appear, or none; what an earlier
    export left in it goes.

    Args:
        model: a model, a shipped one's name, or a file.
        out: folder for the files.
        to: ``onnx`` makes graphs with explicit state, tables and configuration as JSON, and an example that runs with
            onnxruntime and numpy alone; ``nn~`` makes a TorchScript file for Max and Pure Data; ``browser`` makes a
            page, and a JavaScript module that reads, writes and plays .aur files.
        prior: of the model; its network is exported too.
        directions: of the model, from `principal_directions` or its file: latents can be shifted along them.
        runtime: of ``browser``: a folder with the files of onnxruntime-web, instead of the package auricle-web.
        force: replace files, and remove those of an earlier export that this one does not have.
        on_progress: is told how many graphs are written.

    Raises:
        ModelError: no such model or prior, a prior of another model, or one that can't be exported.
        OptionError: there is no such form, what goes along has no place in it, or the runtime is not the one that pages
            are made for.
        OutputError: a file exists, or can't be written.
        MissingPackageError: a package of the extra `export` is not installed, or there is no runtime of browsers.
    """
    folder = Path(out)
    if to not in _WRITERS:
        raise OptionError(f"no export to {to!r}: choose one of {', '.join(_WRITERS)}")
    if runtime is not None and to != "browser":
        raise OptionError(f"a runtime has no place in an export to {to}: leave --runtime out")
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file: name a folder")
    loaded = model if isinstance(model, Autoencoder) else load(model)
    loaded_prior = prior if prior is None or isinstance(prior, Prior) else load_prior(prior)
    if loaded_prior is not None:
        loaded_prior.require(loaded)
    axes = directions if directions is None or isinstance(directions, Directions) else Directions.load(directions)
    if axes is not None:
        axes.require(loaded)
    with temporary_folder() as workplace:
        files = workplace / "files"
        files.mkdir()
        _WRITERS[to](
            ExportParts(loaded, loaded_prior, axes, None if runtime is None else Path(runtime)), files, on_progress
        )
        list_files(files)
        sizes = move_in(files, folder, force=force)
    on_progress(Progress("written", len(sizes), len(sizes), "files"))
    return ExportedModel(folder, sizes, loaded.name)

"""``auricle export``."""

import time
from pathlib import Path

from auricle.cli.formatting import format_size
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.options.export import ExportForm


def export(
    model: str,
    /,
    *,
    to: ExportForm,
    out: Path,
    prior: str | None = None,
    directions: Path | None = None,
    runtime: Path | None = None,
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Write a model for programs that have no Auricle.

    Args:
        model: a shipped model's name or a model file.
        to: onnx: graphs with explicit state, tables and configuration as JSON, and an example that needs nothing but
            onnxruntime and numpy. nn~: TorchScript for Max and Pure Data. browser: a page, and a JavaScript module that
            reads, writes and plays .aur files.
        out: folder for the files.
        prior: a shipped prior's name, or a file: its network is exported too.
        directions: a file that `auricle latents FOLDER` made: latents can be shifted along them.
        runtime: for a page: a folder with the files of onnxruntime-web, instead of the package auricle-web.
        force: replace existing files, and remove those of an earlier export that this one does not have.
    """
    from auricle import export_model

    screen, started = Screen(output), time.perf_counter()
    with screen.progress("export") as on_progress:
        result = export_model(
            model,
            out,
            to=to,
            prior=prior,
            directions=directions,
            runtime=runtime,
            force=force,
            on_progress=on_progress,
        )
    elapsed = time.perf_counter() - started
    lines = [f"{result.folder / name} {format_size(size)}" for name, size in result.files.items()]
    values = {"model": result.model, "out": result.folder, "files": dict(result.files), "elapsed_seconds": elapsed}
    screen.result(lines, values)

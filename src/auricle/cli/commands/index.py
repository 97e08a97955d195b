"""``auricle index``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from auricle.cli.formatting import format_size
from auricle.cli.many import exit_code, uses_engine
from auricle.cli.options import DEFAULT_OUTPUT, Output
from auricle.cli.screen import Screen
from auricle.errors import OptionError
from auricle.options.archive import ArchiveOptions
from auricle.options.classification import IndexOptions
from auricle.printable import file_reasons, rejected_lines


def index(
    folder: Path,
    /,
    *,
    out: Path,
    model: str | None = None,
    options: Annotated[IndexOptions, Parameter(name="*", negative="")] = IndexOptions(),
    archive: Annotated[ArchiveOptions, Parameter(name="*")] = ArchiveOptions(),
    output: Output = DEFAULT_OUTPUT,
) -> int:
    """Make an index of a folder of sounds for `auricle similar`, or bring one up to date.

    Args:
        folder: searched at any depth; with --remove a file or folder whose sounds go out of the index.
        out: the index. If it is there, new and changed sounds are added, and those that are gone are forgotten; sounds
            of other folders stay.
        model: whose encoder hears: a shipped name or a model file; by default speech where the first sound has up to
            24 kHz, else music.

    With --jobs, --ray or --manifest many processes listen, and a run that was broken off goes on from its ledger, by
    default OUT.manifest.jsonl.
    """
    if archive.files_from is not None:
        raise OptionError("an index is of a folder: leave --files-from out")
    screen = Screen(output)
    with_engine = uses_engine((folder,), archive) and not options.remove
    with screen.progress("listen") as on_progress:
        if with_engine:
            from auricle.archive.tasks.index import index_archive

            result = index_archive(
                folder,
                out,
                model=model,
                options=options,
                archive=archive,
                on_progress=on_progress,
                on_note=screen.note,
            )
        else:
            from auricle import index as run

            result = run(folder, out, model=model, options=options, on_progress=on_progress, on_note=screen.note)
    screen.note(*rejected_lines(result.rejected))
    size = out.stat().st_size
    windows = f", {result.points} windows" if result.points != result.files else ""
    screen.result(
        f"{out} {format_size(size)}: {result.files} sounds{windows}; {result.fresh} read, {result.removed} removed",
        {
            "path": out,
            "bytes": size,
            "files": result.files,
            "points": result.points,
            "fresh": result.fresh,
            "removed": result.removed,
            "model": result.model,
            "rejected": file_reasons(result.rejected),
        },
    )
    return exit_code(() if options.remove else result.rejected)

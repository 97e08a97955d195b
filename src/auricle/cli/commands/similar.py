"""``auricle similar``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from auricle.cli.formatting import format_table
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen


def similar(
    query: Path,
    folder: Path,
    /,
    *,
    count: Annotated[int, Parameter(name=["--count", "-n"], validator=Number(gte=1))] = 10,
    model: str | None = None,
    no_cache: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Find the sounds of a folder that are most like a given one.

    Args:
        query: an audio file, in the folder or elsewhere.
        folder: where to search, at any depth.
        count: how many to name.
        model: whose encoder compares: a shipped name or a model file; by default speech for a query of up to 24 kHz,
            else music.
        no_cache: neither read nor write what earlier searches found out about the folder.
    """
    from auricle import similar as run

    screen = Screen(output)
    with screen.progress("listen") as on_progress:
        found = run(
            query,
            folder,
            model=model,
            count=count,
            keep=not no_cache,
            on_progress=on_progress,
        )
    if found.skipped:
        screen.note(f"{len(found.skipped)} of the folder's files can't be used; the first: {found.skipped[0].reason}")
    values = {
        "query": found.query,
        "model": found.model,
        "files": found.files,
        "fresh": found.fresh,
        "hits": [{"name": hit.name, "path": hit.path, "cosine": hit.cosine} for hit in found.hits],
        "skipped": [{"path": refused.path, "reason": refused.reason} for refused in found.skipped],
    }
    rows = [(hit.name, f"{hit.cosine:.3f}") for hit in found.hits]
    screen.result(format_table(("sound", "likeness"), rows) if rows else "no other sound in the folder", values)

"""``auricle similar``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from auricle.cli.formatting import format_table
from auricle.cli.options import DEFAULT_OUTPUT, Output
from auricle.cli.screen import Screen
from auricle.options.classification import CacheOptions


def similar(
    query: Path,
    folder: Path,
    /,
    *,
    count: Annotated[int, Parameter(name=["--count", "-n"], validator=Number(gte=1))] = 10,
    model: str | None = None,
    caching: Annotated[CacheOptions, Parameter(name="*", negative="")] = CacheOptions(),
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Find the sounds of a folder that are most like a given one.

    Args:
        query: an audio file, in the folder or elsewhere.
        folder: where to search, at any depth.
        count: how many to name.
        model: whose encoder compares: a shipped name or a model file; by default speech for a query of up to 24 kHz,
            else music.
    """
    from auricle import similar as run

    screen = Screen(output)
    with screen.progress("listen") as on_progress:
        result = run(
            query,
            folder,
            model=model,
            count=count,
            caching=caching,
            on_progress=on_progress,
            on_note=screen.note,
        )
    if result.skipped:
        screen.note(f"{len(result.skipped)} of the folder's files can't be used; the first: {result.skipped[0].reason}")
    values = {
        "query": result.query,
        "model": result.model,
        "files": result.files,
        "fresh": result.fresh,
        "hits": [{"name": hit.name, "path": hit.path, "cosine": hit.cosine} for hit in result.hits],
        "skipped": [{"path": rejected.path, "reason": rejected.reason} for rejected in result.skipped],
    }
    rows = [(hit.name, f"{hit.cosine:.3f}") for hit in result.hits]
    screen.result(format_table(("sound", "likeness"), rows) if rows else "no other sound in the folder", values)

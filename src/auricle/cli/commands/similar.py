"""``auricle similar``."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from auricle.cli.formatting import format_table
from auricle.cli.options import DEFAULT_OUTPUT, Output
from auricle.cli.screen import Screen
from auricle.options.classification import SearchOptions
from auricle.printable import file_reasons, rejected_lines

if TYPE_CHECKING:
    from auricle.classify.search.similar import Hit


@dataclass(frozen=True)
class _Options(SearchOptions):
    __doc__ = (
        (SearchOptions.__doc__ or "")
        .replace(": files, open ones, or ``(audio, sample_rate)``", "")
        .replace(", named as ``like``", "")
    )

    count: Annotated[int, Parameter(name=("--count", "-n"))] = 10
    like: tuple[Path, ...] = ()
    unlike: tuple[Path, ...] = ()


_OPTIONS = _Options()


def similar(
    query: Path,
    place: Path,
    /,
    *,
    model: str | None = None,
    options: Annotated[_Options, Parameter(name="*", negative="")] = _OPTIONS,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Find the sounds of a folder or an index that are most like a given one.

    Args:
        query: an audio file, in the folder or elsewhere.
        place: a folder, searched at any depth, or what `auricle index` wrote.
        model: whose encoder compares: a shipped name or a model file; by default speech for a query of up to 24 kHz,
            else music, and for an index the model it was made with.
    """
    from auricle import similar as run

    screen = Screen(output)
    with screen.progress("listen") as on_progress:
        result = run(query, place, model=model, options=options, on_progress=on_progress, on_note=screen.note)
    screen.note(*rejected_lines(result.rejected))
    values = {
        "query": result.query,
        "model": result.model,
        "files": result.files,
        "fresh": result.fresh,
        "hits": [_hit_values(hit) for hit in result.hits],
        "rejected": file_reasons(result.rejected),
    }
    screen.result(_table(result.hits), values)


def _table(hits: "tuple[Hit, ...]") -> list[str] | str:
    if not hits:
        return "no other sound there"
    if hits[0].begin is None:
        return list(format_table(("sound", "likeness"), [(hit.name, f"{hit.cosine:.3f}") for hit in hits]))
    rows = [(hit.name, f"{hit.begin:.2f}", f"{hit.end:.2f}", f"{hit.cosine:.3f}") for hit in hits]
    return list(format_table(("sound", "from", "to", "likeness"), rows))


def _hit_values(hit: "Hit") -> dict[str, object]:
    times = {} if hit.begin is None else {"begin": hit.begin, "end": hit.end}
    return {"name": hit.name, "path": hit.path, **times, "cosine": hit.cosine}

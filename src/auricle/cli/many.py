"""Verbs on many files: what is named, what is shown, and the exit code."""

from collections import Counter
from collections.abc import Mapping, Sequence, Sized
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auricle.cli.arguments import PIPE, names_folder
from auricle.cli.formatting import format_duration, format_size
from auricle.cli.screen import Screen
from auricle.errors import OptionError
from auricle.options.archive import ArchiveOptions
from auricle.printable import counted, file_reasons, named_reason

if TYPE_CHECKING:
    from auricle.archive.run import ArchiveResult
    from auricle.archive.tasks.task import ArchiveTask

SOME_FAILED = 1
"""Exit code where the work was done but for some files."""
_SHOWN = 20


def exit_code(left_out: Sized) -> int:
    """Of a verb that did its work: 1 where files that it was asked for were left out, else 0."""
    return SOME_FAILED if left_out else 0


def names_many(paths: Sequence[Path], archive: ArchiveOptions) -> bool:
    """Whether these are many files: a list, several paths, a folder or a glob; or one of which a ledger is kept."""
    from auricle.archive.sources import is_many

    return any((archive.files_from, archive.manifest, archive.ray)) or is_many(paths)


def uses_engine(paths: Sequence[Path], archive: ArchiveOptions) -> bool:
    """Whether a verb with a way of its own for folders works as the others do: where processes or a ledger are asked
    for, or files lie at a URL."""
    from auricle.archive.places import is_remote

    return archive != ArchiveOptions() or any(map(is_remote, paths))


def split_target(verb: str, paths: Sequence[Path], archive: ArchiveOptions) -> tuple[tuple[Path, ...], Path] | None:
    """Sources and the folder to write into, if it is many files that are named; None for a single one.

    Raises:
        OptionError: no file is named, or no folder to write into; or it is one file, beside options of many.
    """
    from auricle.archive.places import is_remote
    from auricle.archive.sources import is_many

    if not paths and archive.files_from is None:
        raise OptionError(f"PATHS requires an argument: see auricle {verb} --help")
    to_one_file = len(paths) == 2 and (paths[0] == PIPE or not names_folder(paths[1]))
    if archive.files_from is None and (len(paths) == 1 or to_one_file):
        if not is_many(paths[:1]) and not any(map(is_remote, paths[1:])):
            refuse_options_of_many(paths[0], {"--manifest": archive.manifest, "--ray": archive.ray})
            return None
        if len(paths) == 1:
            what = "a folder" if paths[0].is_dir() else "at a URL" if is_remote(paths[0]) else "more than one file"
            raise OptionError(f"{paths[0]} is {what}: name the folder to write into too, as in {verb} {paths[0]} OUT")
    if not paths:
        raise OptionError(f"nowhere to write: name a folder, as in {verb} --files-from {archive.files_from} OUT")
    return tuple(paths[:-1]), paths[-1]


def refuse_options_of_many(source: Path, options: Mapping[str, object]) -> None:
    """Refuse options that only work on a folder of results, where the result is one file.

    Args:
        source: the file, for the message.
        options: by name, None where not given.

    Raises:
        OptionError: one was given.
    """
    if effectless := [name for name, value in options.items() if value is not None]:
        names = " and ".join(effectless)
        raise OptionError(f"{names} beside one file, {source}: name a folder to write into as well, or leave it out")


def run_many(
    task: "ArchiveTask",
    paths: Sequence[Path],
    target: Path | None,
    archive: ArchiveOptions,
    screen: Screen,
    *,
    checked_share: float = 0.0,
    force: bool = False,
) -> "ArchiveResult":
    """Do it, with progress."""
    from auricle import run_archive

    with screen.progress(task.verb) as on_progress:
        return run_archive(
            task,
            paths,
            target,
            options=archive,
            checked_share=checked_share,
            force=force,
            on_progress=on_progress,
            on_note=screen.note,
        )


def show_many(
    result: "ArchiveResult",
    screen: Screen,
    line: str,
    values: Mapping[str, Any] | None = None,
    *,
    rows: Sequence[str] = (),
) -> int:
    """Show the end of a run, failed files last, and return the exit code.

    Args:
        result: of the run.
        screen: where.
        line: what was achieved.
        values: more of it, for --json.
        rows: lines before it.
    """
    failed = result.failed
    skipped = f", {result.skipped} of them before" if result.skipped else ""
    count = f"{len(result.done)} of {counted(len(result.records), 'file')} done{skipped}"
    others = f"; {result.others} of other kinds passed over" if result.others else ""
    screen.result(
        [*rows, f"{count}, {line} in {format_duration(result.elapsed_seconds)}{others}"],
        {
            "files": len(result.records),
            "done": len(result.done),
            "skipped": result.skipped,
            "failed": file_reasons((record.source, record.error) for record in failed),
            "others": result.others,
            "seconds": result.seconds,
            "elapsed_seconds": result.elapsed_seconds,
            "manifest": result.manifest,
            **(values or {}),
        },
    )
    if not failed:
        return 0
    reasons = [named_reason(record.source, record.error) for record in failed[:_SHOWN]]
    screen.note(f"{len(failed)} failed:", *(f"  {reason}" for reason in reasons))
    if len(failed) > _SHOWN:
        where = f"; {result.manifest} names all" if result.manifest else ", which --json names"
        common = Counter(record.error.rpartition(": ")[2] for record in failed).most_common(1)[0]
        screen.note(f"  and {len(failed) - _SHOWN} more{where}; most often ({common[1]}): {common[0]}")
    return SOME_FAILED


def written_sizes(result: "ArchiveResult") -> str:
    """Such as ``1.2 GB -> 41.0 MB, 12.1 h of sound``."""
    before, after = (
        (sum(sizes) for sizes in zip(*((r.bytes, r.target_bytes) for r in result.done), strict=True))
        if (result.done)
        else (0, 0)
    )
    return f"{format_size(before)} -> {format_size(after)}, {format_duration(result.seconds)} of sound"


def total_bytes(result: "ArchiveResult") -> dict[str, int]:
    """Of sources and results."""
    return {
        "source_bytes": sum(record.bytes for record in result.done),
        "bytes": sum(record.target_bytes for record in result.done),
    }

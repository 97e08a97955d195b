"""``auricle prepare``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from auricle.cli.formatting import format_duration, format_size
from auricle.cli.many import exit_code
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.errors import OptionError
from auricle.options.archive import ArchiveOptions, PrepareOptions
from auricle.printable import counted, file_reasons, listed_lines, rejected_lines

_SHOWN = 20


def prepare(
    *paths: Path,
    options: Annotated[PrepareOptions, Parameter(name="*")] = PrepareOptions(),
    archive: Annotated[ArchiveOptions, Parameter(name="*")] = ArchiveOptions(),
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> int:
    """Decode sounds once into a corpus in shards that train and train-prior read.

    What is done and unchanged is kept: the same command goes on after anything, and adds what is new.

    Args:
        paths: folders, files, globs and URLs, and the folder or URL to write into.
        force: replace files that nobody knows, shards of another sample rate, and shards with sounds that can't be read
            any more.
    """
    from auricle import prepare as run

    if len(paths) < (1 if archive.files_from else 2):
        raise OptionError("name sounds, and the folder to write into: auricle prepare FOLDER OUT")
    screen = Screen(output)
    with screen.progress("prepare") as on_progress:
        result = run(
            paths[:-1],
            paths[-1],
            options=options,
            archive=archive,
            force=force,
            on_progress=on_progress,
            on_note=screen.note,
        )
    skipped = f" ({result.skipped} of them before)" if result.skipped else ""
    screen.result(
        f"{result.place}: {counted(result.sounds, 'sound')}, {result.seconds / 3600:.2f} h in "
        f"{counted(result.shards, 'shard')}{skipped}, "
        f"{format_size(result.bytes)}, {format_duration(result.elapsed_seconds)}",
        {
            "path": str(result.place),
            "sounds": result.sounds,
            "seconds": result.seconds,
            "bytes": result.bytes,
            "shards": result.shards,
            "skipped": result.skipped,
            "rejected": file_reasons(result.rejected),
            "failed": file_reasons(result.failed),
            "elapsed_seconds": result.elapsed_seconds,
        },
    )
    screen.note(*rejected_lines(result.rejected))
    failed = f"{counted(len(result.failed), 'shard')} failed; there is no index yet"
    screen.note(*listed_lines(failed, [reason for _, reason in result.failed], _SHOWN))
    return exit_code((*result.rejected, *result.failed))

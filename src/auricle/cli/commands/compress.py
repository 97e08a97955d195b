"""``auricle compress``."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, final

from cyclopts import Parameter

from auricle.cli.arguments import (
    DEFAULT_MODEL,
    PIPE,
    ModelOptions,
    name_and_size,
    open_input,
    open_output,
    output_path,
    print_result,
)
from auricle.cli.formatting import format_size
from auricle.cli.many import refuse_options_of_many, run_many, show_many, split_target, total_bytes, written_sizes
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen, SpeedMeter
from auricle.errors import OptionError
from auricle.options.archive import ArchiveOptions, ReportOptions
from auricle.options.coding import CompressOptions

if TYPE_CHECKING:
    from auricle.archive.run import ArchiveResult


@final
@Parameter(name="*")
@dataclass(frozen=True)
class RateOptions:
    """How many bits.

    Attributes:
        kbps: the bitrate to stay at or just under, kilobits per second of the whole file.
        quality: where to set the quality dial instead, from 0 to the model's highest level.
    """

    kbps: float | None = None
    quality: float | None = None


@final
@Parameter(name="*")
@dataclass(frozen=True)
class FolderOptions:
    """Folders: how, and what is told of them."""

    archive: Annotated[ArchiveOptions, Parameter(name="*")] = ArchiveOptions()
    report: Annotated[ReportOptions, Parameter(name="*")] = ReportOptions()


_ANY_RATE = RateOptions()
_USED_SHARE = 0.9
"""A file that has less of the bitrate that was asked for is told of."""
_FOLDERS = FolderOptions()


def compress(
    *paths: Path,
    model: ModelOptions = DEFAULT_MODEL,
    rate: RateOptions = _ANY_RATE,
    options: Annotated[CompressOptions, Parameter(name="*", negative="")] = CompressOptions(),
    folders: FolderOptions = _FOLDERS,
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> int:
    """Compress an audio file into an .aur file, or a folder of them into another.

    Args:
        paths: any audio file of 1 to 8 channels and 8 to 192 kHz, and the file to write, by default the same with the
            suffix .aur; - is standard input or output. Or folders, globs and files, and the folder to write into, also
            a new one, whose name has no ending: then subfolders and dates are kept, and what is done and unchanged is
            not done again.
            With --kbps, and for 2 channels and more, a pipe's first minute is waited for.
        force: replace existing files.
    """
    screen = Screen(output)
    if many := split_target("compress", paths, folders.archive):
        return _compress_many(*many, model, rate, options, folders, screen, force=force)
    source, target = paths[0], paths[1] if len(paths) > 1 else None
    refuse_options_of_many(source, {"--check": folders.report.check, "--report": folders.report.report})
    _compress_one(source, target, model, rate, options, screen, force=force)
    return 0


def _compress_one(
    source: Path,
    target: Path | None,
    model: ModelOptions,
    rate: RateOptions,
    options: CompressOptions,
    screen: Screen,
    *,
    force: bool,
) -> None:
    from auricle import compress as run
    from auricle.audio.suffixes import is_audio_name

    started = time.perf_counter()
    target = output_path(source, target, ".aur")
    if is_audio_name(target):
        raise OptionError(f"{target} would be an .aur file that no player opens: end its name with .aur")
    with screen.progress(f"compress {source.name}") as on_progress:
        speed = SpeedMeter(on_progress)
        result = run(
            open_input(source),
            open_output(target),
            model=model.load(),
            kbps=rate.kbps,
            quality=rate.quality,
            options=options,
            force=force,
            on_progress=speed,
        )
    if rate.kbps is not None and result.kbps > rate.kbps:
        screen.note(_above(rate.kbps, lowest=result.quality == 0))
    if rate.kbps is not None and result.kbps < _USED_SHARE * rate.kbps and result.is_highest:
        screen.note(f"{rate.kbps:g} kb/s is more than the highest quality needs, which was taken")
    for warning in result.warnings:
        screen.note(f"{source}: {warning}")
    elapsed = time.perf_counter() - started
    text = (
        f"{name_and_size(source)} -> {target} {format_size(result.bytes)}: {result.kbps:.2f} kb/s, "
        f"{result.seconds:.1f} s of sound"
        f"{f', coded at {speed.text}' if speed.text else ''}, {elapsed:.1f} s in all"
    )
    source_bytes = None if source == PIPE else source.stat().st_size
    print_result(screen, target, text, {**asdict(result), "source_bytes": source_bytes, "elapsed_seconds": elapsed})


def _compress_many(
    sources: tuple[Path, ...],
    target: Path,
    model: ModelOptions,
    rate: RateOptions,
    options: CompressOptions,
    folders: FolderOptions,
    screen: Screen,
    *,
    force: bool,
) -> int:
    from auricle import CompressTask

    task = CompressTask(model.choice, rate.kbps, rate.quality, options)
    share, page = folders.report.checked_share, folders.report.report
    if page is not None:
        _check_page(page, pictures=share > 0)
    result = run_many(task, sources, target, folders.archive, screen, checked_share=share, force=force)
    for record in result.done:
        for warning in record.result.get("warnings", ()):
            screen.note(f"{record.source}: {warning}")
    if page is not None:
        _write_page(page, result, target, model)
    values = {**total_bytes(result), "report": page}
    kbps = 8e-3 * values["bytes"] / result.seconds if result.seconds else 0.0
    return show_many(result, screen, f"{written_sizes(result)} at {kbps:.2f} kb/s", {**values, "kbps": kbps})


def _check_page(page: Path, *, pictures: bool) -> None:
    from auricle.atomic import check_writable
    from auricle.html import require_pictures

    check_writable(page, force=True)
    if pictures:
        require_pictures()


def _write_page(page: Path, result: "ArchiveResult", target: Path, model: ModelOptions) -> None:
    from auricle.archive.places import place_of
    from auricle.archive.report import write_report
    from auricle.archive.tasks.codec import model_of_file
    from auricle.archive.tasks.task import LoadedModels

    models = LoadedModels()
    write_report(
        page, result, place_of(target), lambda path: model_of_file(path, model.choice, models, any_decoder=False)
    )


def _above(kbps: float, *, lowest: bool) -> str:
    if lowest:
        return f"{kbps:g} kb/s is less than the lowest quality needs, which was taken"
    return f"the first minute fitted into {kbps:g} kb/s, the rest did not: a pipe is coded in one pass"

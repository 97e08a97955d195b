"""``auricle decompress``."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import log10
from pathlib import Path
from typing import Annotated, Any, final

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
from auricle.cli.formatting import format_spans, format_timestamp, parse_seconds
from auricle.cli.many import run_many, show_many, split_target, total_bytes, written_sizes
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen, SpeedMeter
from auricle.errors import OptionError
from auricle.options.archive import ArchiveOptions
from auricle.options.coding import Bits, DecompressOptions, ReadLimits
from auricle.printable import counted


@final
@Parameter(name="*")
@dataclass(frozen=True)
class PartOptions:
    """Which part of a sound.

    Attributes:
        start: begin here, as 62, 1:02 or 0:01:02.5; only the packets of the part are read.
        stop: end here.
    """

    start: str | None = None
    stop: str | None = None


@final
@Parameter(name="*")
@dataclass(frozen=True)
class DecodingOptions:
    """What comes out.

    Attributes:
        any_decoder: take a model with another decoder, if its tables can read the file.
        bits: of each sample of a .wav or .flac: 16, 24, or float in a .wav; by default those of the source, where the
            file says so.
        suffix: of the files that a folder's become, or of the one whose name is not given: .wav (the default), .flac,
            .ogg, .opus or .mp3.
    """

    any_decoder: Flag = False
    bits: Bits | None = None
    suffix: str | None = None


_EVERYTHING = PartOptions()
_WAV = ".wav"
_DECODING = DecodingOptions()


def decompress(
    *paths: Path,
    model: ModelOptions = DEFAULT_MODEL,
    part: PartOptions = _EVERYTHING,
    decoding: DecodingOptions = _DECODING,
    limits: Annotated[ReadLimits, Parameter(name="*")] = ReadLimits(),
    archive: Annotated[ArchiveOptions, Parameter(name="*")] = ArchiveOptions(),
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> int:
    """Turn an .aur file back into an audio file, or a folder of them into another.

    Args:
        paths: an .aur file, and the .wav, .flac, .ogg, .opus or .mp3 file to write, by default the same with the suffix
            .wav; - is standard input or output. Or folders, globs and files, and the folder to write into.
        force: replace existing files.
    """
    screen = Screen(output)
    options = DecompressOptions(decoding.any_decoder, limits, decoding.bits)
    if many := split_target("decompress", paths, archive):
        if part != _EVERYTHING:
            raise OptionError("a part of many files: name one, or leave --start and --stop out")
        from auricle import DecompressTask

        task = DecompressTask(model.choice, decoding.suffix or _WAV, options)
        result = run_many(task, *many, archive, screen, force=force)
        for record in result.done:
            if record.result.get("lost"):
                screen.note(f"{record.source}: {_lost(record.result['lost'], record.result['sample_rate'])}")
        _note_clipping(screen, [record.result for record in result.done])
        return show_many(result, screen, written_sizes(result), total_bytes(result))
    source, named = paths[0], paths[1] if len(paths) > 1 else None
    target = _single_target(source, named, decoding.suffix)
    _decompress_one(source, target, model, part, options, screen, force=force)
    return 0


def _single_target(source: Path, named: Path | None, suffix: str | None) -> Path:
    """The file to write; a suffix that it does not have is refused."""
    if suffix is not None and not suffix.startswith("."):
        raise OptionError(f"a suffix of {suffix!r}: write it with a point, as .wav")
    path = output_path(source, named, suffix or _WAV)
    if suffix is not None and (_WAV if path == PIPE else path.suffix.lower()) != suffix.lower():
        what = "a pipe is WAV" if path == PIPE else f"the file to write is {path}"
        raise OptionError(f"--suffix {suffix}, but {what}: leave one of them out")
    return path


def _lost(spans: Sequence[tuple[int, int]], sample_rate: int) -> str:
    return f"lost and faded out: {format_spans(spans, sample_rate)}"


def _note_clipping(screen: Screen, results: Sequence[Mapping[str, Any]]) -> None:
    """Say once how many samples of all sounds were clipped; ledgers of earlier versions do not know."""
    clipped = [result for result in results if result.get("clipped")]
    if not clipped:
        return
    total, peak = sum(result["clipped"] for result in clipped), max(result["peak"] for result in clipped)
    files = "" if len(results) == 1 else f" in {counted(len(clipped), 'file')}"
    screen.note(
        f"{counted(total, 'sample')}{files} beyond full scale clipped, the highest {20 * log10(peak):.1f} dB above it: "
        f"--bits float keeps them in a .wav"
    )


def _decompress_one(
    source: Path,
    target: Path,
    model: ModelOptions,
    part: PartOptions,
    options: DecompressOptions,
    screen: Screen,
    *,
    force: bool,
) -> None:
    from auricle import decompress as run

    started = time.perf_counter()
    with screen.progress(f"decompress {source.name}") as on_progress:
        speed = SpeedMeter(on_progress)
        result = run(
            open_input(source),
            open_output(target),
            model=model.load(),
            start=None if part.start is None else parse_seconds(part.start),
            stop=None if part.stop is None else parse_seconds(part.stop),
            options=options,
            force=force,
            on_progress=speed,
        )
    if result.lost:
        screen.note(_lost(result.lost, result.sample_rate))
    _note_clipping(screen, [asdict(result)])
    elapsed = time.perf_counter() - started
    text = (
        f"{name_and_size(source)} -> {name_and_size(target)}: {format_timestamp(result.seconds)}, "
        f"{result.channels} x {result.sample_rate} Hz"
        f"{f', decoded at {speed.text}' if speed.text else ''}, {elapsed:.1f} s in all"
    )
    file_bytes = None if target == PIPE else target.stat().st_size
    print_result(screen, target, text, {**asdict(result), "bytes": file_bytes, "elapsed_seconds": elapsed})

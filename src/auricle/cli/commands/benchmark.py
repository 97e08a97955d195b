"""``auricle benchmark``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from auricle.cli.options import TALKATIVE, Flag, Output
from auricle.cli.screen import Screen

_MOST_JOBS = 8
Several = Annotated[tuple[str, ...], Parameter(consume_multiple=False, negative="", show_default=False)]


def benchmark(
    *sounds: Path,
    against: str = "opus",
    model: Several = (),
    kbps: str = "1.5,3,6,9,12,24",
    files: int = 12,
    seconds: float = 10.0,
    rate: int | None = None,
    judge: str = "auto",
    metrics: str = "all",
    lyra: Path | None = None,
    weights: Path | None = None,
    libopus: Path | None = None,
    skip_cost: Flag = False,
    jobs: int | None = None,
    out: Path | None = None,
    force: Flag = False,
    seed: int = 0,
    output: Output = TALKATIVE,
) -> None:
    """Compare codecs on real files: quality, real bitrates, cost.

    Args:
        sounds: audio files, or folders of them.
        against: other codecs with commas between them: opus, opus-voip, opus-60ms, opus-lace, opus-nolace, mp3, vorbis,
            lyra, encodec, dac, mimi; none for none. One that can't run has a row that says why.
        model: a shipped name or model file; give it again for several side by side; by default speech up to 24 kHz and
            music above.
        kbps: bitrates to compare at, with commas between them.
        files: how many files at most; --seed chooses which.
        seconds: longest excerpt of a file.
        rate: at which sounds are judged, in Hz; by default the most frequent one of the files, at most 48000.
        judge: as speech (PESQ and STOI, ViSQOL in speech mode), as audio, or auto: speech up to 24 kHz.
        metrics: with commas between them: visqol, pesq, stoi, mel, stft, si_sdr, high_band; or all.
        lyra: folder with Lyra V2's released TFLite files.
        weights: folder with weights for encodec, dac and mimi, in a folder each. Nothing is downloaded.
        libopus: shared library of libopus, built with its neural decoder, for opus-lace and opus-nolace.
        skip_cost: do not measure speed, memory and operations.
        jobs: processes that score; all cores by default.
        out: page to write, with curves, sounds and a blind listening test.
        force: replace an existing page.
        seed: decides which files are used, and the bootstrap.
    """
    screen = Screen(output)
    from auricle import benchmark as run
    from auricle.bench.machine_info import cores
    from auricle.bench.report.text_summary import format_result
    from auricle.errors import OptionError

    if not sounds:
        raise OptionError("nothing to compare on: name audio files or a folder of them")
    with screen.progress("benchmark") as meter:
        result = run(
            sounds,
            models=model or None,
            against=[] if against == "none" else _words(against, "--against"),
            kbps=[_number(word) for word in _words(kbps, "--kbps")],
            files=files,
            seconds=seconds,
            rate=rate,
            speech=_kind(judge),
            metrics=None if metrics == "all" else _words(metrics, "--metrics"),
            lyra=lyra,
            weights=weights,
            libopus=libopus,
            cost=not skip_cost,
            jobs=min(_MOST_JOBS, cores()) if jobs is None else jobs,
            out=out,
            force=force,
            seed=seed,
            on_progress=meter.show,
        )
    page = f"\n\nlisten: {out}" if out is not None else ""
    screen.result(format_result(result) + page, result.to_json())


def _words(text: str, option: str) -> list[str]:
    from auricle.errors import OptionError

    words = [word for word in (part.strip() for part in text.split(",")) if word]
    if not words:
        raise OptionError(f"{option} {text!r} names nothing: give words with commas between them")
    return words


def _number(text: str) -> float:
    from auricle.errors import OptionError

    try:
        return float(text)
    except ValueError as error:
        raise OptionError(f"{text!r} is no bitrate: give numbers with commas between them, such as 3,6,12") from error


def _kind(text: str) -> bool | None:
    from auricle.errors import OptionError

    kinds = {"auto": None, "speech": True, "audio": False}
    if text not in kinds:
        raise OptionError(f"sounds can't be judged as {text!r}: choose from {', '.join(kinds)}")
    return kinds[text]

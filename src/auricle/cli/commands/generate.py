"""``auricle generate``."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from auricle.cli.arguments import PIPE, open_output, print_result
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.cli.views import format_notes, format_sounds
from auricle.errors import OptionError, refuse_unfit
from auricle.options.synthesis import GenerationOptions, NoteOptions, SamplingOptions, SoundFileOptions

_OUT = Path("generated")
_ABOUT = (
    (GenerationOptions.__doc__ or "")
    .partition("    Raises:")[0]
    .rstrip()
    .replace(": a file, an open one, or ``(audio, sample_rate)``", "")
    .replace(", given as ``like`` is,", ",")
    .replace(", both\n            given as ``like`` is", "")
)
"""Without what only Python can give."""


@dataclass(frozen=True)
class _Options(GenerationOptions):
    __doc__ = f"""{_ABOUT}
        play: make sound without end, or for so many seconds, and play it.
        note: make a set of tuned notes and an .sfz for samplers: one or more, as C4, C3..C5 or C3,E3,G3.
        velocity: of such a set, 1 to 127 or a range: there is a layer for each dynamic that was recorded or learned.
        recordings: folder of recorded notes, named by note and dynamics, that the set is made of; without it the prior
            makes it, if it learned notes.
    """

    label: Annotated[str | None, Parameter(name="--class")] = None
    count: Annotated[int, Parameter(name=("--count", "-n"))] = 1
    like: Path | None = None
    after: Annotated[Path | None, Parameter(name="--continue")] = None
    between: tuple[Path, Path] | None = None
    play: Flag = False
    note: str | None = None
    velocity: str = "1..127"
    recordings: Path | None = None


_OPTIONS = _Options()


def generate(
    *,
    prior: str = "drums",
    model: str | None = None,
    options: Annotated[_Options, Parameter(name="*", negative="")] = _OPTIONS,
    sampling: Annotated[SamplingOptions, Parameter(name="*")] = SamplingOptions(),
    stream: Path | None = None,
    out: Path = _OUT,
    files: Annotated[SoundFileOptions, Parameter(name="*")] = SoundFileOptions(),
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Make new sounds with a prior.

    Args:
        prior: a shipped prior's name, or a file that `auricle train-prior` made.
        model: the model that the prior was trained on; not needed if it ships with Auricle or lies beside the prior.
        stream: make sound without end, into a WAV file or, with -, standard output.
        out: folder for the files, which are numbered on from those that it has; for one sound also a file's name.
        force: replace existing files; numbers then begin with 1.
    """
    from auricle import generate as run

    screen, started = Screen(output), time.perf_counter()
    _refuse_without_effect(options, files, out=out, stream=stream)
    if options.note is not None or options.recordings is not None:
        _notes(screen, prior, options, sampling, model=model, out=out, files=files, force=force)
        return
    if options.play:
        _play(screen, prior, options, sampling, model=model, stream=stream)
        return
    if stream is not None:
        _stream(screen, prior, stream, options, sampling, model=model, force=force)
        return
    with screen.progress("generate") as on_progress:
        result = run(
            prior, options, model=model, sampling=sampling, out=out, files=files, force=force, on_progress=on_progress
        )
    elapsed = time.perf_counter() - started
    screen.result(format_sounds(result, elapsed), {**result.to_json(), "elapsed_seconds": elapsed})


def _refuse_without_effect(options: _Options, files: SoundFileOptions, *, out: Path, stream: Path | None) -> None:
    """Refuse options that would change nothing beside the others.

    Raises:
        OptionError: with the options.
    """
    of_files = {"rate": files.rate, "bits": files.bits, "format": files.format, "out": out if out != _OUT else None}
    is_set = options.note is not None or options.recordings is not None
    if is_set:
        reason = "a playable set is made of notes alone, each as loud as it was learned or recorded"
        unfit = dict.fromkeys(options.modes, True) | {
            "level": options.level,
            "n": options.count if options.count != 1 else None,
            "snap": options.snap or None,
            "play": options.play or None,
            "stream": stream,
        }
    elif stream is not None and not options.play:
        reason, unfit = "a stream is 16-bit WAV at the model's rate, where --stream says", of_files
    elif options.play and stream is None:
        reason, unfit = "what is played goes into no file", of_files
    else:
        reason, unfit = "", {}
    refuse_unfit(
        reason, {f"{'-' if len(name) == 1 else '--'}{name}": value is not None for name, value in unfit.items()}
    )
    if options.velocity != _OPTIONS.velocity and not is_set:
        raise OptionError(f"a velocity of {options.velocity} is of a playable set: name its notes with --note as well")


def _notes(
    screen: Screen,
    prior: str,
    options: _Options,
    sampling: SamplingOptions,
    *,
    model: str | None,
    out: Path,
    files: SoundFileOptions,
    force: bool,
) -> None:
    from auricle import make_playable

    if options.note is None:
        raise OptionError("a playable set needs notes: --note C3..C5")
    started = time.perf_counter()
    with screen.progress("generate") as on_progress:
        result = make_playable(
            prior if options.recordings is None else options.recordings,
            NoteOptions(options.note, options.velocity, options.label, options.seconds, options.seed),
            model=model,
            sampling=sampling,
            out=out,
            files=files,
            force=force,
            on_progress=on_progress,
        )
    elapsed = time.perf_counter() - started
    screen.result(format_notes(result, elapsed), {**result.to_json(), "elapsed_seconds": elapsed})


def _play(
    screen: Screen,
    prior: str,
    options: GenerationOptions,
    sampling: SamplingOptions,
    *,
    model: str | None,
    stream: Path | None,
) -> None:
    from auricle import play_generated

    if stream is not None:
        raise OptionError("sound goes to the speaker (--play) or into a file (--stream): ask for one of them")
    with screen.progress("generate") as on_progress:
        result = play_generated(prior, options, model=model, sampling=sampling, on_progress=on_progress)
    text = f"played {result.seconds:.1f} s, {result.channels} x {result.sample_rate} Hz, seed {result.seed}"
    screen.result(text, asdict(result))


def _stream(
    screen: Screen,
    prior: str,
    target: Path,
    options: GenerationOptions,
    sampling: SamplingOptions,
    *,
    model: str | None,
    force: bool,
) -> None:
    from auricle import generate_endless

    options.check_stream()
    result = generate_endless(prior, open_output(target), options, model=model, sampling=sampling, force=force)
    text = f"{'-' if target == PIPE else target}: {result.seconds:.1f} s, {result.channels} x {result.sample_rate} Hz"
    text += f", seed {result.seed}"
    print_result(screen, target, text, {"path": target, **asdict(result)})

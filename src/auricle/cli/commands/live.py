"""``auricle live``."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.options.live import LiveOptions

if TYPE_CHECKING:
    from auricle import LiveStatus


def live(
    source: Path | None = None,
    target: Path | None = None,
    /,
    *,
    model: str = "live",
    second: Path | None = None,
    directions: Path | None = None,
    shift: tuple[str, ...] = (),
    options: Annotated[LiveOptions, Parameter(name="*", negative="")] = LiveOptions(),
    list_: Annotated[bool, Parameter(name="--list", negative="", show_default=False)] = False,
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Play microphone or file through a model, while sliders move.

    Args:
        source: an audio file; the microphone by default.
        target: a WAV file; the speaker by default.
        model: a shipped model's name or a model file.
        second: a sound whose latents are mixed into those of the source, as much as --mix says.
        directions: a file that `auricle latents FOLDER` made, to shift latents along.
        shift: where a direction stands at first, such as PC1=+2.
        list_: show the sound cards, and end.
        force: replace an existing file.
    """
    screen = Screen(output)
    if list_:
        from auricle.live.device import list_devices

        lines = list_devices()
        screen.result(lines or ["no sound card"], {"devices": lines})
        return
    from auricle import LiveInputs, play_live
    from auricle.live.inputs import KEY_HELP

    if target is None and sys.stdin.isatty():
        screen.note(KEY_HELP)
    with _status_line(quiet=output.quiet) as show:
        status = play_live(
            model, LiveInputs(source, second, directions, shift), options, target=target, force=force, on_status=show
        )
    screen.result(format_status(status), {**asdict(status), "out": target})


def format_status(status: "LiveStatus") -> str:
    """One line: levels, controls, load, latency, drop-outs."""
    values = {name: "off" if value is None else f"{value:.3g}" for name, value in status.values.items()}
    controls = " ".join(f"{name} {value}" for name, value in values.items())
    return (
        f"{status.seconds:.1f} s  in {status.level_in_db:.0f} dB, out {status.level_out_db:.0f} dB  {controls}  "
        f"load {status.load:.0%} (at most {status.busiest:.0%})  latency {1000 * status.latency_seconds:.0f} ms  "
        f"drop-outs {status.drop_outs}"
    )


@contextmanager
def _status_line(*, quiet: bool) -> Iterator[Callable[["LiveStatus"], None]]:
    """Shows a line that is written over again and again; nothing where there is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda status: None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    with Live(console=Console(stderr=True), transient=True, auto_refresh=False) as display:
        yield lambda status: display.update(Text(format_status(status)), refresh=True)

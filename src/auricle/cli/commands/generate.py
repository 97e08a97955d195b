"""``auricle generate``."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from auricle.cli.arguments import PIPE, open_output, print_result
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.cli.views import format_sounds

_OUT = Path("generated")


def generate(
    *,
    prior: str = "drums",
    model: str | None = None,
    label: Annotated[str | None, Parameter(name="--class")] = None,
    count: Annotated[int, Parameter(name=("--count", "-n"))] = 1,
    seconds: float | None = None,
    seed: int = 0,
    guidance: float = 2.0,
    steps: int = 4,
    temperature: float = 1.0,
    like: Path | None = None,
    strength: float = 0.5,
    after: Annotated[Path | None, Parameter(name="--continue")] = None,
    loop: Flag = False,
    stream: Path | None = None,
    snap: Flag = False,
    out: Path = _OUT,
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Make new sounds with a prior.

    Args:
        prior: a shipped prior's name, or a file that `auricle train-prior` made.
        model: the model that the prior was trained on; not needed if it ships with Auricle or lies beside the prior.
        label: what kind of sound, one of the prior's classes; any without it.
        count: how many.
        seconds: how long; by default as the prior's sounds are, without silence at the end.
        seed: the same seed gives the same sounds.
        guidance: how much the class is exaggerated: 1 as learned, 2 to 4 clearer and less varied.
        steps: more are slower and finer.
        temperature: less than 1 is more typical, more than 1 wilder.
        like: make variations of this sound.
        strength: how far from it, 0 to 1.
        after: go on from the end of this sound, for --seconds.
        loop: make seamless loops, of exactly --seconds; how good the seam is, is measured.
        stream: make sound without end, into a WAV file or, with -, standard output.
        snap: round latents to the grid of the model's quantiser.
        out: folder for the numbered WAV files.
        force: replace existing files.
    """
    from auricle import generate as run
    from auricle.errors import OptionError

    screen, started = Screen(output), time.perf_counter()
    if stream is not None:
        if count != 1 or like or after or loop:
            raise OptionError("a stream is one new sound: leave out -n, --like, --continue and --loop")
        _stream(screen, stream, force, prior, model, label, seconds, seed, guidance, steps, temperature, snap)
        return
    with screen.progress("generate") as meter:
        made = run(
            prior,
            model=model,
            count=count,
            label=label,
            seconds=seconds,
            seed=seed,
            guidance=guidance,
            steps=steps,
            temperature=temperature,
            like=like,
            strength=strength,
            after=after,
            loop=loop,
            snap=snap,
            out=out,
            force=force,
            on_progress=lambda done, total: meter.show(done / total, f"{done:.0f} of {total:.0f} s"),
        )
    took = time.perf_counter() - started
    screen.result(format_sounds(made, took), {**made.to_json(), "took": took})


def _stream(
    screen: Screen,
    target: Path,
    force: bool,
    prior: str,
    model: str | None,
    label: str | None,
    seconds: float | None,
    seed: int,
    guidance: float,
    steps: int,
    temperature: float,
    snap: bool,
) -> None:
    from auricle import generate_endless

    made = generate_endless(
        prior,
        open_output(target),
        model=model,
        label=label,
        seconds=seconds,
        seed=seed,
        guidance=guidance,
        steps=steps,
        temperature=temperature,
        snap=snap,
        force=force,
    )
    text = f"{'-' if target == PIPE else target}: {made.seconds:.1f} s, {made.channels} x {made.sample_rate} Hz"
    print_result(screen, target, text, {"path": target, **asdict(made)})

"""``auricle latents``."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from auricle.cli.formatting import table
from auricle.cli.options import TALKATIVE, Flag, Output
from auricle.cli.screen import Screen

if TYPE_CHECKING:
    from auricle.synth.directions import Directions
    from auricle.synth.latent_io import Latents

Several = Annotated[tuple[str, ...], Parameter(consume_multiple=False, negative="", show_default=False)]


def latents(
    source: Path,
    target: Path | None = None,
    /,
    *,
    model: str | None = None,
    directions: Path | None = None,
    shift: Several = (),
    count: int = 8,
    snap: Flag = False,
    force: Flag = False,
    output: Output = TALKATIVE,
) -> None:
    """Take latents out of sounds and put them back, changed or not.

    Args:
        source: an audio file; a file of latents (.npz, .safetensors); or a folder of sounds, whose principal directions
            are found.
        target: what to write: .npz or .safetensors for latents or directions, .wav, .flac or .ogg for sound; nothing by
            default.
        model: a shipped model's name or a model file; by default speech up to 24 kHz and music above, or the one that
            made the latents.
        directions: principal directions that were found in a folder.
        shift: move the sound along a direction, by standard deviations: PC1=+2; give it again for several.
        count: how many directions to find.
        snap: round latents to the grid of the model's quantiser before they are decoded.
        force: replace an existing file.
    """
    from auricle.errors import OptionError

    screen = Screen(output)
    if source.is_dir():
        if shift or directions is not None:
            raise OptionError(f"{source} is a folder, whose directions are found: leave --shift and --directions out")
        _find(screen, source, target, model, count, force=force)
        return
    if shift and directions is None:
        raise OptionError("--shift needs --directions FILE: make one with `auricle latents FOLDER FILE`")
    from auricle import Directions, read_latents, shift_latents

    axes = None if directions is None else Directions.load(directions)
    made = read_latents(source, model)
    if axes is not None:
        axes.require(made.model)
        made = shift_latents(made, axes, shift) if shift else made
    _put(screen, made, axes, target, snap=snap, force=force)


def _find(screen: Screen, folder: Path, target: Path | None, model: str | None, count: int, *, force: bool) -> None:
    from auricle import principal_directions
    from auricle.atomic import check_writable
    from auricle.synth.latent_files import check_arrays_name

    if target is not None:
        check_arrays_name(target)
        check_writable(target, force=force)
    with screen.progress("latents") as meter:
        found = principal_directions(
            folder,
            model,
            count=count,
            on_progress=lambda done, total: meter.show(done / total, f"{done} of {total} sounds"),
        )
    if target is not None:
        found.save(target, force=force)
    for file in found.rejected[:5]:
        screen.note(f"left out: {file.reason}")
    rows = [
        (f"PC{number}", f"{share:.1%}", f"{total:.1%}", f"{deviation:.3f}")
        for number, (share, total, deviation) in enumerate(
            zip(found.shares, found.shares.cumsum(), found.deviations, strict=True), 1
        )
    ]
    head = table(("direction", "variance", "in all", "deviation"), rows)
    screen.result(f"{found.sounds} sounds, model {found.model[0]}\n{head}", {"path": target, **_told(found)})


def _told(found: "Directions") -> dict[str, object]:
    return {
        "model": found.model[0],
        "sounds": found.sounds,
        "rejected": [{"path": file.path, "reason": file.reason} for file in found.rejected],
        "shares": [float(share) for share in found.shares],
        "deviations": [float(deviation) for deviation in found.deviations],
    }


def _put(
    screen: Screen, made: "Latents", axes: "Directions | None", target: Path | None, *, snap: bool, force: bool
) -> None:
    from auricle import decode_latents, export_latents
    from auricle.synth.latent_files import is_arrays_name

    places = None if axes is None else [float(place) for place in axes.places(made.z)]
    channels, frames, features = made.z.shape
    values: dict[str, object] = {
        "path": target,
        "model": made.model.name,
        "channels": channels,
        "frames": frames,
        "features": features,
        "seconds": made.seconds,
        "places": places,
    }
    text = f"{made.seconds:.2f} s: {channels} x {frames} frames of {features} features, model {made.model.name}"
    if target is not None and is_arrays_name(target):
        export_latents(made, target, force=force)
        text = f"{target}: {text}"
    elif target is not None:
        written = decode_latents(made, target, snap=snap, force=force)
        values |= asdict(written)
        text = f"{target}: {text}"
    if places is not None:
        text += "\n" + ", ".join(f"PC{number} {place:+.2f}" for number, place in enumerate(places, 1))
    screen.result(text, values)

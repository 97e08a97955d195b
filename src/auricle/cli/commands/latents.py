"""``auricle latents``."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, final

from cyclopts import Parameter

from auricle.cli.formatting import format_table
from auricle.cli.many import exit_code
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.printable import file_reasons, rejected_lines

if TYPE_CHECKING:
    from auricle.synth.directions import Directions
    from auricle.synth.latent_io import Latents


@final
@Parameter(name="*")
@dataclass(frozen=True)
class ShiftOptions:
    """Where to move a sound.

    Attributes:
        directions: principal directions that were found in a folder.
        shift: move the sound along a direction, by standard deviations: PC1=+2, or brighter=+2 where it is so
            called; give it again for several.
    """

    directions: Path | None = None
    shift: Annotated[tuple[str, ...], Parameter(consume_multiple=False, negative="", show_default=False)] = ()


_NO_SHIFT = ShiftOptions()


def latents(
    source: Path,
    target: Path | None = None,
    /,
    *,
    model: str | None = None,
    move: ShiftOptions = _NO_SHIFT,
    count: int = 8,
    snap: Flag = False,
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> int:
    """Take latents out of sounds and put them back, changed or not.

    Args:
        source: an audio file; a file of latents (.npz, .safetensors); or a folder of sounds, whose principal directions
            are found.
        target: what to write: .npz or .safetensors for latents or directions, .wav, .flac or .ogg for sound; nothing by
            default.
        model: a shipped model's name or a model file; by default speech for sounds up to 24 kHz, else music,
            or the one that made the latents.
        count: how many directions to find.
        snap: round latents to the grid of the model's quantiser before they are decoded.
        force: replace an existing file.
    """
    from auricle.errors import OptionError

    screen = Screen(output)
    if source.is_dir():
        if move.shift or move.directions is not None:
            raise OptionError(f"{source} is a folder, whose directions are found: leave --shift and --directions out")
        return _find_directions(screen, source, target, model, count, force=force)
    if move.shift and move.directions is None:
        raise OptionError("--shift needs --directions FILE: make one with `auricle latents FOLDER FILE`")
    from auricle import Directions, read_latents, shift_latents

    directions = None if move.directions is None else Directions.load(move.directions)
    result = read_latents(source, model)
    if directions is not None:
        directions.require(result.model)
        result = shift_latents(result, directions, move.shift) if move.shift else result
    _write(screen, result, directions, target, snap=snap, force=force)
    return 0


def _find_directions(
    screen: Screen, folder: Path, target: Path | None, model: str | None, count: int, *, force: bool
) -> int:
    """Find them, and return the exit code."""
    from auricle import principal_directions
    from auricle.atomic import check_writable
    from auricle.synth.latent_files import check_arrays_name

    if target is not None:
        check_arrays_name(target)
        check_writable(target, force=force)
    with screen.progress("latents") as on_progress:
        directions = principal_directions(folder, model, count=count, on_progress=on_progress)
    if target is not None:
        directions.save(target, force=force)
    screen.note(*rejected_lines(directions.rejected))
    rows = [
        (title, f"{share:.1%}", f"{total:.1%}", f"{deviation:.3f}")
        for title, share, total, deviation in zip(
            directions.titles, directions.shares, directions.shares.cumsum(), directions.deviations, strict=True
        )
    ]
    head = f"{directions.sounds} sounds, model {directions.model[0]}"
    table = format_table(("direction", "variance", "in all", "deviation"), rows)
    screen.result((head, *table), {"path": target, **_to_json(directions)})
    return exit_code(directions.rejected)


def _to_json(directions: "Directions") -> dict[str, object]:
    return {
        "model": directions.model[0],
        "sounds": directions.sounds,
        "rejected": file_reasons(directions.rejected),
        "names": list(directions.names),
        "shares": [float(share) for share in directions.shares],
        "deviations": [float(deviation) for deviation in directions.deviations],
    }


def _write(
    screen: Screen, result: "Latents", directions: "Directions | None", target: Path | None, *, snap: bool, force: bool
) -> None:
    from auricle import decode_latents, export_latents
    from auricle.audio.suffixes import is_audio_name
    from auricle.errors import OptionError
    from auricle.synth.latent_files import is_arrays_name

    places = None if directions is None else [float(place) for place in directions.places(result.z)]
    channels, frames, features = result.z.shape
    values: dict[str, object] = {
        "path": target,
        "model": result.model.name,
        "channels": channels,
        "frames": frames,
        "features": features,
        "seconds": result.seconds,
        "places": places,
    }
    text = f"{result.seconds:.2f} s: {channels} x {frames} frames of {features} features, model {result.model.name}"
    if target is not None and is_arrays_name(target):
        export_latents(result, target, force=force)
        text = f"{target}: {text}"
    elif target is not None:
        if not is_audio_name(target):
            raise OptionError(
                f"can't write {target}: end its name with .npz or .safetensors for latents, or as a sound's, .wav"
            )
        sound = decode_latents(result, target, snap=snap, force=force)
        values |= asdict(sound)
        text = f"{target}: {text}"
    lines = [text]
    if places is not None and directions is not None:
        pairs = zip(directions.titles, places, strict=True)
        lines.append(", ".join(f"{title} {place:+.2f}" for title, place in pairs))
    screen.result(lines, values)

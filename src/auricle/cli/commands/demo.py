"""``auricle demo``."""

from pathlib import Path
from typing import TYPE_CHECKING

from auricle.cli.formatting import size
from auricle.cli.options import TALKATIVE, Flag, Output
from auricle.cli.screen import Screen

if TYPE_CHECKING:
    from auricle.demo import Demo, Take

_OUT = Path("demo-out")


def demo(
    sounds: Path | None = None,
    /,
    *,
    out: Path = _OUT,
    model: str | None = None,
    force: Flag = False,
    output: Output = TALKATIVE,
) -> None:
    """Compress and decompress real recordings and write a page to listen to them.

    Args:
        sounds: a folder of your own, by default the recordings in the package.
        out: the folder for the page and the files.
        model: a shipped model's name or a model file, for all sounds.
        force: replace what is in the folder.
    """
    from auricle.bench.text_table import plain
    from auricle.demo import run

    screen = Screen(output)
    with screen.progress("demo") as meter:
        made = run(
            sounds,
            out=out,
            model=model,
            force=force,
            on_progress=lambda done, total, title: meter.show(done / total, title),
        )
    for file in made.rejected:
        screen.note(f"left out: {file.reason}")
    heads = ("sound", "model", "kb/s", "bytes", "of 16-bit samples", "mel distance", "SI-SDR dB")
    text = plain(heads, [_cells(take) for take in made.takes])
    screen.result(f"{text}\n\nListen: {made.page}", _values(made))


def _cells(take: "Take") -> tuple[str, ...]:
    return (
        take.piece.title,
        take.model,
        f"{take.kbps:.2f}",
        size(take.size),
        f"1/{take.smaller:.0f}",
        f"{take.mel_distance:.3f}",
        f"{take.si_sdr:.1f}",
    )


def _values(made: "Demo") -> dict[str, object]:
    takes = [
        {
            "title": take.piece.title,
            "seconds": take.piece.seconds,
            "pcm_bytes": take.piece.pcm_bytes,
            "model": take.model,
            "wanted_kbps": take.wanted_kbps,
            "kbps": take.kbps,
            "bytes": take.size,
            "quality": take.quality,
            "mel_distance": take.mel_distance,
            "si_sdr": take.si_sdr,
            "encode_speed": take.encode_speed,
            "decode_speed": take.decode_speed,
        }
        for take in made.takes
    ]
    rejected = [{"path": file.path, "reason": file.reason} for file in made.rejected]
    new = [{"prior": each.prior, "class": each.label, "number": each.number} for each in made.made]
    return {"page": made.page, "takes": takes, "made": new, "rejected": rejected}

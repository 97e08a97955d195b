"""``auricle demo``."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from auricle.cli.formatting import format_size
from auricle.cli.many import exit_code
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.printable import file_reasons, rejected_lines

if TYPE_CHECKING:
    from auricle.demo import Demo, ExcerptVersion

_OUT = Path("demo-out")


def demo(
    sounds: Path | None = None,
    /,
    *,
    out: Path = _OUT,
    model: str | None = None,
    force: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> int:
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
    with screen.progress("demo") as show:
        result = run(sounds, out=out, model=model, force=force, on_progress=show)
    screen.note(*rejected_lines(result.rejected))
    heads = ("sound", "model", "kb/s", "bytes", "of 16-bit samples", "mel distance", "SI-SDR dB")
    text = plain(heads, [_cells(version) for version in result.versions])
    right = sum(second.is_right for second in result.classified)
    classified_lines = (
        [f"Told apart: {right} of {len(result.classified)} seconds of these recordings"] if result.classified else []
    )
    generated_lines = [f"Made: {len(result.generated)} new sounds"] if result.generated else []
    screen.result(
        (*text.split("\n"), "", *generated_lines, *classified_lines, f"Listen: {result.page}"), _values(result)
    )
    return exit_code(result.rejected)


def _cells(version: "ExcerptVersion") -> tuple[str, ...]:
    return (
        version.excerpt.title,
        version.model,
        f"{version.kbps:.2f}",
        format_size(version.size),
        f"1/{version.compression_ratio:.0f}",
        f"{version.mel_distance:.3f}",
        f"{version.si_sdr:.1f}",
    )


def _values(result: "Demo") -> dict[str, object]:
    versions = [
        {
            "title": version.excerpt.title,
            "seconds": version.excerpt.seconds,
            "pcm_bytes": version.excerpt.pcm_bytes,
            "model": version.model,
            "target_kbps": version.target_kbps,
            "kbps": version.kbps,
            "bytes": version.size,
            "quality": version.quality,
            "mel_distance": version.mel_distance,
            "si_sdr": version.si_sdr,
            "encode_speed": version.encode_speed,
            "decode_speed": version.decode_speed,
        }
        for version in result.versions
    ]
    generated = [{"prior": sound.prior, "label": sound.label, "number": sound.number} for sound in result.generated]
    classified = [asdict(second) for second in result.classified]
    return {
        "page": result.page,
        "versions": versions,
        "generated": generated,
        "told": classified,
        "near": [asdict(sound) for sound in result.near],
        "rejected": file_reasons(result.rejected),
    }

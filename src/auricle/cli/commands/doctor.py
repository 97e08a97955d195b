"""``auricle doctor``."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from auricle.cli.formatting import paragraph
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.printable import file_reasons

if TYPE_CHECKING:
    from auricle.data.doctor.checkup import DuplicateReport, Outlier, SoundsHealth
    from auricle.verdict import Verdict
    from auricle.watch import RunHealth

_MARKS: Mapping[str, str] = {"fine": "ok  ", "warning": "warn", "bad": "BAD "}


def doctor(path: str, /, *, quick: Flag = False, output: Output = DEFAULT_OUTPUT) -> None:
    """Tell what is wrong with a folder of sounds, or with a training run.

    Args:
        path: a folder of audio files: any nesting, format, rate; or the folder of a run (MODEL.run).
        quick: of sounds, read headers only.
    """
    from auricle.api.doctor import doctor as run
    from auricle.data.doctor.checkup import SoundsHealth
    from auricle.errors import DataError

    screen = Screen(output)
    with screen.progress("doctor") as on_progress:
        health = run(path, quick=quick, on_progress=on_progress)
    match health:
        case SoundsHealth():
            screen.result((*_lines(health.verdicts), *_details(health)), _sound_values(health))
            if not health.can_train:
                raise DataError(f"{path}: {health.verdicts[0].text}")
        case _:
            screen.result(list(_lines(health.verdicts)) or "nothing to judge yet", _run_values(health))


def _lines(verdicts: "Sequence[Verdict]") -> Iterator[str]:
    width = max((len(verdict.topic) for verdict in verdicts), default=0)
    for verdict in verdicts:
        yield f"{_MARKS[verdict.level.value]}  {verdict.topic:{width}}  {verdict.text}"


def _details(health: "SoundsHealth") -> Iterator[str]:
    groups = [(_equation(group), group.leak) for group in health.duplicates]
    lists = {
        "can't be used": [refused.reason for refused in health.rejected],
        "may not be what was recorded": [f"{part.path}: {part.reason}" for part in health.incomplete],
        "clipped": [f"{outlier.name} ({outlier.value:.2%} of its samples)" for outlier in health.clipped],
        "silent": health.silent,
        "offset": [f"{outlier.name} ({outlier.value:.1%} of full scale)" for outlier in health.offset],
        "too quiet": [f"{outlier.name} ({outlier.value:.0f} dB)" for outlier in health.quiet],
        "trained on and held out": [text for text, leaks in groups if leaks],
        "same content": [text for text, leaks in groups if not leaks],
    }
    for title, entries in lists.items():
        yield from paragraph(title, entries)


def _equation(group: "DuplicateReport") -> str:
    more = len(group.names) - 4
    return " = ".join(group.names[:4]) + (f" and {more} more" if more > 0 else "") + ("" if group.exact else " (alike)")


def _sound_values(health: "SoundsHealth") -> dict[str, object]:
    return {
        "kind": "sounds",
        "path": health.folder,
        "quick": health.quick,
        "files": health.files,
        "usable": health.usable,
        "hours": health.seconds / 3600,
        "rates": {str(rate): seconds / 3600 for rate, seconds in health.rates.items()},
        "channels": {str(count): files for count, files in health.channels.items()},
        "rejected": file_reasons(health.rejected),
        "incomplete": file_reasons(health.incomplete),
        "clipped": _outliers(health.clipped),
        "silent": list(health.silent),
        "offset": _outliers(health.offset),
        "quiet": _outliers(health.quiet),
        "duplicates": [
            {"names": list(group.names), "exact": group.exact, "leak": group.leak} for group in health.duplicates
        ],
        "verdicts": _verdict_values(health.verdicts),
    }


def _outliers(outliers: "Sequence[Outlier]") -> list[dict[str, object]]:
    return [{"name": outlier.name, "value": outlier.value} for outlier in outliers]


def _run_values(health: "RunHealth") -> dict[str, object]:
    return {"kind": "run", "path": health.folder, "verdicts": _verdict_values(health.verdicts)}


def _verdict_values(verdicts: "Sequence[Verdict]") -> list[dict[str, Any]]:
    return [
        {
            "topic": verdict.topic,
            "level": verdict.level.value,
            "text": verdict.text,
            "values": {name: value if math.isfinite(value) else None for name, value in verdict.values.items()},
        }
        for verdict in verdicts
    ]

"""``auricle doctor``."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen

if TYPE_CHECKING:
    from auricle.data.doctor.checkup import Outlier, SoundsHealth, Twins
    from auricle.verdict import Verdict
    from auricle.watch import RunHealth

_SHOWN = 10
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
        found = run(path, quick=quick, on_progress=on_progress)
    match found:
        case SoundsHealth():
            screen.result("\n".join((*_lines(found.verdicts), *_details(found))), _sound_values(found))
            if not found.can_train:
                raise DataError(f"{path}: {found.verdicts[0].text}")
        case _:
            screen.result("\n".join(_lines(found.verdicts)) or "nothing to judge yet", _run_values(found))


def _lines(verdicts: "Sequence[Verdict]") -> Iterator[str]:
    width = max((len(verdict.topic) for verdict in verdicts), default=0)
    for verdict in verdicts:
        yield f"{_MARKS[verdict.level.value]}  {verdict.topic:{width}}  {verdict.text}"


def _details(found: "SoundsHealth") -> Iterator[str]:
    yield from _listed("can't be used", [refused.reason for refused in found.rejected])
    yield from _listed("clipped", [f"{each.name} ({each.value:.2%} of its samples)" for each in found.clipped])
    yield from _listed("silent", found.silent)
    yield from _listed("offset", [f"{each.name} ({each.value:.1%} of full scale)" for each in found.offset])
    yield from _listed("too quiet", [f"{each.name} ({each.value:.0f} dB)" for each in found.quiet])
    leaks = [each for each in found.twins if each.leak]
    yield from _listed("trained on and held out", [_group(each) for each in leaks])
    yield from _listed("same content", [_group(each) for each in found.twins if not each.leak])


def _group(twins: "Twins") -> str:
    more = len(twins.names) - 4
    return " = ".join(twins.names[:4]) + (f" and {more} more" if more > 0 else "") + ("" if twins.exact else " (alike)")


def _listed(title: str, entries: Sequence[str]) -> Iterator[str]:
    if not entries:
        return
    yield f"\n{title}:"
    yield from (f"  {entry}" for entry in entries[:_SHOWN])
    if len(entries) > _SHOWN:
        yield f"  and {len(entries) - _SHOWN} more: --json lists all"


def _sound_values(found: "SoundsHealth") -> dict[str, object]:
    return {
        "kind": "sounds",
        "path": found.folder,
        "quick": found.quick,
        "files": found.files,
        "usable": found.usable,
        "hours": found.seconds / 3600,
        "rates": {str(rate): seconds / 3600 for rate, seconds in found.rates.items()},
        "channels": {str(count): files for count, files in found.channels.items()},
        "rejected": [{"path": refused.path, "reason": refused.reason} for refused in found.rejected],
        "clipped": _outliers(found.clipped),
        "silent": list(found.silent),
        "offset": _outliers(found.offset),
        "quiet": _outliers(found.quiet),
        "duplicates": [{"names": list(each.names), "exact": each.exact, "leak": each.leak} for each in found.twins],
        "verdicts": _verdict_values(found.verdicts),
    }


def _outliers(found: "Sequence[Outlier]") -> list[dict[str, object]]:
    return [{"name": each.name, "value": each.value} for each in found]


def _run_values(found: "RunHealth") -> dict[str, object]:
    return {"kind": "run", "path": found.folder, "verdicts": _verdict_values(found.verdicts)}


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

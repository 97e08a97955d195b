"""When a field recorder was started: from the name of its file, or from what it wrote into it."""

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from auricle import audio
from auricle.errors import AudioError

_IN_NAME = re.compile(
    r"(?<!\d)((?:19|20)\d\d)-?(\d\d)-?(\d\d)[_T -]?(\d\d)[-:.]?(\d\d)[-:.]?(\d\d)(?!\d)(?:[.,]\d+)?(Z|[+-]\d\d:?\d\d)?"
)
"""``20190521_053000`` (AudioMoth), ``SM4_20190521_053000``, ``2019-05-21T05-30-00Z`` and the like."""
_IN_COMMENT = re.compile(
    r"Recorded at (\d\d):(\d\d):(\d\d)(?:\.\d+)? (\d\d)/(\d\d)/(\d{4}) \(UTC([+-]\d{1,2})?(?::(\d\d))?\)"
)
"""What AudioMoth writes into the comment of its WAV files."""


def recorded_at(path: Path) -> datetime | None:
    """When a recording began, with a time zone where the file tells one; None if it tells nothing.

    The comment of an AudioMoth is believed before the name of the file, because it names the zone.
    """
    try:
        comment = audio.tags(path).get("comment", "")
    except AudioError:
        comment = ""
    return _from_comment(comment) or _from_name(path.name)


def _from_comment(comment: str) -> datetime | None:
    match = _IN_COMMENT.search(comment)
    if match is None:
        return None
    hour, minute, second, day, month, year = map(int, match.groups()[:6])
    hours = int(match.group(7) or 0)
    minutes = int(match.group(8) or 0) * (-1 if hours < 0 else 1)
    return _time(year, month, day, hour, minute, second, timedelta(hours=hours, minutes=minutes))


def _from_name(name: str) -> datetime | None:
    match = _IN_NAME.search(name)
    if match is None:
        return None
    zone = match.group(7)
    offset = None
    if zone is not None:
        digits = zone[1:].replace(":", "") or "0000"
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:])) * (-1 if zone[0] == "-" else 1)
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    return _time(year, month, day, hour, minute, second, offset)


def _time(*numbers: int | timedelta | None) -> datetime | None:
    """A time of year to second and offset from UTC; None where there is no such time."""
    *parts, offset = numbers
    try:
        zone = None if offset is None else UTC if not offset else timezone(offset)  # type: ignore[arg-type]
        return datetime(*parts, tzinfo=zone)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return None

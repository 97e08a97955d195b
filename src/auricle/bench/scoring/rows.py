"""Means over clips, and tables of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from auricle.bench.scoring.rate_search import real_kbps
from auricle.bench.scoring.scorer import ClipResult
from auricle.bench.text_table import plain


@final
@dataclass(frozen=True)
class Row:
    """One codec at one setting on all clips. A figure is None where nothing could be measured.

    Attributes:
        codec: its name.
        setting: what it was set to, for people.
        kbps: kilobits per second of all real files together, None where there are no files.
        mel: mean log-mel distance in nepers, lower is better.
        si_sdr: mean scale-invariant signal-to-distortion ratio in dB.
        pesq: mean wideband PESQ.
        stoi: mean short-time objective intelligibility.
        files: clips that were measured.
        rejected: files that could not be: unreadable, silent, or refused by the codec.
        seconds: length of the clips that were measured.
    """

    codec: str
    setting: str
    kbps: float | None
    mel: float | None
    si_sdr: float | None
    pesq: float | None
    stoi: float | None
    files: int
    rejected: int
    seconds: float


def summarise_row(codec: str, setting: str, results: Sequence[ClipResult], *, rejected: int = 0) -> Row:
    """Sum up one codec at one setting; ``rejected`` files never reached it."""
    scored = [result for result in results if result.scores is not None]
    return Row(
        codec,
        setting,
        real_kbps([(result.bytes, result.seconds) for result in scored]),
        _mean(scored, "mel"),
        _mean(scored, "si_sdr"),
        _mean(scored, "pesq"),
        _mean(scored, "stoi"),
        len(scored),
        rejected + len(results) - len(scored),
        sum(result.seconds for result in scored),
    )


def format_rows(rows: Sequence[Row]) -> str:
    """A plain table of rows, without the columns that nobody fills; empty for no rows."""
    if not rows:
        return ""
    columns: list[tuple[str, list[str]]] = [
        ("codec", [row.codec for row in rows]),
        ("setting", [row.setting for row in rows]),
        ("kb/s", [number(row.kbps, 2) for row in rows]),
        ("mel distance", [number(row.mel, 3) for row in rows]),
        ("SI-SDR dB", [number(row.si_sdr, 1) for row in rows]),
        ("PESQ-WB", [number(row.pesq, 2) for row in rows]),
        ("STOI", [number(row.stoi, 3) for row in rows]),
        ("files", [str(row.files) for row in rows]),
    ]
    filled = [(head, cells) for head, cells in columns if any(cell != "-" for cell in cells)]
    table = plain([head for head, _ in filled], list(zip(*(cells for _, cells in filled), strict=True)))
    most = max(row.rejected for row in rows)
    return table + (f"\n{most} more could not be judged" if most else "")


def number(value: float | None, digits: int) -> str:
    """A figure for a table; a dash for None."""
    return "-" if value is None else f"{value:.{digits}f}"


def _mean(results: Sequence[ClipResult], name: str) -> float | None:
    values = [r.scores.values[name] for r in results if r.scores is not None and name in r.scores.values]
    return sum(values) / len(values) if values else None

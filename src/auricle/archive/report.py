"""A page about a folder that was compressed: sizes, bitrates by folder, and the worst of the checked files to listen
to. It holds everything it shows."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath
from statistics import median
from typing import TYPE_CHECKING

from auricle.archive.manifest import FileRecord
from auricle.archive.places import Place, local_file
from auricle.archive.run import ArchiveResult
from auricle.atomic import atomic_write
from auricle.errors import AuricleError
from auricle.html import PlayerClip, Spectrograph, document, escape, player

if TYPE_CHECKING:
    from auricle.model import Autoencoder

SHOWN_FILES = 8
_SHOWN_FOLDERS, _SHOWN_FAILURES = 200, 200
_PLAYED_SECONDS = 10.0
_HEADS = ("folder", "files", "hours", "before MB", "after MB", "kb/s", "checked", "median mel", "worst mel")
_FIGURES = (
    "kb/s are kilobits per second of the whole files, all channels together. Mel distance is the mean difference of "
    "log-mel spectrograms in nepers, of the middle 30 s of a file: 0 is best. SI-SDR compares waveforms in dB: more is "
    "better; a decoded sound may be near to the ear while its waveform is not."
)


def write_report(
    path: Path, result: ArchiveResult, target: Place, model_of: "Callable[[Path], Autoencoder | str | None]"
) -> None:
    """Write the page; it appears whole or not at all, in the place of an earlier one.

    Args:
        path: the page.
        result: of a run of `CompressTask`.
        target: the folder or URL that was written.
        model_of: the model that reads an .aur file.

    Raises:
        MissingPackageError: matplotlib, which draws spectrograms, is not installed, and a file was checked.
        OutputError: it can't be written.
    """
    checked = sorted(filter(_distance, result.done), key=_distance, reverse=True)
    sections = [_section(record, result.paths[record.source], target, model_of) for record in checked[:SHOWN_FILES]]
    worst = f"<h2>The worst of {len(checked)} checked files</h2>\n{''.join(sections)}" if sections else ""
    body = f"""<header>
<h1>Compressed: {escape(str(target))}</h1>
<p>{escape(_summary(result))}</p>
</header>
<main>
<h2>Folders</h2>
{_table(_HEADS, _rows(result))}
{_failures(result.failed)}{worst}</main>
<footer>
<p>{_FIGURES}</p>
</footer>
"""
    with atomic_write(path, force=True) as temporary:
        temporary.write_text(document("Auricle: a compressed folder", body), "utf-8", "backslashreplace")


def _summary(result: ArchiveResult) -> str:
    before, after = (sum(sizes) for sizes in (_sizes(result.done, "bytes"), _sizes(result.done, "target_bytes")))
    times = f", {before / after:.1f} times smaller" if after else ""
    return (
        f"{len(result.done)} of {len(result.records)} files, {result.seconds / 3600:.2f} h of sound: "
        f"{before / 1e6:.1f} MB to {after / 1e6:.1f} MB{times}, {_kbps(after, result.seconds)} kb/s."
    )


def _sizes(records: Iterable[FileRecord], name: str) -> list[int]:
    return [getattr(record, name) for record in records]


def _kbps(size: int, seconds: float) -> str:
    return f"{8e-3 * size / seconds:.2f}" if seconds else "-"


def _rows(result: ArchiveResult) -> list[Sequence[str]]:
    """A row for each folder, the highest bitrates first."""
    folders: dict[str, list[FileRecord]] = {}
    for record in result.done:
        folders.setdefault(str(PurePosixPath(record.source).parent), []).append(record)
    rows = []
    for name, records in folders.items():
        seconds = sum(record.result.get("seconds", 0.0) for record in records)
        before, after = sum(_sizes(records, "bytes")), sum(_sizes(records, "target_bytes"))
        distances = [distance for record in records if (distance := _distance(record))]
        middle = (f"{median(distances):.3f}", f"{max(distances):.3f}") if distances else ("-", "-")
        sizes = (f"{before / 1e6:.2f}", f"{after / 1e6:.2f}", _kbps(after, seconds))
        rows.append((name, str(len(records)), f"{seconds / 3600:.2f}", *sizes, str(len(distances)), *middle))
    return sorted(rows, key=lambda row: (row[5] == "-", -float(row[5]) if row[5] != "-" else 0.0))[:_SHOWN_FOLDERS]


def _failures(failed: Sequence[FileRecord]) -> str:
    if not failed:
        return ""
    shown = [(record.source, record.error) for record in failed[:_SHOWN_FAILURES]]
    return f"<h2>{len(failed)} failed</h2>\n{_table(('file', 'why'), shown)}\n"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in heads)
    lines = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>\n" for row in rows)
    return (
        '<div class="wide" tabindex="0" role="region" aria-label="Table"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>\n{lines}</tbody></table></div>"
    )


def _distance(record: FileRecord) -> float:
    """Of a checked file; 0 for others."""
    return float(record.result.get("check", {}).get("mel_distance") or 0.0)


def _section(
    record: FileRecord, source: Place, target: Place, model_of: "Callable[[Path], Autoencoder | str | None]"
) -> str:
    from auricle.archive.spot_check import decoded, excerpt

    check = record.result["check"]
    try:
        with local_file(source) as sound, local_file(target / record.target) as coded:
            reference, rate, start = excerpt(sound)
            estimate = decoded(coded, model_of(coded), start, reference.shape[1] / rate, rate)
    except AuricleError as error:  # it has gone since it was checked
        return f"<section>\n<h2>{escape(record.source)}</h2>\n<p>{escape(str(error))}</p>\n</section>\n"
    length = round(_PLAYED_SECONDS * rate)
    graph = Spectrograph(reference[:, :length], rate)
    facts = [("Mel distance", f"{check['mel_distance']:.3f}"), ("Real bitrate", f"{record.result['kbps']:.2f} kb/s")]
    if check.get("si_sdr") is not None:
        facts.append(("SI-SDR", f"{check['si_sdr']:.1f} dB"))
    clips = (
        PlayerClip(record.source, "Source", reference[:, :length]),
        PlayerClip(record.source, "Decoded", estimate[:, :length], facts),
    )
    return f"""<section>
<h2>{escape(record.source)}</h2>
<p class="meta">from {start:.0f} s, model {escape(str(record.result.get("model", "")))}</p>
<div class="takes">
{"".join(player(clip, graph) for clip in clips)}</div>
</section>
"""

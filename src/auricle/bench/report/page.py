"""One page that holds a whole benchmark: curves, figures, sounds and two blind listening tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from auricle.atomic import atomic_write, check_writable
from auricle.bench.report.charts import charts, legend, line_styles
from auricle.bench.report.gallery import Gallery, gallery
from auricle.bench.report.ratings import rating_test
from auricle.bench.report.tables import bd_rate_table, costs, facts, figures, files, pairs, problems
from auricle.bench.report.trials import listening_test
from auricle.bench.scoring.results import BenchmarkResult, Sample
from auricle.html import asset, document, escape

_ROOM = "bench/report"
_SCRIPTS = ("answers.js", "tally.js", "ratings.js", "deck.js", "abx.js", "mushra.js")
_ANCHOR = "opus"


@final
@dataclass(frozen=True)
class WrittenPage:
    """A page that was written: where, its size, and which sounds it had no room for."""

    path: Path
    bytes: int
    left_out: tuple[str, ...]


def report(result: BenchmarkResult, samples: Sequence[Sample], path: str | Path, *, force: bool = False) -> WrittenPage:
    """Write one HTML file that needs nothing else and asks nothing of the network.

    Args:
        result: what to show. Auricle's own curves are those that ``settings["models"]`` lists, else the first.
        samples: sounds to listen to, the files that matter most first; may be empty.
        path: of the page.
        force: replace a file that is there.

    Raises:
        OutputError: the page can't be written.
    """
    target = Path(path)
    check_writable(target, force=force)
    listening = gallery(result, samples)
    text = page(result, listening).encode("utf-8", errors="xmlcharrefreplace")
    with atomic_write(target, force=force) as temporary:
        temporary.write_bytes(text)
    return WrittenPage(target, len(text), listening.left_out)


def page(result: BenchmarkResult, listening: Gallery) -> str:
    styles = line_styles(result.curves, _own_codecs(result))
    body = f"""<header>
<h1>{escape(result.title)}</h1>
<p class="meta">{escape(_when(result))}</p>
{_notes(result)}</header>
<main>
<section><h2>Quality at real bitrates</h2>
<p>Every bitrate is that of whole files, every score of sounds that were decoded from them. Bars are 95 % bootstrap
intervals over files.</p>
{legend(result.curves, styles)}<div class="charts">
{charts(result.curves, styles)}</div></section>
{_pairs(result)}{_bd_rates(result)}<section><h2>All figures</h2>
{figures(result.curves)}</section>
<section><h2>Costs</h2>
<p>Speeds are on one thread.</p>
{costs(result.curves)}</section>
<section><h2>Blind listening test</h2>
<p>Two codecs at similar bitrates, drawn at random and hidden behind A and B. All sounds play at the same level (equal
mean power), run on together, and can be switched without a gap.</p>
{listening_test(result.title, listening.files)}</section>
<section><h2>Ratings beside each other</h2>
<p>MUSHRA (ITU-R BS.1534-3): all versions of a sound, the original itself and an original without treble (the anchor),
in random order and without names, at the same level. Each gets a number from 0 to 100.</p>
{rating_test(result.title, listening.files)}</section>
<section><h2>Sounds</h2>
{_sounds(listening)}</section>
{listening.html}{_details(result)}</main>
"""
    scripts = "".join(asset(_ROOM, name) for name in _SCRIPTS)
    return document(result.title, body, style=asset(_ROOM, "page.css"), script=scripts)


def _own_codecs(result: BenchmarkResult) -> frozenset[str]:
    first = [curve.codec for curve in result.curves[:1]]
    return frozenset(map(str, result.settings.get("models", first)))


def _when(result: BenchmarkResult) -> str:
    usable = sum(not file.problem for file in result.files)
    share = (
        f", {result.metric_seconds / result.work_seconds:.0%} of the work was metrics" if result.work_seconds else ""
    )
    return f"{result.date}, {usable} of {len(result.files)} files, took {result.wall_seconds:.0f} s{share}"


def _notes(result: BenchmarkResult) -> str:
    notes = [*result.notes, *(f"{curve.codec}: {curve.note}" for curve in result.curves if curve.note)]
    return f'<ul class="notes">{"".join(f"<li>{escape(note)}</li>" for note in notes)}</ul>\n' if notes else ""


def _pairs(result: BenchmarkResult) -> str:
    tables = pairs(result)
    if not tables:
        return ""
    return f"""<section><h2>Differences, file by file</h2>
<p>At the nearest real bitrate, on the same files. In brackets the 95 % bootstrap interval over speakers or pieces,
where they were told, else over files; better or worse where all of it lies on one side.</p>
{tables}</section>
"""


def _bd_rates(result: BenchmarkResult) -> str:
    anchor = str(result.settings.get("anchor", _ANCHOR))
    table = bd_rate_table(result.curves, anchor)
    if not table:
        return ""
    return f"""<section><h2>Bits at equal quality, against {escape(anchor)}</h2>
<p>BD-rate (Bjøntegaard, 2001): the mean difference of bitrate where both curves reach the same score.</p>
{table}</section>
"""


def _sounds(listening: Gallery) -> str:
    if not listening.files:
        return "<p>No sounds were kept.</p>"
    missing = "".join(f"<li>{escape(text)}</li>" for text in listening.left_out)
    return f"""<p>Play one, then another: it goes on at the same place. A click on a spectrogram moves there. All
spectrograms of a sound have the scale of its original.</p>
{f'<ul class="notes">{missing}</ul>' if missing else ""}"""


def _details(result: BenchmarkResult) -> str:
    table = problems(result)
    trouble = f"<details open><summary>Problems with single files</summary>\n{table}</details>\n" if table else ""
    return f"""{trouble}<details><summary>Files</summary>
{files(result)}</details>
<details><summary>Settings and machine</summary>
{facts("Settings", result.settings)}{facts("Machine", result.machine)}</details>
"""

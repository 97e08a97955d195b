"""One page that holds a whole benchmark: curves, figures, sounds and a blind listening test."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import final

from auricle.atomic import atomic_write, check_writable
from auricle.bench.report.charts import charts, legend, looks
from auricle.bench.report.gallery import Gallery, gallery
from auricle.bench.report.tables import costs, facts, figures, files, problems, savings
from auricle.bench.report.trials import listening_test
from auricle.bench.scoring.results import BenchmarkResult, Sample
from auricle.html import asset, document

_ROOM = "bench/report"
_ANCHOR = "opus"


@final
@dataclass(frozen=True)
class PageAbout:
    """A page that was written: where, its size, and which sounds it had no room for."""

    path: Path
    bytes: int
    left_out: tuple[str, ...]


def report(result: BenchmarkResult, samples: Sequence[Sample], path: str | Path, *, force: bool = False) -> PageAbout:
    """Write one HTML file that needs nothing else and asks nothing of the network.

    Args:
        result: what to show. Auricle's own curves are those that ``settings["models"]`` lists, else the first.
        samples: sounds to listen to, of all files that are worth it, in the order of their worth; may be empty.
        path: of the page.
        force: replace a file that is there.

    Raises:
        OutputError: the page can't be written.
    """
    target = Path(path)
    check_writable(target, force=force)
    shown = gallery(result, samples)
    text = page(result, shown).encode("utf-8", errors="xmlcharrefreplace")
    with atomic_write(target, force=force) as temporary:
        temporary.write_bytes(text)
    return PageAbout(target, len(text), shown.left_out)


def page(result: BenchmarkResult, shown: Gallery) -> str:
    """The HTML text."""
    drawn = looks(result.curves, _ours(result))
    body = f"""<header>
<h1>{escape(result.title)}</h1>
<p class="meta">{escape(_when(result))}</p>
{_notes(result)}</header>
<main>
<section><h2>Quality at real bitrates</h2>
<p>Every bitrate is that of whole files, every score of sounds that were decoded from them. Bars are 95 % bootstrap
intervals over files.</p>
{legend(result.curves, drawn)}<div class="charts">
{charts(result.curves, drawn)}</div></section>
{_savings(result)}<section><h2>All figures</h2>
{figures(result.curves)}</section>
<section><h2>Costs</h2>
<p>Speeds are on one thread.</p>
{costs(result.curves)}</section>
<section><h2>Blind listening test</h2>
<p>Two codecs at similar bitrates, drawn at random and hidden behind A and B. All sounds play at the same level (equal
mean power), run on together, and can be switched without a gap.</p>
{listening_test(result.title, shown.exhibits)}</section>
<section><h2>Sounds</h2>
{_sounds(shown)}</section>
{shown.html}{_details(result)}</main>
"""
    style, scripts = asset(_ROOM, "page.css"), asset(_ROOM, "tally.js") + asset(_ROOM, "abx.js")
    return document(result.title, body, style=style, script=scripts)


def _ours(result: BenchmarkResult) -> frozenset[str]:
    first = [curve.codec for curve in result.curves[:1]]
    return frozenset(map(str, result.settings.get("models", first)))


def _when(result: BenchmarkResult) -> str:
    judged = sum(not file.problem for file in result.files)
    share = (
        f", {result.metric_seconds / result.work_seconds:.0%} of the work was metrics" if result.work_seconds else ""
    )
    return f"{result.made}, {judged} of {len(result.files)} files, took {result.wall_seconds:.0f} s{share}"


def _notes(result: BenchmarkResult) -> str:
    told = [*result.notes, *(f"{curve.codec}: {curve.note}" for curve in result.curves if curve.note)]
    return f'<ul class="notes">{"".join(f"<li>{escape(note)}</li>" for note in told)}</ul>\n' if told else ""


def _savings(result: BenchmarkResult) -> str:
    anchor = str(result.settings.get("anchor", _ANCHOR))
    made = savings(result.curves, anchor)
    if not made:
        return ""
    return f"""<section><h2>Bits at equal quality, against {escape(anchor)}</h2>
<p>BD-rate (Bjøntegaard, 2001): the mean difference of bitrate where both curves reach the same score.</p>
{made}</section>
"""


def _sounds(shown: Gallery) -> str:
    if not shown.exhibits:
        return "<p>No sounds were kept.</p>"
    missing = "".join(f"<li>{escape(text)}</li>" for text in shown.left_out)
    return f"""<p>Play one, then another: it goes on at the same place. A click on a spectrogram moves there. All
spectrograms of a sound have the scale of its original.</p>
{f'<ul class="notes">{missing}</ul>' if missing else ""}"""


def _details(result: BenchmarkResult) -> str:
    found = problems(result)
    trouble = f"<details open><summary>Problems with single files</summary>\n{found}</details>\n" if found else ""
    return f"""{trouble}<details><summary>Files</summary>
{files(result)}</details>
<details><summary>Settings and machine</summary>
{facts("Settings", result.settings)}{facts("Machine", result.machine)}</details>
"""

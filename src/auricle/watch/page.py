"""A run as one page: verdicts, curves, and held-out sounds beside what the model makes of them."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import final

from auricle.html import PlayerClip, Spectrograph, asset, document, escape, player
from auricle.html.charts import Chart, Series, bars, duration
from auricle.training.engine.report import Excerpt, Preview
from auricle.verdict import Level, Verdict
from auricle.watch.history import Entry, History, Measurement
from auricle.watch.run_config import RunConfig

PAGE = "run.html"
_MOST_EVENTS = 30
_STALE = '<span class="stale" hidden>, no news since: the run may have stopped</span>'
_PAIRED = {"real_right", "fake_right", "real_score", "fake_score"}
_LEVEL_LABELS = {Level.fine: "fine", Level.warning: "look here", Level.bad: "act now"}
_BARS = {
    "bits": ("Bits per second of each dimension", "held-out, largest first"),
    "nats": ("Nats per frame of each dimension", "held-out, largest first"),
    "variance": ("Variance of each dimension", "held-out, largest first"),
    "perplexity": ("Codes in use of each codebook", "perplexity, held-out, largest first"),
}
_MOST_MEDIA = 4_200_000
"""Characters of sounds and pictures; a page stays below 5 MB."""


@final
@dataclass(frozen=True)
class View:
    """What a page shows.

    Attributes:
        name: of the run.
        history: its course.
        verdicts: on it.
        sounds: HTML from `Gallery`.
        refresh: seconds after which an open page looks for news; None for a run that has ended.
    """

    name: str
    history: History
    verdicts: Sequence[Verdict]
    sounds: str
    refresh: float | None


def page(view: View, now: datetime) -> str:
    """The HTML text. Names from outside are escaped."""
    refresh = "" if view.refresh is None else f' data-refresh="{view.refresh:g}" data-updated="{now.timestamp():.0f}"'
    title = f"{view.name}: {_state(view)}"
    body = f"""<header>
<h1>{escape(view.name)}</h1>
{_headline(view)}
<p class="meta">Page of {now:%Y-%m-%d %H:%M:%S}{_STALE}</p>
</header>
<main{refresh}>
{_tiles(view.history)}
{_verdicts(view.verdicts)}
<section><h2>Curves</h2><div class="charts">
{"".join(chart.svg() for chart in _charts(view.history))}{_usage(view.history)}</div></section>
{_sounds(view)}
{_events(view.history)}
<details><summary>Configuration</summary><pre>{_config(view.history)}</pre></details>
</main>
"""
    head = f'<noscript><meta http-equiv="refresh" content="{view.refresh:.0f}"></noscript>\n' if view.refresh else ""
    style, script = asset("watch", "page.css"), asset("watch", "page.js")
    return document(title, body, head=head, style=style, script=script)


def _config(history: History) -> str:
    return "\n".join(map(escape, json.dumps(history.config, indent=2).split("\n")))


def _state(view: View) -> str:
    last = view.history.last
    if last is None:
        return "starting"
    if last.progress >= 1.0:
        return "finished"
    return f"{last.progress:.0%}" if view.refresh else f"stopped at {last.progress:.0%}"


def _headline(view: View) -> str:
    last = view.history.last
    if last is None:
        return "<p>The first report is on its way.</p>"
    time_left = f", about {duration(last.seconds_left)} left" if view.refresh and last.progress < 1 else ""
    phase = f", phase {last.phase}" if last.progress < 1 else ""
    headline = f"{_state(view).capitalize()}: step {last.step:,}{phase}, {duration(last.seconds)} spent{time_left}"
    return f"""<p class="state">{escape(headline)}</p>
<progress max="1" value="{last.progress:.4f}">{last.progress:.0%}</progress>"""


def _tiles(history: History) -> str:
    last, measured = history.last, history.measured
    if last is None:
        return ""
    tiles = [("Loss", f"{last.loss:.3f}", "training, weighted sum")]
    if measured:
        newest = measured[-1][1]
        first = next(measurement for _, measurement in measured if measurement.measure == newest.measure)
        name, now = newest.measure.capitalize(), f"{newest.figure:.3f}"
        tiles.insert(0, (escape(name), now, f"held-out; {first.figure:.3f} at first"))
        if newest.rate is not None:
            tiles.insert(1, ("Bitrate", f"{newest.rate:.1f} kb/s", "held-out, middle quality"))
    tiles.append(("Speed", f"{last.audio_per_second:.0f} x", "seconds of sound per second"))
    parts = [f"<div><dt>{term}</dt><dd>{value}</dd><p>{note}</p></div>" for term, value, note in tiles]
    return f'<dl class="tiles">{"".join(parts)}</dl>'


def _verdicts(verdicts: Sequence[Verdict]) -> str:
    if not verdicts:
        return "<section><h2>Health</h2><p>Too early to tell.</p></section>"
    rows = "".join(
        f'<li class="{verdict.level.value}"><b>{escape(verdict.topic)}</b> <i>{_LEVEL_LABELS[verdict.level]}</i>'
        f"<span>{escape(verdict.text)}</span></li>"
        for verdict in verdicts
    )
    return f'<section><h2>Health</h2><ul class="verdicts">{rows}</ul></section>'


def _figures(measured: Sequence[tuple[Entry, Measurement]], measure: str) -> list[tuple[float, float]]:
    """Seconds and figures of one measure."""
    return [(entry.seconds, measurement.figure) for entry, measurement in measured if measurement.measure == measure]


def _charts(history: History) -> list[Chart]:
    entries, measured = history.entries, history.measured
    if not entries:
        return []
    measures = list(dict.fromkeys(measurement.measure for _, measurement in measured)) or ["figure"]
    draw = partial(Chart, until=entries[-1].seconds, marks=_marks(history))
    rates = [(entry.seconds, math.nan if preview.rate is None else preview.rate) for entry, preview in measured]
    terms = dict.fromkeys(name for entry in entries for name in entry.terms if name not in _PAIRED)
    return [
        *(draw(f"Held-out {measure}", [Series(_figures(measured, measure), dots=True)]) for measure in measures),
        draw("Held-out bitrate", [Series(rates, unit="kb/s", dots=True)]),
        draw("Loss", [Series([(entry.seconds, entry.loss) for entry in entries])]),
        *(draw(f"Term {name}", [_term(entries, name)]) for name in terms),
        draw("Discriminators' scores", _pair(entries, "real_score", "fake_score")),
        draw("Discriminators are right about", _pair(entries, "real_right", "fake_right"), limit=0.5),
        draw(
            "Gradient norm",
            [Series([(entry.seconds, entry.gradient_norm) for entry in entries])],
            limit=RunConfig.of(history.config).clip(entries[-1].phase),
        ),
        draw("Learning rate", [Series([(entry.seconds, entry.learning_rate) for entry in entries])]),
        draw("Sound per second", [Series([(entry.seconds, entry.audio_per_second) for entry in entries], unit="s")]),
    ]


def _term(entries: Sequence[Entry], name: str, label: str = "") -> Series:
    return Series([(entry.seconds, entry.terms.get(name, math.nan)) for entry in entries], label)


def _pair(entries: Sequence[Entry], real: str, fake: str) -> list[Series]:
    return [_term(entries, real, "originals"), _term(entries, fake, "decoded")]


def _marks(history: History) -> list[tuple[float, str]]:
    """Where phases begin."""
    pairs = zip(history.entries, history.entries[1:], strict=False)
    return [(after.seconds, f"phase {after.phase}") for before, after in pairs if before.phase != after.phase]


def _usage(history: History) -> str:
    if not history.measured:
        return ""
    usage = history.measured[-1][1].usage
    return "".join(bars(*_BARS[name], usage[name]) for name in _BARS if usage.get(name))


def _sounds(view: View) -> str:
    if not view.sounds:
        return "<section><h2>Held-out sounds</h2><p>Nothing has been measured yet.</p></section>"
    return f"""<section class="sounds"><h2>Held-out sounds</h2>
<p class="meta">As decoded by the averaged weights at the last measurement. Play one, then the other: it goes on at the
same place.</p></section>
{view.sounds}"""


def _events(history: History) -> str:
    if not history.events:
        return ""
    newest = history.events[: -_MOST_EVENTS - 1 : -1]
    rows = "".join(f"<li><b>step {event.step:,}</b> {escape(event.text)}</li>" for event in newest)
    return f'<section><h2>Events</h2><ul class="events">{rows}</ul></section>'


@final
@dataclass(frozen=True)
class _Original:
    """An original as it was drawn before; ``audio_id`` tells whether it is still the same array."""

    audio_id: int
    graph: Spectrograph
    html: str


@final
@dataclass(frozen=True)
class Gallery:
    """A value: each preview makes the next one. Originals are drawn once, which is half of the work."""

    html: str = ""
    _originals: Mapping[str, _Original] = field(default_factory=dict)

    def renewed(self, preview: Preview) -> "Gallery":
        """As many excerpts of a preview as there is room for, at least one."""
        sections: list[str] = []
        originals: dict[str, _Original] = {}
        size = 0
        for index, excerpt in enumerate(preview.excerpts):
            key = f"{index} {excerpt.name}"
            originals[key] = _original(excerpt, preview.sample_rate, self._originals.get(key))
            section = _section(excerpt, preview.sample_rate, originals[key])
            size += len(section)
            if sections and size > _MOST_MEDIA:
                break
            sections.append(section)
        return Gallery("".join(sections), originals)


def _original(excerpt: Excerpt, sample_rate: int, before: _Original | None) -> _Original:
    if excerpt.original is None:
        return _Original(0, Spectrograph(excerpt.decoded[None], sample_rate), "")
    if before is not None and before.audio_id == id(excerpt.original):
        return before
    graph = Spectrograph(excerpt.original[None], sample_rate)
    html = player(PlayerClip(excerpt.name, "Original", excerpt.original[None]), graph)
    return _Original(id(excerpt.original), graph, html)


def _section(excerpt: Excerpt, sample_rate: int, original: _Original) -> str:
    distance = "" if excerpt.mel is None else f", mel distance {excerpt.mel:.3f}"
    facts = f"{excerpt.decoded.size / sample_rate:.1f} s{distance}"
    label = "Decoded" if excerpt.original is not None else "Made"
    decoded = player(PlayerClip(excerpt.name, label, excerpt.decoded[None]), original.graph)
    return f"""<section>
<h3>{escape(excerpt.name)}</h3>
<p class="meta">{facts}</p>
<div class="takes">
{original.html}{decoded}</div>
</section>
"""

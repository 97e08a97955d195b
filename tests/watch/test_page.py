"""The page of a run: it holds everything, escapes names, and shows what is asked of it."""

import base64
import io
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile

from auricle.html.charts import Chart, Series, bars, duration
from auricle.training.engine.report import Excerpt
from auricle.verdict import Level, Verdict
from auricle.watch.history import Entry, History
from auricle.watch.page import Gallery, View, page
from pages import Page, asks_nothing_of_the_network, title_in_browser
from watch.watched import CONFIG, NASTY, RATE, course, preview, report, sound

NOW = datetime(2026, 1, 2, 3, 4, 5)


def history(reports) -> History:
    known = History().begun({**CONFIG, "note": "</pre><script>alert(1)</script>"})
    for each in reports:
        known = known.plus(Entry.of(each))
    return known


def shown(reports=None, *, refresh: float | None = 20.0, count: int = 2) -> str:
    said = (Verdict("speed", Level.warning, "slow <b>"), Verdict("numbers", Level.bad, "bad"))
    reports = course(30, events=("went <back>",)) if reports is None else reports
    sounds = Gallery().renewed(preview(count=count)).html if count else ""
    return page(View(f"run {NASTY}", history(reports), said, sounds, refresh), NOW)


def test_the_page_needs_nothing_from_outside():
    text = shown()
    asks_nothing_of_the_network(text)
    assert "prefers-color-scheme: dark" in text


def test_names_are_only_text():
    parsed = Page(shown())
    assert f"run {NASTY}" in parsed.text and f"0 {NASTY}" in parsed.text
    assert "slow <b>" in parsed.text and "went <back>" in parsed.text and "</pre><script>" in parsed.text
    assert not any("onerror" in attributes for _, attributes in parsed.tags)
    assert len(parsed.all("script")) == 1


def test_players_hold_originals_and_decoded_sounds():
    players = Page(shown()).all("audio")
    seen = preview()
    wanted = [sound for excerpt in seen.excerpts for sound in (excerpt.original, excerpt.decoded)]
    assert len(players) == 4
    for player, audio in zip(players, wanted, strict=True):
        data = base64.b64decode(str(player["src"]).removeprefix("data:audio/flac;base64,"))
        samples, rate = soundfile.read(io.BytesIO(data))
        assert rate == RATE and np.allclose(samples, audio, atol=1e-4)


def test_verdicts_curves_and_time_left_are_there():
    parsed = Page(shown(course(30)[:15]))
    assert "50%: step 150, phase reconstruction, 2 min spent, about 2 min left" in parsed.text
    assert "look here" in parsed.text and "act now" in parsed.text
    titles = [svg["aria-label"] for svg in parsed.all("svg")]
    assert titles[:3] == ["Held-out mel distance", "Held-out bitrate", "Loss"]
    assert {"Term mel", "Term rate", "Gradient norm", "Bits per second of each dimension"} <= set(titles)
    assert "Discriminators are right about" not in titles


def test_a_live_page_looks_for_news_and_a_finished_one_does_not():
    live, done = Page(shown(course(30)[:15])), Page(shown(refresh=None))
    (main,) = live.all("main")
    assert main["data-refresh"] == "20" and float(str(main["data-updated"])) == NOW.timestamp()
    assert "data-refresh" not in done.all("main")[0] and "Finished" in done.text
    assert "http-equiv" in str(live.all("meta")) and "http-equiv" not in str(done.all("meta"))


@pytest.mark.parametrize("reports", [[], [report(1)], [report(1, loss=float("nan"), terms={}, gradient_norm=0.0)]])
def test_a_young_run_has_a_page(reports):
    parsed = Page(shown(reports, count=0))
    assert "Nothing has been measured yet" in parsed.text


def test_a_sound_made_from_nothing_stands_alone():
    made = replace(preview(count=1), excerpts=(Excerpt("kick", None, sound(), None),))
    html = Gallery().renewed(made).html
    assert html.count("<audio") == 1 and "Made" in html and "Original" not in html and "mel distance" not in html


def test_a_page_stays_below_five_megabytes():
    noise = np.random.default_rng(0).uniform(-1, 1, 4 * 48000).astype(np.float32)
    full = preview(count=6)
    excerpts = tuple(type(e)(e.name, noise, noise.copy(), e.mel) for e in full.excerpts)
    html = Gallery().renewed(type(full)(48000, 0.5, "mel distance", None, {}, excerpts)).html
    assert 1 <= html.count("<section>") < 6 and len(html) < 4_500_000


def test_charts_are_wellformed_and_inside_their_frame():
    points = [(float(x), 10.0 ** (x / 20)) for x in range(60)]
    chart = Chart("a <b>", [Series(points, "x"), Series([(3.0, 5.0)])], 59.0, 2.0, [(30.0, "phase <c>")])
    tree = ElementTree.fromstring(chart.svg())
    (svg,) = tree.iter("svg")
    first, second = (line.attrib["points"] for line in svg.iter("polyline"))
    places = [tuple(map(float, pair.split(","))) for pair in f"{first} {second}".split()]
    assert all(0 <= x <= 360 and 0 <= y <= 190 for x, y in places)
    heights = [y for _, y in places[:-1]]
    assert heights == sorted(heights, reverse=True) and heights[30] == pytest.approx(np.mean(heights), abs=3)
    assert len(list(svg.iter("circle"))) == 1 and "phase &lt;c&gt;" in chart.svg()


def test_charts_of_odd_values():
    assert Chart("empty", [Series([(1.0, float("nan"))])], 1.0).svg() == ""
    for values in ([0.0], [5.0, 5.0], [-1.0, -1.0], [0.0, 1e9], [1e-12, 1.0]):
        points = [(float(x), value) for x, value in enumerate(values)]
        ElementTree.fromstring(Chart("odd", [Series(points)], float(len(values))).svg())
    ElementTree.fromstring(bars("b", "n", [0.0, 0.0]))
    ElementTree.fromstring(bars("b", "n", [float("nan"), 2.0]))
    assert [duration(s) for s in (-1, 5, 99, 150, 7500)] == ["0 s", "5 s", "99 s", "2 min", "2 h 05 min"]


def test_a_browser_draws_the_page_and_can_play_its_sounds(tmp_path: Path):
    probe = """<script>
Promise.all([...document.querySelectorAll("audio")].map((player) => new Promise((done) => {
  const told = () => done(player.duration);
  if (player.readyState >= 1) told(); else player.addEventListener("loadedmetadata", told);
}))).then((durations) => { document.title = JSON.stringify({ durations,
  svg: [...document.querySelectorAll("svg")].every((svg) => svg.getBoundingClientRect().width > 100),
  narrow: document.documentElement.scrollWidth <= innerWidth,
  stale: !document.querySelector(".stale").hidden }); });
</script></body>"""
    told = json.loads(title_in_browser(shown().replace("</body>", probe), tmp_path))
    assert told == {"durations": [0.5] * 4, "svg": True, "narrow": True, "stale": True}


@pytest.mark.parametrize(("playing", "title"), [(False, "loaded anew"), (True, "a run")])
def test_a_page_is_not_loaded_anew_while_somebody_listens(tmp_path: Path, playing: bool, title: str):
    text = shown(refresh=1.0).replace("location.reload()", 'document.title = "loaded anew"')
    paused = f"{{ get: () => {str(not playing).lower()} }}"
    state = f'Object.defineProperty(document.querySelector("audio"), "paused", {paused});'
    probe = f'<script>{state} document.title = "a run";</script></body>'
    assert title_in_browser(text.replace("</body>", probe), tmp_path) == title

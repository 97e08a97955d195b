"""The page of a benchmark: it holds everything, escapes names, stays small, and its listening test works."""

import base64
import io
import json
import re
from dataclasses import replace
from importlib import resources
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile

from auricle.bench.report import report
from auricle.bench.report.charts import charts, line_styles
from auricle.bench.report.gallery import gallery
from auricle.bench.report.page import page
from auricle.bench.report.trials import comparable_pairs
from auricle.bench.scoring.results import Curve, Estimate, Point, Sample
from auricle.errors import OutputError
from bench.page_scripts import driven
from bench.reported import NASTY, RATE, result, samples
from pages import Page, asks_nothing_of_the_network


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "page.html"
    about = report(result(), samples(), path)
    assert about.bytes == path.stat().st_size and about.left_out == ()
    return path.read_text("utf-8")


@pytest.fixture(scope="module")
def parsed(text: str) -> Page:
    return Page(text)


def test_the_page_needs_nothing_from_outside(text: str):
    asks_nothing_of_the_network(text)
    assert "prefers-color-scheme: dark" in text


def test_names_are_only_text(text: str, parsed: Page):
    assert parsed.text.count(NASTY) > 10 and f"refused {NASTY}" in parsed.text and f"note {NASTY}" in parsed.text
    assert len(parsed.all("script")) == 1 and text.count("</script>") == 1
    assert not any("onerror" in attributes for _, attributes in parsed.tags)
    (box,) = [attributes for attributes in parsed.all("div") if attributes.get("id") == "abx"]
    assert json.loads(str(box["data-abx"]))["sounds"][0]["file"] == NASTY


def test_every_row_is_there_and_says_why_it_is_empty(parsed: Page):
    for wanted in ("2.94 to 3.06", "Lyra needs its released model files", "-32 %, fewer bits", "+12 %, more bits",
                   "no common quality", "is silent", "412 MB", "3.2 M", "97.5 times real time", "30% of the work",
                   "2 of 3 files", "2.0%", "random weights"):  # fmt: skip
        assert wanted in parsed.text, wanted


def test_charts_are_wellformed_with_names_of_their_own(text: str):
    pictures = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(pictures) == 3
    seen: set[str] = set()
    for picture in pictures:
        tree = ElementTree.fromstring(picture)
        names = {element.attrib["id"] for element in tree.iter() if "id" in element.attrib}
        used = re.findall(r"(?:url\(|href=\")#(\w+)", picture)
        assert used and set(used) <= names and not names & seen
        seen |= names
        assert "var(--codec-0)" in picture and "var(--codec-1)" in picture and "#0102" not in picture
        assert "currentColor" in picture and "<dc:date" not in picture


def test_auricles_line_is_thicker_than_all_others():
    drawn = line_styles(result().curves, frozenset({"speech"}))
    assert all(drawn["speech"].width > 2 * look.width for codec, look in drawn.items() if codec != "speech")
    assert len({look.place for look in drawn.values()}) == 4


def test_charts_of_odd_values():
    assert charts((), {}) == ""
    missing = Point("x", None, {"mel": Estimate(1.0, 1.0, 1.0)}, 1)
    alone = Point("x", Estimate(700.0, 700.0, 700.0), {"mel": Estimate(0.0, 0.0, 0.0)}, 1)
    for points, count in (((missing,), 0), ((alone,), 1), ((missing, alone), 1)):
        curves = (Curve("a", "", points),)
        assert charts(curves, line_styles(curves, frozenset())).count("<svg") == count


def test_players_hold_the_sounds(parsed: Page):
    players, heard = parsed.all("audio"), samples()
    assert len(players) == len(heard) == 14
    for player, sample in zip(players, heard, strict=True):
        data = base64.b64decode(str(player["src"]).removeprefix("data:audio/flac;base64,"))
        audio, rate = soundfile.read(io.BytesIO(data), always_2d=True)
        assert rate == RATE and np.allclose(audio.T, np.clip(sample.audio, -1, 1), atol=1e-4)


def test_only_codecs_at_similar_bitrates_are_compared():
    (first, _) = gallery(result(), samples()).files
    pairs = {frozenset({first.versions[a].setting, first.versions[b].setting}) for a, b in comparable_pairs(first)}
    wanted = [("3 kb/s", "3.2 kb/s"), ("6 kb/s", "6.4 kb/s"), ("12 kb/s", "12.5 kb/s")]
    assert pairs == {frozenset(pair) for pair in wanted}
    assert comparable_pairs(replace(first, original=None)) == []
    silent = page(result(), gallery(result(), []))
    assert "nothing to compare blindly" in silent and "No sounds were kept" in silent
    asks_nothing_of_the_network(silent)


def test_a_page_stays_small_and_says_what_is_left_out():
    loud = np.random.default_rng(0).uniform(-1, 1, (1, 6 * RATE)).astype(np.float32)
    heard = [
        Sample(f"file {n}", codec, f"{kbps:g} kb/s", kbps, loud, RATE)
        for n in range(8)
        for codec, kbps in [
            ("original", 0.0),
            *((f"codec {k}", rate) for k in range(4) for rate in (3, 6, 12, 24, 48, 96)),
        ]
    ]
    made = gallery(result(), heard, most=2_000_000)
    assert 500_000 < len(made.html) < 2_000_000
    said = " ".join(made.left_out)
    assert "of 8 files are left out" in said and "codec 0 3 kb/s" in said and "loudest 3 s" in said
    versions = made.files[0].versions
    rates = {codec: [v.kbps for v in versions if v.codec == codec] for codec in {v.codec for v in versions}}
    assert len(rates) == 4 and len({tuple(each) for each in rates.values()}) == 1


def test_a_cut_is_the_loudest_and_the_same_in_all_versions():
    heard = samples(25.0, files=("long",))
    for sample in heard:
        sample.audio[:, : 10 * RATE] *= 0.01
        sample.audio[:, 20 * RATE :] *= 0.01
    (cut,) = gallery(result(), heard).files
    for short, whole in zip(cut.sounds, heard, strict=True):
        assert short.audio.shape == (1, 10 * RATE)
        assert np.abs(short.audio - whole.audio[:, 10 * RATE : 20 * RATE]).mean() < 0.02


def test_sounds_of_other_rates_and_lengths_are_brought_in_line():
    original, version, *_ = samples(0.5)
    odd = replace(version, audio=version.audio[:, ::2][:, :3000], sample_rate=RATE // 2)
    (shown,) = gallery(result(), [original, odd, replace(version, audio=version.audio[:, :0])]).files
    assert len(shown.versions) == 1 and shown.versions[0].audio.shape == original.audio.shape
    assert shown.versions[0].sample_rate == RATE


def test_an_existing_page_is_kept_without_force(tmp_path: Path):
    path = tmp_path / "page.html"
    path.write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        report(result(), [], path)
    assert path.read_text() == "mine"
    report(result(), [], path, force=True)
    assert path.read_text("utf-8").startswith("<!doctype html>")


def test_scripts_are_short():
    room = resources.files("auricle") / "bench/report"
    for script in ("abx.js", "answers.js", "deck.js", "mushra.js", "ratings.js", "tally.js"):
        assert len((room / script).read_text("utf-8").splitlines()) < 400


def test_a_browser_runs_the_listening_test_by_keyboard(text: str, tmp_path: Path):
    work = """
    box.focus(); press("Enter");
    await wait(() => Abx.state.deck?.playing === "original");
    const { tracks } = Abx.state.deck;
    const level = (track) => track.gain * Math.hypot(...track.source.buffer.getChannelData(0));
    out.levels = Object.values(tracks).map(level);
    out.x = [box.querySelector("[data-play=x]").hidden];
    press("b");
    await wait(() => tracks.b.fader.gain.value > 0.99 * tracks.b.gain && tracks.original.fader.gain.value < 1e-6);
    out.heard = [...box.querySelectorAll("[aria-pressed=true]")].map((button) => button.dataset.play);
    press(" ");
    await wait(() => !Abx.state.deck.playing);
    press("1");
    await wait(() => Abx.state.answers.length === 1 && Abx.state.deck?.playing);
    box.querySelector("[value=same]").click();
    await wait(() => Abx.state.deck && Abx.state.trial.kind === "same");
    out.x.push(box.querySelector("[data-play=x]").hidden);
    press("x");
    await wait(() => Abx.state.deck.playing === "x");
    press({ first: "1", second: "2" }[Abx.state.trial.x]);
    await wait(() => Abx.state.answers.length === 2 && Abx.state.deck);
    press("s");
    out.stored = Object.values(localStorage).map((text) => JSON.parse(text).length);
    let blob;
    URL.createObjectURL = (made) => { blob = made; return "#"; };
    box.querySelector("[data-do=save]").click();
    out.file = await blob.text();
    await Abx.load([new File([out.file], "a.json"), new File([out.file.replaceAll('"id": "', '"id": "z')], "<b>.json"),
                    new File(["{"], "c.json")]);
    out.sum = [...box.querySelectorAll(".sum td")].map((cell) => cell.textContent);
    out.status = box.querySelector(".status").textContent;
    """
    told = driven(text, work, tmp_path)
    assert told["said"] == []
    assert told["levels"] == pytest.approx([told["levels"][0]] * 3, rel=1e-3)
    assert told["x"] == [True, False] and told["heard"] == ["b"] and told["stored"] == [2]
    assert told["status"] == "a.json: 2 answers; <b>.json: 2 answers; c.json is not JSON."
    nearer, same = json.loads(told["file"])["answers"]
    assert (nearer["kind"], same["kind"]) == ("nearer", "same") and same["chosen"] == same["right"]
    sums = [told["sum"][at : at + 5] for at in range(0, len(told["sum"]), 5)]
    for answer, row in zip((nearer, same), sums, strict=True):
        assert row[:2] == sorted(f"{answer[side]['codec']} {answer[side]['setting']}" for side in ("first", "second"))
    nearest = "{codec} {setting}".format(**nearer[nearer["chosen"]])
    assert sums[0][2:4] == (["2", "0"] if nearest == sums[0][0] else ["0", "2"])
    assert sums[1][2:] == ["2", "0", "0.250"]


def test_answers_of_two_tabs_are_kept_side_by_side_and_cleared_in_both(text: str, tmp_path: Path):
    work = """
    box.focus(); press("Enter");
    await wait(() => Abx.state.deck?.playing);
    press("1");
    await wait(() => Abx.state.answers.length === 1 && Abx.state.deck?.playing);
    const [shelf] = Object.keys(localStorage);
    const [mine] = JSON.parse(localStorage[shelf]);
    localStorage[shelf] = JSON.stringify([mine, { ...mine, id: "of another tab" }]);
    press("2");
    await wait(() => Abx.state.deck?.playing);
    const ids = JSON.parse(localStorage[shelf]).map(({ id }) => id);
    out.kept = [ids.length, new Set(ids).size, ids.includes("of another tab")];
    localStorage.removeItem(shelf);
    dispatchEvent(new StorageEvent("storage", { key: shelf }));
    out.left = [Abx.state.answers.length, box.querySelector(".sum").textContent];
    """
    values = driven(text, work, tmp_path)
    assert values["said"] == [] and values["kept"] == [3, 3, True] and values["left"] == [0, "No answers yet."]


def test_switching_makes_no_gap_and_no_jump_in_level(tmp_path: Path):
    """All that the page plays is recorded while it is switched three times."""
    report(result(), samples(2.0), tmp_path / "report.html")
    work = """
    const heard = [];
    const connect = GainNode.prototype.connect;
    let tap;
    GainNode.prototype.connect = function (to) {
      if (!tap) {
        tap = this.context.createScriptProcessor(1024, 1, 1);
        tap.onaudioprocess = (event) => heard.push(...event.inputBuffer.getChannelData(0));
        tap.connect(this.context.destination);
      }
      connect.call(this, tap);
      return connect.call(this, to);
    };
    box.focus(); press("Enter");
    await wait(() => Abx.state.deck?.playing === "original" && heard.length > 20000);
    const from = heard.length;
    for (const key of ["a", "b", "o"]) {
      const before = heard.length;
      press(key);
      await wait(() => heard.length > before + 6000);
    }
    out.rate = tap.context.sampleRate;
    out.heard = heard.slice(from - 6000).map((value) => Math.round(1e4 * value));
    """
    told = driven((tmp_path / "report.html").read_text("utf-8"), work, tmp_path)
    assert told["said"] == []
    block = round(0.005 * told["rate"])
    blocks = np.array(told["heard"][: len(told["heard"]) // block * block]).reshape(-1, block)
    levels = np.sqrt(np.mean(np.square(blocks, dtype=float), axis=1))
    assert len(levels) > 60 and np.median(levels) > 1000
    assert np.sum((levels < 0.5 * np.median(levels)) | (levels > 1.5 * np.median(levels))) < 4


def test_a_browser_draws_the_page_in_a_narrow_window_and_runs_no_names(text: str, tmp_path: Path):
    work = """
    await wait(() => [...document.querySelectorAll("audio")].every((player) => player.readyState >= 1));
    out.durations = [...document.querySelectorAll("audio")].map((player) => player.duration);
    out.charts = [...document.querySelectorAll("svg")].every((chart) => chart.getBoundingClientRect().width > 200);
    out.narrow = document.documentElement.scrollWidth <= innerWidth;
    out.alerts = alerts;
    """
    guard = "<head><script>let alerts = 0; window.alert = () => { alerts += 1; };</script>"
    told = driven(text.replace("<head>", guard, 1), work, tmp_path)
    assert told == {"said": [], "durations": [0.5] * 14, "charts": True, "narrow": True, "alerts": 0}

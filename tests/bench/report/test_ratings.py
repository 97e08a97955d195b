"""The rating test (MUSHRA): its reckoning in node, and a whole trial by hand in a browser."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auricle.bench.report import report
from auricle.bench.report.ratings import anchors_hz
from bench import page_scripts
from bench.page_scripts import driven
from bench.reported import result, samples

in_node = partial(page_scripts.in_node, ("answers.js", "ratings.js"))

SOUND = {
    "section": 0,
    "file": "f.wav",
    "anchors": [3500.0],
    "versions": [{"codec": f"codec{place}", "setting": "6 kb/s"} for place in range(12)],
}


def trial(name: str, listener: str, reference: int, **scores: int) -> dict[str, Any]:
    rows = [{"name": codec, "score": score} for codec, score in scores.items()]
    return {"id": name, "listener": listener, "file": "f.wav", "reference": reference, "scores": rows}


def test_a_trial_rates_twelve_things_at_most_the_original_and_the_anchor_among_them():
    drawn = in_node("Array.from({ length: 60 }, () => Ratings.draw(input, [], Math.random).rated)", SOUND)
    for rated in drawn:
        kinds = [one["kind"] for one in rated]
        assert kinds.count("reference") == 1 and kinds.count("anchor") == 1 and kinds.count("version") == 9
        assert len({one["place"] for one in rated if one["kind"] == "version"}) == 9
    places = [[one["kind"] for one in rated].index("reference") for rated in drawn]
    assert len(set(places)) > 5


def test_the_sound_that_was_rated_least_often_comes_next():
    other = {**SOUND, "file": "g.wav"}
    done = [trial("1", "l", 100, opus=50)]
    names = in_node(
        "[1, 2, 3].map(() => Ratings.draw(input[0], input[1], Math.random).sound.file)", [SOUND, other], done
    )
    assert names == ["g.wav"] * 3


def test_means_intervals_and_listeners_that_are_left_out():
    careful = [trial(str(n), "careful", 100 - n, opus=40 + 10 * n, speech=70) for n in range(4)]
    careless = [trial(f"x{n}", "careless", 80 if n < 2 else 100, opus=0, speech=0) for n in range(10)]
    total = in_node("Ratings.sum([...input, ...input])", *careful, *careless)
    assert total["leftOut"] == 1
    rows = {row["name"]: row for row in total["rows"]}
    assert [row["name"] for row in total["rows"]] == ["hidden reference", "speech", "opus"]
    assert rows["opus"]["mean"] == 55 and rows["opus"]["ratings"] == 4 and rows["speech"]["half"] == 0
    scores = np.array([40.0, 50.0, 60.0, 70.0])
    assert rows["opus"]["half"] == pytest.approx(3.182 * scores.std(ddof=1) / 2, rel=0.01)
    tolerated = [trial(f"y{n}", "l", 80 if n < 1 else 100, opus=10) for n in range(10)]
    assert in_node("Ratings.sum(input)", *tolerated)["leftOut"] == 0


def test_quantiles_are_those_of_scipy():
    stats = pytest.importorskip("scipy.stats", reason="needs scipy")
    freedoms = [1, 2, 3, 4, 5, 10, 100, 10_000]
    values = in_node("input.map(Ratings.student)", *freedoms)
    assert values == pytest.approx([stats.t.ppf(0.975, freedom) for freedom in freedoms], rel=0.005)


def test_the_anchor_keeps_what_is_below_and_loses_what_is_above():
    taps = np.array(in_node("[...Ratings.lowPass(3500 / 48000, 1023)]"))
    gains = np.abs(np.fft.rfft(taps, 48_000))
    assert gains[:3300] == pytest.approx(1.0, abs=0.02) and gains[3700:].max() < 0.001
    assert np.allclose(taps, taps[::-1], atol=1e-7)
    assert [anchors_hz(rate) for rate in (8000, 16_000, 44_100)] == [[], [3500.0], [3500.0, 7000.0]]


@pytest.mark.parametrize(
    "broken",
    [
        None,
        7,
        {},
        trial("1", "l", 101, a=1),
        trial("1", "", 100, a=1),
        trial("1", "l", 100),
        {**trial("1", "l", 100, a=1), "scores": [None]},
        {**trial("1", "l", 100, a=1), "scores": [{"name": "a", "score": 0.5}]},
    ],
)
def test_what_is_no_trial_is_not_counted(broken: Any):
    text = json.dumps({"format": "auricle-mushra", "version": 1, "trials": [broken, trial("2", "l", 95, a=1)]})
    loaded = in_node("Ratings.loaded(input[0])", text)
    assert loaded["refused"] == 1 and [one["id"] for one in loaded["values"]] == ["2"]


WORK = """
  const one = (selector) => box.querySelector(selector);
  const rate = (slider, score) => { slider.value = score; slider.dispatchEvent(new Event("input")); };
    one("[data-do=start]").click();
    await wait(() => Mushra.state.deck?.playing === "original");
    const { rated } = Mushra.state.trial;
    const sliders = [...box.querySelectorAll(".ratings input")];
    out.kinds = rated.map(({ kind }) => kind).sort();
    out.rows = sliders.length;
    sliders[0].focus();
    await wait(() => Mushra.state.deck.playing === "1");
    document.getElementById("abx").querySelector("[data-do=start]").click();
    await wait(() => Abx.state.deck?.playing === "original");
    out.silenced = Mushra.state.deck.playing;
    await wait(() => Object.values(Mushra.state.deck.tracks).every(({ fader }) => fader.gain.value < 1e-6));
    out.early = one("[data-do=done]").disabled;
    sliders.forEach((slider) => rate(slider, 60));
    one("[data-do=done]").click();
    out.refused = one(".status").textContent;
    sliders.forEach((slider, index) => rate(slider, { reference: 100, anchor: 20 }[rated[index].kind] ?? 60));
    one("[data-do=done]").click();
    await wait(() => Mushra.state.trials.length === 1 && Mushra.state.deck?.playing === "original");
    out.sum = [...box.querySelectorAll(".sum td")].map((cell) => cell.textContent);
    out.kept = JSON.parse(Object.entries(localStorage).find(([name]) => name.includes("mushra"))[1]).trials;
    let blob;
    URL.createObjectURL = (value) => { blob = value; return "#"; };
    one("[data-do=save]").click();
    await Mushra.load([new File([await blob.text()], "a.json"), new File(["{"], "<b>.json")]);
    out.status = one(".status").textContent;
    out.after = [...box.querySelectorAll(".sum td")].map((cell) => cell.textContent);
"""


def test_a_browser_rates_a_sound_blindly(tmp_path: Path):
    report(result(), samples(), tmp_path / "report.html")
    values = driven((tmp_path / "report.html").read_text("utf-8"), WORK, tmp_path, box="mushra")
    assert values["said"] == []
    assert values["kinds"].count("reference") == 1 and values["rows"] == len(values["kinds"]) >= 3
    assert values["silenced"] is None
    assert values["early"] and values["refused"].startswith("One of them is the original itself")
    (kept,) = values["kept"]
    assert kept["reference"] == 100 and {row["score"] for row in kept["scores"]} <= {20, 60}
    assert values["sum"][:3] == ["hidden reference", "100.0", ""] and values["after"] == values["sum"]
    assert values["status"] == "a.json: 1 sound; <b>.json is not JSON."

"""What the rooms have besides the straight way: variations, loops, the pad, the blind test, the timeline, dropping."""

import csv
import io
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from auricle import write
from studio.conftest import RunningStudio, opened_page
from studio.test_studio_way import DROP

if TYPE_CHECKING:
    from playwright.sync_api import Route

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a confined process")


def test_a_dropped_sound_is_told_from_its_copy_in_a_blind_test(studio: RunningStudio):
    """X is always A here, and the answers are A; Opus comes late."""
    held: list[Route] = []

    def hold(route: "Route") -> None:
        if not held and "opus" in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    with opened_page(studio, "Math.random = () => 0.25") as page:
        page.route("**/api/compress/preview", hold)
        page.locator(".drop").evaluate(DROP, ["dropped.wav"])
        page.locator("[data-version=auricle]:not([disabled])").wait_for()
        test = page.locator(".blind")
        test.locator("summary").press("Enter")
        assert test.locator("[data-answer=a]").is_disabled()
        test.get_by_role("button", name="Begin").press("Enter")
        for letter in "abx":
            test.locator("summary").press(letter)
            test.locator(f"[data-play={letter}][aria-pressed=true]").wait_for()
        for answers in range(1, 6):
            test.locator("summary").press("1")
            test.get_by_text(f"{answers} of {answers} answer").wait_for()
        assert "p = 0.031. You hear a difference." in test.locator(".tally").inner_text()
        test.locator("summary").press("2")
        test.get_by_text("5 of 6 answers right, p = 0.109. That may be chance.").wait_for()
        held[0].continue_()
        page.locator("[data-version=opus]:not([disabled])").wait_for()  # comes last, and is no part of the test
        assert test.locator(".tally").inner_text().startswith("5 of 6")
        page.get_by_role("slider", name="Bitrate").press("ArrowRight")  # another copy: the answers no longer count
        test.get_by_text("No answers yet.").wait_for()


@pytest.fixture
def own_studio(tmp_path: Path) -> Iterator[RunningStudio]:
    """One in which no other test has kept a sound."""
    (tmp_path / "library").mkdir()
    running = RunningStudio(tmp_path / "library")
    yield running
    running.end()


def test_loops_have_the_tempo_variations_are_new_sounds_and_the_pad_lies_between(
    own_studio: RunningStudio, tmp_path: Path
):
    with opened_page(own_studio) as page:
        page.get_by_role("link", name="Make").press("Enter")
        page.locator(".chips [data-key=snare]").press("Enter")
        page.get_by_role("slider", name="How many").press("Home")
        page.get_by_role("slider", name="How many").press("ArrowRight")
        page.get_by_role("button", name="Make sounds").press("Enter")
        tiles = page.locator(".grid .tile")
        tiles.nth(1).wait_for()
        tiles.first.press("v")
        tiles.nth(5).wait_for()
        assert page.locator(".grid .tile .name").filter(has_text="~").count() == 4
        page.get_by_role("radio", name="loop", exact=True).press("Enter")
        page.get_by_role("radiogroup", name="Beats").get_by_role("radio", name="2").press("Enter")
        page.get_by_role("button", name="Make sounds").press("Enter")
        tiles.nth(7).wait_for()
        length = tiles.first.locator(".name span").inner_text()
        assert length == "1.00 s"  # two beats at 120
        page.wait_for_timeout(1500)
        assert "playing" in tiles.first.get_attribute("class")  # it goes round
        for tile in (tiles.nth(0), tiles.nth(1)):
            tile.press("k")
        page.get_by_role("heading", name="2 sounds kept").wait_for()
        page.get_by_role("application", name="Blend").press("ArrowRight")
        page.get_by_role("button", name="Take the sound between or along").press("Enter")
        assert "blend of" in tiles.first.get_attribute("aria-label")
        assert re.search("%", page.get_by_role("application", name="Blend").get_attribute("aria-description"))
        with page.expect_download() as download:
            page.get_by_role("button", name="Save as a set").press("Enter")
        download.value.save_as(tmp_path / "set.zip")
    with zipfile.ZipFile(tmp_path / "set.zip") as packed:
        rows = list(csv.DictReader(io.StringIO(packed.read("set.csv").decode())))
    assert sum(row["bpm"] == "120" and float(row["seconds"]) == 1.0 for row in rows) == 2


def test_a_prior_that_learned_notes_is_asked_for_notes(studio: RunningStudio):
    pytest.importorskip("swift_f0", reason="swift-f0 tracks pitch: pip install 'auricle[synth]'")
    asked = {"prior": "saxophone", "velocity": 96, "seed": 1}
    (made,) = studio.json("/api/make/notes", {**asked, "notes": "A4"})["sounds"]
    assert made["note"] == "A4"
    audio, rate = soundfile.read(io.BytesIO(studio.ask(made["wav_url"])[2]))
    power = np.abs(np.fft.rfft(audio * np.hanning(audio.size))) ** 2
    partials = np.fft.rfftfreq(audio.size, 1 / rate) / 440
    assert power[(partials > 0.5) & (abs(partials - partials.round()) < 0.03)].sum() > 0.8 * power.sum()
    assert "over an octave" in studio.refusal("/api/make/notes", {**asked, "notes": "C9"})[1]
    assert "1 to 16" in studio.refusal("/api/make/notes", {**asked, "notes": "C4..C5, C#5..G5"})[1]
    assert "knows no notes" in studio.refusal("/api/make/notes", {**asked, "notes": "A4", "prior": "drums"})[1]


@pytest.mark.slow
def test_sounds_move_along_directions(studio: RunningStudio):
    with opened_page(studio) as page:
        page.get_by_role("link", name="Make").press("Enter")
        page.locator(".chips [data-key=kick]").press("Enter")
        page.get_by_role("button", name="Make sounds").press("Enter")
        page.locator(".grid .tile").first.press("Enter")
        page.get_by_role("button", name="Find directions").press("Enter")
        page.get_by_role("slider", name="direction 1").or_(page.locator(".bench input[type=range]")).first.press(
            "ArrowRight"
        )
        page.get_by_role("button", name="Take the sound between or along").press("Enter")
        assert "moved" in page.locator(".grid .tile").first.get_attribute("aria-label")


@pytest.fixture
def field(tmp_path: Path) -> Iterator[RunningStudio]:
    """A studio on hums, hisses, and a recording of a hum and then a hiss."""
    random, clock = np.random.default_rng(0), np.arange(64_000) / 16_000
    hum = 0.3 * np.sin(2 * np.pi * 130 * clock)
    hiss = 0.1 * random.standard_normal(clock.size)
    for number in range(5):
        write(tmp_path / f"hum{number}.wav", hum[None, number * 500 :][:, :16_000], 16_000)
        write(tmp_path / f"hiss{number}.wav", hiss[None, number * 9_000 :][:, :16_000], 16_000)
    write(tmp_path / "long.wav", np.concatenate((hum, hiss))[None], 16_000)
    running = RunningStudio(tmp_path)
    yield running
    running.end()


@pytest.mark.slow
def test_a_timeline_tells_what_is_heard_when_and_plays_from_there(field: RunningStudio):
    with opened_page(field) as page:
        page.get_by_role("link", name="Label").press("Enter")
        page.get_by_role("button", name="Listen to the folder").press("Enter")
        page.locator(".map canvas").wait_for()
        sounds = {sound["name"]: sound["id"] for sound in field.json("/api/label/library")["sounds"]}
        for label in ("hum", "hiss"):
            ids = [id for name, id in sounds.items() if name.startswith(label)]
            field.json("/api/label/label", {"ids": ids, "label": label})
        page.reload()
        page.get_by_role("link", name="Label").press("Enter")
        page.get_by_role("button", name="Learn the classes").press("Enter")
        page.get_by_role("button", name="classifier").first.wait_for()
        picked, canvas = page.locator("header.title strong"), page.locator(".map canvas")
        for key in ("ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown") * 12:
            if picked.inner_text() == "long.wav":
                break
            canvas.press(key)
        assert picked.inner_text() == "long.wav"
        page.locator("#example-input").set_input_files(field.folder / "hum3.wav")
        page.get_by_role("list", name="Most alike").get_by_role("button").first.wait_for()
        assert "hum3.wav" in page.get_by_role("list", name="Most alike").get_by_role("button").first.inner_text()
        page.get_by_role("button", name="Timeline").press("Enter")
        spans = page.locator(".timeline .span")
        spans.first.wait_for()
        words = [spans.nth(number).get_attribute("aria-label") for number in range(spans.count())]
        assert words[0].startswith("hum from 0:00") and words[-1].startswith("hiss"), words
        spans.last.press("Enter")
        page.wait_for_function("() => Number(document.querySelector('.timeline line').getAttribute('x1')) > 500")

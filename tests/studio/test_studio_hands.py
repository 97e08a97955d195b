"""What hands meet at the page: keys that stay where they work, names of any length, figures that are true."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from auricle import write
from auricle.studio.server.workspace import display_name, safe_suffix
from studio.conftest import RunningStudio, opened_page, tones
from studio.test_studio_way import DROP

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a confined process")

OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
"""By how many pixels a page is wider than its window; below 0 where room is left for a scroll bar."""

RECORDERS = """window.recorders = [];
const Recorder = MediaRecorder;
window.MediaRecorder = class extends Recorder { constructor(...how) { super(...how); recorders.push(this); } };"""
"""Keeps all that records, to be looked at."""


@pytest.fixture
def library(tmp_path: Path) -> Iterator[RunningStudio]:
    running = RunningStudio(tones(tmp_path / "sounds", count=3))
    yield running
    running.end()


@pytest.mark.parametrize("length", [159, 164, 240, 4000])
def test_a_long_name_keeps_its_suffix(length: int):
    name = "x" * length + ".WAV"
    assert display_name(name).endswith("x.WAV") and len(display_name(name)) <= 164
    assert safe_suffix(name) == ".wav"
    assert len(display_name("x" * length + "." + "y" * 300)) == 160


def test_a_sound_with_a_long_name_comes_in_and_the_page_stays_in_its_window(library: RunningStudio):
    *_, name = library.upload_sound("x" * 240 + ".wav")[:2]
    assert name == "x" * 80 + ".wav"
    path = f"/api/uploads?to=folder&name={quote('notes.txt')}"
    assert library.refusal(path, body=b"words")[1].startswith("the file is no sound by its name")
    with opened_page(library) as page:
        page.get_by_role("link", name="Sounds").press("Enter")
        page.get_by_text("4 sounds").wait_for()
        page.locator(".intake-place").evaluate(DROP, ["y" * 240 + ".txt"])
        refusal = page.locator(".panel li")
        refusal.wait_for()
        assert refusal.inner_text() == "y" * 240 + ".txt is no sound by its name: send .wav, .flac, .mp3 and the like"
        assert page.evaluate(OVERFLOW) <= 0


def test_a_class_with_a_long_name_leaves_the_page_in_its_window_and_all_keys_are_named(library: RunningStudio):
    with opened_page(library) as page:
        page.get_by_role("link", name="Label").press("Enter")
        page.get_by_role("button", name="Listen to the folder").press("Enter")
        page.get_by_role("button", name="Suggest sounds").press("Enter")
        page.locator(".queue [aria-current=true]").wait_for()
        page.get_by_role("textbox", name="New class").fill("z" * 60)
        page.get_by_role("textbox", name="New class").press("Enter")
        page.get_by_text("1 of 3 sounds labelled").wait_for()
        assert page.evaluate(OVERFLOW) <= 0
        assert {"Space", "1", "9", "0", "N", "←", "→", "↑", "↓"} <= set(page.locator(".keys kbd").all_inner_texts())


def focused(page: Any) -> str:
    return page.evaluate("() => document.activeElement.dataset.play ?? document.activeElement.textContent")


def test_keys_stay_in_the_blind_test_when_its_button_goes(library: RunningStudio):
    with opened_page(library, "Math.random = () => 0.25") as page:
        page.locator(".drop").evaluate(DROP, ["dropped.wav"])
        page.locator("[data-version=auricle]:not([disabled])").wait_for()
        page.locator(".blind summary").press("Enter")
        page.get_by_role("button", name="Begin").press("Enter")
        page.locator(".blind [data-play=x][aria-pressed=true]").wait_for()
        assert focused(page) == "x"
        page.keyboard.press("b")
        page.locator(".blind [data-play=b][aria-pressed=true]").wait_for()
        page.keyboard.press("1")
        page.get_by_text("1 of 1 answer right").wait_for()
        assert page.locator("[data-version=original]").get_attribute("aria-checked") == "false"  # its key is 1 too


def test_a_button_that_was_busy_has_the_focus_again(library: RunningStudio):
    with opened_page(library) as page:
        page.get_by_role("link", name="Label").press("Enter")
        page.get_by_role("button", name="Listen to the folder").press("Enter")
        button = page.get_by_role("button", name="Suggest sounds")
        button.press("Enter")
        page.locator(".queue button").first.wait_for()
        page.locator("button:not([disabled]):has-text('Suggest sounds')").wait_for()
        assert focused(page) == "Suggest sounds"


def test_a_file_that_is_larger_than_its_sound_is_not_called_smaller(library: RunningStudio, tmp_path: Path):
    write(tmp_path / "tick.wav", 0.3 * np.ones((1, 20)), 16_000)
    with opened_page(library) as page:
        page.locator("#file-input").set_input_files(tmp_path / "tick.wav")
        opus = page.locator("[data-version=opus]:not([disabled])")
        opus.wait_for()
        assert " larger" in opus.inner_text() and "smaller" not in opus.inner_text()


def test_the_notes_that_the_page_names_can_be_asked_for(library: RunningStudio):
    pytest.importorskip("swift_f0", reason="swift-f0 tracks pitch: pip install 'auricle[synth]'")
    with opened_page(library) as page:
        page.get_by_role("link", name="Make").press("Enter")
        page.get_by_role("combobox", name="What makes the sounds").select_option("saxophone")
        words = page.locator("label:has([aria-label=Notes]) output").inner_text()
        page.get_by_role("textbox", name="Notes").fill(words.rpartition(" ")[2])
        page.get_by_role("button", name="Make sounds").press("Enter")
        page.locator(".grid .tile").nth(12).wait_for()


def test_what_comes_late_to_a_room_that_was_left_is_not_seen_in_another(library: RunningStudio, tmp_path: Path):
    held: list[Any] = []
    with opened_page(library) as page:
        page.route("**/api/uploads*", lambda route: held.append(route))
        page.locator("#file-input").set_input_files(tmp_path / "sounds" / "tone 0.wav")
        page.get_by_role("link", name="Make").press("Enter")
        page.get_by_role("button", name="Make sounds").wait_for()
        with page.expect_response("**/api/uploads*"):
            held[0].continue_()
        page.wait_for_timeout(500)
        assert page.get_by_role("button", name="Make sounds").is_visible()
        assert page.get_by_role("heading", name="tone 0.wav").count() == 0


def test_a_recording_ends_when_its_room_is_left_and_is_kept(library: RunningStudio):
    with opened_page(library, RECORDERS) as page:
        page.get_by_role("link", name="Sounds").press("Enter")
        page.get_by_text("3 sounds").wait_for()
        page.get_by_role("button", name="Record").press("Enter")
        page.get_by_role("button", name="Stop recording").wait_for()
        page.wait_for_timeout(300)
        with page.expect_response("**/api/uploads*"):
            page.get_by_role("link", name="Train").press("Enter")
        assert page.evaluate("() => recorders.map((recorder) => recorder.state)") == ["inactive"]
        page.get_by_role("link", name="Sounds").press("Enter")
        page.get_by_text("4 sounds").wait_for()


def test_sounds_that_another_page_has_removed_go_without_a_fault(library: RunningStudio):
    with opened_page(library) as page:
        page.get_by_role("link", name="Sounds").press("Enter")
        page.get_by_text("3 sounds").wait_for()
        ids = [row[0] for row in library.json("/api/sounds/list")["sounds"]]
        library.json("/api/sounds/remove", {"ids": ids[:1]})
        rows = page.locator(".sound-list")
        rows.press("Control+a")
        rows.press("Delete")
        page.get_by_text("1 sound had gone from the folder already.").wait_for()
        page.get_by_text("2 sounds removed from the folder.").wait_for()
        page.get_by_text("0 sounds", exact=True).wait_for()
        page.get_by_role("button", name="Undo").press("Enter")
        page.get_by_text("2 sounds", exact=True).wait_for()
        rows.press("ArrowDown")
        rows.press("Delete")  # before it was opened, or while it is
        page.get_by_text("1 sound removed from the folder.").wait_for()
        page.wait_for_timeout(500)
        assert page.locator(".toast.error").all_inner_texts() == []


def test_a_room_that_can_not_be_fetched_says_so(library: RunningStudio):
    with opened_page(library) as page:
        page.locator(".drop").wait_for()
        library.end()
        page.get_by_role("link", name="Make").press("Enter")
        page.get_by_role("heading", name="Not connected").wait_for()
        assert "Is it still running in the terminal?" in page.get_by_role("alert").inner_text()
        assert page.locator(".drop").count() == 1  # the room before has gone

"""A person's way through the rooms, in a real browser."""

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auricle import write
from studio.conftest import RunningStudio, opened_page

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a confined process")


@pytest.fixture
def page(studio: RunningStudio) -> Iterator[Any]:
    with opened_page(studio) as page:
        yield page


def test_a_sound_is_heard_at_a_bitrate_and_saved_and_the_file_is_looked_into(page, tmp_path: Path):
    time = np.arange(16_000) / 16_000
    source = tmp_path / "<b>tone.wav"
    write(source, 0.3 * np.sin(2 * np.pi * 330 * time)[None], 16_000)
    page.locator("#file-input").set_input_files(source)
    page.locator("[data-version=auricle]:not([disabled])").wait_for()
    assert page.get_by_role("heading", name="<b>tone.wav").count() == 1  # a name is only words
    dial = page.get_by_role("slider", name="Bitrate")
    dial.press("ArrowRight")
    assert dial.get_attribute("aria-valuetext") == "4 kb/s"
    page.keyboard.press("1")
    assert page.locator("[data-version=original]").get_attribute("aria-checked") == "true"
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as .aur").press("Enter")
    coded = tmp_path / "tone.aur"
    download.value.save_as(coded)
    assert coded.read_bytes()[:3] == b"AUR"
    page.get_by_role("button", name="Another sound").click()
    page.locator("#file-input").set_input_files(coded)
    assert "Intact" in page.locator(".verdict").inner_text()


def test_the_page_without_its_token_tells_what_to_do(page, studio: RunningStudio):
    other = page.context.new_page()
    other.goto(studio.address.partition("#")[0])
    assert "holds the token" in other.locator("main").inner_text()


def test_drums_are_made_kept_by_keyboard_and_saved_as_a_set(page, tmp_path: Path):
    page.get_by_role("link", name="Make").press("Enter")
    page.locator(".chips [data-key=snare]").press("Enter")
    page.get_by_role("button", name="Make sounds").press("Enter")
    page.locator(".grid .tile").first.wait_for()
    page.keyboard.press("k")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("k")
    page.get_by_role("heading", name="2 sounds kept").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as a set").press("Enter")
    download.value.save_as(tmp_path / "set.zip")
    sounds = [name for name in zipfile.ZipFile(tmp_path / "set.zip").namelist() if name.endswith(".wav")]
    assert len(sounds) == 2


@pytest.fixture
def library(tmp_path: Path) -> Iterator[RunningStudio]:
    """A studio on a folder of hums and hisses."""
    random, time = np.random.default_rng(0), np.arange(8_000) / 16_000
    for number in range(6):
        write(tmp_path / f"hum{number}.wav", 0.3 * np.sin(2 * np.pi * (100 + 20 * number) * time)[None], 16_000)
        write(tmp_path / f"hiss{number}.wav", 0.1 * random.standard_normal((1, 8_000)), 16_000)
    running = RunningStudio(tmp_path)
    yield running
    running.end()


COLOURED = """(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4)
    count += Math.max(...data.slice(at, at + 3)) - Math.min(...data.slice(at, at + 3)) > 60;
  return count;
}"""
"""How many pixels of a map have a class's colour."""


def test_sounds_are_labelled_by_suggestion_and_keyboard_judged_and_learned(library: RunningStudio, tmp_path: Path):
    with opened_page(library) as page:
        page.get_by_role("link", name="Label").press("Enter")
        page.get_by_role("button", name="Listen to the folder").press("Enter")
        page.locator(".map canvas").wait_for()
        page.get_by_role("button", name="Suggest sounds").press("Enter")
        page.get_by_role("list", name="Label next").or_(page.locator(".queue")).first.wait_for()
        picked = page.locator("header.title strong")
        keys: dict[str, str] = {}
        for labelled in range(1, 9):
            name = "hum" if "hum" in picked.inner_text() else "hiss"
            if name in keys:
                page.keyboard.press(keys[name])
            else:
                page.get_by_role("textbox", name="New class").fill(name)
                page.get_by_role("textbox", name="New class").press("Enter")
            page.get_by_text(f"{labelled} of 12 sounds labelled").wait_for()
            page.locator("h1").first.evaluate("() => document.activeElement.blur()")
            classes = sorted({*keys, name})
            keys = {name: str(place + 1) for place, name in enumerate(classes)}
        assert page.locator(".map canvas").evaluate(COLOURED) > 8 * 5
        page.get_by_role("button", name="Judge the classes").press("Enter")
        verdict = page.get_by_role("region", name="How well classes are told apart")
        assert "right (95 % interval" in verdict.inner_text()
        page.get_by_role("button", name="Learn the classes").press("Enter")
        page.get_by_role("button", name="classifier").first.wait_for()
        with page.expect_download() as download:
            page.get_by_role("button", name="labels.csv").press("Enter")
        download.value.save_as(tmp_path / "saved.csv")
        assert (tmp_path / "saved.csv").read_text().count("hum") >= 4

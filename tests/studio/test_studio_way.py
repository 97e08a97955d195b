"""From an empty folder by keyboard: sounds come in, a model learns them, and compresses one."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import auricle
from studio.conftest import RunningStudio, opened_page, tones

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a confined process")
DROP = """(zone, names) => {
  const transfer = new DataTransfer();
  const tone = (hertz) => { // a WAV file of half a second
    const view = new DataView(new ArrayBuffer(44 + 16000));
    [...("RIFF    WAVEfmt ")].forEach((letter, at) => view.setUint8(at, letter.charCodeAt(0)));
    const numbers = [[4, 16036], [16, 16], [24, 16000], [28, 32000], [40, 16000]];
    numbers.forEach(([at, value]) => view.setUint32(at, value, true));
    [[20, 1], [22, 1], [32, 2], [34, 16]].forEach(([at, value]) => view.setUint16(at, value, true));
    [..."data"].forEach((letter, at) => view.setUint8(36 + at, letter.charCodeAt(0)));
    for (let at = 0; at < 8000; at++)
      view.setInt16(44 + 2 * at, 9000 * Math.sin(2 * Math.PI * hertz * at / 16000), true);
    return view.buffer;
  };
  const data = (name, index) => (name.endsWith("txt") ? "words" : tone(200 + 90 * index));
  names.forEach((name, index) => transfer.items.add(new File([data(name, index)], name)));
  for (const kind of ["dragover", "drop"])
    zone.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""
"""Drops files of these names onto an element."""

COUNT_PLAYS = "window.plays = 0; document.addEventListener('deck-plays', () => { window.plays += 1; });"


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[RunningStudio]:
    (tmp_path / "library").mkdir()
    running = RunningStudio(tmp_path / "library")
    yield running
    running.end()


def test_sounds_come_in_are_trained_on_and_the_model_compresses_one(empty: RunningStudio, tmp_path: Path):
    files = sorted(tones(tmp_path / "source").iterdir())
    (tmp_path / "damaged.wav").write_bytes(b"RIFF no sound")
    with opened_page(empty) as page:
        page.get_by_role("link", name="Train").press("Enter")
        page.get_by_role("heading", name="Drop sounds to learn from").wait_for()
        assert page.get_by_role("button", name="Train", exact=True).is_disabled()
        page.get_by_role("textbox", name="Name of the model").fill("four tones")
        page.get_by_role("combobox", name="Begin with").press("End")
        page.locator("#intake-input").set_input_files([*files, tmp_path / "damaged.wav"])
        page.get_by_text("4 sounds added").wait_for()
        assert "damaged.wav" in page.get_by_text("1 file refused").locator("..").inner_text()
        page.get_by_role("combobox", name="Preset").press("End")
        page.get_by_role("radio", name="other").press("Enter")
        page.get_by_role("spinbutton", name="How long").fill("6")
        page.get_by_role("combobox", name="Unit").press("End")
        assert page.get_by_role("textbox", name="Name of the model").input_value() == "four tones"  # as it was
        page.get_by_role("button", name="Train", exact=True).press("Enter")
        page.get_by_role("region", name="Held-out sounds").get_by_role("button", name="decoded").first.wait_for()
        page.get_by_role("button", name="Save the model").wait_for()
        page.get_by_role("button", name="decoded").first.press("Enter")
        page.locator(".held [aria-pressed=true]").wait_for()
        with page.expect_download() as download:
            page.get_by_role("button", name="Save the model").press("Enter")
        download.value.save_as(tmp_path / "mine.auricle.safetensors")
        page.get_by_role("button", name="Try it in Compress").press("Enter")
        page.locator("#file-input").set_input_files(files[0])
        page.locator("[data-version=auricle]:not([disabled])").wait_for()
        assert page.get_by_role("radio", name="four tones").get_attribute("aria-checked") == "true"
        with page.expect_download() as download:
            page.get_by_role("button", name="Save as .aur").press("Enter")
        download.value.save_as(tmp_path / "tone.aur")
    coded = auricle.info(tmp_path / "tone.aur")
    assert isinstance(coded, auricle.AurInfo) and coded.model == "four-tones"
    auricle.decompress(tmp_path / "tone.aur", tmp_path / "back.wav", model=tmp_path / "mine.auricle.safetensors")
    assert auricle.read(tmp_path / "back.wav")[0].shape == (1, 16_000)


def test_the_library_is_dropped_into_recorded_walked_searched_checked_and_tidied(empty: RunningStudio):
    tones(empty.folder, count=1)
    (empty.folder / "copy.wav").write_bytes((empty.folder / "tone 0.wav").read_bytes())
    with opened_page(empty, COUNT_PLAYS) as page:
        page.get_by_role("link", name="Sounds").press("Enter")
        page.get_by_text("2 sounds").wait_for()
        page.locator(".intake-place").evaluate(DROP, ["a b.wav", "<i>c.wav", "notes.txt"])
        page.get_by_text("4 sounds").wait_for()
        page.get_by_text("1 file refused").wait_for()
        page.get_by_role("button", name="Record").press("Enter")
        page.get_by_role("button", name="Stop recording").wait_for()
        page.wait_for_timeout(600)
        page.get_by_role("button", name="Stop recording").press("Enter")
        page.get_by_text("5 sounds").wait_for()
        sounds = page.get_by_role("listbox", name="Sounds")
        sounds.focus()
        page.keyboard.press("Home")
        page.keyboard.press("ArrowDown")
        reached = page.locator(".sound-row.current")
        assert sounds.get_attribute("aria-activedescendant") == reached.get_attribute("id") == "sound-1"
        assert (
            reached.get_attribute("aria-label").startswith("a b.wav") and reached.get_attribute("aria-setsize") == "5"
        )
        page.keyboard.press("Enter")
        page.wait_for_function("() => window.plays > 0")  # it lasts half a second, which a busy browser may not show
        page.keyboard.press("m")
        page.get_by_role("button", name="Train on 1 marked sound").wait_for()
        page.keyboard.press("Delete")
        page.get_by_text("4 sounds", exact=True).wait_for()
        page.get_by_role("button", name="Undo").press("Enter")
        page.get_by_text("5 sounds", exact=True).wait_for()
        page.get_by_text("Health").press("Enter")
        page.get_by_role("button", name="Check the sounds").press("Enter")
        page.locator(".doctor").get_by_role("button", name="show 2 sounds").first.press("Enter")
        page.get_by_text("2 of 5 sounds").wait_for()
        assert "the same as" in page.locator(".sound-row").first.get_attribute("aria-label")
        page.locator(".doctor").get_by_role("button", name="show all").first.press("Enter")
        page.keyboard.press("/")
        page.get_by_role("textbox", name="Search").type("TONE")
        page.get_by_text("1 of 5 sounds").wait_for()
    assert any(path.name.startswith("recording") for path in empty.folder.iterdir())

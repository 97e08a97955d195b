"""The demo: figures, files, and one page that needs nothing else."""

import base64
import html
import io
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

import auricle.demo
from auricle.audio import read
from auricle.audio.writer import write
from auricle.cli import main
from auricle.demo import Demo, generated
from auricle.demo.classification import classify_seconds
from auricle.demo.excerpts import Excerpt, read_excerpts
from auricle.demo.generated import generate_sounds
from auricle.demo.neighbours import near_sounds
from auricle.demo.page import credits_html, page
from auricle.errors import DataError, OutputError
from auricle.html import Spectrograph
from pages import Page, asks_nothing_of_the_network

NASTY = "<img src=x onerror=alert(1)> & \"quotes\" 'n' ${1}"


def tone(seconds: float, rate: int, channels: int = 1) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    return np.stack([0.4 * np.sin(2 * np.pi * 300 * (channel + 1) * time) for channel in range(channels)])


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sounds")
    write(folder / f"{NASTY}.wav", tone(1.0, 16000), 16000)
    (folder / "deep").mkdir()
    write(folder / "deep" / "long.flac", tone(12.0, 22050, 2), 22050)
    (folder / "words.wav").write_text("words " * 100)
    return folder


@pytest.fixture(scope="module")
def shown(sounds: Path, model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return auricle.demo.run(sounds, out=tmp_path_factory.mktemp("out") / "demo", model=model_file)


@pytest.fixture(scope="module")
def parsed(shown: Demo) -> Page:
    return Page(shown.page.read_text("utf-8"))


def test_two_versions_of_each_excerpt(shown: Demo):
    assert [(version.excerpt.title, version.target_kbps) for version in shown.versions] == [
        (NASTY, 3.0),
        (NASTY, 6.0),
        ("long", 3.0),
        ("long", 6.0),
    ]
    assert shown.versions[2].excerpt.seconds == 10.0 and round(shown.versions[2].excerpt.recording_seconds) == 12
    for version in shown.versions:
        assert version.audio.shape == version.excerpt.audio.shape
        assert version.kbps == pytest.approx(8e-3 * version.size / version.excerpt.seconds)
        assert version.mel_distance > 0 and version.encode_speed > 0 and version.decode_speed > 0
    assert [file.path.name for file in shown.rejected] == ["words.wav"]


def test_the_files_are_there(shown: Demo, model_file: Path, tmp_path: Path):
    names = sorted(path.name for path in shown.page.parent.iterdir())
    assert len(names) == 9 and "index.html" in names and "02-long.3kbps.aur" in names
    assert main(["decompress", str(shown.page.parent / "02-long.3kbps.aur"), str(tmp_path / "a.wav"),
                 "--model", str(model_file), "--quiet"]) == 0  # fmt: skip
    assert np.array_equal(read(tmp_path / "a.wav")[0], read(shown.page.parent / "02-long.3kbps.wav")[0])


def test_new_sounds_of_every_class_of_the_shipped_prior():
    """Two of each, all heard, none the same, and named so that nothing is overwritten; and a tune of notes."""
    sounds = generate_sounds()
    drums = [new for new in sounds if new.prior == "drums"]
    assert [new.title for new in drums][:2] == ["clap 1", "clap 2"] and len(drums) == 16
    assert {new.label for new in drums} >= {"kick", "snare", "hat_closed"}
    tunes = [new for new in sounds if new.prior == "saxophone"]
    assert [new.label for new in tunes] == ["saxophone, condenser", "saxophone, dynamic"]
    assert all(3.0 < new.audio.shape[1] / 44100 < 4.5 and np.abs(new.audio).max() > 0.05 for new in tunes)
    for new in drums:
        assert new.sample_rate == 44100 and new.audio.shape[0] == 1
        assert 0.05 < np.abs(new.audio).max() <= 1.0 and 0.05 < new.audio.shape[1] / 44100 < 2.0
    page_of = Page(page((), sounds, (), (), ""))
    assert page_of.text.count("made from nothing") == 10
    kick, other = (new.audio[0] for new in sounds if new.label == "kick")
    assert kick.size != other.size or not np.array_equal(kick, other)


def test_without_a_pitch_tracker_there_is_no_tune(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "swift_f0", None)
    monkeypatch.setattr(generated, "shipped_priors", lambda: ("saxophone",))
    assert generated.generate_sounds() == ()


def test_one_s_own_sounds_bring_no_new_ones(shown: Demo):
    assert shown.generated == () and "New sounds" not in shown.page.read_text("utf-8")


def test_the_page_needs_nothing_from_outside(shown: Demo):
    asks_nothing_of_the_network(shown.page.read_text("utf-8"))


def test_players_hold_the_sounds(shown: Demo, parsed: Page):
    players = parsed.all("audio")
    assert len(players) == 6 and all("controls" in player and player["aria-label"] for player in players)
    wanted = [shown.versions[0].excerpt.audio, shown.versions[0].audio, shown.versions[1].audio]
    for player, audio in zip(players, wanted, strict=False):
        data = base64.b64decode(str(player["src"]).removeprefix("data:audio/flac;base64,"))
        samples, rate = soundfile.read(io.BytesIO(data), always_2d=True)
        assert rate == 16000 and np.allclose(samples.T, np.clip(audio, -1, 1), atol=1e-4)


def test_names_of_files_are_only_text(parsed: Page):
    assert NASTY in parsed.text
    pictures = parsed.all("img")
    assert len(pictures) == 6 and not any("onerror" in picture for picture in pictures)
    assert str(pictures[0]["alt"]).startswith(f"Spectrogram: {NASTY}")


def test_the_page_tells_figures_and_both_colour_schemes(shown: Demo, parsed: Page):
    for version in shown.versions:
        assert f"{version.kbps:.2f} kb/s (asked for {version.target_kbps:g})" in parsed.text
        assert f"{version.mel_distance:.3f}" in parsed.text and f"{version.si_sdr:.1f} dB" in parsed.text
    assert "first 10.0 of 12.0 s" in parsed.text and "22.05 kHz, stereo" in parsed.text
    assert "prefers-color-scheme: dark" in shown.page.read_text("utf-8")
    assert "Credits" not in parsed.text


def test_the_shipped_sounds_are_credited():
    plan = read_excerpts(None)
    assert len(plan.excerpts) >= 2 and not plan.rejected
    rates = {excerpt.sample_rate for excerpt in plan.excerpts}
    assert any(rate <= 24000 for rate in rates) and any(rate > 24000 for rate in rates)
    page = Page(credits_html(plan.credits))
    assert all(excerpt.title in page.text for excerpt in plan.excerpts)
    assert all(re.match("https?://", str(link["href"])) for link in page.all("a")) and page.all("a")


def test_credits_are_escaped():
    html = credits_html("# Title\n\nSee <script> & [a <b>](https://x.org/?a=1&b=2) [c](javascript:alert(1))\n")
    assert html == (
        '<p>See &lt;script&gt; &amp; <a href="https://x.org/?a=1&amp;b=2">a &lt;b&gt;</a> [c](javascript:alert(1))</p>'
    )


def test_existing_output_is_kept_without_force(sounds: Path, model_file: Path, tmp_path: Path):
    page = tmp_path / "index.html"
    page.write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        auricle.demo.run(sounds, out=tmp_path, model=model_file)
    assert page.read_text() == "mine" and len(list(tmp_path.iterdir())) == 1
    auricle.demo.run(sounds, out=tmp_path, model=model_file, force=True)
    assert page.read_text("utf-8").startswith("<!doctype html>")


def test_many_files_are_thinned_out(tmp_path: Path):
    for number in range(30):
        write(tmp_path / f"{number:02d}.wav", tone(0.1, 8000), 8000)
    titles = [excerpt.title for excerpt in read_excerpts(tmp_path).excerpts]
    assert titles == [f"{number:02d}" for number in range(0, 30, 3)]


def test_only_undecodable_sounds(tmp_path: Path):
    broken = np.full(16000, np.nan)
    soundfile.write(tmp_path / "nan.wav", broken, 16000, subtype="FLOAT")
    with pytest.raises(DataError, match=r"nan\.wav"):
        read_excerpts(tmp_path)


def test_a_spectrogram_shows_a_tone_where_it_is():
    graph = Spectrograph(tone(1.0, 16000), 16000)
    assert [label for label, _ in graph.ticks()] == ["250 Hz", "1 kHz", "4 kHz"]
    heights = [height for _, height in graph.ticks()]
    assert heights == sorted(heights) and heights[0] > 0 and heights[-1] < 1
    assert graph.png(tone(1.0, 16000))[:8] == b"\x89PNG\r\n\x1a\n"
    assert graph.png(np.zeros((1, 800)))[:8] == b"\x89PNG\r\n\x1a\n"


def test_the_verb_prints_a_table(sounds: Path, model_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["demo", str(sounds), "--out", str(tmp_path / "demo"), "--model", str(model_file)]) == 1
    ran = capsys.readouterr()
    assert "left out" in ran.err and "words.wav" in ran.err
    assert "mel distance" in ran.out and ran.out.count("tiny") == 4
    assert f"Listen: {tmp_path / 'demo' / 'index.html'}" in ran.out


def test_seconds_are_told_apart_after_three_of_each(model_file: Path):
    pytest.importorskip("sklearn", reason="the extra classify")
    random = np.random.default_rng(0)
    noise = 0.2 * random.standard_normal((1, 80000), np.float32)
    low = tone(5.5, 16000).astype(np.float32)
    short = Excerpt("short", "short", noise[:, :16000], 16000, 1.0)
    excerpts = (Excerpt("noise", "noise", noise, 16000, 5.0), Excerpt("low", "low", low, 16000, 5.5), short)
    classified = classify_seconds(excerpts, auricle.load(model_file))
    assert [(second.title, second.start) for second in classified] == [
        ("noise", 3.0),
        ("noise", 4.0),
        ("low", 3.0),
        ("low", 4.0),
    ]
    assert all(second.is_right and 0 < second.probability <= 1 for second in classified)
    assert all(
        next(iter(second.probabilities)) == second.guess and sum(second.probabilities.values()) == pytest.approx(1)
        for second in classified
    )
    text = page((), (), classified, (), "")
    assert "Told apart" in text and "2 of 2" in text
    assert '<th scope="col">3 s</th><th scope="col">4 s</th>' in text  # a timeline: one cell a second
    assert text.count("<td title=") == 4 and f">low {classified[-1].probability:.0%}</td>" in text
    wrong = replace(classified[0], guess=NASTY)
    assert f"<mark>{html.escape(NASTY)} " in page((), (), (wrong,), (), "") and NASTY not in page(
        (), (), (wrong,), (), ""
    )
    assert classify_seconds((short,), auricle.load(model_file)) == ()


def test_sounds_of_one_kind_are_near(model_file: Path):
    random = np.random.default_rng(0)
    made = {f"noise {n}": 0.2 * random.standard_normal((1, 16000), np.float32) for n in range(3)}
    made |= {f"low {n}": tone(1.0 + n / 10, 16000).astype(np.float32) for n in range(3)}
    excerpts = [Excerpt(title, title, audio, 16000, 1.0) for title, audio in made.items()]
    near = near_sounds(excerpts, (), auricle.load(model_file))
    assert [sound.title for sound in near] == list(made)
    for sound in near:
        kind = sound.title.split()[0]
        assert len(sound.neighbours) == 3 and sound.title not in sound.neighbours
        assert all(title.startswith(kind) for title in sound.neighbours[:2])
        assert list(sound.cosines) == sorted(sound.cosines, reverse=True) and sound.cosines[0] <= 1.0001
    text = page((), (), (), [replace(near[0], title=NASTY)], "")
    assert "Near sounds" in text and f"{near[0].neighbours[0]} {near[0].cosines[0]:.2f}" in text and NASTY not in text
    assert near_sounds(excerpts[:2], (), auricle.load(model_file)) == ()


@pytest.mark.parametrize("level", [0.0, 1e-9])
def test_silence_is_dark_and_a_quiet_sound_beside_it_is_seen(level: float):
    silence = level * tone(1.0, 16000)
    graph = Spectrograph(silence, 16000)
    assert graph.pixels(silence).max() < 10
    assert graph.pixels(0.01 * tone(1.0, 16000)).max() > 200

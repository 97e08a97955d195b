"""``auricle benchmark``."""

import json
from pathlib import Path

import pytest

from bench.bench_sounds import babble, store

QUICK = ("--metrics", "mel,si_sdr", "--skip-cost", "--jobs", "1")


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    store(tmp_path / "sounds" / "a.wav", babble(1.0, 16000), 16000)
    store(tmp_path / "sounds" / "b.wav", babble(0.6, 16000, seed=1), 16000)
    return tmp_path / "sounds"


def test_table(auricle, sounds: Path, model_file: Path):
    ran = auricle("benchmark", sounds, "--model", model_file, "--against", "vorbis", "--kbps", "6,12", *QUICK)
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0] == "tiny beside vorbis: 2 files of sounds"
    assert lines[2].split()[:3] == ["codec", "setting", "kb/s"]
    assert [line.split()[0] for line in lines[4:7]] == ["tiny", "tiny", "vorbis"]
    assert "of the work was metrics" in lines[-1]


def test_json(auricle, sounds: Path, model_file: Path):
    ran = auricle("benchmark", sounds / "a.wav", sounds, "--model", model_file, "--against", "none", *QUICK, "--json")
    values = ran.json
    assert [curve["codec"] for curve in values["curves"]] == ["tiny"]
    assert [file["name"] for file in values["files"]] == ["a.wav", "b.wav"]
    assert values["settings"]["kbps"] == [1.5, 3, 6, 9, 12, 24]
    assert json.dumps(values).find(str(sounds)) == -1


def test_two_models(auricle, sounds: Path, model_file: Path):
    models = ("--model", model_file, "--model", model_file)
    ran = auricle("benchmark", *models, sounds / "a.wav", "--against", "none", "--kbps", "6", *QUICK)
    assert ran.code == 0
    name = f"tiny ({model_file.name})"
    assert f"{name}, {name} 2: 1 file" in ran.out


def test_a_page(auricle, sounds: Path, model_file: Path, tmp_path: Path):
    page = tmp_path / "page.html"
    given = ("benchmark", sounds / "a.wav", "--model", model_file, "--against", "none", "--kbps", "6", *QUICK)
    ran = auricle(*given, "--out", page)
    assert ran.code == 0 and f"listen: {page}" in ran.out
    assert page.read_text("utf-8").lstrip().lower().startswith("<!doctype html>")
    ran = auricle(*given, "--out", page)
    assert ran.code == 2 and "--force" in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to compare on"),
        (("SOUNDS", "--kbps", "3,loud"), "'3,loud' is no list of numbers"),
        (("SOUNDS", "--kbps", ""), "names nothing"),
        (("SOUNDS", "--score-as", "ear"), 'Choose from: "auto", "speech", "audio"'),
        (("SOUNDS", "--metrics", "beauty"), "no metric is called 'beauty'"),
        (("SOUNDS", "--model", "nobody"), "nobody"),
        (("gone",), "gone"),
    ],
)
def test_bad_input_is_one_line(auricle, sounds: Path, arguments: tuple[str, ...], message: str):
    ran = auricle("benchmark", *(sounds if word == "SOUNDS" else word for word in arguments))
    assert ran.code == 2
    assert message in ran.err and len(ran.err.splitlines()) == 1

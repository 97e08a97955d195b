"""``auricle doctor``."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

TOPICS = ["files", "amount", "rates", "channels", "level", "clipping", "silence", "offset", "duplicates", "leaks"]
KEYS = [
    "kind",
    "path",
    "quick",
    "files",
    "usable",
    "hours",
    "rates",
    "channels",
    "rejected",
    "incomplete",
    "clipped",
    "silent",
]
KEYS += ["offset", "quiet", "duplicates", "verdicts"]


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    folder = tmp_path / "sounds"
    for name, seed in (("train/a.wav", 1), ("train/b.wav", 2), ("valid/c.flac", 2), ("valid/d.wav", 3)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(seed).normal(0, 3000, 16000).astype(np.int16)
        soundfile.write(folder / name, noise, 16000)
    (folder / "train" / "text.wav").write_text("words")
    return folder


def test_lines(auricle, sounds: Path):
    ran = auricle("doctor", sounds)
    assert ran.code == 0 and ran.err == ""
    lines = ran.out.splitlines()
    assert [line.split()[1] for line in lines[:10]] == TOPICS
    assert lines[0].startswith("warn  files       1 of 5 files can't be used")
    assert "  train/b.wav = valid/c.flac" in lines
    assert any(line.startswith("  ") and "text.wav is not audio" in line for line in lines)


def test_json(auricle, sounds: Path):
    values = auricle("doctor", sounds, "--json").json
    assert list(values) == KEYS and values["kind"] == "sounds" and values["usable"] == 4
    assert values["duplicates"] == [{"names": ["train/b.wav", "valid/c.flac"], "exact": True, "leak": True}]
    assert [verdict["topic"] for verdict in values["verdicts"]] == TOPICS
    assert values["rates"] == {"16000": pytest.approx(4 / 3600)}
    assert list(values["verdicts"][0]) == ["topic", "level", "text", "values"]


def test_quick(auricle, sounds: Path):
    values = auricle("doctor", sounds, "--quick", "--json").json
    assert values["quick"] and values["duplicates"] == [] and values["verdicts"][-1]["topic"] == "depth"


def test_training_can_not_start(auricle, tmp_path: Path):
    (tmp_path / "a.wav").write_text("words")
    (tmp_path / "b.flac").touch()
    ran = auricle("doctor", tmp_path)
    assert ran.code == 2 and len(ran.err.splitlines()) == 1
    assert ran.err.startswith("auricle: error: ") and "none of 2 files can be used" in ran.err
    assert "a.wav is not audio" in ran.out and "b.flac is empty" in ran.out
    ran = auricle("doctor", tmp_path, "--json")
    assert ran.code == 2 and len(json.loads(ran.out)["rejected"]) == 2


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ("does not exist", "nowhere"),
        ("holds no audio files", "."),
        ("is a file", "x.txt"),
        ("copy the sounds to this machine first", "s3://bucket/sounds"),
    ],
)
def test_bad_input(auricle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, path: str):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.txt").write_text("words")
    ran = auricle("doctor", path)
    assert ran.code == 2 and ran.out == "" and len(ran.err.splitlines()) == 1 and said in ran.err


def test_a_corpus_in_shards_is_named_as_such(auricle, sounds: Path, tmp_path: Path):
    assert auricle("prepare", sounds, tmp_path / "corpus").code == 1, "one of the files is no sound"
    ran = auricle("doctor", tmp_path / "corpus")
    assert ran.code == 2 and len(ran.err.splitlines()) == 1 and "in shards" in ran.err


def test_no_torch_for_sounds(sounds: Path):
    import subprocess
    import sys

    code = f"import sys; from auricle.cli import main; main(['doctor', {str(sounds)!r}]); print('torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.splitlines()[-1] == "False"


def test_a_run(auricle, tmp_path: Path):
    from auricle.watch import HISTORY

    (tmp_path / "my.run").mkdir()
    (tmp_path / "my.run" / HISTORY).write_text("nonsense\n")
    ran = auricle("doctor", tmp_path / "my.run")
    assert ran.code == 2 and len(ran.err.splitlines()) == 1 and "holds no audio files" not in ran.err

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch

from auricle.errors import OptionError
from auricle.model import Autoencoder
from auricle.training import named

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SCRIPTS = sorted(path for path in BENCHMARKS.glob("*.py") if not path.name.startswith("_"))


def run(script: str, *arguments: str) -> str:
    command = [sys.executable, str(BENCHMARKS / script), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_scripts_are_there():
    names = {path.stem for path in SCRIPTS}
    codec = {
        "damage",
        "invariance",
        "lengths",
        "loss",
        "memory",
        "overhead",
        "pipes",
        "quality",
        "realtime",
        "speed",
        "untrusted",
    }
    training = {"adversary", "choices", "crash", "doctor", "loading", "minutes", "own", "training", "two_hosts"}
    synthesis = {"generation", "prior_peer", "synthesis"}
    assert names == codec | training | synthesis | {
        "anomaly",
        "archive",
        "attacks",
        "browser",
        "cases",
        "ceilings",
        "classification",
        "cluster",
        "detection",
        "edges",
        "export",
        "extras",
        "flips",
        "gaps",
        "indexes",
        "judged",
        "kinds",
        "labelling",
        "latents",
        "live",
        "loop",
        "morphs",
        "neighbours",
        "notes",
        "outcomes",
        "page",
        "reading",
        "shards",
        "speech",
        "startup",
        "studio",
        "transfers",
        "ways",
    }


@pytest.mark.parametrize("script", [path.name for path in SCRIPTS])
def test_help(script: str):
    assert "--out" in run(script, "--help")


def test_outcomes_knows_every_verb(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    outcomes = import_module("outcomes")
    assert outcomes.COMMANDS.keys() == outcomes.VERBS.keys()


def test_ways_takes_every_command_of_the_start_pages_as_a_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    ways = import_module("ways")
    for page in ways.PAGES.glob("*.md"):
        text = page.read_text("utf-8")
        commands = [step for step in ways.steps(text) if step.startswith("auricle ")]
        assert commands == [line.strip() for line in text.splitlines() if line.startswith("    auricle ")]
        assert commands


def test_overhead_writes_a_dated_result(tmp_path: Path, model_file: Path):
    text = run("overhead.py", "--model", str(model_file), "--seconds", "1", "--kbps", "3", "--out", str(tmp_path))
    (path,) = tmp_path.glob("????-??-??-overhead.json")
    assert "file / ideal" in text
    result = json.loads(path.read_text())
    assert result["machine"]["cores"] >= 1
    assert all(1.0 <= float(row["file / ideal"]) < 2.0 for row in result["rows"])
    assert str(tmp_path) not in path.read_text()


def test_every_variant_of_the_choices_hears_and_speaks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    choices = import_module("choices")
    sound = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 16000), np.float32))
    shapes = set()
    for change in choices.VARIANTS.values():
        config = change(named(choices.PRESET))
        model = Autoencoder(config.model)
        with torch.inference_mode():
            assert model.decode(model.encode(sound), 16000).isfinite().all()
        shapes.add(config.model_dump_json())
    assert len(shapes) == len(choices.VARIANTS)


def test_bad_input_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    shared = import_module("_shared")

    def work() -> None:
        raise OptionError("a wrong value")

    with pytest.raises(SystemExit) as stopped:
        shared.run(work)
    assert stopped.value.code == 2
    assert capsys.readouterr().err == "error: a wrong value\n"


def test_a_line_of_transcripts_without_words_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    (tmp_path / "a.tsv").write_text("a.flac\n")
    with pytest.raises(OptionError, match="line 1"):
        import_module("_transcripts").transcripts(tmp_path / "a.tsv")


def test_conditions_are_what_they_say(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    conditions = import_module("_conditions")
    random = np.random.default_rng(0)
    speech, noise = (
        conditions.Clip(name, 0.1 * random.standard_normal((1, length), np.float32), 16_000)
        for name, length in (("speech", 16_000), ("noise", 5000))
    )
    (mixed,) = conditions.noisy([speech], [noise], 10.0)
    power = [np.mean(audio**2) for audio in (speech.audio, mixed.audio - speech.audio)]
    assert 10 * np.log10(power[0] / power[1]) == pytest.approx(10.0, abs=0.1)
    quiet = conditions.at_peak(speech, -40.0)
    assert np.abs(quiet.audio).max() == pytest.approx(0.01)
    result = conditions.amplified(conditions.run_setting(conditions.CodecSetting("original", "-"), [quiet]), 40.0)
    assert np.abs(result.clips[0].audio).max() == pytest.approx(1.0, rel=1e-5)

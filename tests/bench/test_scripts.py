import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from auricle.errors import OptionError

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SCRIPTS = sorted(path for path in BENCHMARKS.glob("*.py") if not path.name.startswith("_"))


def run(script: str, *arguments: str) -> str:
    command = [sys.executable, str(BENCHMARKS / script), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_scripts_are_there():
    names = {path.stem for path in SCRIPTS}
    codec = {"damage", "invariance", "lengths", "loss", "memory", "overhead", "pipes", "quality", "speed", "untrusted"}
    training = {"adversary", "crash", "doctor", "loading", "minutes", "training", "two_hosts"}
    synthesis = {"generation", "prior_peer", "synthesis"}
    assert names == codec | training | synthesis | {"classification", "page", "startup"}


@pytest.mark.parametrize("script", [path.name for path in SCRIPTS])
def test_help(script: str):
    assert "--out" in run(script, "--help")


def test_overhead_writes_a_dated_result(tmp_path: Path, model_file: Path):
    text = run("overhead.py", "--model", str(model_file), "--seconds", "1", "--kbps", "3", "--out", str(tmp_path))
    (path,) = tmp_path.glob("????-??-??-overhead.json")
    assert "file / ideal" in text
    result = json.loads(path.read_text())
    assert result["machine"]["cores"] >= 1
    assert all(1.0 <= float(row["file / ideal"]) < 2.0 for row in result["rows"])
    assert str(tmp_path) not in path.read_text()


def test_bad_input_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    shared = import_module("_shared")

    def work() -> None:
        raise OptionError("a wrong value")

    with pytest.raises(SystemExit) as stopped:
        shared.run(work)
    assert stopped.value.code == 2
    assert capsys.readouterr().err == "error: a wrong value\n"

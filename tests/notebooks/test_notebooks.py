"""The notebooks run as they stand, with small numbers in their cell of parameters."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

matplotlib = pytest.importorskip("matplotlib", reason="the notebooks draw")
pyplot = pytest.importorskip("matplotlib.pyplot")

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SMALL: dict[str, dict[str, str]] = {
    "first_steps": {"SECONDS": "1.0"},
    "small_recurrent_autoencoder": {"SECONDS_OF_TRAINING": "0.4"},
    "train_on_your_own_sound": {"BUDGET": '"conv", "none", "2", 2'},
    "codes_for_a_language_model": {"SECONDS_OF_TRAINING": "0.5"},
    "features_and_few_labels": {"OTHERS": "2, 3"},
    "make_and_morph": {"COUNT": "1"},
}
"""For each notebook a name at the left of a parameter, and what is put at its right instead."""
MOST_SECONDS = 45.0
"""Of processor time, all together."""


def source(name: str) -> str:
    """A notebook's code, with small parameters."""
    text = (NOTEBOOKS / f"{name}.py").read_text("utf-8")
    for parameter, value in SMALL[name].items():
        text, count = re.subn(rf"^((?:\w+, )*{parameter}(?:, \w+)*) = .*$", rf"\1 = {value}", text, flags=re.MULTILINE)
        assert count == 1, f"{name} has no parameter {parameter}"
    return text


@pytest.fixture(scope="module")
def seconds() -> Iterator[dict[str, float]]:
    yield {}


def test_every_notebook_is_run():
    assert {path.stem for path in NOTEBOOKS.glob("*.py")} == SMALL.keys()


@pytest.mark.parametrize("name", SMALL)
def test_it_runs(name: str, seconds: dict[str, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    matplotlib.use("Agg")
    began = time.process_time()
    exec(compile(source(name), f"{name}.py", "exec"), {"__name__": "__main__"})
    pyplot.close("all")
    seconds[name] = time.process_time() - began
    assert (tmp_path / name).is_dir()
    assert sum(seconds.values()) < MOST_SECONDS, seconds


@pytest.mark.parametrize("name", SMALL)
def test_it_is_a_notebook(name: str):
    text = (NOTEBOOKS / f"{name}.py").read_text("utf-8")
    assert text.startswith("# ---\n# jupyter:\n") and "formats: ipynb,py:percent" in text
    cells = re.findall(r"^# %%(.*)$", text, re.MULTILINE)
    assert cells[0] == " [markdown]" and cells.count(' tags=["parameters"]') == 1

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auricle.audio.writer import write
from auricle.bench.synthesis import evaluate


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    random = np.random.Generator(np.random.PCG64(0))
    for name in ("made", "real"):
        for label, smooth in (("hiss", 1), ("rumble", 9)):
            (tmp_path / name / label).mkdir(parents=True)
            for index in range(20):
                sound = np.convolve(random.normal(size=3000), np.ones(smooth) / smooth) * random.uniform(0.05, 0.1)
                write(tmp_path / name / label / f"{index}.wav", sound[None], 8000)
    return tmp_path / "made", tmp_path / "real"


def test_the_tables_are_there(auricle: Callable[..., Any], folders: tuple[Path, Path]):
    ran = auricle("evaluate-synthesis", folders[0], "--real", folders[1], "--embeddings", "log-mel")
    assert ran.code == 0, ran.err
    for words in ("KAD", "FAD∞", "real (floor)", "class accuracy", "nearer than held out", "nearest training sound"):
        assert words in ran.out


def test_json_is_one_object(auricle: Callable[..., Any], folders: tuple[Path, Path]):
    result = auricle("evaluate-synthesis", *folders[:1], "--real", folders[1], "--embeddings", "log-mel", "--json").json
    assert [summary["name"] for summary in result["sets"]] == ["generated", "real", "training"]
    assert result["embeddings"][0]["class_accuracies"][0]["accuracy"]["value"] > 0.9


def test_a_missing_package_is_named_before_the_work(
    auricle: Callable[..., Any], folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setattr(evaluate, "embed_sounds", lambda *_, **__: pytest.fail("sounds were read"))
    ran = auricle("evaluate-synthesis", folders[0], "--real", folders[1], "--embeddings", "log-mel")
    assert ran.code == 2 and "scikit-learn: pip install 'auricle[classify]'" in ran.err


def test_bad_input_is_one_line(auricle: Callable[..., Any], folders: tuple[Path, Path], tmp_path: Path):
    for arguments in (
        (folders[0], "--real", tmp_path / "nothing"),
        (folders[0], "--real", folders[1], "--embeddings", "clap"),
        (folders[0], "--real", folders[1], "--embeddings", ","),
        (folders[0], "--real", folders[1], "--model", "nobody"),
        ("--real", folders[1]),
        ("--real", folders[1], "--prior", "nobody"),
    ):
        ran = auricle("evaluate-synthesis", *arguments)
        assert ran.code == 2 and len(ran.err.strip().splitlines()) == 1, ran.err


def test_too_few_sounds_are_refused_before_any_is_made(
    auricle: Callable[..., Any], folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(evaluate, "make_sounds", lambda *_, **__: pytest.fail("sounds were made"))
    (folders[1] / "hiss").rename(folders[1] / "kick")
    ran = auricle("evaluate-synthesis", "--real", folders[1], "--prior", "drums", "-n", "9")
    assert ran.code == 2 and "9 sounds of each of 1 classes that can be compared are too few" in ran.err
    assert "10 or more of each" in ran.err

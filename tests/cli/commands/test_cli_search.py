"""``auricle similar``, ``classify suggest`` and ``classify fit --finetune`` on the command line."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE = 16000


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    folder = tmp_path / "sounds"
    time = np.arange(RATE // 2) / RATE
    for index in range(6):
        random = np.random.default_rng(index)
        noise = random.standard_normal(len(time))
        waves = {"hiss": noise, "tone": np.sin(2 * np.pi * random.uniform(300, 900) * time) + 0.01 * noise}
        for kind, sound in waves.items():
            (folder / kind).mkdir(parents=True, exist_ok=True)
            soundfile.write(folder / kind / f"{index}.wav", 0.2 * sound, RATE)
    return folder


def test_similar(auricle: Callable, sounds: Path, model_file: Path) -> None:
    query = sounds / "tone" / "0.wav"
    values = auricle("similar", query, sounds, "-n", 3, "--model", model_file, "--json").json
    assert {"query", "model", "files", "fresh", "hits", "rejected"} == values.keys()
    assert [hit["name"].split("/")[0] for hit in values["hits"]] == ["tone"] * 3
    run = auricle("similar", query, sounds, "--count", 3, "--model", model_file)
    assert run.code == 0
    assert run.out.splitlines()[1].split()[0] == values["hits"][0]["name"]


def test_similar_to_nothing_is_one_line(auricle: Callable, sounds: Path, tmp_path: Path) -> None:
    ran = auricle("similar", tmp_path / "no.wav", sounds)
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)
    ran = auricle("similar", sounds / "tone" / "0.wav", tmp_path / "nowhere", "--model", "speech")
    assert ran.code == 2
    assert "nowhere" in ran.err


def test_suggest(auricle: Callable, sounds: Path, model_file: Path, tmp_path: Path) -> None:
    values = auricle("classify", "suggest", sounds, "-n", 2, "--model", model_file, "--json").json
    assert values["method"] == "typical"
    assert {suggestion["name"].split("/")[0] for suggestion in values["sounds"]} == {"hiss", "tone"}
    table = tmp_path / "labels.csv"
    table.write_text("path,label\n" + "".join(f"{k}/{i}.wav,{k}\n" for k in ("hiss", "tone") for i in range(3)))
    run = auricle("classify", "suggest", sounds, "--labels-table", table, "-n", 2, "--model", model_file)
    assert run.code == 0
    assert "12 sounds, 6 with a label" in run.out


def test_fine_tuning_and_prediction_with_the_file_alone(
    auricle: Callable, sounds: Path, model_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "fine.classifier.safetensors"
    fit = ("classify", "fit", sounds, "--model", model_file, "--out", out)
    values = auricle(*fit, "--finetune", "--budget", 10, "--threads", 1, "--json").json
    assert values["probe"] == "finetune"
    assert values["classes"] == {"hiss": 6, "tone": 6}
    assert {"held_out", "helped", "before", "after"} == values["finetuned"].keys()
    predictions = auricle("classify", "predict", sounds / "tone", "--classifier", out, "--json").json
    assert {sound["guesses"][0]["label"] for sound in predictions["sounds"]} == {"tone"}


def test_options_that_do_not_go_together(auricle: Callable, sounds: Path, tmp_path: Path) -> None:
    fit = ("classify", "fit", sounds, "--out", tmp_path / "x.classifier.safetensors")
    for wrong in (("--finetune", "--probe", "knn"), ("--resume",), ("--finetune", "--budget", "soon")):
        ran = auricle(*fit, *wrong)
        assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)
    assert not list(tmp_path.glob("x.*"))


def test_an_index_is_made_searched_and_deleted_from(
    auricle: Callable, sounds: Path, model_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "sounds.index"
    values = auricle("index", sounds, "--out", out, "--model", model_file, "--json").json
    assert (values["files"], values["points"], values["fresh"], values["removed"]) == (12, 12, 12, 0)
    query, hiss = sounds / "tone" / "0.wav", sounds / "hiss" / "0.wav"
    asked = ("similar", query, out, "--like", sounds / "tone" / "1.wav", "--unlike", hiss, "-n", 3)
    values = auricle(*asked, "--model", model_file, "--json").json
    assert [hit["name"] for hit in values["hits"]] != []
    assert {Path(hit["name"]).parent.name for hit in values["hits"]} == {"tone"}
    ran = auricle("index", sounds / "hiss", "--out", out, "--remove")
    assert (ran.code, "6 sounds; 0 read, 6 removed" in ran.out) == (0, True)
    ran = auricle("similar", query, tmp_path / "no.index")
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)


def test_a_file_that_is_left_out_is_a_line_and_exit_code_1(
    auricle: Callable, sounds: Path, model_file: Path, tmp_path: Path
) -> None:
    out, broken = tmp_path / "sounds.index", sounds / "hiss" / "broken.wav"
    verbs = [("index", sounds, "--out", out), ("classify", "suggest", sounds), ("classify", "anomaly", sounds)]
    for verb in verbs:
        assert auricle(*verb, "--model", model_file).code == 0
    broken.write_bytes(b"RIFF no sound")
    for verb in verbs:
        ran = auricle(*verb, "--model", model_file)
        assert ran.code == 1 and "broken.wav" in ran.err and ran.out
        rejected = json.loads(auricle(*verb, "--model", model_file, "--json").out)["rejected"]
        assert [Path(file["path"]).name for file in rejected] == ["broken.wav"]
    assert auricle("index", sounds / "tone", "--out", out, "--remove").code == 0, "nothing was to be heard"
    assert auricle("similar", sounds / "tone" / "0.wav", sounds, "--model", model_file).code == 0, "it has its answer"

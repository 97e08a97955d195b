"""The verbs of classification."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six hisses and six hums, by two makers."""
    random, root = np.random.default_rng(0), tmp_path / "sounds"
    for kind in ("hiss", "hum"):
        (root / kind).mkdir(parents=True)
        for number in range(6):
            time = np.arange(4800) / 16000
            hum = np.sin(2 * np.pi * random.uniform(100, 400) * time)
            wave = {"hiss": random.standard_normal(4800), "hum": hum}[kind]
            soundfile.write(root / kind / f"{'xy'[number % 2]}{number}.wav", 0.1 * wave, 16000)
    return root


def test_sounds_are_compared_with_their_group(auricle, folder: Path, model_file: Path, tmp_path: Path) -> None:
    out, makers = tmp_path / "g.classifier.safetensors", ("--groups", "/([xy])[0-9]")
    options = ("--classifier", out, "--model", model_file, "--top", 1, "--json")
    auricle("classify", "fit", folder, "--model", model_file, "--out", out, *makers, "--normalise-groups", "--quiet")
    about = auricle("info", out, "--json").json
    assert about["config"]["normalise_groups"] is True and about["encoder"] == about["config"]["encoder"]
    lines = dict(line.split("  ", 1) for line in auricle("info", out).out.splitlines())
    told = {name: lines[name].strip() for name in ("probe", "features", "copies", "normalise groups")}
    assert told == {"probe": "kernel", "features": "latents", "copies": "0", "normalise groups": "True"}
    sounds = auricle("classify", "predict", folder, *options, *makers).json["sounds"]
    assert len(sounds) == 12
    assert all(sound["guesses"][0]["label"] == sound["name"].split("/")[0] for sound in sounds)
    one, none = (auricle("classify", "predict", folder, *options, *more) for more in (("--groups", "wav"), ()))
    note = "the groups 'wav' find 'wav' in each of 12 paths: sounds are compared as without --groups"
    assert one.code == 0 and one.json == none.json and one.err.strip() == note
    assert note not in none.err and "each of 12" not in auricle("classify", "predict", folder, *options, *makers).err
    for wrong, line in (
        (("--jobs", 2), "predict without many processes"),
        ((*makers, "--jobs", 2), "leave --jobs, --files-from and --manifest out"),
        (("--groups", "("), "no regular expression"),
        (("--groups", "speaker"), "fits every path, or put the sounds of each group into a folder: no table"),
        (("--timeline",), "without a timeline"),
        ((*makers, "--timeline"), "leave --timeline out"),
    ):
        refused = auricle("classify", "predict", folder, *options, *wrong)
        assert refused.code == 2 and line in refused.err and len(refused.err.strip().splitlines()) == 1
    no_groups = auricle("classify", "fit", folder, "--model", model_file, "--normalise-groups", "--out", tmp_path / "n")
    assert no_groups.code == 2 and "name them with --groups" in no_groups.err
    column = auricle("classify", "fit", folder, "--model", model_file, "--groups", "speaker", "--out", tmp_path / "n")
    assert column.code == 2 and "or name the table that has such a column with --labels-table" in column.err


OF_EVENTS, OF_TUNING = "no label file states events in long recordings", "no encoder is trained without --finetune"


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--precision", 0.5), f"{OF_EVENTS}: leave --precision out"),
        (("--false-alarms", 2), f"{OF_EVENTS}: leave --false-alarms out"),
        (("--augment",), f"{OF_EVENTS}: leave --augment out"),
        (("--held-out", "x.txt"), f"{OF_EVENTS}: leave --held-out out"),
        (("--window", 0.3, "--augment"), f"{OF_EVENTS}: leave --augment and --window out"),
        (("--finetune", "--budget", 2, "--window", 0.3), f"{OF_EVENTS}: leave --window out"),
        (("--budget", "3m"), f"{OF_TUNING}: leave --budget out"),
        (("--trackers", "none", "--resume"), f"{OF_TUNING}: leave --trackers and --resume out"),
        (("--accumulate", 2), f"{OF_TUNING}: leave --accumulate out"),
        (("--cpu", "--threads", 1), f"{OF_TUNING}: leave --cpu and --threads out"),
        (("--finetune", "--copies", 2), "--copies can't be fine-tuned"),
    ],
)
def test_options_without_effect_are_refused(auricle, folder: Path, tmp_path: Path, options: tuple, line: str) -> None:
    ran = auricle("classify", "fit", folder, "--out", tmp_path / "x.classifier.safetensors", *options)
    assert ran.code == 2 and ran.err.startswith(f"auricle: error: {line}") and ran.err.count("\n") == 1, ran.err
    assert not list(tmp_path.glob("x*"))


def test_fit_predict_and_timeline(auricle, folder: Path, model_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "k.classifier.safetensors"
    values = auricle("classify", "fit", folder, "--model", model_file, "--out", out, "--json").json
    assert values.keys() == {
        *("path", "bytes", "model", "features", "classes", "segments", "copies", "normalise_groups", "probe")
    }
    assert values["classes"] == {"hiss": 6, "hum": 6} and values["segments"] == 8
    second_run = auricle("classify", "fit", folder, "--model", model_file, "--out", out)
    assert second_run.code == 2 and "exists already" in second_run.err
    predictions = auricle(
        "classify", "predict", folder, "--classifier", out, "--model", model_file, "--top", 1, "--json"
    ).json
    assert predictions.keys() == {"sounds", "rejected", "silent"} and len(predictions["sounds"]) == 12
    assert all(
        prediction["guesses"][0]["label"] == prediction["name"].split("/")[0] for prediction in predictions["sounds"]
    )
    by_two = auricle(
        "classify", "predict", folder, "--classifier", out, "--model", model_file, "--top", 1, "--json", "--jobs", 2
    ).json
    guesses = [
        [(sound["name"], guess["label"], pytest.approx(guess["probability"], abs=1e-6)) for guess in sound["guesses"]]
        for sound in predictions["sounds"]  # sums over one sound round otherwise than those over many
    ]
    assert guesses == [
        [(sound["name"], guess["label"], guess["probability"]) for guess in sound["guesses"]]
        for sound in by_two["sounds"]
    ]
    assert by_two.keys() == predictions.keys()
    text = auricle("classify", "predict", folder / "hum", "--classifier", out, "--model", model_file).out
    assert len(text.splitlines()) == 7 and "hum 100%" not in text and " hum " in text
    soundfile.write(tmp_path / "nothing.wav", np.zeros(4800), 16000)
    silent = tmp_path / "nothing.wav"
    mute = auricle("classify", "predict", silent, "--classifier", out, "--model", model_file, "--json")
    assert mute.json["silent"] == [str(silent)] and "1 sound silent" in mute.err
    assert mute.json["sounds"][0]["guesses"] == [], "nothing is guessed of silence"
    missing = auricle("classify", "predict", tmp_path / "no.wav", silent, "--classifier", out, "--model", model_file)
    assert missing.code == 1 and "silence" in missing.out and "no.wav does not exist" in missing.err
    long = tmp_path / "long.wav"
    soundfile.write(long, 0.1 * np.random.default_rng(1).standard_normal(32000), 16000)
    options = ("--classifier", out, "--model", model_file, "--timeline")
    timelines = auricle("classify", "predict", long, *options, "--json").json["timelines"]
    assert timelines[0]["spans"][0].keys() == {"start", "end", "label", "probability"}
    assert timelines[0]["spans"][0]["label"] == "hiss" and timelines[0]["spans"][-1]["end"] == pytest.approx(2.0)
    assert "0.0 s to" in auricle("classify", "predict", long, *options).out
    for many in ((), ("--jobs", 1)):
        ran = auricle("classify", "predict", long, tmp_path / "no.wav", *options, *many)
        assert ran.code == 1 and "0.0 s to" in ran.out and "left out: " in ran.err and "no.wav" in ran.err
        values = json.loads(auricle("classify", "predict", long, tmp_path / "no.wav", *options, *many, "--json").out)
        assert [Path(file["path"]).name for file in values["rejected"]] == ["no.wav"]


def test_evaluate(auricle, folder: Path, model_file: Path, tmp_path: Path) -> None:
    picture = tmp_path / "c.png"
    run = auricle(
        *("classify", "evaluate", folder, "--model", model_file, "--folds", 2, "--groups", "[xy]", "--segments", 1),
        *("--out", picture, "--json"),
    )
    assert run.json.keys() == {
        *("model", "features", "segments", "files", "accuracy", "interval", "balanced_accuracy", "classes"),
        *("calibration_error", "folds", "confusion", "baselines", "verdict", "notes", "out"),
    }
    names = [baseline["name"] for baseline in run.json["baselines"]]
    assert names == ["majority class", "MFCC statistics", "log-mel statistics", "random encoder"]
    assert picture.is_file() and run.json["accuracy"] > 0.9
    text = auricle("classify", "evaluate", folder, "--model", model_file, "--folds", 3, "--skip-baselines").out
    assert "latents of tiny" in text and "hum" in text and "MFCC" not in text


def test_features(auricle, folder: Path, model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "f.npz"
    values = auricle("features", folder, "--model", model_file, "--out", out, "--json").json
    assert values["files"] == 12
    with np.load(out, allow_pickle=False) as arrays:
        assert arrays["values"].shape == (12, values["features"]) and arrays["names"][0] == "hiss/x0.wav"
        by_one = arrays["values"]
    (folder / "bad.wav").write_text("words")
    ran = auricle("features", folder, "--model", model_file, "--out", tmp_path / "g.npz", "--jobs", 2)
    assert ran.code == 1 and "left out" in ran.err and (tmp_path / "g.npz.manifest.jsonl").exists()
    with np.load(tmp_path / "g.npz", allow_pickle=False) as arrays:
        assert arrays["names"][0] == "hiss/x0.wav" and np.array_equal(arrays["values"], by_one)

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    ran = auricle("features", folder, "--model", model_file, "--out", tmp_path / "f.parquet")
    assert ran.code == 2 and "pip install 'auricle[classify]'" in ran.err and len(ran.err.splitlines()) == 1


def test_features_as_parquet(auricle, folder: Path, model_file: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="PyArrow is not installed")
    out = tmp_path / "f.parquet"
    values = auricle("features", folder, "--model", model_file, "--out", out, "--json").json
    table = parquet.read_table(out)
    assert table.num_rows == 12 and len(table["features"][0]) == values["features"]


BAD: list[tuple[Callable[[Path, Path], tuple[object, ...]], str]] = [
    (lambda folder, model: ("fit", folder / "hum", "--model", model), "no sound has a label"),
    (lambda folder, model: ("fit", folder, "--model", "nobody"), "no model 'nobody'"),
    (lambda folder, model: ("fit", folder, "--labels-table", folder / "none.csv", "--model", model), "can't be read"),
    (lambda folder, model: ("fit", folder, "--probe", "forest", "--model", model), "no probe 'forest'"),
    (lambda folder, model: ("evaluate", folder, "--folds", "esc10", "--model", model), "does not begin with its fold"),
    (lambda folder, model: ("evaluate", folder, "--folds", "99", "--model", model), "99 folds of 12 sounds"),
    (lambda folder, model: ("evaluate", folder, "--folds", "speaker", "--model", model), "need a table"),
    (lambda folder, model: ("predict", folder, "--classifier", folder / "no.safetensors"), "no classifier"),
    (lambda folder, model: ("predict", folder, "--classifier", model), "not an Auricle classifier"),
]


@pytest.mark.parametrize(("arguments", "words"), BAD)
def test_bad_input_is_one_line(auricle, folder: Path, model_file: Path, tmp_path: Path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    ran = auricle("classify", *arguments(folder, model_file))
    errors = [line for line in ran.err.splitlines() if line.startswith("auricle: ")]
    assert ran.code == 2 and len(errors) == 1 and words in errors[0] and "Traceback" not in ran.err
    assert not list(tmp_path.glob("*.safetensors"))


def test_the_group_has_help(auricle) -> None:
    ran = auricle("classify", "--help")
    assert ran.code == 0 and all(word in ran.out for word in ("fit", "predict", "evaluate"))
    ran = auricle("classify", "fit", "--nonsense")
    assert ran.code == 2 and "see auricle classify fit --help" in ran.err

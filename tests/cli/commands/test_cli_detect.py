"""Events from label files to a classifier, and from long recordings to the programs of the field."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE = 16000


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recordings of a faint hiss with hums in them, and where these are: of the first for Audacity, of the second
    for Raven."""
    folder = tmp_path_factory.mktemp("field")
    random = np.random.default_rng(0)
    for name in ("20190521_053000", "20190521_054000"):
        audio = 0.003 * random.standard_normal(30 * RATE)
        for begin in range(2, 30, 4):
            hum = np.sin(2 * np.pi * random.uniform(100, 400) * np.arange(RATE) / RATE)
            audio[begin * RATE : (begin + 1) * RATE] += 0.1 * hum
        soundfile.write(folder / f"{name}.wav", audio, RATE)
    begins = range(2, 30, 4)
    (folder / "20190521_053000.txt").write_text("".join(f"{begin}.0\t{begin + 1}.0\thum\n" for begin in begins))
    head = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tAnnotation\n"
    rows = (f"{number}\tSpectrogram 1\t1\t{begin}\t{begin + 1}\thum\n" for number, begin in enumerate(begins, 1))
    (folder / "20190521_054000.Table.1.selections.txt").write_text(head + "".join(rows))
    return folder


@pytest.fixture
def fitted(auricle, field: Path, model_file: Path, tmp_path: Path) -> Path:
    out = tmp_path / "hum.classifier.safetensors"
    tables = sorted(field.glob("*.txt"))
    ran = auricle("classify", "fit", field, "--labels-table", *tables, "--model", model_file, "--out", out, "--json")
    assert ran.json["classes"] == {"hum": 14} and ran.json["detection"]["classes"]["hum"]["events"] == 14
    return out


def test_events_go_out_in_every_format(auricle, field: Path, fitted: Path, model_file: Path, tmp_path: Path) -> None:
    first, both = field / "20190521_053000.wav", sorted(field.glob("*.wav"))
    using = ("--classifier", fitted, "--model", model_file)
    text = auricle("classify", "detect", first, *using).out
    assert "hum" in text and "2019-05-21 05:30:0" in text
    rows = list(csv.DictReader(auricle("classify", "detect", *both, *using, "--format", "csv").out.splitlines()))
    sure = [row for row in rows if float(row["score"]) > 0.5]
    hums = [(path.name, begin) for path in both for begin in range(2, 30, 4)]
    middles = [(Path(row["path"]).name, (float(row["begin"]) + float(row["end"])) / 2) for row in sure]
    assert len(sure) == len(hums) and rows[0]["time"].startswith("2019-05-21T05:30:0")
    for (name, begin), (heard, middle) in zip(hums, middles, strict=True):
        assert name == heard and begin < middle < begin + 1
    by_two = auricle("classify", "detect", *both, *using, "--format", "csv", "--jobs", 2, "--manifest", tmp_path / "m")
    assert list(csv.DictReader(by_two.out.splitlines())) == rows
    ran = auricle("classify", "detect", *both, *using, "--format", "raven", "--out", tmp_path / "all.txt", "--json")
    assert ran.json["written"] == [str(tmp_path / "all.txt")]
    again = auricle("classify", "detect", *both, *using, "--format", "raven", "--out", tmp_path / "all.txt")
    assert again.code == 2 and "exists already" in again.err
    table = list(csv.DictReader((tmp_path / "all.txt").read_text().splitlines(), delimiter="\t"))
    assert [row["Begin File"] for row in table] == [Path(row["path"]).name for row in rows]
    auricle("classify", "detect", *both, *using, "--format", "audacity", "--out", tmp_path / "tracks")
    tracks = sorted((tmp_path / "tracks").iterdir())
    assert [path.name for path in tracks] == ["20190521_053000.txt", "20190521_054000.txt"]
    assert sum(len(path.read_text().splitlines()) for path in tracks) == len(rows)
    values = json.loads(auricle("classify", "detect", first, *using, "--format", "json").out)
    assert values == auricle("classify", "detect", first, *using, "--json").json
    assert values["recordings"][0]["started"] == "2019-05-21T05:30:00"


def test_a_recording_that_is_left_out_is_a_line_and_exit_code_1(
    auricle, field: Path, fitted: Path, model_file: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.flac"
    soundfile.write(cut, np.random.default_rng(0).standard_normal(RATE) / 9, RATE)
    cut.write_bytes(cut.read_bytes()[:2000])
    command = ("classify", "detect", field / "20190521_053000.wav", "--classifier", fitted, "--model", model_file)
    for bad in (cut, tmp_path / "no.wav"):
        ran = auricle(*command, bad, "--format", "csv")
        assert ran.code == 1 and "hum" in ran.out and "left out: " in ran.err and bad.name in ran.err
        for many in ((), ("--jobs", 1)):
            values = json.loads(auricle(*command, bad, "--json", *many).out)
            assert [Path(file["path"]).name for file in values["rejected"]] == [bad.name]
            assert json.loads(auricle(*command, bad, "--format", "json", *many).out) == values
        whole = tmp_path / f"{bad.stem}.json"
        assert auricle(*command, bad, "--format", "json", "--out", whole).code == 1
        assert [Path(file["path"]).name for file in json.loads(whole.read_text())["rejected"]] == [bad.name]
    assert auricle(*command, "--format", "csv").code == 0
    assert auricle(*command, "--json").json["rejected"] == []


def test_a_recording_that_is_heard_in_part_says_so_in_json(
    auricle, field: Path, fitted: Path, model_file: Path, tmp_path: Path
) -> None:
    """An hour's rate of events is wrong where only half of the hour was heard."""
    hiss = 0.003 * np.random.default_rng(1).standard_normal(80 * RATE)
    cut = tmp_path / "cut.flac"
    soundfile.write(cut, hiss, RATE)
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size * 3 // 4])
    command = ("classify", "detect", cut, field / "20190521_053000.wav", "--classifier", fitted, "--model", model_file)
    for many in ((), ("--jobs", 1)):
        ran = auricle(*command, "--json", *many)
        damaged, whole = sorted(json.loads(ran.out)["recordings"], key=lambda recording: recording["seconds"])[::-1]
        assert ran.code == 1 and damaged["damage"].startswith("heard for ") and damaged["damage"] in ran.err
        assert whole["damage"] is None


def test_files_that_are_there_are_refused_before_anything_is_heard(
    auricle, field: Path, fitted: Path, model_file: Path, tmp_path: Path
) -> None:
    """Nights of recordings take hours."""
    marks = tmp_path / "marks"
    command = ("classify", "detect", field, "--classifier", fitted, "--model", model_file, "--out", marks)
    assert auricle(*command, "--format", "audacity").code == 0
    (marks / "20190521_053000.txt").unlink()  # the second is in the way as well
    for many in ((), ("--jobs", 1)):
        again = auricle(*command, "--format", "audacity", *many)
        assert again.code == 2 and "20190521_054000.txt exists already" in again.err and again.err.count("\n") == 1
    assert auricle(*command, "--format", "csv").code == 0
    assert auricle(*command, "--format", "audacity", "--force").code == 0


def test_the_name_of_a_file_tells_its_format(auricle, field: Path, fitted: Path, model_file: Path, tmp_path: Path):
    command = ("classify", "detect", field, "--classifier", fitted, "--model", model_file)
    values, table = tmp_path / "events.json", tmp_path / "events.selections.txt"
    assert auricle(*command, "--out", values).code == auricle(*command, "--out", table).code == 0
    assert len(json.loads(values.read_text())["recordings"]) == 2
    assert table.read_text().startswith("Selection\tView\t")
    ran = auricle(*command, "--json", "--format", "csv")
    assert ran.code == 2 and "--json prints one object, not csv" in ran.err and not ran.out


def test_info_tells_the_thresholds_of_events(auricle, fitted: Path) -> None:
    values = auricle("info", fitted, "--json").json["detection"]
    text = auricle("info", fitted).out
    assert 0 < values["classes"]["hum"]["threshold"] < 1 and values["window"] > 0
    assert "detection classes hum threshold" in text and "detection false alarms" in text


def test_hardly_anything_is_found_that_is_not_there(auricle, field: Path, fitted: Path, model_file: Path) -> None:
    using = ("--classifier", fitted, "--model", model_file)
    out = auricle("classify", "detect", *sorted(field.glob("*.wav")), *using, "--format", "csv").out
    assert 12 <= len(list(csv.DictReader(out.splitlines()))) <= 16


def test_what_was_found_can_be_learned_from(auricle, field: Path, fitted: Path, model_file: Path, tmp_path: Path):
    """A person corrects what was found, and goes on."""
    events, out = tmp_path / "events.csv", tmp_path / "next.classifier.safetensors"
    auricle("classify", "detect", field, "--classifier", fitted, "--model", model_file, "--out", events)
    ran = auricle("classify", "fit", field, "--labels-table", events, "--model", model_file, "--out", out)
    assert ran.code == 0 and "1 class and nothing" in ran.out and out.is_file()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--segments", 2), "--segments"),
        (("--copies", 2), "--copies"),
        (("--segments", 1, "--copies", 1), "--segments and --copies"),
        (("--cache", "x"), "--cache"),
        (("--budget", "3m"), "--budget"),
    ],
)
def test_options_of_whole_sounds_are_refused(auricle, field: Path, tmp_path: Path, options: tuple, named: str) -> None:
    table = field / "20190521_053000.txt"
    out = tmp_path / "x.classifier.safetensors"
    ran = auricle("classify", "fit", field, "--labels-table", table, "--out", out, *options)
    assert ran.code == 2 and ran.err.endswith(f": leave {named} out\n") and ran.err.count("\n") == 1, ran.err
    assert not list(tmp_path.glob("x*"))


def test_bad_input_is_one_line(auricle, field: Path, fitted: Path, model_file: Path, tmp_path: Path) -> None:
    using = ("--classifier", fitted, "--model", model_file)
    (tmp_path / "odd.txt").write_text("1\t0\thum\n")
    for arguments, words in (
        (("detect", field, *using, "--format", "audacity"), "give --out FOLDER"),
        (("detect", field, *using, "--format", "praat"), "praat"),
        (("detect", tmp_path / "none.wav", *using), "does not exist"),
        (("detect", field, *using, "--max-novelty", 0), "above 0"),
        (("predict", field, *using), "use classify detect"),
        (("fit", field, "--labels-table", tmp_path / "odd.txt", "--out", tmp_path / "x.safetensors"), "line 1"),
        (
            ("fit", field, "--labels-table", field / "20190521_053000.txt", "--groups", "day", "--out", tmp_path / "x"),
            "leave --groups out",
        ),
        (("evaluate", field, "--labels-table", field / "20190521_053000.txt"), "states events"),
    ):
        ran = auricle("classify", *arguments)
        assert ran.code == 2 and words in ran.err and "Traceback" not in ran.err, ran.err
        assert ran.err.count("\n") == 1
    assert not list(tmp_path.glob("x*"))

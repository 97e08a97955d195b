"""What sounds are called: by folder, by table."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from auricle.data.labels import MAX_CLASS_NAME, check_class_names, labelled
from auricle.errors import DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "sounds"
    for name in ("kick/a.wav", "kick/b.wav", "snare/c.wav", "loose.wav", "hat/open/d.wav"):
        put(root / name)
    return root


def put(path: Path, seconds: float = 0.1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(round(8000 * seconds)), 8000)


def labels_by_name(folder: Path, table: Path | None = None, **columns: str) -> dict[str, tuple[str | None, ...]]:
    labels = labelled(folder, table, **columns)
    return {sound.sound.name: (sound.label, sound.fold, sound.group) for sound in labels.sounds}


def test_the_folder_is_the_label(folder: Path) -> None:
    labels = labelled(folder)
    assert [(sound.sound.name, sound.label) for sound in labels.sounds] == [
        ("hat/open/d.wav", "hat/open"),
        ("kick/a.wav", "kick"),
        ("kick/b.wav", "kick"),
        ("loose.wav", None),
        ("snare/c.wav", "snare"),
    ]
    assert labels.classes == ("hat/open", "kick", "snare")
    assert len(labels.labelled) == 4 and labels.unmatched == 0


def test_parts_of_a_corpus_are_no_classes(tmp_path: Path) -> None:
    for name in ("train/kick/a.wav", "valid/kick/b.wav", "test/snare/c.wav", "train/d.wav"):
        put(tmp_path / name)
    assert [sound.label for sound in labelled(tmp_path).sounds] == ["snare", None, "kick", "kick"]


def test_a_train_may_be_a_vehicle(tmp_path: Path) -> None:
    for name in ("train/a.wav", "bus/b.wav"):
        put(tmp_path / name)
    assert labelled(tmp_path).classes == ("bus", "train")


def test_short_files_are_counted(folder: Path) -> None:
    put(folder / "kick/short.wav", 0.01)
    (refused,) = labelled(folder).rejected
    assert "0.010 s" in refused.reason


def test_a_table(folder: Path) -> None:
    table = folder / "labels.csv"
    table.write_text(
        "\ufeffpath,label,fold,group,taste\n"
        "kick\\a.wav,low,1,ann,sweet\n./kick/b.wav,low,2,bob,sour\nsnare/c.wav,,1,ann,sweet\ngone.wav,low,1,ann,salt\n",
        "utf-8",
    )
    assert labels_by_name(folder, table) == {
        "hat/open/d.wav": (None, None, None),
        "kick/a.wav": ("low", "1", "ann"),
        "kick/b.wav": ("low", "2", "bob"),
        "loose.wav": (None, None, None),
        "snare/c.wav": (None, "1", "ann"),
    }
    labels = labelled(folder, table)
    assert labels.unmatched == 1 and labels.classes == ("low",)
    assert labels_by_name(folder, table, column="taste", fold="group", group="label")["kick/a.wav"] == (
        "sweet",
        "ann",
        "low",
    )


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_spreadsheets_put_other_marks_between_columns(folder: Path, mark: str) -> None:
    table = folder / "labels.csv"
    rows = (("label", "path", "note"), ("low", "kick/a.wav", '"a,b;c\td"'), ("high", "snare/c.wav", ""))
    table.write_text("\ufeff" + "".join(mark.join(row) + "\r\n" for row in rows), "utf-8")
    assert labelled(folder, table).classes == ("high", "low")
    assert labels_by_name(folder, table)["kick/a.wav"] == ("low", None, None)


def test_letters_match_however_they_are_composed(folder: Path) -> None:
    composed, parted = "h\u00fcte/\u00e9.wav", "hu\u0308te/e\u0301.wav"
    table = folder / "labels.csv"
    for on_disk, in_table in ((composed, parted), (parted, composed)):
        put(folder / on_disk)
        table.write_text(f"path,label\n{in_table},hat\n", "utf-8")
        labels = labelled(folder, table)
        assert {sound.sound.name: sound.label for sound in labels.labelled} == {
            on_disk: "hat"
        } and labels.unmatched == 0
        (folder / on_disk).unlink()
    put(folder / composed)
    put(folder / parted)
    table.write_text(f"path,label\n{composed},hat\n{parted},cap\n", "utf-8")
    assert {sound.sound.name: sound.label for sound in labelled(folder, table).labelled} == {
        composed: "hat",
        parted: "cap",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("path,label\ngone.wav,a\n", "none of its 1 rows"),
        ("path,label\n", "none of its 0 rows"),
        ("sound,label\nkick/a.wav,a\n", "no column path"),
        ("path,class\nkick/a.wav,a\n", "no column label: it has path, class"),
        ("path,label\nkick/a.wav,a\nkick/a.wav,b\n", "line 3: kick/a.wav is named twice"),
        ("", "no column path"),
    ],
)
def test_bad_tables(folder: Path, text: str, words: str) -> None:
    table = folder / "labels.csv"
    table.write_text(text)
    with pytest.raises(DataError, match=words):
        labelled(folder, table)


def test_tables_that_are_none(folder: Path) -> None:
    with pytest.raises(DataError, match="can't be read"):
        labelled(folder, folder / "missing.csv")
    (folder / "binary.csv").write_bytes(b"path,label\n\xff\xfe\x00\n")
    with pytest.raises(DataError, match="can't be read"):
        labelled(folder, folder / "binary.csv")


def test_a_missing_column_that_was_asked_for(folder: Path) -> None:
    table = folder / "labels.csv"
    table.write_text("path,label\nkick/a.wav,a\n")
    with pytest.raises(DataError, match="no column speaker"):
        labelled(folder, table, group="speaker")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["kick", "snare\u00a0drum"], r"'snare\\xa0drum' has the character U\+00A0, which can't be shown"),
        (["a\x1b[2J"], r"U\+001B"),
        (["a\u202eb"], r"U\+202E"),
        (["a\udcff"], r"U\+DCFF"),
        (["a" * (MAX_CLASS_NAME + 1)], "a name of 257 characters, at most 256"),
        (list(map(str, range(11))), "11 classes, at most 10"),
    ],
)
def test_classes_that_no_file_can_hold(names: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        check_class_names(names, most=10)
    assert str(caught.value).isprintable()


def test_classes_that_any_file_can_hold() -> None:
    check_class_names(["$x_$", "größer", "鳥", "a b", "a/b", "a" * MAX_CLASS_NAME], most=10)

"""Options of a wrong type are refused in a line that names the field, the value and what it takes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest

import auricle
from auricle.errors import OptionError
from auricle.options.field_types import check_fields


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: auricle.GenerationOptions(count="2"), "count '2': give a whole number"),
        (lambda: auricle.GenerationOptions(loop="yes"), "loop 'yes': give True or False"),
        (lambda: auricle.GenerationOptions(seconds="4"), "seconds '4': give a number"),
        (lambda: auricle.MorphOptions(count=2.5), "count 2.5: give a whole number"),
        (lambda: auricle.NoteOptions("C4", velocity=70), "velocity 70: give text"),
        (lambda: auricle.DetectorOptions(precision="0.9"), "precision '0.9': give a number"),
        (lambda: auricle.TrainingOptions(seed=None), "seed None: give a whole number"),
        (lambda: auricle.CompressOptions(gain_db="3"), "gain_db '3': give a number"),
        (lambda: auricle.SearchOptions(count=True), "count True: give a whole number"),
    ],
)
def test_a_wrong_type_is_named(make, said: str) -> None:
    with pytest.raises(OptionError) as refusal:
        make()
    assert str(refusal.value) == said


def test_numbers_of_numpy_are_numbers() -> None:
    options = auricle.GenerationOptions(count=np.int64(2), seconds=np.float32(4), seed=np.uint8(3))  # pyright: ignore
    assert options.count == 2
    assert auricle.GenerationOptions(seconds=4).seconds == 4


def test_fields_that_are_no_plain_types_are_left_alone() -> None:
    @dataclass
    class _Mixed:
        path: Path | str | None
        number: Annotated[int | None, "of the command line"] = None
        text: str | bool = False

    check_fields(_Mixed(5))  # pyright: ignore
    check_fields(_Mixed("a", 5, "b"))
    with pytest.raises(OptionError, match=r"^number 'x{59}: give a whole number$"):
        check_fields(_Mixed("a", "x" * 99))  # pyright: ignore
    with pytest.raises(OptionError, match=r"^text 5: give text or True or False$"):
        check_fields(_Mixed("a", text=5))  # pyright: ignore


def test_several_label_files_may_be_a_list() -> None:
    options = auricle.DetectorOptions(labels_table=["dawn.txt", Path("dusk.txt")])  # pyright: ignore
    assert options.label_files == (Path("dawn.txt"), Path("dusk.txt"))


def test_other_arguments_of_a_wrong_type(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no export to 'onyx': choose one of onnx, nn~, browser"):
        auricle.export_model("speech", tmp_path / "out", to="onyx")  # pyright: ignore
    with pytest.raises(OptionError, match="budget 20 is no text: write '90s'"):
        auricle.train(tmp_path, out=tmp_path / "x.auricle.safetensors", budget=20)  # pyright: ignore
    with pytest.raises(OptionError, match="a bitrate of 3 kb/s: give a number above 0"):
        auricle.compress((np.zeros((1, 800), np.float32), 16000), tmp_path / "x.aur", kbps="3")  # pyright: ignore
    assert not list(tmp_path.iterdir())

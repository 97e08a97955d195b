"""Options of a wrong type are refused in a line that names the field, the value and what it takes."""

import inspect
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest

import auricle
from auricle.errors import OptionError
from auricle.options.field_types import check_arguments, check_fields


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


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: auricle.BenchmarkOptions(kbps=(3.0, "6")), "kbps[1] '6': give a number"),
        (lambda: auricle.BenchmarkOptions(kbps=3.0), "kbps 3.0: give a list"),
        (lambda: auricle.BenchmarkOptions(against="opus"), "against 'opus': give a list"),
        (lambda: auricle.BenchmarkOptions(metrics=["pesq", 5]), "metrics[1] 5: give text"),
        (lambda: auricle.SynthesisEvaluationOptions(embeddings="speech"), "embeddings 'speech': give a list"),
        (lambda: auricle.ClassifierOptions(labels_table=("a.csv", 5)), "labels_table[1] 5: give a path or text"),
        (lambda: auricle.DetectorOptions(held_out=(None,)), "held_out[0] None: give a path or text"),
        (lambda: auricle.prepare(["sounds", 5], "corpus"), "paths[1] 5: give a path or text"),
        (lambda: auricle.prepare(["sounds", "a\0"], "corpus"), "paths[1] 'a\\x00': leave the null character out"),
        (lambda: auricle.benchmark(("a.wav", 5)), "sounds[1] 5: give text or a path"),
        (
            lambda: auricle.benchmark("a.wav", model=["speech", 5]),
            "model[1] 5: give a value of type Autoencoder or text or a path",
        ),
        (lambda: auricle.GenerationOptions(between=("a.wav",)), "between ('a.wav',): give two sounds, before the gap"),
        (lambda: auricle.GenerationOptions(between="ab"), "between 'ab': give two sounds, before the gap"),
    ],
)
def test_an_element_of_a_wrong_type_is_named(make, said: str) -> None:
    with pytest.raises(OptionError) as refusal:
        make()
    assert str(refusal.value).startswith(said) and "\n" not in str(refusal.value)


def test_lists_of_any_kind_may_be_options() -> None:
    assert auricle.BenchmarkOptions(kbps=[3, np.float32(6)], metrics=[]).against == ("opus",)  # pyright: ignore
    assert auricle.SearchOptions(like=("a.wav", (np.zeros(9, np.float32), 8000))).unlike == ()


def test_what_can_be_read_once_is_left_to_what_reads_it() -> None:
    @check_arguments()
    def joined(words: Sequence[str]) -> str:
        return "".join(words)

    assert joined(iter(("a", "b"))) == "ab"  # pyright: ignore


def test_other_arguments_of_a_wrong_type(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no export to 'onyx': choose one of onnx, nn~, browser"):
        auricle.export_model("speech", tmp_path / "out", to="onyx")  # pyright: ignore
    with pytest.raises(OptionError, match="budget 20 is no text: write '90s'"):
        auricle.train(tmp_path, out=tmp_path / "x.auricle.safetensors", budget=20)  # pyright: ignore
    with pytest.raises(OptionError, match="a bitrate of 3 kb/s: give a number above 0"):
        auricle.compress((np.zeros((1, 800), np.float32), 16000), tmp_path / "x.aur", kbps="3")  # pyright: ignore
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: auricle.load(None), "name_or_path None: give text or a path"),
        (lambda: auricle.load(b"speech"), "name_or_path b'speech': give text or a path"),
        (lambda: auricle.load("speech", allow_edited="no"), "allow_edited 'no': give True or False"),
        (lambda: auricle.load("spe\0ech"), "name_or_path 'spe\\x00ech': leave the null character out"),
        (
            lambda: auricle.generate("drums", {"count": 2}),
            "options {'count': 2}: give a value of type GenerationOptions",
        ),
        (lambda: auricle.read("x.wav", limits=5), "limits 5: give a value of type AudioLimits or None"),
        (lambda: auricle.default_model(None), "sample_rate None: give a whole number"),
        (lambda: auricle.train("x", out="y", callbacks=print), "callbacks <built-in function print>: give a value of"),
        (
            lambda: auricle.read_latents("x.wav", 5),
            "model 5: give a value of type Autoencoder or a path or text or None",
        ),
        (lambda: auricle.doctor("x", on_progress=5), "on_progress 5: give a function"),
        (lambda: auricle.verify(None), "nothing can be read from NoneType: give a path or an open binary file"),
        (lambda: auricle.compress("a.wav", 5), "target 5: give a path or text or an open binary file"),
        (lambda: auricle.read("a\0.wav"), "source 'a\\x00.wav': leave the null character out"),
        (lambda: auricle.Classifier.load(5), "path 5: give a path or text"),
        (lambda: auricle.Encoder("speech", sample_rate=8000, channels=1.5), "channels 1.5: give a whole number"),
        (lambda: auricle.Decoder("header"), "header 'header': give bytes or a value of type Header"),
        (lambda: auricle.prepare("sounds/", "corpus"), "paths 'sounds/': give a list"),
        (lambda: auricle.features(5), "files 5: give a sound, a path, or a list of them"),
        (lambda: auricle.Autoencoder.from_pretrained(None), "name_or_path None: give a path or text"),
        (
            lambda: auricle.write(np.zeros((2, 2)), np.zeros(9), 8000),
            "path array([[0., 0.], [0., 0.]]): give a path or",
        ),
    ],
)
def test_arguments_of_a_wrong_type_are_named(call, said: str) -> None:
    with pytest.raises(OptionError) as refusal:
        call()
    assert str(refusal.value).startswith(said) and "\n" not in str(refusal.value)


def test_a_function_that_checks_is_still_itself() -> None:
    assert pickle.loads(pickle.dumps(auricle.read)) is auricle.read
    assert list(inspect.signature(auricle.load).parameters) == ["name_or_path", "allow_edited"]
    assert "ready for use" in (auricle.load.__doc__ or "")
    with pytest.raises(TypeError, match=r"load\(\) got an unexpected keyword argument 'nane'"):
        auricle.load("speech", nane=1)  # pyright: ignore


def test_every_public_function_checks_its_arguments() -> None:
    functions = {name: getattr(auricle, name) for name in auricle.__all__}
    bare = [
        name for name, value in functions.items() if inspect.isfunction(value) and not hasattr(value, "__wrapped__")
    ]
    assert bare == ["resample"]  # which says itself what rates and arrays are


def test_text_is_as_good_as_a_path(tmp_path: Path) -> None:
    auricle.write(tmp_path / "a.wav", np.zeros(800, np.float32), 8000)
    assert list(auricle.audio_names(str(tmp_path), lambda path, reason: None)) == ["a.wav"]
    with pytest.raises(OptionError, match=r"'x.mp4': end the name with .wav"):
        auricle.play_live("live", auricle.LiveInputs(str(tmp_path / "a.wav")), target=str(tmp_path / "x.mp4"))

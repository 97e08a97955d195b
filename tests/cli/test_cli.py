"""The verbs on good input."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import auricle.codec
from auricle.audio import read
from auricle.audio.writer import write
from auricle.cli.command_table import VERBS
from auricle.model import shipped

WRITES_NOTHING = (
    "benchmark",
    "doctor",
    "info",
    "verify",
    "evaluate-synthesis",
    "classify anomaly",
    "classify predict",
    "classify suggest",
    "similar",
    "push",
    "studio",
)
SERVES = ("studio",)
"""Until it is stopped, so it has nothing to tell at the end."""


@pytest.mark.parametrize("arguments", [[], ["-h"], ["--help"]])
def test_help_names_every_verb(auricle, arguments: list[str]):
    ran = auricle(*arguments)
    assert ran.code == 0 and ran.err == ""
    assert all(name in ran.out and summary in ran.out for name, summary in VERBS.items())


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb(auricle, verb: str):
    ran = auricle(*verb.split(), "--help")
    assert ran.code == 0
    assert VERBS[verb] in " ".join(ran.out.split())
    assert verb in SERVES or ("--json" in ran.out and "--quiet" in ran.out)
    assert verb in WRITES_NOTHING or "--force" in ran.out


def test_version(auricle):
    import auricle as package

    assert auricle("--version").out.strip() == package.__version__


def test_help_answers_at_once():
    def once() -> float:
        before = os.times()
        subprocess.run([sys.executable, "-m", "auricle", "--help"], check=True, capture_output=True)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert min(once() for _ in range(5)) < 0.3  # processor time, so that other work on the machine does not count


@pytest.mark.parametrize(
    ("verb", "asked", "threads"),
    [("decompress", None, "1"), ("compress", "2", "2"), ("generate", None, "1"), ("train", None, None)],
)
def test_verbs_of_small_steps_take_one_thread_unless_told_otherwise(verb: str, asked: str | None, threads: str | None):
    environment = {key: value for key, value in os.environ.items() if not key.endswith("_NUM_THREADS")}
    told = environment if asked is None else environment | {"OMP_NUM_THREADS": asked}
    program = (
        f"import os; from auricle.cli import main; main(['{verb}', '--none']); print(os.getenv('OMP_NUM_THREADS'))"
    )
    ran = subprocess.run([sys.executable, "-c", program], env=told, capture_output=True, text=True)
    assert ran.stdout.split()[-1] == str(threads)


def test_compress_and_decompress_by_default_names(auricle, tone_file: Path, model_file: Path):
    ran = auricle("compress", tone_file, "--model", model_file, "--quality", 2)
    coded = tone_file.with_suffix(".aur")
    assert ran.code == 0 and len(ran.out.splitlines()) == 1
    assert str(coded) in ran.out and "kb/s" in ran.out and "2.0 s of sound" in ran.out
    original, _ = read(tone_file)
    tone_file.unlink()
    ran = auricle("decompress", coded, "--model", model_file)
    assert ran.code == 0 and len(ran.out.splitlines()) == 1
    decoded, rate = read(tone_file)
    assert rate == 22050 and decoded.shape == original.shape


def test_json_has_stable_keys(auricle, tmp_path: Path, tone_file: Path, model_file: Path):
    coded, decoded = tmp_path / "a.aur", tmp_path / "a.flac"
    made = auricle("compress", tone_file, coded, "--model", model_file, "--kbps", 9, "--json").json
    keys = {
        "path",
        "bytes",
        "seconds",
        "kbps",
        "quality",
        "model",
        "warnings",
        "is_highest",
        "source_bytes",
        "elapsed_seconds",
    }
    assert made.keys() == keys
    assert made["path"] == str(coded) and made["bytes"] == coded.stat().st_size and made["model"] == "tiny"
    back = auricle("decompress", coded, decoded, "--model", model_file, "--json").json
    of_sound = {"path", "seconds", "sample_rate", "channels", "samples", "lost", "peak", "clipped"}
    assert back.keys() == of_sound | {"bytes", "elapsed_seconds"}
    assert (back["sample_rate"], back["channels"], back["samples"]) == (22050, 2, 44100)
    about = auricle("info", coded, "--json").json
    assert about["model"] == "tiny" and about["channels"] == 2 and about["bytes"] == coded.stat().st_size


def test_info_of_a_shipped_name_that_a_folder_has_too(auricle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "drums").mkdir()
    assert auricle("info", "drums", "--json").json["info"]["name"] == "drums"
    ran = auricle("info", "drums/")
    assert ran.code == 2 and "drums holds no .aur files" in ran.err


def test_info_of_a_model(auricle, model_file: Path):
    ran = auricle("info", model_file)
    assert ran.code == 0 and "tiny" in ran.out and "fingerprint" in ran.out
    about = auricle("info", model_file, "--json").json
    assert about["config"]["sample_rate"] == 16000 and about["parameters"] > 1000 and len(about["fingerprint"]) == 64


def test_force_replaces_and_quiet_is_silent(auricle, tone_file: Path, model_file: Path):
    target = tone_file.with_suffix(".aur")
    target.write_bytes(b"old")
    ran = auricle("compress", tone_file, "--model", model_file, "--force", "--quiet")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert target.read_bytes() != b"old"


def test_a_bitrate_below_the_lowest_quality_is_told(auricle, tone_file: Path, model_file: Path):
    ran = auricle("compress", tone_file, "--model", model_file, "--kbps", 0.01)
    assert ran.code == 0 and "less than the lowest quality needs" in ran.err


def test_a_bitrate_above_the_highest_quality_is_told(auricle, tone_file: Path, model_file: Path):
    ran = auricle("compress", tone_file, "--model", model_file, "--kbps", 5000)
    assert ran.code == 0 and "5000 kb/s is more than the highest quality needs, which was taken" in ran.err
    again = auricle("compress", tone_file, "--model", model_file, "--kbps", 0.01, "--force", "--json")
    assert not again.json["is_highest"] and "more than" not in again.err


def test_a_sound_of_no_samples(auricle, tmp_path: Path, model_file: Path):
    empty = tmp_path / "empty.wav"
    write(empty, np.zeros((2, 0)), 44100)
    assert auricle("compress", empty, "--model", model_file).code == 0
    assert auricle("decompress", tmp_path / "empty.aur", "--model", model_file, "--force").code == 0
    audio, rate = read(empty)
    assert audio.shape == (2, 0) and rate == 44100


def test_a_name_that_no_encoding_knows(auricle, tmp_path: Path, tone_file: Path, model_file: Path):
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/odd\xff.wav"))
    tone_file.rename(odd)
    ran = auricle("compress", odd, "--model", model_file)
    assert ran.code == 0 and "odd\\udcff.aur" in ran.out
    assert auricle("info", odd.with_suffix(".aur"), "--json").json["path"] == str(odd.with_suffix(".aur"))


@pytest.mark.parametrize(
    ("stop", "code", "said"),
    [
        (lambda: signal.raise_signal(signal.SIGINT), 130, "auricle: interrupted\n"),
        (lambda: signal.raise_signal(signal.SIGTERM), 143, "auricle: terminated\n"),
    ],
)
def test_a_signal_is_one_line(
    auricle, monkeypatch: pytest.MonkeyPatch, tone_file: Path, stop: Callable[[], None], code: int, said: str
):
    import auricle as package

    monkeypatch.setattr(package.codec, "compress", lambda *arguments, **options: stop())
    # A shell that starts tests in the background has them ignore interrupts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        ran = auricle("compress", tone_file)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (ran.code, ran.out, ran.err) == (code, "", said)


def test_train_from_a_folder_to_a_table(auricle, tmp_path: Path):
    generator = np.random.default_rng(0)
    for name in ("train/a", "train/b", "valid/c"):
        path = tmp_path / "sounds" / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, 0.1 * generator.standard_normal((1, 40000)), 16000)
    (tmp_path / "sounds" / "words.wav").write_text("words " * 100)
    out = tmp_path / "mine.auricle.safetensors"
    common = ("train", tmp_path / "sounds", "--preset", "conv", "--out", out, "--threads", 1)
    made = auricle(*common, "--budget", 3, "--json").json
    assert out.is_file() and made["steps"] == 3 and made["files"] == 3 and made["held_out"] == ["valid/c.wav"]
    assert len(made["rejected"]) == 1 and made["rejected"][0]["path"].endswith("words.wav")
    assert made["table"][0]["codec"] == "mine" and made["table"][0]["kbps"] > 0
    assert auricle(*common, "--budget", 3).code == 2
    sound, coded = tmp_path / "sounds" / "valid" / "c.wav", tmp_path / "c.aur"
    assert auricle("compress", sound, coded, "--model", out).code == 0
    assert auricle("decompress", coded, tmp_path / "c.wav", "--model", out).code == 0


@pytest.mark.skipif("speech" not in shipped(), reason="no shipped speech model")
def test_the_shipped_model_needs_no_name(tmp_path: Path):
    sounds = Path(auricle.__file__).parent / "demo" / "sounds"

    def run(*arguments: str) -> dict[str, object]:
        command = [sys.executable, "-m", "auricle", *arguments, "--json"]
        return json.loads(subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout)

    made = run("compress", str(sounds / "speech_1.flac"), "talk.aur", "--kbps", "3")
    assert made["model"] == "speech" and made["kbps"] <= 3.0
    back = run("decompress", "talk.aur", "talk.wav")
    assert back["samples"] == read(sounds / "speech_1.flac")[0].shape[1]

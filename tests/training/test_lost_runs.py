"""No run is lost: neither to a second start, nor to a second process, nor to kill -9."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from auricle.cli import main
from auricle.model import load
from auricle.training.loop.run_state import CHECKPOINTS
from training.test_crash import command, wait_for
from training.training_job import make_sounds


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sounds(tmp_path_factory.mktemp("lost") / "sounds", seconds=1.0)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "my.auricle.safetensors"


def said(capsys: pytest.CaptureFixture[str], words: list[str]) -> tuple[int, str]:
    """Exit code and standard error of a command in this process."""
    code = main(words[3:])
    return code, capsys.readouterr().err


def states(out: Path) -> dict[str, bytes]:
    folder = out.with_name("my.run") / CHECKPOINTS
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_survives_a_second_start_a_second_process_and_a_kill(
    sounds: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with subprocess.Popen(
        command(sounds, out, "--budget", "100000"), stderr=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        try:
            wait_for(out.with_name("my.run") / CHECKPOINTS / "latest", process)
            for words in ((), ("--force",), ("--resume",)):
                code, line = said(capsys, command(sounds, out, "--budget", "2", *words))
                assert code == 2 and f"process {process.pid} is writing into" in line, line
                assert process.poll() is None
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=60)
    left = states(out)
    code, line = said(capsys, command(sounds, out, "--budget", "2"))
    assert code == 2 and "states of an earlier run" in line and "--resume" in line and "--force" in line
    assert states(out) == left, "nothing was touched"
    step = max(int(name.split("/")[0]) for name in left if "/" in name)
    code, line = said(capsys, command(sounds, out, "--budget", str(step + 2), "--resume"))
    assert code == 0, line
    assert f"the budget is {step + 2} steps now, 100000 steps before: going on from step {step}" in line
    finished = out.read_bytes()
    code, line = said(capsys, command(sounds, out, "--budget", str(step + 2), "--resume"))
    assert code == 2 and "its run has ended: go on with --resume --force" in line
    assert out.read_bytes() == finished
    code, line = said(capsys, command(sounds, out, "--budget", str(step + 2), "--resume", "--force"))
    assert code == 0 and "nothing is left to do" in line and load(out).info.training["steps"] == step + 2
    code, line = said(capsys, command(sounds, out, "--budget", str(step + 4), "--resume", "--force"))
    assert code == 0 and f"going on from step {step + 2}" in line, line


def test_a_resumed_run_says_what_has_changed(
    sounds: Path, out: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "sounds"
    shutil.copytree(sounds, folder / "train")
    (folder / "valid").mkdir()
    (folder / "train" / "3.wav").rename(folder / "valid" / "3.wav")
    assert main(command(folder, out, "--budget", "2", "--quiet")[3:]) == 0
    out.unlink()
    (folder / "train" / "0.wav").rename(folder / "train" / "00.wav")
    soundfile.write(folder / "train" / "5.wav", np.random.default_rng(0).uniform(-0.5, 0.5, 16000), 16000)
    code, line = said(capsys, command(folder, out, "--budget", "2", "--resume", "--seed", "5"))
    assert code == 2 and "other settings (seed: 0 before, 5 now)" in line, line
    latest = out.with_name("my.run") / CHECKPOINTS / "00000002" / "state.safetensors"
    latest.write_bytes(latest.read_bytes()[:-1])
    code, line = said(capsys, command(folder, out, "--budget", "2", "--resume"))
    assert code == 0, line
    said_of_sounds = "1 sound new (train/5.wav); 1 sound renamed (train/0.wav to train/00.wav)"
    assert f"since this run began: {said_of_sounds}; it goes on with what there is now" in line
    assert "the checkpoint 00000002: damaged: the checksum differs: passed over" in line


SILENT = r"auricle: error: all [3-6] sounds .*silent.*: name sounds that can be heard"
UNREADABLE = r"auricle: error: the class 'b\\xa0c' has the character U\+00A0, which can't be shown: rename its folder"


@pytest.mark.parametrize(("name", "loudness", "message"), [("b", 0.0, SILENT), ("b\u00a0c", 0.1, UNREADABLE)])
def test_what_can_not_be_trained_on_is_one_line(
    out: Path,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    model_file: Path,
    name: str,
    loudness: float,
    message: str,
) -> None:
    folder, noise = tmp_path / "sounds", np.random.default_rng(0).uniform(-loudness, loudness, 16000)
    for place in ("a", name):
        (folder / place).mkdir(parents=True)
        for index in range(3):
            soundfile.write(folder / place / f"{index}.wav", noise, 16000)
    usual = ("--threads", "1", "--cpu", "--trackers", "none", "--budget", "2")
    fit = ("classify", "fit", folder, "--model", model_file, "--out", tmp_path / "c.classifier.safetensors")
    verbs = (
        ("train", folder, "--preset", "conv", "--base", "none", "--labels", "--out", out, *usual),
        ("train-prior", folder, "--model", model_file, "--out", tmp_path / "p.prior.safetensors", *usual),
        (*fit, "--finetune", *usual),
        fit,
    )
    for words in verbs:
        assert main([str(word) for word in words]) == 2
        line = capsys.readouterr().err.splitlines()[-1]
        assert re.match(message, line), line
        assert [path.name for path in tmp_path.iterdir() if path != folder] == []

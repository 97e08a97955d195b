"""A run that was stopped anywhere, by anything, goes on as if nothing had happened."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from auricle.data import AudioCache, scan
from auricle.errors import OutputError
from auricle.model import Autoencoder
from auricle.options.training import DeviceConfig
from auricle.training import AutoencoderTask, Budget, Report, Run, TrainingDevice, run_training
from auricle.training.loop.checkpoint import Checkpoints, Snapshot
from auricle.training.loop.run_state import CHECKPOINTS
from training.training_job import Job, config, make_sounds

STEPS = 12
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sounds(tmp_path_factory.mktemp("crash") / "sounds")


@pytest.fixture(scope="module")
def cache(sounds: Path) -> AudioCache:
    return AudioCache.build(scan(sounds).sounds, sounds.parent / "cache", sample_rate=16000)


def job(kind: str = "entropy", *, adversarial: bool = True, balanced: bool = True) -> Job:
    return Job("", "", kind=kind, adversarial=adversarial, balanced=balanced)


def train(cache: AudioCache, folder: Path, of: Job, *, stop: int | None = None, resume: bool = False) -> list[Report]:
    """Train, and break off after step ``stop``."""
    folder.mkdir(exist_ok=True)
    torch.manual_seed(0)
    model = Autoencoder(config(of).model)
    device = TrainingDevice(DeviceConfig(accumulate=2, cpu=True))
    run = Run(folder, Budget(steps=STEPS), device, resume, save_seconds=0.0, report_steps=1)
    reports = []
    for report in run_training(AutoencoderTask(model, config(of), cache), run):
        reports.append(report)
        if report.step == stop:
            break
    return reports


def newest(folder: Path, of: Job) -> Snapshot:
    return Checkpoints(folder / CHECKPOINTS).load(config(of).model_dump_json())


def assert_same(one: Snapshot, other: Snapshot) -> None:
    """All that there is but for the time it took."""
    assert one.tensors.keys() == other.tensors.keys()
    different = [name for name in one.tensors if not torch.equal(one.tensors[name], other.tensors[name])]
    assert not different
    assert one.balance == other.balance
    assert replace(one.clock, seconds=0.0) == replace(other.clock, seconds=0.0)


@pytest.mark.parametrize(
    ("of", "stops"),
    [
        (job("entropy"), (3,)),
        (job("entropy"), (6,)),  # the end of the first phase
        (job("rvq"), (1, 5, 7, 11)),
        (job("rvq", adversarial=False), (2, 8)),
    ],
    ids=["first phase", "boundary", "again and again", "codebooks"],
)
def test_a_resumed_run_equals_the_uninterrupted_one_bit_for_bit(cache, tmp_path, of: Job, stops: tuple[int, ...]):
    whole = train(cache, tmp_path / "whole", of)
    parts: list[Report] = []
    for index, stop in enumerate((*stops, None)):
        parts += train(cache, tmp_path / "parts", of, stop=stop, resume=index > 0)
    assert [report.step for report in parts] == list(range(1, STEPS + 1))
    assert [report.loss for report in parts] == [report.loss for report in whole]
    ours, wanted = newest(tmp_path / "parts", of), newest(tmp_path / "whole", of)
    rooms = {name.split(".")[0] for name in wanted.tensors}
    assert rooms >= ({"model", "average", "optimiser"} | ({"adversary_optimiser"} if of.adversarial else set()))
    assert bool(wanted.balance) == of.balanced == of.adversarial or not of.adversarial
    assert_same(ours, wanted)


def test_from_a_damaged_checkpoint_the_run_goes_on_one_earlier(cache, tmp_path):
    of = job("rvq")
    train(cache, tmp_path / "whole", of)
    train(cache, tmp_path / "parts", of, stop=9)
    (tmp_path / "parts" / CHECKPOINTS / "00000008" / "state.safetensors").write_bytes(b"")  # 9 is not saved: broken off
    reports = train(cache, tmp_path / "parts", of, resume=True)
    assert reports[0].step == 8 or reports[0].step == 10
    assert_same(newest(tmp_path / "parts", of), newest(tmp_path / "whole", of))


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system in memory of that size."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if not sys.platform.startswith("linux") or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def enlarge(disk: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


def test_after_a_full_disk_the_run_goes_on_when_there_is_room(cache, tmp_path):
    of = job()
    train(cache, tmp_path / "whole", of)
    with small_disk(tmp_path / "disk", "1m") as disk:
        with pytest.raises(OutputError, match=r"No space left on device; the one before is whole.*--resume") as caught:
            train(cache, disk / "run", of)
        assert "\n" not in str(caught.value)
        reached = newest(disk / "run", of).clock.step
        assert not [path for path in (disk / "run" / CHECKPOINTS).iterdir() if path.name.startswith(".")]
        enlarge(disk, "50m")
        reports = train(cache, disk / "run", of, resume=True)
        assert 0 < reached < reports[0].step <= reached + 1
        assert_same(newest(disk / "run", of), newest(tmp_path / "whole", of))


def test_a_folder_that_becomes_read_only_is_one_line(cache, tmp_path):
    of = job()
    with small_disk(tmp_path / "disk", "50m") as disk:
        train(cache, disk / "run", of, stop=3)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(OutputError, match="Read-only file system; the one before is whole") as caught:
            train(cache, disk / "run", of, resume=True)
        assert "\n" not in str(caught.value)
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        assert train(cache, disk / "run", of, resume=True)[-1].step == STEPS


# --- whole processes ---------------------------------------------------------------------------------------------


def command(sounds: Path, out: Path, *words: str) -> list[str]:
    shape = ("--preset", "conv", "--base", "none", "--batch", "1", "--threads", "1", "--cpu", "--trackers", "none")
    return [sys.executable, "-m", "auricle", "train", str(sounds), *shape, "--out", str(out), *words]


def wait_for(path: Path, process: subprocess.Popen[str], seconds: float = 180.0) -> None:
    until = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.slow
def test_sigterm_ends_a_run_cleanly(sounds, tmp_path):
    out, checkpoints = tmp_path / "my.auricle.safetensors", tmp_path / "my.run" / CHECKPOINTS
    with subprocess.Popen(command(sounds, out, "--budget", "5000"), stderr=subprocess.PIPE, text=True) as process:
        wait_for(checkpoints / "latest", process)
        time.sleep(1.0)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        orphans = children.read_text().split() if children.exists() else []
        process.terminate()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert said.strip().splitlines()[-1] == "auricle: terminated"
    assert "Traceback" not in said
    assert not [pid for pid in orphans if Path(f"/proc/{pid}").exists()]
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".")]
    assert not out.exists()
    step = int((checkpoints / "latest").read_text())
    more = command(sounds, out, "--budget", str(step + 2), "--resume", "--json")
    done = subprocess.run(more, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["steps"] >= step


@pytest.mark.slow
def test_ctrl_c_saves_the_step_that_it_comes_in(sounds, tmp_path):
    out, checkpoints = tmp_path / "my.auricle.safetensors", tmp_path / "my.run" / CHECKPOINTS
    with subprocess.Popen(
        command(sounds, out, "--budget", "5000"),
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores it
    ) as process:
        wait_for(checkpoints / "latest", process)
        time.sleep(1.0)
        before = int((checkpoints / "latest").read_text())
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT
    step = int((checkpoints / "latest").read_text())
    assert step > before
    lines = said.strip().splitlines()
    assert lines[-2:] == [f"paused at step {step}: --resume goes on from there", "auricle: interrupted"]
    more = command(sounds, out, "--budget", str(step + 2), "--resume", "--json")
    done = subprocess.run(more, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["steps"] == step + 2


@pytest.mark.slow
def test_a_full_disk_ends_the_command_with_one_line(sounds, tmp_path):
    with small_disk(tmp_path / "disk", "24m") as disk:
        out = disk / "my.auricle.safetensors"
        full = subprocess.run(command(sounds, out, "--budget", "20"), capture_output=True, text=True)
        assert full.returncode == 2, full.stderr
        last = full.stderr.strip().splitlines()[-1]
        assert last.startswith("auricle: error: ") and "No space left" in last and "Traceback" not in full.stderr
        enlarge(disk, "400m")
        words = command(sounds, out, "--budget", "20", "--resume")
        subprocess.run(words, capture_output=True, check=True)
        assert out.exists()


@pytest.mark.slow
def test_a_read_only_folder_is_refused_before_anything_is_done(sounds, tmp_path):
    with small_disk(tmp_path / "disk", "24m") as disk:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        words = command(sounds, disk / "my.auricle.safetensors", "--budget", "20")
        refused = subprocess.run(words, capture_output=True, text=True)
    assert refused.returncode == 2
    (line,) = refused.stderr.strip().splitlines()
    assert line.startswith("auricle: error: ") and "writable" in line


@pytest.mark.slow
def test_kills_at_random_instants(tmp_path):
    script = [sys.executable, str(BENCHMARKS / "crash.py"), "--kills", "5", "--commands", "0", "--steps", "16"]
    subprocess.run([*script, "--out", str(tmp_path)], check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    (path,) = tmp_path.glob("*-crash.json")
    row = json.loads(path.read_text("utf-8"))["forked"]
    assert row["equal"] and row["kills"] == 5 and row["left over"] == 0

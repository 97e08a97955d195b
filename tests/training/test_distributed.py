"""Processes that train together do what one process does with all their batches."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from auricle.errors import MachineError
from auricle.options.training import DeviceConfig
from auricle.training import TrainingDevice
from training.training_job import Job, make_sounds, store

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("training_job.py")
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
ACCELERATE = (sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2")
pytestmark = pytest.mark.skipif(not torch.distributed.is_available(), reason="torch was built without distribution")


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sounds(tmp_path_factory.mktemp("distributed") / "sounds")


def start(job: Job, launcher: Sequence[str] = (sys.executable,)) -> subprocess.Popen[str]:
    path = store(job, Path(job.folder).with_suffix(".json"))
    paths = os.pathsep.join((str(ROOT / "src"), str(ROOT / "tests")))
    environment = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    words = [*launcher, str(SCRIPT), str(path)]
    return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str], seconds: float = 240.0) -> str:
    said, complaint = process.communicate(timeout=seconds)
    assert process.returncode == 0, complaint
    return said + complaint


def losses(job: Job) -> list[dict[str, float]]:
    return [json.loads(line) for line in (Path(job.folder) / "losses.jsonl").read_text("utf-8").splitlines()]


def weights(job: Job, rank: int) -> dict[str, torch.Tensor]:
    return load_file(Path(job.folder) / f"rank{rank}.safetensors")


def assert_like_one(two: Job, one: Job) -> None:
    """Losses of every step and the final weights, to the rounding of sums in another order."""
    ours, wanted = losses(two), losses(one)
    assert [line["step"] for line in ours] == [line["step"] for line in wanted]
    for ours_now, wanted_now in zip(ours, wanted, strict=True):
        assert ours_now.keys() == wanted_now.keys()
        names = wanted_now.keys() - {"phase"}
        np.testing.assert_allclose([ours_now[n] for n in names], [wanted_now[n] for n in names], rtol=1e-4, atol=1e-6)
    for rank in (0, 1):
        for name, value in weights(one, 0).items():
            torch.testing.assert_close(weights(two, rank)[name], value, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("launcher", [TORCHRUN, ACCELERATE], ids=["torchrun", "accelerate"])
def test_two_processes_do_what_one_does_with_both_batches(sounds, tmp_path, launcher):
    """Through both phases, with entropy coding and discriminators."""
    one = Job(str(sounds), str(tmp_path / "one"), adversarial=True, accumulate=2)
    two = replace(one, folder=str(tmp_path / "two"), accumulate=1)
    processes = start(one), start(two, launcher)
    for process in processes:
        assert "Traceback" not in finish(process)
    assert_like_one(two, one)
    assert {line["phase"] for line in losses(two)} == {"reconstruction", "adversarial"}
    assert all({"adversarial", "feature_matching"} <= line.keys() for line in losses(two)[-3:])


@pytest.mark.slow
def test_codebooks_are_the_same_in_all_processes(sounds, tmp_path):
    job = Job(str(sounds), str(tmp_path / "two"), kind="rvq", budget="40", batch=4, accumulate=2, save_seconds=1e9)
    finish(start(job, TORCHRUN))
    first, second = weights(job, 0), weights(job, 1)
    assert all(torch.equal(first[name], second[name]) for name in first)
    books = [name for name in first if name.endswith(".codes")]
    assert len(books) == 3 and all(len(first[name].unique(dim=0)) == 16 for name in books)


@pytest.mark.slow
def test_a_killed_process_ends_the_job_and_the_run_goes_on(sounds, tmp_path):
    one = Job(str(sounds), str(tmp_path / "one"), budget="400", accumulate=2, save_seconds=1e9)
    two = replace(one, folder=str(tmp_path / "two"), accumulate=1, save_seconds=0.0)
    alone, process = start(one), start(two, TORCHRUN)
    log = Path(two.folder) / "losses.jsonl"
    until = time.monotonic() + 120
    while not log.exists() or log.read_text("utf-8").count("\n") < 5:
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.1)
    os.kill(_pid_of_rank(process.pid, 1), signal.SIGKILL)
    killed = time.monotonic()
    _, said = process.communicate(timeout=60)
    assert time.monotonic() - killed < 30
    assert process.returncode != 0
    assert "exitcode  : -9" in said  # torchrun's own line
    assert "rank 0: process 0 of 2 has lost the others" in said or "SIGTERM" in said
    assert "[rank0]" not in said  # no traceback of ours
    seen = len(losses(two))
    assert seen < 400
    finish(start(replace(two, resume=True), TORCHRUN))
    finish(alone)
    lines = {line["step"]: line for line in losses(two)}
    log.write_text("".join(json.dumps(lines[step]) + "\n" for step in sorted(lines)), "utf-8")
    assert_like_one(two, one)


def _pid_of_rank(parent: int, rank: int) -> int:
    children = Path(f"/proc/{parent}/task/{parent}/children")
    if not children.exists():
        pytest.skip("needs Linux's /proc")
    wanted = f"RANK={rank}".encode()
    found = [int(pid) for pid in children.read_text().split()]
    return next(pid for pid in found if wanted in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))


@pytest.mark.slow
def test_a_budget_in_seconds_ends_for_all_at_the_same_step(sounds, tmp_path):
    job = Job(str(sounds), str(tmp_path / "two"), budget="15s", save_seconds=2.0)
    finish(start(job, TORCHRUN))
    steps = [_steps(Path(job.folder) / f"rank{rank}.safetensors") for rank in (0, 1)]
    assert steps[0] == steps[1] == losses(job)[-1]["step"]
    first, second = weights(job, 0), weights(job, 1)
    assert all(torch.equal(first[name], second[name]) for name in first)


def _steps(path: Path) -> int:
    content = path.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return int(header["__metadata__"]["steps"])


@pytest.mark.slow
def test_two_agents_as_on_two_hosts(sounds, tmp_path):
    """``benchmarks/two_hosts.py`` does the same with network namespaces."""
    one = Job(str(sounds), str(tmp_path / "one"), accumulate=2)
    two = replace(one, folder=str(tmp_path / "two"), accumulate=1)
    place = ("--master-addr", "127.0.0.1", "--master-port", str(_free_port()))
    words = (*TORCHRUN[:3], "--nnodes", "2", "--nproc-per-node", "1", *place)
    agents = [start(two, (*words, "--node-rank", str(node))) for node in (0, 1)]
    for process in (start(one), *agents):
        finish(process)
    assert_like_one(two, one)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.mark.slow
def test_the_command_speaks_once(sounds, tmp_path):
    shape = ("--preset", "conv", "--base", "none", "--batch", "1", "--budget", "4", "--cpu", "--trackers", "none")
    out = tmp_path / "my.auricle.safetensors"
    words = [*TORCHRUN, "-m", "auricle", "train", str(sounds), *shape, "--out", str(out)]
    done = subprocess.run(words, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    assert out.exists()
    assert done.stdout.count("steps in") == 1
    assert len(done.stderr.splitlines()) == len(set(done.stderr.splitlines()))
    again = subprocess.run(words, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert again.returncode != 0
    assert "exists already: use --force" in again.stderr and "auricle" in again.stderr


@pytest.mark.slow
@pytest.mark.skipif(torch.accelerator.is_available(), reason="about machines without an accelerator")
def test_processes_join_on_a_machine_without_an_accelerator(sounds, tmp_path):
    """Also without --cpu: accelerate alone would let each train by itself, into the same folder."""
    shape = ("--preset", "conv", "--base", "none", "--batch", "1", "--budget", "3", "--trackers", "none")
    out = tmp_path / "my.auricle.safetensors"
    words = [*TORCHRUN, "-m", "auricle", "train", str(sounds), *shape, "--out", str(out)]
    done = subprocess.run(words, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("steps in") == 1 and out.exists()


# --- one process -------------------------------------------------------------------------------------------------


def test_one_process_asks_nobody():
    device = TrainingDevice(DeviceConfig(accumulate=3, cpu=True))
    assert (device.processes, device.shards, device.is_main) == (1, 3, True)
    assert [device.shard(part) for part in range(3)] == [0, 1, 2]
    assert device.broadcast_from_main(0.1, 2.0) == (0.1, 2.0)
    assert device.all_reduce_mean(torch.tensor([1.0, 3.0])).tolist() == [1.0, 3.0]


def test_processes_that_a_device_cannot_join_are_refused(monkeypatch):
    """Each would train by itself."""
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_RANK", "0")
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("mps"))
    with pytest.raises(MachineError, match="2 processes were started, but mps devices can't work together"):
        TrainingDevice(DeviceConfig())


def test_an_error_of_one_process_alone_is_not_taken_for_a_lost_one():
    device = TrainingDevice(DeviceConfig(cpu=True))
    with pytest.raises(RuntimeError, match="connection closed") as caught, device.name_lost_processes():
        raise RuntimeError("connection closed by peer")
    assert not isinstance(caught.value, MachineError)

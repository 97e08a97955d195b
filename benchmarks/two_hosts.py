"""Two hosts on one machine: trains in two network namespaces that only a virtual cable joins, and compares every step
with one process that has the same batches. Then a process of the second host is killed, and the run resumed.

Needs Linux, root and ``ip``. The folder of the run is the same for both, as a shared folder of a cluster would be.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from _hosts import ADDRESSES, CABLE, HOSTS, two_hosts
from _shared import SOUNDS, OptionError, one_thread, parser, publish, run, table

PORT = "29531"


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--steps", type=int, default=40, help="budget, half of it adversarial")
    options.add_argument("--worker", type=json.loads, help=argparse.SUPPRESS)
    args = options.parse_args()
    one_thread()
    if args.worker:
        _work(**args.worker)
        return
    with TemporaryDirectory() as name, two_hosts():
        home = Path(name)
        command = _job(home / "one", args.steps, accumulate=2)
        _ended(_start((sys.executable,), command), 0)
        two = _job(home / "two", args.steps)
        for agent in _on_both(two):
            _ended(agent, 0)
        unbroken = {
            "run": "two hosts",
            **_differences(home / "one", home / "two"),
            "seconds until the job ended": None,
        }
        rows = [unbroken, {"run": "killed, resumed", **_killed(home, args.steps)}]
    publish("two-hosts", args.out, {"steps": args.steps}, {"rows": rows}, [table(rows)])


def _killed(home: Path, steps: int) -> dict[str, Any]:
    """Kill the second host's process in mid-run: how soon is the job over, and what does the resumed run give?"""
    job = _job(home / "killed", steps)
    agents = _on_both(job)
    log = home / "killed" / "losses.jsonl"
    while not log.exists() or log.read_text("utf-8").count("\n") < steps // 4:
        if any(agent.poll() is not None for agent in agents):
            raise OptionError(f"the run ended early: {agents[0].communicate()}")
        time.sleep(0.05)
    os.kill(_worker_of(agents[1].pid), signal.SIGKILL)
    killed = time.monotonic()
    errors = [agent.communicate(timeout=120)[1] for agent in agents]
    elapsed = time.monotonic() - killed
    codes = [agent.returncode for agent in agents]
    if 0 in codes or "exitcode  : -9" not in errors[1] or "has lost the others" not in errors[0]:
        raise OptionError(f"the job ended with {codes} and said {errors[0][-500:]!r}, {errors[1][-500:]!r}")
    for agent in _on_both({**job, "resume": True}):
        _ended(agent, 0)
    return {**_differences(home / "one", home / "killed"), "seconds until the job ended": elapsed}


def _on_both(job: dict[str, Any]) -> list[subprocess.Popen[str]]:
    agents = []
    for node, (host, cable) in enumerate(zip(HOSTS, CABLE, strict=True)):
        words = ("ip", "netns", "exec", host, "env", f"GLOO_SOCKET_IFNAME={cable}", sys.executable)
        meeting = ("--nnodes", "2", "--nproc-per-node", "1", "--node-rank", str(node))
        place = ("--master-addr", ADDRESSES[0], "--master-port", PORT)
        agents.append(_start((*words, "-m", "torch.distributed.run", *meeting, *place), job))
    return agents


def _start(launcher: Sequence[str], job: dict[str, Any]) -> subprocess.Popen[str]:
    words = [*launcher, __file__, "--worker", json.dumps(job)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _ended(process: subprocess.Popen[str], code: int) -> None:
    _, stderr = process.communicate(timeout=900)
    if process.returncode != code:
        raise OptionError(f"a run ended with {process.returncode}: {stderr[-1500:]}")


def _worker_of(pid: int) -> int:
    """The process that torchrun's agent started: ``ip`` replaces itself by the agent."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def _job(folder: Path, steps: int, accumulate: int = 1) -> dict[str, Any]:
    folder.mkdir()
    return {"folder": str(folder), "steps": steps, "accumulate": accumulate, "resume": False}


def _differences(first: Path, second: Path) -> dict[str, Any]:
    """Largest relative difference of a step's loss, and largest difference of a final weight."""
    from safetensors.torch import load_file

    first_losses, second_losses = (
        {line["step"]: line["loss"] for line in _lines(folder)} for folder in (first, second)
    )
    if first_losses.keys() != second_losses.keys():
        raise OptionError(f"{sorted(first_losses.keys() ^ second_losses.keys())} are steps of one run only")
    weights = load_file(first / "model.safetensors"), load_file(second / "model.safetensors")
    loss = max(abs(second_losses[step] - first_losses[step]) / abs(first_losses[step]) for step in first_losses)
    gap = max(float((weights[0][name].float() - weights[1][name].float()).abs().max()) for name in weights[0])
    return {
        "steps": len(second_losses),
        "loss differs by at most": f"{loss:.1e}",
        "weights differ by at most": f"{gap:.1e}",
    }


def _lines(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "losses.jsonl").read_text("utf-8").splitlines()]


def _work(folder: str, steps: int, accumulate: int, resume: bool) -> None:
    """One process of a run."""
    import torch
    from safetensors.torch import save_file

    from auricle.data import AudioCache, scan
    from auricle.model import Autoencoder
    from auricle.options.training import DeviceConfig
    from auricle.training import AutoencoderTask, Budget, Run, TrainingDevice, named, run_training, with_adversary
    from auricle.training.objective.adversary import light

    device, home = TrainingDevice(DeviceConfig(accumulate=accumulate, cpu=True)), Path(folder)
    config = named("conv").model_copy(update={"batch": 2, "crop_frames": 50})
    config = with_adversary(config, 0.5, light(config.model.sample_rate))
    torch.manual_seed(0)
    model = Autoencoder(config.model)
    with device.main_process_first():
        cache = AudioCache.build(scan(SOUNDS).sounds, home / "cache", sample_rate=model.sample_rate)
    plan = Run(home, Budget(steps=steps), device, resume, save_seconds=0.5, report_steps=1)
    with (home / "losses.jsonl").open("a", encoding="utf-8") as log:
        for report in run_training(AutoencoderTask(model, config, cache), plan):
            if device.is_main:
                print(json.dumps({"step": report.step, "loss": report.loss}), file=log, flush=True)
    if device.is_main:
        save_file(model.state_dict(), home / "model.safetensors")


if __name__ == "__main__":
    run(main)

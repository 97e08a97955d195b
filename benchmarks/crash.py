"""Kills training runs with SIGKILL at random instants.

Does the newest checkpoint always load, does the run always go on, and are its weights, optimisers, average and
discriminators bit for bit those of a run that nobody killed?

A process that has loaded everything is forked for each life of the run, so that a life takes a second and not ten; it
saves after every step, so that many kills fall into a save. ``--commands`` kills of the whole ``auricle train`` follow.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from _shared import OptionError, one_thread, parser, publish, run, table, write_sound

if TYPE_CHECKING:
    from auricle.data import AudioCache
    from auricle.training import TrainConfig
    from auricle.training.loop.checkpoint import Snapshot

RATE = 16000
EARLY = 0.2  # share of lives that end at any time after birth, the others after their first save
CHECKPOINTS = "checkpoints"
SHAPE = ("--preset", "conv", "--base", "none", "--batch", "2", "--threads", "1", "--cpu", "--trackers", "none")


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--kills", type=int, default=60, help="lives that end by SIGKILL")
    options.add_argument("--commands", type=int, default=4, help="kills of the whole command")
    options.add_argument("--steps", type=int, default=60, help="budget of a run, half of it adversarial")
    options.add_argument("--seed", type=int, default=0, help="decides the instants")
    args = options.parse_args()
    if not hasattr(os, "fork"):
        raise OptionError("this script needs fork: run it on Linux or macOS")
    one_thread()
    random.seed(args.seed)
    with TemporaryDirectory() as name:
        home = Path(name)
        sounds = _sounds(home / "sounds")
        row = _forked(args, home, sounds)
        command = _commands(args, home, sounds) if args.commands else {}
    settings = {"steps": args.steps, "kills": args.kills, "commands": args.commands}
    publish(
        "crash",
        args.out,
        settings,
        {"forked": row, "command": command},
        [table([result]) for result in (row, command) if result],
    )
    if not (row["equal"] and command.get("equal", True)):
        sys.exit("a resumed run differs from the uninterrupted one")


def _sounds(folder: Path) -> Path:
    """Ten seconds and a little for the held-out part."""
    import numpy as np

    folder.mkdir()
    time_axis = np.arange(3 * RATE) / RATE
    noise = np.random.default_rng(0)
    for index in range(4):
        tone = 0.3 * np.sin(2 * np.pi * 110 * (index + 1) * time_axis) + 0.02 * noise.standard_normal(len(time_axis))
        write_sound(folder / f"{index}.wav", tone[None].astype(np.float32), RATE)
    return folder


# --- one process, forked for each life ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Subject:
    """What is trained again and again."""

    config: "TrainConfig"
    cache: "AudioCache"
    steps: int

    def live(self, folder: Path, *, resume: bool) -> None:
        """Train to the end of the budget; saves after every step."""
        import torch

        from auricle.model import Autoencoder
        from auricle.options.training import DeviceConfig
        from auricle.training import AutoencoderTask, Budget, Run, TrainingDevice, run_training

        torch.manual_seed(0)
        model = Autoencoder(self.config.model)
        plan = Run(folder, Budget(steps=self.steps), TrainingDevice(DeviceConfig(cpu=True)), resume, save_seconds=0.0)
        for _ in run_training(AutoencoderTask(model, self.config, self.cache), plan):
            pass

    def newest(self, folder: Path) -> "Snapshot":
        from auricle.training.loop.checkpoint import Checkpoints

        return Checkpoints(folder / CHECKPOINTS).load(self.config.model_dump_json())


def _subject(args: argparse.Namespace, home: Path, sounds: Path) -> _Subject:
    from auricle.data import AudioCache, scan
    from auricle.training import named, with_adversary
    from auricle.training.objective.adversary import light

    config = named("conv").model_copy(update={"batch": 2, "crop_frames": 50})
    cache = AudioCache.build(scan(sounds).sounds, home / "cache", sample_rate=RATE)
    return _Subject(with_adversary(config, 0.5, light(RATE)), cache, args.steps)


def _forked(args: argparse.Namespace, home: Path, sounds: Path) -> dict[str, Any]:
    subject = _subject(args, home, sounds)
    uninterrupted = home / "whole"
    started = time.monotonic()
    assert _lived(subject, uninterrupted, resume=False) == 0
    pace = (time.monotonic() - started) / args.steps
    expected = subject.newest(uninterrupted)
    counts, equal = Counter[str](), True
    while counts["kills"] < args.kills:
        counts["runs"] += 1
        folder = home / f"run{counts['runs']}"
        counts += _killed_often(subject, folder, args.kills - counts["kills"], pace)
        equal = equal and _same(subject.newest(folder), expected)
        counts["left over"] += sum(path.name.startswith(".") for path in (folder / CHECKPOINTS).iterdir())
        print(f"{dict(counts)}, equal: {equal}", file=sys.stderr, flush=True)
    names = ("kills", "in a save", "before the first save", "runs", "left over")
    return {**{name: counts[name] for name in names}, "seconds per step": pace, "equal": equal}


def _killed_often(subject: _Subject, folder: Path, most: int, pace: float) -> Counter[str]:
    """One run of many lives."""
    counts, reached = Counter[str](), -1
    while True:
        early = random.random() < EARLY
        wait = random.uniform(0.0, 2.0 * pace if early else 4.0 * pace)
        kill = _Kill(wait, after_save=not early) if counts["kills"] < most else None
        code = _lived(subject, folder, resume=reached >= 0, kill=kill)
        if code == 0:
            return counts
        if code != -signal.SIGKILL:
            raise OptionError(f"a run ended with {code} after {counts['kills']} kills: see above")
        counts["kills"] += 1
        counts["in a save"] += _in_save(folder / CHECKPOINTS)
        if (folder / CHECKPOINTS / "latest").exists():
            step = subject.newest(folder).clock.step
            assert step >= reached, f"went back from step {reached} to {step}"
            reached = step
        else:
            counts["before the first save"] += 1


@dataclass(frozen=True)
class _Kill:
    """So many seconds after the life's first save, or after its birth."""

    seconds: float
    after_save: bool


def _lived(subject: _Subject, folder: Path, *, resume: bool, kill: _Kill | None = None) -> int:
    """Train in a fork; its exit code, negative for a signal."""
    folder.mkdir(exist_ok=True)
    saved = _saved(folder)
    sys.stderr.flush()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            subject.live(folder, resume=resume)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    if kill is None:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    while kill.after_save and _saved(folder) == saved:
        time.sleep(0.001)
        process, status = os.waitpid(child, os.WNOHANG)
        if process:
            return os.waitstatus_to_exitcode(status)
    time.sleep(kill.seconds)
    os.kill(child, signal.SIGKILL)  # one that has ended meanwhile stays until it is waited for
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _saved(folder: Path) -> int:
    """Changes with each save."""
    try:
        return (folder / CHECKPOINTS / "latest").stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _in_save(folder: Path) -> bool:
    """Whether a kill left something half-written, or a pointer behind."""
    if not folder.is_dir():
        return False
    names = {path.name for path in folder.iterdir()}
    states = sorted(name for name in names if name.isdecimal())
    behind = bool(states) and (folder / "latest").exists() and (folder / "latest").read_text() != states[-1]
    return behind or len(states) > 3 or any(name.startswith(".") for name in names)


def _same(first: "Snapshot", second: "Snapshot") -> bool:
    import torch

    if first.tensors.keys() != second.tensors.keys() or first.clock.step != second.clock.step:
        return False
    rooms = {name.split(".")[0] for name in first.tensors}
    assert rooms >= {"model", "average", "optimiser", "adversary", "adversary_optimiser"}, rooms
    return first.balance == second.balance and all(
        torch.equal(first.tensors[key], second.tensors[key]) for key in first.tensors
    )


# --- the whole command -------------------------------------------------------------------------------------------


def _commands(args: argparse.Namespace, home: Path, sounds: Path) -> dict[str, Any]:
    steps = max(args.steps, 40)
    uninterrupted, killed = home / "whole.auricle.safetensors", home / "killed.auricle.safetensors"
    _command(sounds, uninterrupted, steps, None)
    for kills in range(args.commands):
        _command(sounds, killed, steps, random.uniform(0.0, 3.0), resume=kills > 0)
    _command(sounds, killed, steps, None, resume=True)
    stray = [path.name for path in home.iterdir() if path.name.startswith(".")]
    return {"kills": args.commands, "equal": _weights(uninterrupted) == _weights(killed), "left over": len(stray)}


def _command(sounds: Path, out: Path, steps: int, seconds: float | None, *, resume: bool = False) -> None:
    """Run ``auricle train``; killed so many seconds after its first save if it still runs then."""
    words = [*SHAPE, "--budget", str(steps), "--adversarial", "0.5", "--out", str(out)]
    command = [
        sys.executable,
        "-m",
        "auricle",
        "train",
        str(sounds),
        *words,
        *(["--resume", "--force"] if resume else []),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        if seconds is not None:
            folder = out.with_name(out.name.split(".")[0] + ".run")
            before = _saved(folder)
            while process.poll() is None and _saved(folder) == before:
                time.sleep(0.02)
            time.sleep(seconds)
            process.kill()
        _, stderr = process.communicate()
    if process.returncode not in (0, -signal.SIGKILL):
        raise OptionError(f"auricle train ended with {process.returncode}: {stderr.strip()[-300:]}")


def _weights(path: Path) -> dict[str, bytes]:
    from safetensors.numpy import load_file

    return {name: value.tobytes() for name, value in load_file(path).items()}


if __name__ == "__main__":
    run(main)

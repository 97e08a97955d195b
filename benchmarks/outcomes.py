"""Runs every verb where things go wrong, and counts how it ends.

Each run is a process of its own in a fresh copy of a folder with tiny sounds, a small model with random weights, and
what it made of them. Verbs that take folders are also run on one (``compress FOLDER``). Good ends: done; refused in one
line (exit code 2, or 1 where nobody reads or some of many files failed); ended in one line (after a signal); killed (by
SIGKILL, or by a signal before Auricle's first line); interrupted while Python itself starts, whose traceback is
Python's (about 30 ms in which nothing of Auricle's was called yet). Bad ends: a traceback or several lines, a file that
can't be read back, temporary files that stay (after SIGKILL: that the next run of the verb does not tidy), a run that
hangs.

Signals fall at instants spread over the time that the verb takes when nothing is wrong. With ``--log`` every run is
noted as it ends, with the commit that it ran, and the same command goes on from there: only what is missing is run, and
what ended badly at another commit. What is published names the commits and how many runs each has.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from _outcome_runs import (
    BAD,
    CONDITIONS,
    GOOD,
    NOTHING,
    SIGNALS,
    TWICE,
    Command,
    run_once,
    run_signalled,
    start_command,
    wait_for,
)
from _shared import OptionError, model_from, one_thread, parser, publish, run, table, write_sound
from auricle.cli.command_table import VERBS

RATE = 16000
MODEL = "mine.auricle.safetensors"
PRIOR = "mine.prior.safetensors"
SHAPE = "--preset conv --base none --batch 2 --threads 1 --cpu --trackers none"
COMMANDS: Mapping[str, str] = {
    "train": f"train sounds --budget 3 {SHAPE} --out new.auricle.safetensors",
    "prepare": "prepare sounds made",
    "train-prior": f"train-prior sounds --model {MODEL} --budget 3 --threads 1 --cpu --trackers none "
    "--out new.prior.safetensors",
    "generate": f"generate --prior {PRIOR} --seconds 1 -n 2 --out made",
    "morph": f"morph a.wav sounds/low/1.wav --crossfade --model {MODEL} --count 2 --out made",
    "transfer": f"transfer a.wav --onto {MODEL} --out made",
    "latents": f"latents a.wav new.npz --model {MODEL}",
    "features": f"features sounds --model {MODEL} --out new.npz",
    "classify fit": f"classify fit sounds --model {MODEL} --out new.classifier.safetensors",
    "classify predict": f"classify predict a.wav --classifier mine.classifier.safetensors --model {MODEL}",
    "push": f"push {MODEL} owner/name --dry-run",
    "classify evaluate": f"classify evaluate sounds --model {MODEL} --out new.png",
    "classify detect": f"classify detect long.wav --classifier mine.detector.safetensors --model {MODEL} --out new.csv",
    "classify anomaly": f"classify anomaly a.wav --usual sounds --model {MODEL}",
    "classify suggest": f"classify suggest sounds --model {MODEL}",
    "similar": f"similar a.wav sounds --model {MODEL}",
    "index": f"index sounds --model {MODEL} --out new.index",
    "doctor": "doctor sounds",
    "compress": f"compress a.wav new.aur --model {MODEL}",
    "decompress": f"decompress a.aur new.wav --model {MODEL}",
    "verify": "verify a.aur",
    "repair": "repair a.aur new.aur",
    "live": f"live a.wav new.wav --model {MODEL}",
    "export": f"export {MODEL} --to onnx --out made",
    "info": f"info {MODEL}",
    "evaluate-synthesis": "evaluate-synthesis sounds --real sounds --embeddings log-mel",
    "benchmark": f"benchmark a.wav --model {MODEL} --against none --kbps 6 --metrics mel --skip-cost --out new.html",
    "studio": "studio sounds --no-browser --port 0",
    "demo": f"demo few --model {MODEL} --out made",
}
LISTEN = f"--classifier mine.classifier.safetensors --model {MODEL}"
FOLDER_COMMANDS: Mapping[str, str] = {
    "compress FOLDER": f"compress sounds made --model {MODEL}",
    "decompress FOLDER": f"decompress mine-coded made --model {MODEL}",
    "verify FOLDER": "verify mine-coded",
    "repair FOLDER": "repair mine-coded made",
    "info FOLDER": "info mine-coded",
    "features FOLDER": f"features sounds --model {MODEL} --jobs 2 --out new.npz",
    "index FOLDER": f"index sounds --model {MODEL} --jobs 2 --out new.index",
    "classify predict FOLDER": f"classify predict sounds {LISTEN} --jobs 2 --manifest new.jsonl",
    "classify detect FOLDER": f"classify detect few --classifier mine.detector.safetensors --model {MODEL} --jobs 2 "
    "--manifest new.jsonl --out new.csv",
}
"""Verbs that take many files, each with a process of its own and a ledger."""
_FIT_DETECTOR = f"classify fit . --labels-table events.csv --model {MODEL} --out new.detector.safetensors"
_COMPRESS_FOLDER = f"compress sounds new-coded --model {MODEL}"
NEEDS: Mapping[str, str] = {
    "generate": COMMANDS["train-prior"],
    "classify predict": COMMANDS["classify fit"],
    "classify predict FOLDER": COMMANDS["classify fit"],
    "classify detect": _FIT_DETECTOR,
    "classify detect FOLDER": _FIT_DETECTOR,
    "decompress": COMMANDS["compress"],
    "verify": COMMANDS["compress"],
    "repair": COMMANDS["compress"],
    **dict.fromkeys(("decompress FOLDER", "verify FOLDER", "repair FOLDER", "info FOLDER"), _COMPRESS_FOLDER),
}
"""Commands whose results verbs take, as ``mine`` or ``a`` instead of ``new``."""
READ_ONLY = (
    "studio",
    "doctor",
    "push",
    "verify",
    "info",
    "similar",
    "classify predict",
    "classify suggest",
    "classify anomaly",
)
"""Verbs without ``--force``."""
SERVER_SECONDS: Mapping[str, float] = {"studio": 4.0}
"""Verbs that run until they are ended, and how long they run here."""


def main() -> None:
    options = parser(__doc__)
    verbs = [*COMMANDS, *FOLDER_COMMANDS]
    options.add_argument("--verbs", nargs="*", default=verbs, help="which verbs, 'VERB FOLDER' for those on folders")
    options.add_argument("--conditions", nargs="*", default=[*CONDITIONS, *SIGNALS], help="what goes wrong")
    options.add_argument("--instants", type=int, default=20, help="at which each signal is sent to each verb")
    options.add_argument("--log", type=Path, help="file in which every run is noted, and from which to go on")
    options.add_argument(
        "--minutes",
        type=float,
        default=float("inf"),
        help="begin no run after that; 0 only publishes what the log holds",
    )
    options.add_argument("--name", default="outcomes", help="of the result")
    args = options.parse_args()
    if os.name == "nt":
        raise OptionError("this script needs POSIX signals and permissions: run it on Linux or macOS")
    one_thread()
    if missing := VERBS.keys() - COMMANDS.keys():
        raise OptionError(f"no command for {', '.join(sorted(missing))}: add it to COMMANDS in this script")
    for names, allowed in ((args.verbs, verbs), (args.conditions, [*CONDITIONS, *SIGNALS])):
        if unknown := set(names) - set(allowed):
            raise OptionError(f"no {', '.join(sorted(unknown))}: choose from {', '.join(allowed)}")
    plan = list(_plan(args.verbs, args.conditions, args.instants))
    trials = _read_log(args.log)
    if args.minutes > 0:
        _run_and_log(args, plan, trials)
    _publish(args.out, plan, trials, vars(args))


def _run_and_log(args: argparse.Namespace, plan: list[tuple[str, str, int]], trials: list["Trial"]) -> None:
    """Run what is missing, and add it to the log and to ``trials``."""
    last_start = time.monotonic() + 60 * args.minutes
    with TemporaryDirectory() as name:
        stock = _stock(Path(name), args.verbs)
        for trial in _run_all(stock, plan, trials, args.instants, last_start):
            if args.log is not None:
                with args.log.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(trial)) + "\n")
            trials.append(trial)
            print(f"{trial.verb}, {trial.condition}: {trial.end}  {trial.detail}", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Trial:
    """A run and how it ended.

    Attributes:
        commit: what was run; with a plus sign where files were changed since.
        verb: of Auricle, and what it was done to.
        condition: what went wrong.
        number: of the run, among those of the verb and condition.
        end: one of the words of the table.
        detail: the last line that it wrote.
        seconds: wall time of the run and the judgement of what it left.
    """

    commit: str
    verb: str
    condition: str
    number: int
    end: str
    detail: str
    seconds: float

    @property
    def place(self) -> tuple[str, str, int]:
        return self.verb, self.condition, self.number


def _plan(verbs: list[str], conditions: list[str], instants: int) -> Iterator[tuple[str, str, int]]:
    """Verb, condition and number of all runs, in an order in which any beginning of it is spread over all of them."""
    yield from ((verb, NOTHING, 0) for verb in verbs)
    for condition in (name for name in conditions if name not in SIGNALS):
        yield from ((verb, condition, number) for verb in verbs for number in range(2 if condition == TWICE else 1))
    for number in sorted(range(instants), key=lambda index: int(f"{index:010b}"[::-1], 2)):
        yield from ((verb, name, number) for verb in verbs for name in conditions if name in SIGNALS)


def _read_log(path: Path | None) -> list[Trial]:
    if path is None or not path.exists():
        return []
    return [Trial(**json.loads(line)) for line in path.read_text("utf-8").splitlines()]


def _run_all(
    stock: Path, plan: list[tuple[str, str, int]], before: list[Trial], instants: int, last_start: float
) -> Iterator[Trial]:
    """The runs of the plan that are missing, and those that ended badly at another commit."""
    commit, ends = _commit(), {trial.place: trial for trial in before}
    durations = {trial.verb: trial.seconds for trial in before if trial.condition == NOTHING}
    for verb, condition, number in plan:
        earlier = ends.get((verb, condition, number))
        if earlier is not None and (earlier.end in GOOD or earlier.commit == commit):
            continue
        if time.monotonic() > last_start:
            return
        command, began = _command(verb), time.perf_counter()
        if condition in SIGNALS:
            results = [run_signalled(stock, command, condition, durations[verb] * (number + 0.5) / instants)]
        else:
            results = run_once(stock, command, condition)
        seconds = round(time.perf_counter() - began, 2)
        if condition == NOTHING:
            durations[verb] = seconds
        for index, result in enumerate(results, number):
            trial = Trial(commit, verb, condition, index, result.end, result.detail, seconds)
            ends[trial.place] = trial
            yield trial


def _command(verb: str) -> Command:
    words = {**COMMANDS, **FOLDER_COMMANDS}[verb]
    again = verb.removesuffix(" FOLDER") in READ_ONLY or verb in FOLDER_COMMANDS  # goes on where it was killed
    return Command(verb, words, words if again else f"{words} --force", SERVER_SECONDS.get(verb))


def _commit() -> str:
    """What is run; with a plus sign where files were changed since."""
    words = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--exclude=*", "--dirty=+"]
    return subprocess.run(words, capture_output=True, text=True).stdout.strip() or "unknown"


def _publish(out: Path, plan: list[tuple[str, str, int]], trials: list[Trial], settings: dict[str, Any]) -> None:
    last = {trial.place: trial for trial in trials}
    counted = [last[place] for place in plan if place in last]
    rows = [
        {"condition": condition, "runs": len(ends), **{end: Counter(ends)[end] for end in (*GOOD, *BAD)}}
        for condition in dict.fromkeys(place[1] for place in plan)
        if (ends := [trial.end for trial in counted if trial.condition == condition])
    ]
    bad = [asdict(trial) for trial in counted if trial.end in BAD]
    mended = [asdict(trial) for trial in trials if trial.end in BAD and last[trial.place].end in GOOD]
    commits = [{"commit": name, "runs": runs} for name, runs in Counter(trial.commit for trial in counted).items()]
    notes = [f"{len(counted)} of {len(plan)} runs of the plan; {len(bad)} ended badly."]
    if mended:
        notes.append(f"{len(mended)} ended badly at an earlier commit, and well when they were run again.")
    shown = {name: settings[name] for name in ("verbs", "conditions", "instants")}
    results = {"outcomes": rows, "commits": commits, "bad": bad, "mended": mended}
    tables = [table(part) for part in (rows, commits, bad, mended) if part]
    publish(settings["name"], out, shown | {"planned": len(plan)}, results, [*notes, *tables])
    if bad:
        sys.exit(f"{len(bad)} of {len(counted)} runs ended badly")


def _stock(home: Path, verbs: list[str]) -> Path:
    """What the verbs work on."""
    from auricle.model import save

    stock = home / "stock"
    noise = np.random.default_rng(0)
    seconds = np.arange(RATE) / RATE
    for name in ("cache", "scratch", "few", "sounds/low", "sounds/high"):
        (stock / name).mkdir(parents=True)
    for label, hertz in (("low", 110), ("high", 880)):
        for number in range(1, 11):
            tone = 0.3 * np.sin(2 * np.pi * hertz * number**0.2 * seconds) + 0.01 * noise.standard_normal(RATE)
            write_sound(stock / "sounds" / label / f"{number}.wav", tone[None].astype(np.float32), RATE)
    for target in ("a.wav", "few/a.wav"):
        shutil.copy(stock / "sounds" / "high" / "1.wav", stock / target)
    _write_recording(stock)
    save(model_from("preset:conv"), stock / MODEL)
    for command in sorted({NEEDS[verb] for verb in verbs if verb in NEEDS}):
        process = start_command(stock, command)
        _, text = wait_for(process, 3600.0)
        if process.returncode:
            raise OptionError(f"auricle {command} ended with {process.returncode}: {text.strip()[-300:]}")
        for path in list(stock.iterdir()):
            if path.name.startswith("new"):
                stem = "a" if path.suffix == ".aur" else "mine"
                path.rename(stock / path.name.replace("new", stem))
    for folder in (stock / "cache", stock / "scratch"):
        shutil.rmtree(folder)
        folder.mkdir()
    for folder in stock.glob("*.run"):
        shutil.rmtree(folder)
    return stock


def _write_recording(stock: Path) -> None:
    """Half a minute with calls in it, and the table of their times."""
    noise = np.random.default_rng(1)
    seconds = np.arange(30 * RATE) / RATE
    begins = np.arange(1.0, 29.0, 2.0)
    is_call = ((seconds[:, None] >= begins) & (seconds[:, None] < begins + 0.5)).any(axis=1)
    recording = 0.01 * noise.standard_normal(len(seconds)) + 0.3 * is_call * np.sin(2 * np.pi * 880 * seconds)
    write_sound(stock / "long.wav", recording[None].astype(np.float32), RATE)
    lines = ["path,begin,end,label", *(f"long.wav,{begin},{begin + 0.5},call" for begin in begins)]
    (stock / "events.csv").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    run(main)

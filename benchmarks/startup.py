"""Processor time of a process that does one thing to one short file, beside ``import torch`` alone."""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

import numpy as np

import auricle
from _shared import parser, publish, run, table

_RATE = 24_000
_SECONDS = 2
_AURICLE = (sys.executable, "-m", "auricle")
_PROBE = "from auricle.model import load; load('speech')"


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--repeats", type=int, default=5, help="runs whose medians are told, after one that is not")
    args = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        commands = _prepare(Path(name))
        times = {job: [_cost(command) for _ in range(args.repeats + 1)][1:] for job, command in commands.items()}
    torch_alone = median(processor for processor, _ in times["import torch"])
    rows = [
        {
            "job": job,
            "processor s": median(processor for processor, _ in costs),
            "fastest s": min(processor for processor, _ in costs),
            "above torch s": median(processor for processor, _ in costs) - torch_alone,
            "wall s": median(wall for _, wall in costs),
        }
        for job, costs in times.items()
    ]
    settings = {"repeats": args.repeats, "seconds of sound": _SECONDS}
    publish("startup", args.out, settings, {"rows": rows}, [table(rows)])


def _prepare(folder: Path) -> Mapping[str, Sequence[str]]:
    """Files of every kind, and what is done to them."""
    rng = np.random.default_rng(0)
    for label, pitch in (("low", 200), ("high", 900)):
        (folder / "labelled" / label).mkdir(parents=True)
        for count in range(4):
            auricle.write(folder / "labelled" / label / f"{count}.wav", _tone(rng, pitch + 9 * count), _RATE)
    wav, aur, classifier = folder / "tone.wav", folder / "tone.aur", folder / "tone.classifier.safetensors"
    auricle.write(wav, _tone(rng, 220), _RATE)
    auricle.compress(wav, aur)
    fitting = [*_AURICLE, "classify", "fit", str(folder / "labelled"), "--out", str(classifier)]
    subprocess.run(fitting, check=True, capture_output=True)
    verbs = {
        "--help": [],
        "info": [str(aur)],
        "verify": [str(aur)],
        "compress": [str(wav), str(folder / "out.aur"), "--force"],
        "decompress": [str(aur), str(folder / "out.wav"), "--force"],
        "generate": ["--prior", "drums", "--out", str(folder / "generated"), "--force"],
        "classify predict": [str(wav), "--no-cache", "--classifier", str(classifier)],
    }
    return {
        "import torch": [sys.executable, "-c", "import torch"],
        "loading speech": [sys.executable, "-c", _PROBE],
        **{f"auricle {verb}": [*_AURICLE, *verb.split(), *arguments] for verb, arguments in verbs.items()},
    }


def _tone(rng: np.random.Generator, pitch: float) -> np.ndarray:
    t = np.arange(_SECONDS * _RATE) / _RATE
    return (0.3 * np.sin(2 * np.pi * pitch * t) + 0.02 * rng.standard_normal(len(t))).astype(np.float32)[None]


def _cost(command: Sequence[str]) -> tuple[float, float]:
    """Seconds of processor and of wall time."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    after, elapsed = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - started
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, elapsed


if __name__ == "__main__":
    run(main)

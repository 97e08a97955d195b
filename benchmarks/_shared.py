"""What the scripts have in common: sounds, models, results."""

import argparse
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from auricle.audio import AudioWriter, read, resample
from auricle.errors import AuricleError, OptionError

if TYPE_CHECKING:
    from auricle.model import Autoencoder

RESULTS = Path(__file__).parent / "results"
_RATE, _STEP_SECONDS = 16_000, 0.37
SOUNDS = Path(__file__).parents[1] / "src" / "auricle" / "demo" / "sounds"
_REPOSITORY = Path(__file__).parents[1]
_THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_CHILD = "--child"
_BEGAN = time.perf_counter()


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Descriptions as they are written, and defaults."""


def parser(description: str | None) -> argparse.ArgumentParser:
    """A parser with the option that every script has."""
    options = argparse.ArgumentParser(description=description, formatter_class=HelpFormatter)
    options.add_argument("--out", type=Path, default=RESULTS, help="folder for the dated JSON")
    return options


def add_model(to: argparse.ArgumentParser, default: str) -> None:
    to.add_argument(
        "--model",
        default=default,
        help="a shipped model, a model file, or preset:NAME for that shape with random weights",
    )


def one_thread() -> None:
    """Start this script again with every library on one thread, unless it was."""
    if all(os.environ.get(name) == "1" for name in _THREAD_SETTINGS):
        return
    os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | dict.fromkeys(_THREAD_SETTINGS, "1"))


def model_from(text: str) -> "Autoencoder":
    """The model that ``--model`` names."""
    from auricle.model import load

    return _random(text.removeprefix("preset:")) if text.startswith("preset:") else load(text)


def _random(name: str) -> "Autoencoder":
    import torch

    from auricle.model import Autoencoder, ModelInfo
    from auricle.training import named

    torch.manual_seed(0)
    model = Autoencoder(named(name).model, ModelInfo(name=f"random-{name}")).eval().requires_grad_(False)
    audio = torch.from_numpy(looped(SOUNDS / "speech_1.flac", model.sample_rate, 10.0))
    model.fit_scale(audio)
    if model.bottleneck.table_shape() is not None:
        model.fit_tables([model.encode(audio)])
    return model


def looped(path: Path, sample_rate: int, seconds: float, *, channels: int = 1) -> np.ndarray:
    """A real sound, repeated: float32 ``(c, t)``."""
    audio, rate = read(path)
    if channels == 1:
        audio = audio.mean(axis=0, keepdims=True)
    elif audio.shape[0] < channels:
        audio = np.repeat(audio[:1], channels, axis=0)
    native = resample(audio[:channels], rate, sample_rate)
    length = round(seconds * sample_rate)
    return np.tile(native, -(-length // native.shape[1]))[:, :length]


def write_sound(path: Path, audio: np.ndarray, sample_rate: int) -> None:
    with AudioWriter(path, sample_rate, audio.shape[0]) as writer:
        writer.write(audio)


def write_pieces(folder: Path, count: int, seconds: float, folder_size: int) -> None:
    """Pieces of the sounds of the package, as files of 16 kHz in subfolders of so many."""
    step, length = round(_STEP_SECONDS * _RATE), round(seconds * _RATE)
    sounds = [looped(path, _RATE, 60.0) for path in sorted(SOUNDS.glob("*.flac"))]
    for number in range(count):
        sound = sounds[number % len(sounds)]
        first = number * step % (sound.shape[1] - length)
        path = folder / f"{number // folder_size:04d}" / f"{number:06d}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_sound(path, sound[:, first : first + length], _RATE)


def publish(name: str, out: Path, settings: dict[str, Any], results: dict[str, Any], tables: list[str]) -> None:
    """Write ``DATE-NAME.json`` and print the tables in Markdown; a text that is no table is kept as a note.

    ``python benchmarks/page.py`` makes docs/benchmarks.md of the newest file of each name.
    """
    from auricle.bench.machine_info import describe_machine  # loads torch

    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{date.today().isoformat()}-{name}.json"
    record = {
        "benchmark": name,
        "date": date.today().isoformat(),
        "typed": typed(sys.argv),
        "seconds": round(time.perf_counter() - _BEGAN, 1),
        "machine": describe_machine(),
        "settings": settings,
        "notes": [text for text in tables if not text.startswith("|")],
    }
    path.write_text(json.dumps(record | results, indent=1) + "\n", "utf-8")
    print("\n\n".join(tables))
    print(f"\nwritten to {path.name}", file=sys.stderr)


def typed(words: list[str]) -> str:
    """What was typed, with names instead of paths outside the repository, and without ``--out``."""
    arguments = [_anonymous(word) for word in words[1:]]
    while "--out" in arguments:
        at = arguments.index("--out")
        del arguments[at : at + 2]
    return shlex.join(["python", f"benchmarks/{Path(words[0]).name}", *arguments])


def _anonymous(word: str) -> str:
    head, equals, path = word.rpartition("=")
    if os.sep not in path:
        return word
    absolute = Path(path).resolve()
    return (
        head
        + equals
        + (str(absolute.relative_to(_REPOSITORY)) if absolute.is_relative_to(_REPOSITORY) else absolute.name)
    )


def table(rows: list[dict[str, Any]]) -> str:
    """A Markdown table of equal records: keys are the heads."""
    from auricle.bench.text_table import markdown  # loads torch

    if not rows:
        return "(nothing measured)"
    return markdown(list(rows[0]), [[_cell(value) for value in row.values()] for row in rows])


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return (
        f"{value:.3g}"
        if isinstance(value, float) and abs(value) < 100
        else f"{value:.0f}"
        if isinstance(value, float)
        else str(value).replace("|", "\\|").replace("\n", " ")
    )


def tell(text: str) -> None:
    """What is being done, on a terminal."""
    if sys.stderr.isatty():
        print(f"\r{text:60}", end="", file=sys.stderr)


def child_output(*arguments: str) -> list[str]:
    """The words that this script prints as a process of its own, in which ``run`` calls its ``child``."""
    command = [sys.executable, sys.argv[0], _CHILD, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()


def run(main: Callable[[], None], child: Callable[..., None] | None = None) -> None:
    """Call ``main``, or ``child`` with the script's words in a process that `child_output` started; an error that is
    meant for the user is one line."""
    try:
        if child is not None and sys.argv[1:2] == [_CHILD]:
            child(*sys.argv[2:])
        else:
            main()
    except AuricleError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


__all__ = [
    "RESULTS",
    "SOUNDS",
    "OptionError",
    "add_model",
    "child_output",
    "looped",
    "model_from",
    "one_thread",
    "parser",
    "publish",
    "run",
    "table",
    "tell",
    "typed",
    "write_sound",
]

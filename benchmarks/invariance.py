"""How much codes depend on threads, batches and pieces: sums of floats in another order may round a near tie elsewhere.

A whole file never depends on how its sound arrives, because the network always runs over the same pieces. What is
measured here is the rest: other numbers of threads, and the same sound encoded whole, in a batch of eight, and in other
pieces.
"""

import argparse
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from _shared import SOUNDS, add_model, looped, model_from, parser, publish, run, table, write_sound

_SECONDS = 20.0


def main() -> None:
    options = parser(__doc__)
    add_model(options, "speech")
    options.add_argument("--sounds", type=Path, nargs="+", default=sorted(SOUNDS.glob("*.flac")))
    args = options.parse_args()
    rows = [*_files(args), *_codes(args)]
    publish(
        "invariance",
        args.out,
        {"model": Path(args.model).name, "sounds": len(args.sounds)},
        {"rows": rows},
        [table(rows)],
    )


def _files(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Whole files through the command line, with one and two threads, from a file and from a pipe."""
    digests_by_way: dict[str, list[str]] = {"file, 1 thread": [], "file, 2 threads": [], "pipe, 1 thread": []}
    with TemporaryDirectory() as name:
        for sound in args.sounds:
            source = Path(name) / "in.wav"
            write_sound(source, looped(sound, 44100, _SECONDS, channels=2), 44100)
            for way, digests in digests_by_way.items():
                digests.append(_compressed(source, Path(name) / "out.aur", args.model, way))
    first = digests_by_way["file, 1 thread"]
    return [
        {
            "what": f"files: {way}",
            "of": len(first),
            "differ": sum(a != b for a, b in zip(first, digests, strict=True)),
            "per million": None,
        }
        for way, digests in digests_by_way.items()
    ]


def _compressed(source: Path, target: Path, model: str, way: str) -> str:
    threads = "2" if "2 threads" in way else "1"
    piped = way.startswith("pipe")
    command = [sys.executable, "-m", "auricle", "compress", "-" if piped else str(source), str(target)]
    with source.open("rb") as stream:
        subprocess.run(
            [*command, "--model", model, "--force", "--quiet"],
            check=True,
            stdin=stream if piped else None,
            env=os.environ | {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads},
        )
    return hashlib.sha256(target.read_bytes()).hexdigest()


def _codes(args: argparse.Namespace) -> list[dict[str, Any]]:
    import torch

    from auricle.stream import Stream

    model = model_from(args.model)
    ways: dict[str, list[np.ndarray]] = {
        "whole, batch 1": [],
        "whole, batch 8": [],
        "pieces of 100": [],
        "pieces of 10": [],
    }
    torch.set_num_threads(1)
    for sound in args.sounds:
        audio = torch.from_numpy(looped(sound, model.sample_rate, _SECONDS))
        with torch.inference_mode():
            ways["whole, batch 1"].append(_rounded(model, model.encode(audio)))
            ways["whole, batch 8"].append(_rounded(model, model.encode(audio.expand(8, -1))[3:4]))
            for frames in (100, 10):
                stream = Stream(model.encoder, batch=1, chunk=frames * model.encoder.block)
                length = model.frames(audio.shape[1]) * model.hop_length
                padded = torch.nn.functional.pad(audio, (0, length - audio.shape[1])).unsqueeze(2)
                z = torch.cat((stream.push(padded), stream.flush()), dim=1)
                ways[f"pieces of {frames}"].append(_rounded(model, z))
    first = np.concatenate([codes.ravel() for codes in ways["whole, batch 1"]])
    rows = []
    for way, arrays in ways.items():
        flat = np.concatenate([codes.ravel() for codes in arrays])
        differ = int((first != flat).sum())
        rows.append(
            {"what": f"codes: {way}", "of": first.size, "differ": differ, "per million": 1e6 * differ / first.size}
        )
    return rows


def _rounded(model: Any, z: Any) -> np.ndarray:
    return model.bottleneck.quantise(z, 2.0).numpy()


if __name__ == "__main__":
    run(main)

"""Every length that a sound may have near the size of a frame, at every usual rate, comes back exactly."""

import argparse
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from _shared import add_model, model_from, one_thread, parser, publish, run, table, write_sound
from auricle import codec
from auricle.audio import info


def main() -> None:
    options = parser(__doc__)
    add_model(options, "speech")
    options.add_argument("--channels", type=int, nargs="+", default=[1, 2, 6])
    options.add_argument(
        "--rates", type=int, nargs="+", default=[8000, 11025, 16000, 22050, 44100, 48000, 96000, 192000]
    )
    options.add_argument("--every", type=int, default=31, help="of the lengths at other rates than the model's own")
    args = options.parse_args()
    one_thread()
    model = model_from(args.model)
    rows = [_row(model, channels, rate, args) for channels in args.channels for rate in args.rates]
    publish("lengths", args.out, {"model": model.name, "hop": model.hop_length}, {"rows": rows}, [table(rows)])


def _row(model: Any, channels: int, rate: int, args: argparse.Namespace) -> dict[str, Any]:
    longest = ceil((3 * model.hop_length + 1) * rate / model.sample_rate)
    step = 1 if rate == model.sample_rate and channels == 1 else args.every
    lengths = sorted({*range(0, longest + 1, step), 0, 1, 2, longest - 1, longest})
    noise = np.random.default_rng(0).normal(0, 0.1, (channels, longest)).astype(np.float32)
    wrong = 0
    with TemporaryDirectory() as name:
        source, coded, decoded = (Path(name) / file for file in ("in.wav", "coded.aur", "out.wav"))
        for length in lengths:
            write_sound(source, noise[:, :length], rate)
            codec.compress(source, coded, model=model, force=True)
            codec.decompress(coded, decoded, model=model, force=True)
            header = info(decoded)
            wrong += (header.frames, header.channels, header.sample_rate) != (length, channels, rate)
    return {"channels": channels, "rate, Hz": rate, "lengths": f"0 to {longest}", "tried": len(lengths), "wrong": wrong}


if __name__ == "__main__":
    run(main)

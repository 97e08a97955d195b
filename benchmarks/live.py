"""Ten minutes live without a sound card: load, and the drop-outs that there would have been, by a simulated clock.

A sound card hands over a block of samples at a time and does not wait. Each hop counts from the moment when its last
sample came; one that is not ready when its first sample is due is a drop-out.
"""

import tempfile
from itertools import product
from pathlib import Path
from typing import Any

from _shared import SOUNDS, OptionError, model_from, one_thread, parser, publish, run, table

_SPEECH_RATE = 24_000


def main() -> None:
    one_thread()
    options = parser(__doc__)
    options.add_argument(
        "--models", nargs="+", default=["live", "speech", "music"], help="shipped, files, or preset:NAME"
    )
    options.add_argument("--seconds", type=float, default=600.0, help="of sound")
    options.add_argument(
        "--buffers", type=float, nargs="+", default=[0.02], help="seconds that the network may be late"
    )
    options.add_argument("--networks", nargs="+", default=["torch"], choices=["torch", "onnx"], help="what computes")
    args = options.parse_args()
    if args.seconds <= 0:
        raise OptionError(f"{args.seconds:g} s of sound: give more than 0")
    cases = product(args.models, args.networks, args.buffers)
    rows = [_row(model, network, args.seconds, buffer) for model, network, buffer in cases]
    publish("live", args.out, {"models": args.models, "seconds": args.seconds}, {"rows": rows}, [table(rows)])


def _row(name: str, network: Any, seconds: float, buffer: float) -> dict[str, object]:
    from auricle import LiveInputs, LiveOptions, play_live

    model = model_from(name)
    sound = SOUNDS / ("speech_1.flac" if model.sample_rate <= _SPEECH_RATE else "music_1.flac")
    options = LiveOptions(quality=2.0, seconds=seconds, loop=True, buffer_seconds=buffer, network=network)
    with tempfile.TemporaryDirectory() as folder:
        status = play_live(model, LiveInputs(sound), options, target=Path(folder) / "out.wav")
    return {
        "model": name,
        "network": network,
        "buffer, ms": round(1e3 * buffer),
        "hops": round(seconds * model.sample_rate / model.hop_length),
        "load at the end": f"{status.load:.0%}",
        "slowest hop": f"{status.busiest:.0%}",
        "drop-outs": status.drop_outs,
        "latency, ms": round(1e3 * status.latency_seconds),
    }


if __name__ == "__main__":
    run(main)

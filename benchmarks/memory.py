"""Peak resident memory of compressing and decompressing long files, each in a process of its own."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from _shared import SOUNDS, add_model, child_output, looped, model_from, parser, publish, run, table

_TURN_SECONDS = 20.0


def main() -> None:
    options = parser(__doc__)
    add_model(options, "music")
    options.add_argument("--sound", type=Path, default=SOUNDS / "music_1.flac", help="repeated to the lengths below")
    options.add_argument("--minutes", type=float, nargs="+", default=[10.0, 60.0], help="lengths of the files")
    options.add_argument("--kbps", type=float, default=32.0, help="bitrate asked for; the search for it counts too")
    options.add_argument("--channels", type=int, default=2, help="of the files")
    options.add_argument("--rate", type=int, default=44100, help="of the files, in Hz")
    options.add_argument(
        "--scratch", type=Path, help="folder for the long files, 1.3 GB an hour of stereo; default: temporary"
    )
    args = options.parse_args()
    rows = []
    with TemporaryDirectory(dir=args.scratch) as name:
        model = _saved(args.model, Path(name))
        for minutes in args.minutes:
            source, coded, decoded = (Path(name) / file for file in ("in.wav", "coded.aur", "out.wav"))
            _write(args.sound, source, minutes, args.rate, args.channels)
            for verb, paths in (("compress", (source, coded)), ("decompress", (coded, decoded))):
                rows.append(_measured(verb, minutes, [*map(str, paths), model, str(args.kbps)]))
            for path in (source, coded, decoded):
                path.unlink()
    ratios = {
        verb: _ratio([row["peak MB"] for row in rows if row["verb"] == verb]) for verb in ("compress", "decompress")
    }
    settings = {
        "model": Path(args.model).name,
        "sound": args.sound.name,
        "kbps": args.kbps,
        "rate": args.rate,
        "channels": args.channels,
    }
    growth = [{"verb": verb, "longest / shortest": f"{ratio:.3f}"} for verb, ratio in ratios.items()]
    name = "memory" if args.channels == 2 else f"memory-{args.channels}-channels"
    publish(name, args.out, settings, {"rows": rows, "growth": ratios}, [table(rows), table(growth)])


def _saved(model: str, folder: Path) -> str:
    """A model with random weights as a file, so that it is loaded like any other."""
    if not model.startswith("preset:"):
        return model
    from auricle.model import save

    path = folder / "random.auricle.safetensors"
    save(model_from(model), path)
    return str(path)


def _ratio(peaks: list[float]) -> float:
    return peaks[-1] / peaks[0]


def _write(sound: Path, target: Path, minutes: float, rate: int, channels: int) -> None:
    """The sound over and over, each time at another level, so that no two minutes are the same, nor two channels."""
    from auricle.audio import AudioWriter

    audio = looped(sound, rate, _TURN_SECONDS, channels=channels)
    for channel in range(2, channels):
        audio[channel] = np.roll(audio[channel], channel * audio.shape[1] // channels)
    remaining = round(minutes * 60 * rate)
    with AudioWriter(target, rate, channels) as writer:
        turn = 0
        while remaining > 0:
            writer.write(audio[:, :remaining] * (0.4 + 0.6 * (turn * 0.618 % 1.0)))
            remaining -= audio.shape[1]
            turn += 1


def _measured(verb: str, minutes: float, arguments: list[str]) -> dict[str, Any]:
    started = time.perf_counter()
    before, peak = (float(number) / 1e6 for number in child_output(verb, *arguments)[-2:])
    return {
        "verb": verb,
        "minutes": minutes,
        "peak MB": round(peak, 1),
        "with the model loaded MB": round(before, 1),
        "wall s": round(time.perf_counter() - started, 1),
    }


def _child(verb: str, source: str, target: str, model: str, kbps: str) -> None:
    import torch

    from auricle.bench.machine_info import peak_memory
    from auricle.codec import compress, decompress
    from auricle.model import load

    torch.set_num_threads(1)
    loaded = load(model)
    before = peak_memory()
    if verb == "compress":
        compress(source, target, model=loaded, kbps=float(kbps))
    else:
        decompress(source, target, model=loaded)
    print(before, peak_memory())


if __name__ == "__main__":
    run(main, _child)

"""Encoding and decoding whole files on one thread, in seconds of sound per second, beside EnCodec 24k where
transformers is installed (random weights: they do not change the time).

    python benchmarks/speed.py --model speech
    python benchmarks/speed.py --model music --channels 2 --kbps 24 --sound src/auricle/demo/sounds/music_1.flac
"""

import argparse
import importlib.util
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from _shared import SOUNDS, add_model, looped, model_from, one_thread, parser, publish, run, table, write_sound


def main() -> None:
    options = parser(__doc__)
    add_model(options, "speech")
    options.add_argument("--sound", type=Path, default=SOUNDS / "speech_1.flac", help="repeated to the lengths below")
    options.add_argument("--seconds", type=float, nargs="+", default=[10.0, 60.0], help="lengths of sound")
    options.add_argument("--channels", type=int, default=1, help="1 or 2")
    options.add_argument("--kbps", type=float, default=6.0, help="of the file that is decompressed")
    options.add_argument("--repeats", type=int, default=5, help="runs whose median is told")
    options.add_argument("--encodec-seconds", type=float, default=10.0, help="length of sound for EnCodec, 0 for none")
    args = options.parse_args()
    one_thread()
    import torch

    torch.set_num_threads(1)
    model = model_from(args.model)
    rows = [row for seconds in args.seconds for row in _ours(model, args, seconds)]
    peer = _encodec(args) if args.encodec_seconds > 0 else []
    tables = [table(rows + peer)]
    ratios = _ratios(rows, peer)
    if ratios:
        tables.append(table([ratios]))
    elif args.encodec_seconds > 0:
        tables.append("EnCodec was left out: transformers is not installed.")
    settings = {
        "model": model.name,
        "sound": args.sound.name,
        "channels": args.channels,
        "repeats": args.repeats,
        "threads": 1,
    }
    publish(f"speed-{model.name}", args.out, settings, {"rows": rows + peer, "times EnCodec": ratios}, tables)


def _ours(model: Any, args: argparse.Namespace, seconds: float) -> list[dict[str, Any]]:
    import torch

    from auricle.codec import compress, decompress

    audio = looped(args.sound, model.sample_rate, seconds, channels=args.channels)
    native = torch.from_numpy(audio)
    z = model.encode(native)
    with TemporaryDirectory() as name, torch.inference_mode():
        source, coded, decoded = (Path(name) / file for file in ("in.wav", "coded.aur", "out.wav"))
        write_sound(source, audio, model.sample_rate)
        works: dict[str, Callable[[], object]] = {
            "model.encode": lambda: model.encode(native),
            "model.decode": lambda: model.decode_bottled(z, native.shape[1]),
            "compress, quality given": lambda: compress(source, coded, model=model, quality=3, force=True),
            f"compress, {args.kbps:g} kb/s": lambda: compress(source, coded, model=model, kbps=args.kbps, force=True),
            f"decompress, {args.kbps:g} kb/s": lambda: decompress(coded, decoded, model=model, force=True),
        }
        if model.tables is None:
            works = dict(list(works.items())[:2])
        return [_row(model.name, title, seconds, work, args.repeats) for title, work in works.items()]


def _row(codec: str, title: str, seconds: float, work: Callable[[], object], repeats: int) -> dict[str, Any]:
    from _timing import timed

    timing = timed(work, repeats=repeats)
    return {
        "codec": codec,
        "what": title,
        "sound s": seconds,
        "x real time": seconds / timing.wall,
        "x real time by processor time": seconds / timing.processor,
    }


def _encodec(args: argparse.Namespace) -> list[dict[str, Any]]:
    if importlib.util.find_spec("transformers") is None:
        return []
    import torch
    from transformers import EncodecConfig, EncodecModel  # type: ignore[import-not-found]

    torch.manual_seed(0)
    model = EncodecModel(EncodecConfig()).eval()
    _fold_weight_norm(model)
    audio = torch.from_numpy(looped(args.sound, 24000, args.encodec_seconds))[None]
    repeats = min(3, args.repeats)
    with torch.inference_mode():
        features = model.encoder(audio)
        coded = model.encode(audio, bandwidth=6.0)
        works: dict[str, Callable[[], object]] = {
            "model.encode": lambda: model.encoder(audio),
            "model.decode": lambda: model.decoder(features),
            "encode with quantiser, 6 kb/s": lambda: model.encode(audio, bandwidth=6.0),
            "decode with quantiser, 6 kb/s": lambda: model.decode(coded.audio_codes, coded.audio_scales),
        }
        return [_row("EnCodec 24k", title, args.encodec_seconds, work, repeats) for title, work in works.items()]


def _fold_weight_norm(model: Any) -> None:
    from torch.nn.utils import parametrize

    for module in model.modules():
        if parametrize.is_parametrized(module):
            parametrize.remove_parametrizations(module, "weight")


def _ratios(own_rows: list[dict[str, Any]], peer_rows: list[dict[str, Any]]) -> dict[str, Any]:
    """How many times as fast as EnCodec, networks alone, first length, by processor time."""
    key = "x real time by processor time"
    speed = {(row["codec"], row["what"]): row[key] for row in reversed(own_rows + peer_rows)}
    name = own_rows[0]["codec"]
    return {
        f"{title}, times EnCodec 24k": speed[name, title] / speed["EnCodec 24k", title]
        for title in ("model.encode", "model.decode")
        if ("EnCodec 24k", title) in speed
    }


if __name__ == "__main__":
    run(main)

"""Quality at real bitrates on a folder of sounds that no model was trained on, beside peers, with 95 % intervals."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from _shared import OptionError, add_model, model_from, one_thread, parser, publish, run, table


def main() -> None:
    args = _arguments()
    one_thread()
    from auricle.bench import Yardstick, excerpts
    from auricle.bench.scores import SPEECH_RATE
    from auricle.data import scan

    model = model_from(args.model)
    sounds = scan(args.folder).sounds
    sounds = sounds[:: max(1, len(sounds) // args.files)][: args.files]
    chosen = excerpts(sounds, max_seconds=args.clip_seconds * len(sounds), clip_seconds=args.clip_seconds)
    yardstick = Yardstick(model.sample_rate, speech=model.sample_rate <= SPEECH_RATE)
    rows, files = [], []
    for codec, setting, coder in _plan(model, args):
        verdicts = []
        for index, clip in enumerate(chosen.clips):
            if sys.stderr.isatty():
                print(f"\r{codec} {setting}: {index + 1} of {len(chosen.clips)}   ", end="", file=sys.stderr)
            verdicts.append(yardstick.judge(clip, coder))
        rows.append(_row(codec, setting, verdicts))
        files += [{"codec": codec, "setting": setting, **asdict(verdict)} for verdict in verdicts]
    settings = {
        "model": model.name,
        "folder": args.folder.name,
        "files": len(chosen.clips),
        "seconds": round(chosen.seconds, 1),
        "judged at Hz": model.sample_rate,
        "rejected": [f"{refused.path.name}: {refused.reason}" for refused in chosen.rejected],
    }
    note = f"{len(chosen.clips)} files, {chosen.seconds:.0f} s; means with 95 % bootstrap intervals over files"
    publish(f"quality-{model.name}", args.out, settings, {"rows": rows, "clips": files}, [table(rows), note])


def _arguments() -> argparse.Namespace:
    options = parser(__doc__)
    options.add_argument("folder", type=Path, help="sounds, at any depth")
    add_model(options, "speech")
    options.add_argument("--kbps", type=float, nargs="+", default=[3.0, 6.0, 9.0], help="bitrates asked of the model")
    options.add_argument("--peers", nargs="*", default=["opus"], choices=["opus", "lyra"], help="codecs beside it")
    options.add_argument("--opus-kbps", type=float, nargs="+", default=[6.0, 8.0, 10.0, 12.0], help="Opus settings")
    options.add_argument("--opus-application", choices=["audio", "voip"], default="audio", help="Opus mode")
    options.add_argument(
        "--opus-frames", type=int, nargs="+", default=[20], choices=[20, 40, 60], help="Opus frames, ms"
    )
    options.add_argument("--lyra", type=Path, help="folder with Lyra V2's released TFLite files")
    options.add_argument("--files", type=int, default=24, help="at most so many, spread over the folder")
    options.add_argument("--clip-seconds", type=float, default=30.0, help="longest excerpt of a file")
    return options.parse_args()


def _plan(model: Any, args: argparse.Namespace) -> list[tuple[str, str, Any]]:
    from auricle.bench.judge import at
    from auricle.bench.own import through_files

    plan = [(model.name, f"{kbps:g} kb/s", through_files(model, kbps=kbps)) for kbps in args.kbps]
    for peer, settings in _peers(args):
        missing = peer.available()
        if missing:
            print(f"{peer.name} is left out: {missing}", file=sys.stderr)
            continue
        plan += [(peer.name, f"{kbps:g} kb/s", at(peer, kbps)) for kbps in settings]
    return plan


def _peers(args: argparse.Namespace) -> list[tuple[Any, Sequence[float]]]:
    from auricle.bench import Lyra, Opus

    peers: list[tuple[Any, Sequence[float]]] = []
    if "opus" in args.peers:
        peers += [(Opus(args.opus_application, frame_ms=ms), args.opus_kbps) for ms in args.opus_frames]
    if "lyra" in args.peers:
        if args.lyra is None:
            raise OptionError("Lyra needs its folder: give --lyra DIR")
        lyra = Lyra(args.lyra)
        peers.append((lyra, lyra.bitrates))
    return peers


def _row(codec: str, setting: str, verdicts: Sequence[Any]) -> dict[str, Any]:
    from auricle.bench import bootstrap
    from auricle.bench.judge import real_kbps

    good = [verdict for verdict in verdicts if verdict.scores is not None]
    rate = real_kbps((verdict.bytes, verdict.seconds) for verdict in good)
    row = {"codec": codec, "setting": setting, "real kb/s": None if rate is None else f"{rate:.2f}"}
    for name, head, digits in (
        ("pesq", "PESQ-WB", 2),
        ("stoi", "STOI", 3),
        ("mel", "mel", 3),
        ("si_sdr", "SI-SDR dB", 1),
    ):
        values = [getattr(verdict.scores, name) for verdict in good]
        interval = bootstrap([value for value in values if value is not None])
        row[head] = None if interval is None else interval.text(digits)
    return {**row, "files": len(good), "failed": len(verdicts) - len(good)}


if __name__ == "__main__":
    run(main)

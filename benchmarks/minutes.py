"""Quality against minutes of training, from nothing and from a shipped model, on held-out files.

    python benchmarks/minutes.py VOICE/ --preset speech --budgets 5m 10m 20m --threads 1
    python benchmarks/minutes.py SPEECH/ --models shipped=speech new=new.auricle.safetensors

Each run is one `auricle train` with its own schedule; nothing is taken from the middle of a longer run.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from _shared import one_thread, parser, publish, run, table


def main() -> None:
    options = parser(__doc__)
    options.add_argument("sounds", type=Path, help="a folder of sounds, best with subfolders train and valid")
    options.add_argument("--preset", default="speech")
    options.add_argument("--budgets", nargs="*", default=[], help="5m 10m, or steps")
    options.add_argument("--bases", nargs="*", default=["none", "auto"])
    options.add_argument("--adversarial", type=float, default=0.0, help="last share of each budget")
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--precisions", nargs="+", default=["auto"], help="float32, bf16, auto")
    options.add_argument("--models", nargs="*", default=[], metavar="NAME=MODEL", help="measure these as they are")
    options.add_argument("--name", help="of the result, the folder's by default")
    options.add_argument("--seconds", type=float, default=120.0, help="of held-out sound that are judged")
    args = options.parse_args()
    if args.threads == 1:
        one_thread()
    names = {"preset", "bases", "budgets", "adversarial", "threads", "precisions", "seconds"}
    settings = {"sounds": args.sounds.name, **{name: value for name, value in vars(args).items() if name in names}}
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as home:
        for label, judged in _all(args, Path(home)):  # published anew after each run: a long row may be cut short
            rows += _rows(label, judged)
            publish(f"minutes-{args.name or args.sounds.name}", args.out, settings, {"rows": rows}, [table(rows)])


def _all(args: argparse.Namespace, home: Path) -> Iterator[tuple[dict[str, Any], Sequence[Any]]]:
    """What each model was made of, and its table beside Opus."""
    from auricle import DeviceConfig, TrainingOptions, load, train
    from auricle.bench.held_out import evaluate_held_out
    from auricle.data import scan, split

    held_out = split(scan(args.sounds).sounds)[1]
    for name, _, source in (text.partition("=") for text in args.models):
        table = evaluate_held_out(load(source), held_out, max_seconds=args.seconds)
        yield {"model": name, "steps": 0, "minutes": 0.0}, table
    for budget, base, precision in product(args.budgets, args.bases, args.precisions):
        result = train(
            args.sounds,
            out=home / f"{base}-{budget}-{precision}.auricle.safetensors",
            base=base,
            budget=budget,
            options=TrainingOptions(preset=args.preset, adversarial=args.adversarial, trackers="none"),
            device=DeviceConfig(threads=args.threads, precision=precision),
        )
        name = f"{budget} from {base}" + (f", {precision}" if precision != "auto" else "")
        label = {"model": name, "steps": result.steps, "minutes": round(result.seconds / 60, 1)}
        yield label, evaluate_held_out(result.model, result.held_out, max_seconds=args.seconds)


def _rows(label: dict[str, Any], table: Sequence[Any]) -> Iterator[dict[str, Any]]:
    for row in table:
        row_label = label if row.codec != "opus" else {"model": "opus", "steps": "", "minutes": ""}
        figures = {"mel": row.mel, "PESQ": row.pesq, "STOI": row.stoi, "SI-SDR": row.si_sdr}
        rounded = {name: None if value is None else round(value, 3) for name, value in figures.items()}
        yield {**row_label, "setting": row.setting, "kb/s": None if row.kbps is None else round(row.kbps, 2), **rounded}


if __name__ == "__main__":
    run(main)

"""Your own sound: a shipped model trained on one voice or instrument, beside that model as it was and Opus, on held-out
files at real bitrates with 95 % intervals.

    python recipes/voice.py voice_nl --language nl
    python benchmarks/own.py voice_nl --base speech --budget 20m
    python benchmarks/own.py koto --base music --budget 20m --kbps 6 12 24
"""

import argparse
import tempfile
from pathlib import Path

from _shared import one_thread, parser, publish, run


def main() -> None:
    options = parser(__doc__)
    options.add_argument("sounds", type=Path, help="a folder with subfolders train and valid")
    options.add_argument("--base", default="speech", help="a shipped model or a model file")
    options.add_argument("--budget", default="20m", help="of training: time or steps")
    options.add_argument("--tuned", type=Path, help="judge this model, which was trained before, instead of training")
    options.add_argument("--kbps", type=float, nargs="+", default=[1.5, 3.0, 6.0, 8.6], help="bitrates")
    options.add_argument("--files", type=int, default=12, help="held-out files that are judged, at most")
    options.add_argument("--clip-seconds", type=float, default=10.0, help="longest excerpt of a file")
    options.add_argument("--seed", type=int, default=0)
    args = options.parse_args()
    one_thread()
    from auricle.bench.benchmark import benchmark
    from auricle.bench.report.text_summary import quality_markdown
    from auricle.model import load
    from auricle.options.benchmark import BenchmarkOptions

    with tempfile.TemporaryDirectory() as home:
        tuned = args.tuned or Path(home) / "own.auricle.safetensors"
        if args.tuned is None:
            _train(args, tuned)
        model = load(tuned)
        result = benchmark(
            args.sounds / "valid",
            model=[model, load(args.base)],
            options=BenchmarkOptions(
                kbps=tuple(args.kbps), files=args.files, seconds=args.clip_seconds, skip_cost=True
            ),
        )
    training = {name: model.info.training.get(name) for name in ("base", "hours of sound", "steps", "seconds")}
    settings = {**result.settings, "sounds": args.sounds.name, **training}
    publish(
        f"own-{args.sounds.name}", args.out, settings, {"result": result.to_json()}, [quality_markdown(result.curves)]
    )


def _train(args: argparse.Namespace, out: Path) -> None:
    from auricle import DeviceConfig, TrainingOptions, train

    options = TrainingOptions(seed=args.seed, trackers="none")
    train(args.sounds, out=out, base=args.base, budget=args.budget, options=options, device=DeviceConfig(threads=1))


if __name__ == "__main__":
    run(main)

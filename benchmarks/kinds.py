"""Where a model wins and where it loses: one row for each kind of sound, beside Opus at the same bytes.

    python benchmarks/kinds.py --model music drums=CORPUS/test/drumkits piano=CORPUS/test/piano

Each kind is a folder of held-out sounds, or several with `+` between them. Every figure is a mean over files. A cell
is Auricle's figure, then Opus' in brackets; `wins` names those in which Auricle's is better.
"""

from pathlib import Path
from typing import Any

from _shared import add_model, model_from, one_thread, parser, publish, run, table

METRICS = ("visqol", "mel", "stft")


def main() -> None:
    options = parser(__doc__)
    options.add_argument("kinds", nargs="+", metavar="NAME=FOLDER+FOLDER", help="held-out sounds of a kind")
    add_model(options, "music")
    options.add_argument("--kbps", type=float, nargs="+", default=[6.0, 12.0, 24.0], help="bitrates, all channels")
    options.add_argument("--files", type=int, default=6, help="of a kind, at most")
    options.add_argument("--clip-seconds", type=float, default=6.0, help="longest excerpt of a file")
    options.add_argument("--sample-rate", type=int, default=48000, help="at which sounds are scored, in Hz")
    args = options.parse_args()
    one_thread()
    from auricle.bench.benchmark import benchmark
    from auricle.errors import OptionError
    from auricle.options.benchmark import BenchmarkOptions

    model = model_from(args.model)
    rows: list[dict[str, Any]] = []
    curves: dict[str, Any] = {}
    for kind, _, folders in (text.partition("=") for text in args.kinds):
        if not folders:
            raise OptionError(f"{kind!r} names no folder: write NAME=FOLDER")
        result = benchmark(
            [Path(folder) for folder in folders.split("+")],
            model=model,
            options=BenchmarkOptions(
                kbps=tuple(args.kbps),
                files=args.files,
                seconds=args.clip_seconds,
                sample_rate=args.sample_rate,
                score_as="audio",
                skip_cost=True,
            ),
        )
        rows += _rows(kind, result)
        curves[kind] = result.to_json()["curves"]
    settings = {"model": model.name, "files": args.files, "seconds": args.clip_seconds, "sample_rate": args.sample_rate}
    publish(f"kinds-{model.name}", args.out, settings, {"rows": rows, "curves": curves}, [table(rows)])


def _rows(kind: str, result: Any) -> list[dict[str, Any]]:
    """One row for each bitrate: kilobits per second of both, and each metric of both."""
    from auricle.bench.scoring.metrics import METRICS as ALL_METRICS

    own_curve, opus_curve = (result.curves[0], next(compared for compared in result.curves if compared.codec == "opus"))
    channels = "+".join(sorted({str(file.channels) for file in result.files if not file.problem}))
    rows = []
    for point, opus_point in zip(own_curve.points, opus_curve.points, strict=True):
        row: dict[str, Any] = {"kind": kind, "files": point.files, "channels": channels}
        row["kb/s"] = _pair(
            *(None if compared.kbps is None else compared.kbps.mean for compared in (point, opus_point)), digits=1
        )
        wins = []
        for name in METRICS:
            metric = ALL_METRICS[name]
            a, b = (
                None if name not in compared.scores else compared.scores[name].mean for compared in (point, opus_point)
            )
            row[metric.label] = _pair(a, b, digits=metric.digits)
            if a is not None and b is not None and (a > b if metric.higher_is_better else a < b):
                wins.append(metric.label)
        row["wins"] = ", ".join(wins) or "none"
        rows.append(row)
    return rows


def _pair(auricle: float | None, opus: float | None, *, digits: int) -> str:
    return " ".join(
        text.format("-" if value is None else f"{value:.{digits}f}")
        for text, value in (("{}", auricle), ("({})", opus))
    )


if __name__ == "__main__":
    run(main)

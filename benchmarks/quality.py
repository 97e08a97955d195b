"""Quality at real bitrates on a folder of sounds that no model was trained on, beside peers, with 95 % intervals: what
``auricle benchmark`` tells, as a dated result."""

from pathlib import Path

from _shared import add_model, model_from, one_thread, parser, publish, run, tell


def main() -> None:
    options = parser(__doc__)
    options.add_argument("folder", type=Path, help="sounds, at any depth")
    add_model(options, "speech")
    options.add_argument("--kbps", type=float, nargs="+", default=[1.5, 3.0, 6.0, 9.0, 12.0, 24.0], help="bitrates")
    options.add_argument("--against", nargs="*", default=["opus"], help="codecs beside it")
    options.add_argument("--lyra", type=Path, help="folder with Lyra V2's released TFLite files")
    options.add_argument("--opus-ml", type=Path, help="folder in which npm installed @wasm-audio-decoders/opus-ml")
    options.add_argument("--weights", type=Path, help="folder with weights of neural peers")
    options.add_argument("--files", type=int, default=24, help="at most so many")
    options.add_argument("--clip-seconds", type=float, default=10.0, help="longest excerpt of a file")
    options.add_argument("--metrics", nargs="*", default=[], help="by default all that are installed")
    options.add_argument("--jobs", type=int, default=1, help="processes that score")
    options.add_argument("--page", type=Path, help="HTML page to write besides")
    args = options.parse_args()
    one_thread()
    from auricle.bench.benchmark import benchmark
    from auricle.bench.report.text_summary import cost_markdown, quality_markdown
    from auricle.options.benchmark import AssetPaths, BenchmarkOptions

    result = benchmark(
        args.folder,
        model=model_from(args.model),
        options=BenchmarkOptions(
            against=tuple(args.against),
            kbps=tuple(args.kbps),
            files=args.files,
            seconds=args.clip_seconds,
            metrics=tuple(args.metrics),
            jobs=args.jobs,
        ),
        paths=AssetPaths(lyra=args.lyra, weights=args.weights, opus_ml=args.opus_ml),
        out=args.page,
        force=True,
        on_progress=lambda progress: tell(f"{progress.share:.0%} {progress.stage}"),
    )
    name = f"quality-{result.curves[0].codec}-{args.folder.name}"
    settings = {**result.settings, "model": result.curves[0].codec, "folder": args.folder.name}
    tables = [quality_markdown(result.curves), cost_markdown(result.curves), "\n".join(result.notes)]
    publish(name, args.out, settings, {"result": result.to_json()}, tables)


if __name__ == "__main__":
    run(main)

"""Writes docs/benchmarks.md from the newest result of each name in benchmarks/results."""

import argparse
import ast
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from _shared import RESULTS, run, table
from _verdicts import counted, verdicts

BENCHMARKS = Path(__file__).parent
PAGE = BENCHMARKS.parent / "docs" / "benchmarks.md"
_FIRST = ("benchmark", "quality", "minutes", "overhead", "speed", "startup", "memory", "training", "adversary")
_FRAME = {"benchmark", "date", "typed", "seconds", "machine", "settings", "notes", "result", "synthesis"}
_MOST_ROWS = 60
_MACHINE = ("processor", "cores", "load", "python", "torch")
_HEAD = """# Benchmarks

Made by `python benchmarks/page.py` from the newest result of each name in [benchmarks/results](../benchmarks/results):
don't edit it. `make bench` runs the short scripts again and makes this page anew. Timings depend on the machine and on
what else runs on it; `load` is how many processes wanted its cores when the result was written.

On your own sounds, with a page to listen and to judge blindly, which adds up the saved answers of several listeners:

    auricle benchmark SOUNDS/ --against opus,mp3,vorbis --out report.html

`--metrics` names the judges. Some see what spectra and PESQ do not: `buzz` (noise that repeats itself),
`levels_40ms` and `levels_8ms`, and those of the extra `judges`: `dnsmos` and `dnsmos_signal`, `words` (English words
that Whisper tiny.en hears otherwise than in the original), `zimtohrli` for music. `speaker` (likeness of the voice)
needs `pip install --no-deps Resemblyzer==0.1.4`, of which only the numbers are used. What is not installed is told.

The first model stands against every other model and codec, file by file at the nearest real bitrate: the mean
difference of each metric and its 95 % interval, over speakers or pieces where `--groups` finds them in the names:

    auricle benchmark SPEECH/ --model mine.auricle.safetensors --model speech --kbps 3,6 --groups "^([0-9]+)_"
"""
_COMPARED = """## Won and lost

Auricle beside each peer at the same real bitrate: Auricle's mean, then the peer's, on a line between its two nearest
settings over the logarithm of the bitrate. *Better* and *worse* mean that the 95 % intervals do not touch, *alike* that
they do; *no such bitrate* means that the peer has no settings on both sides, and its nearest one is told. Further down
are all settings.
"""
_BY_HAND = "The command was not kept with this result; the script's `--help` tells the options behind these settings."


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    options.add_argument("--results", type=Path, default=RESULTS, help="folder with dated JSON files")
    options.add_argument("--out", type=Path, default=PAGE, help="the page")
    args = options.parse_args()
    args.out.write_text(page(args.results), "utf-8")
    print(f"written to {args.out.name}", file=sys.stderr)


def page(results: Path) -> str:
    """The page in Markdown."""
    records = newest(results)
    compared = [(record["benchmark"], verdicts(record)) for record in records]
    everything = [row for _, rows in compared for row in rows]
    parts = [
        _HEAD,
        f"{_COMPARED}\nAll together: {counted(everything)}.\n",
        *(
            f"### {name}\n\n{counted(rows).capitalize()}.\n\n{table(_filled(rows))}\n"
            for name, rows in compared
            if rows
        ),
        *(_section(record, results) for record in records),
    ]
    idle = [stem for stem in scripts() if not any(script_of(record["benchmark"]) == stem for record in records)]
    if idle:
        names = ", ".join(f"`benchmarks/{stem}.py`" for stem in idle)
        parts.append(f"## Without a result\n\n{names}\n")
    return "\n".join(parts)


def newest(results: Path) -> list[dict[str, Any]]:
    """The last result of each name, in the order of the page."""
    records = [json.loads(path.read_text("utf-8")) for path in sorted(results.glob("????-??-??-*.json"))]
    last = {record["benchmark"]: record for record in sorted(records, key=lambda record: record["date"])}
    return sorted(last.values(), key=lambda record: (_rank(record["benchmark"]), record["benchmark"]))


def scripts() -> list[str]:
    """Stems of the scripts that measure something."""
    this_script = Path(__file__).stem
    return sorted(
        path.stem for path in BENCHMARKS.glob("*.py") if not path.name.startswith("_") and path.stem != this_script
    )


def script_of(name: str) -> str | None:
    """The script whose result bears a name: ``quality-speech`` is of ``quality``."""
    fitting = [stem for stem in scripts() if f"{name}-".startswith(f"{stem.replace('_', '-')}-")]
    return max(fitting, key=len, default=None)


def _rank(name: str) -> int:
    script = script_of(name)
    return _FIRST.index(script) if script in _FIRST else len(_FIRST)


def _section(record: Mapping[str, Any], results: Path) -> str:
    script = script_of(record["benchmark"])
    about = ast.get_docstring(ast.parse((BENCHMARKS / f"{script}.py").read_text("utf-8"))) if script else None
    file = f"{record['date']}-{record['benchmark']}.json"
    took = f", took {record['seconds']:.0f} s" if "seconds" in record else ""
    machine = ", ".join(f"{name} {record['machine'][name]}" for name in _MACHINE if name in record["machine"])
    settings = "; ".join(f"{name} {_plain(value)}" for name, value in record["settings"].items())
    parts = [
        f"## {record['benchmark']}",
        about or "",
        f"    {record['typed']}" if "typed" in record else _BY_HAND,
        f"{record['date']}{took}. {machine}. Settings: {settings}. "
        f"All of it: [{file}](../benchmarks/{results.name}/{file}).",
        *_tables(record),
        *record.get("notes", ()),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _tables(record: Mapping[str, Any]) -> Iterator[str]:
    """All that is tabular in a result, but for figures of single files."""
    if "result" in record:
        yield from _benchmark(record["result"])
    for name, value in record.items():
        rows = [value] if isinstance(value, dict) else value
        if name in _FRAME or not _tabular(rows) or len(rows) > _MOST_ROWS:
            continue
        flat = [{key: _plain(cell) if isinstance(cell, list) else cell for key, cell in row.items()} for row in rows]
        title = "" if name == "rows" else f"{name[0].upper()}{name[1:]}:\n\n"
        yield title + table(flat)


def _tabular(rows: Any) -> bool:
    return isinstance(rows, list) and bool(rows) and all(isinstance(row, dict) and row for row in rows)


def _benchmark(result: Mapping[str, Any]) -> Iterator[str]:
    """Quality, cost and files of a `BenchmarkResult`; a codec that could not run is a row, too."""
    from auricle.bench.report.text_summary import cost_markdown, quality_markdown
    from auricle.bench.scoring.results import BenchmarkResult

    benchmark = BenchmarkResult.from_json(result)
    yield quality_markdown(benchmark.curves)
    yield "BD-rate is the mean difference of bitrate at equal quality, against Opus: negative is fewer bits."
    yield cost_markdown(benchmark.curves)
    unusable = sum(bool(file.problem) for file in benchmark.files)
    share = benchmark.metric_seconds / benchmark.work_seconds if benchmark.work_seconds else 0.0
    counts = f"{len(benchmark.files) - unusable} files used, {unusable} left out"
    times = f"{benchmark.wall_seconds:.0f} s on the clock, {share:.0%} of the work was metrics"
    yield f"{benchmark.title}. {counts}; {times}."


def _filled(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """All rows with all keys, in the order in which they came up."""
    heads = list(dict.fromkeys(key for row in rows for key in row))
    return [{head: row.get(head) for head in heads} for row in rows]


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)


if __name__ == "__main__":
    run(main)

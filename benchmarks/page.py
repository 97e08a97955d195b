"""Writes docs/benchmarks.md (pictures, won and lost), docs/results.md (all tables) and docs/curves from the newest
result of each name in benchmarks/results."""

import argparse
import ast
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from _rate_curves import curves, picture
from _shared import RESULTS, run, table
from _verdicts import counted, verdicts

BENCHMARKS = Path(__file__).parent
DOCS = BENCHMARKS.parent / "docs"
_FIRST = ("benchmark", "quality", "minutes", "overhead", "speed", "startup", "memory", "training", "adversary")
_FRAME = {"benchmark", "date", "typed", "seconds", "machine", "settings", "notes", "result", "synthesis"}
_MOST_ROWS = 60
_MOST_LINES = 10
_MACHINE = ("processor", "cores", "load", "python", "torch")
_HEAD = """# Figures

Pictures first, then who won, then where every number is. Curves are means over files with 95 % intervals, bitrates
those of whole files. Nothing is picked by hand: `python benchmarks/page.py` makes this page from the newest result of
each name in [benchmarks/results](../benchmarks/results), losses included. All tables, with the command, date and
machine of each: [results.md](results.md).
"""
_OWN = """## On your own sounds

With a page to listen and to judge blindly, by pairs (A/B/X) or by ratings of all versions beside each other (MUSHRA,
ITU-R BS.1534-3), which adds up the saved answers of several listeners:

    auricle benchmark SOUNDS/ --against opus,mp3,vorbis --out report.html

`--metrics` names the judges. Some see what spectra and PESQ do not: `buzz` (noise that repeats itself),
`levels_40ms` and `levels_8ms`, `image` (levels between channels of music: where a sound is), and those of the extra
`judges`: `dnsmos` and `dnsmos_signal`, `words` (English words
that Whisper tiny.en hears otherwise than in the original), `zimtohrli` for music. `speaker` (likeness of the voice)
needs `pip install --no-deps Resemblyzer==0.1.4`, of which only the numbers are used. What is not installed is told.

The first model stands against every other model and codec, file by file at the nearest real bitrate: the mean
difference of each metric and its 95 % interval, over speakers or pieces where `--groups` finds them in the names:

    auricle benchmark SPEECH/ --model mine.auricle.safetensors --model speech --kbps 3,6 --groups "^([0-9]+)_"
"""
_DETAILS = """# All results

Made by `python benchmarks/page.py` from the newest result of each name in [benchmarks/results](../benchmarks/results):
don't edit it. `make bench` runs the short scripts again and makes this page anew. Timings depend on the machine and on
what else runs on it; `load` is how many processes wanted its cores when the result was written.
[benchmarks.md](benchmarks.md) has the pictures.
"""
_COMPARED = """## Won and lost

Auricle beside each peer at the same real bitrate: Auricle's mean, then the peer's, on a line between its two nearest
settings over the logarithm of the bitrate. *Better* and *worse* mean that the 95 % intervals do not touch, *alike* that
they do; *no such bitrate* means that the peer has no settings on both sides, and its nearest one is told. Further down
are all settings.
"""
_IN_SHORT = """## Won and lost

Beside each peer at the same real bitrate, counted over all settings and metrics: *better* and *worse* where the 95 %
intervals do not touch, *alike* where they do. What the peer has no bitrate for is not counted: Lyra begins at 3.2 kb/s,
so 3 kb/s of ours are in the paired differences of [results.md](results.md#won-and-lost) alone, with all other results.
The ten newest are here.
"""
_DRAWN = ("visqol", "pesq", "mel")
_BY_HAND = "The command was not kept with this result; the script's `--help` tells the options behind these settings."


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    options.add_argument("--results", type=Path, default=RESULTS, help="folder with dated JSON files")
    options.add_argument("--out", type=Path, default=DOCS, help="folder of the documents")
    args = options.parse_args()
    for name, text in pages(args.results).items():
        path = args.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        print(f"written to {name}", file=sys.stderr)


def pages(results: Path) -> dict[str, str]:
    """All that is written, by its place in the documents."""
    pictures = {f"curves/{stem}.svg": text for stem, _, text in _pictures(newest(results))}
    return {"benchmarks.md": overview(results), "results.md": details(results), **pictures}


def overview(results: Path) -> str:
    """Pictures, won and lost in short, links to all results."""
    records = newest(results)
    shown: dict[str, list[str]] = {}
    for stem, name, _ in _pictures(records):
        shown.setdefault(name, []).append(f"![{stem}](curves/{stem}.svg)")
    by_name = {record["benchmark"]: record for record in records}
    parts = [_HEAD]
    for name, images in shown.items():
        title = by_name[name]["result"].get("title") or name
        parts.append(f"## {name}\n\n{title}\n\n{' '.join(images)}\n\n[Its tables](results.md#{name}).\n")
    parts.append(f"{_IN_SHORT}\n{table(won_and_lost(records))}\n")
    parts.append(_OWN)
    rows = [_link_row(record) for record in records]
    parts.append(f"## Every result\n\n{table(rows)}\n")
    return "\n".join(parts)


def _link_row(record: Mapping[str, Any]) -> dict[str, str]:
    name = record["benchmark"]
    file = f"{record['date']}-{name}.json"
    return {
        "result": f"[{name}](results.md#{name})",
        "date": record["date"],
        "script": f"`benchmarks/{script_of(name)}.py`",
        "raw": f"[{file}](../benchmarks/results/{file})",
    }


def won_and_lost(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """How often Auricle is better, alike and worse beside each peer, over settings and metrics; own sounds together.

    Of several models the first one counts, which the result is about; of many results the newest are told.
    """
    cells: dict[tuple[str, str], list[str]] = {}
    for record in sorted(records, key=lambda record: record["date"], reverse=True):
        name = "own sounds" if record["benchmark"].startswith("own-") else record["benchmark"]
        first = next(iter(record.get("settings", {}).get("models", ())), None)
        for row in verdicts(record):
            if first is not None and not row["Auricle"].startswith(f"{first}, "):
                continue
            words = [cell.split(":")[0] for head, cell in row.items() if head not in ("Auricle", "real kb/s", "beside")]
            cells.setdefault((name, row["beside"]), []).extend(words)
    rows = [
        {"sounds": name, "beside": peer, **{word: words.count(word) for word in ("better", "alike", "worse")}}
        for (name, peer), words in cells.items()
    ]
    return [row for row in rows if row["better"] + row["alike"] + row["worse"]][:_MOST_LINES]


def _pictures(records: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Name of the picture, name of its result, and the picture."""
    from auricle.bench.scoring.metrics import METRICS

    for record in records:
        for metric in _DRAWN if "result" in record else ():
            lines = curves(record["result"], metric)
            if sum(map(len, lines.values())) > 2:
                name, label = record["benchmark"], METRICS[metric].label
                yield f"{name}-{metric}", name, picture(f"{name}: {label}", label, lines)


def details(results: Path) -> str:
    """All tables in Markdown."""
    records = newest(results)
    compared = [(record["benchmark"], verdicts(record)) for record in records]
    everything = [row for _, rows in compared for row in rows]
    parts = [
        _DETAILS,
        f"{_COMPARED}\nAll together: {counted(everything)}.\n",
        *(
            f"### {name}, compared\n\n{counted(rows).capitalize()}.\n\n{table(_filled(rows))}\n"
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
        flat = [
            {key: _plain(cell) if isinstance(cell, list) else cell for key, cell in row.items()}
            for row in map(_flat, rows)
        ]
        title = "" if name == "rows" else f"{name[0].upper()}{name[1:]}:\n\n"
        yield title + table(flat)


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """What of a row fits into cells: curves and the like are in the raw result."""
    plain = {key: _plain(cell) if isinstance(cell, list) else cell for key, cell in row.items() if not _nested(cell)}
    return {key: cell for key, cell in plain.items() if not isinstance(cell, dict)}


def _nested(cell: Any) -> bool:
    return isinstance(cell, list) and any(isinstance(part, dict) for part in cell)


def _tabular(rows: Any) -> bool:
    return isinstance(rows, list) and bool(rows) and all(isinstance(row, dict) and _flat(row) for row in rows)


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

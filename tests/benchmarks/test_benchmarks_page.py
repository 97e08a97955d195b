"""docs/benchmarks.md is what its generator makes of the results in the repository, losses included."""

import ast
import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from bench.reported import result

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"
SCRIPTS = sorted(path for path in BENCHMARKS.glob("[!_]*.py") if path.name != "page.py")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return import_module("page")


def stored(folder: Path, date: str, name: str, **results: Any) -> None:
    record = {"benchmark": name, "date": date, "machine": {"cores": 2}, "settings": {"model": "ours"}, **results}
    (folder / f"{date}-{name}.json").write_text(json.dumps(record), "utf-8")


def row(codec: str, kbps: float, pesq: str, mel: str) -> dict[str, Any]:
    return {"codec": codec, "setting": f"{kbps:g}", "real kb/s": f"{kbps:.2f}", "PESQ-WB": pesq, "mel": mel}


def test_the_page_is_up_to_date(made: Any):
    for name, text in made.pages(BENCHMARKS / "results").items():
        assert (ROOT / "docs" / name).read_text("utf-8") == text, "run: python benchmarks/page.py"


def test_pictures_come_first_and_lines_are_short(made: Any):
    overview = made.overview(BENCHMARKS / "results")
    assert 0 < overview.index("](curves/") < overview.index("## Won and lost") < overview.index("## Every result")
    assert max(map(len, made.details(BENCHMARKS / "results").splitlines())) < 4000
    assert len(made.won_and_lost(made.newest(BENCHMARKS / "results"))) <= 10


def test_every_result_is_of_a_script_and_on_the_page(made: Any):
    for record in made.newest(BENCHMARKS / "results"):
        assert made.script_of(record["benchmark"]), record["benchmark"]
        assert f"## {record['benchmark']}\n" in (ROOT / "docs" / "results.md").read_text("utf-8")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_every_script_publishes_and_says_what_it_measures(path: Path):
    tree = ast.parse(path.read_text("utf-8"))
    called = [node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    shared = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "_shared"]
    assert "publish" in called and any(name.name == "publish" for node in shared for name in node.names)
    assert ast.get_docstring(tree)


def test_make_bench_runs_scripts_that_are_there_and_ends_with_the_page():
    recipe = re.search(r"^bench:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert recipe
    *short, last = re.findall(r"benchmarks/(\w+)\.py", recipe[1])
    assert last == "page" and len(short) >= 4 and {*short} <= {path.stem for path in SCRIPTS}


def test_the_newest_result_of_a_name_counts(made: Any, tmp_path: Path):
    stored(tmp_path, "2026-01-02", "speed", rows=[{"x": 1.0}])
    stored(tmp_path, "2026-01-10", "speed", rows=[{"x": 12.3456}], typed="python benchmarks/speed.py", seconds=7.2)
    page = made.details(tmp_path)
    assert "12.3" in page and "2026-01-02" not in page and "    python benchmarks/speed.py" in page
    assert "took 7 s" in page and "Without a result" in page and "`benchmarks/startup.py`" in page


def test_losses_are_told_like_wins(made: Any, tmp_path: Path):
    rows = [
        row("ours", 4.0, "3.00 (2.90-3.10)", "0.500 (0.400-0.600)"),
        row("ours", 1.0, "1.00 (0.90-1.10)", "0.900 (0.800-1.000)"),
        row("peer", 2.0, "2.00 (1.90-2.10)", "0.400 (0.300-0.450)"),
        row("peer", 8.0, "3.00 (2.90-3.10)", "0.200 (0.100-0.300)"),
        row("silent", 8.0, "", ""),
    ]
    stored(tmp_path, "2026-01-02", "quality-x", rows=rows)
    page = made.details(tmp_path)
    assert "| ours, 4 | 4.00 | peer | better: 3.00 / 2.50 | worse: 0.500 / 0.300 |" in page
    assert "no such bitrate: 1.00 / 2.00 at 2.00 kb/s" in page and "not judged" in page
    assert "All together: better 1, worse 1, alike 0." in page


def test_a_whole_benchmark_is_drawn_with_its_empty_rows(made: Any, tmp_path: Path):
    found = result().to_json()
    stored(tmp_path, "2026-01-02", "quality-whole", result=found)
    page = made.details(tmp_path)
    assert "| speech | 3 kb/s | 3.00 ±0.06 |" in page and "2 files used, 1 left out" in page
    assert "Lyra needs its released model files" in page and "+12 %" in page and "-32 %" in page
    assert "| speech, 12 kb/s | 12.00 | opus | alike: 3.92 / 3.82 |" in page


def test_commands_name_no_places_of_the_machine(made: Any, tmp_path: Path):
    typed = import_module("_shared").typed
    words = ["/x/quality.py", str(tmp_path / "sounds"), "--models", f"a={tmp_path}/m.safetensors", "--kbps", "3"]
    assert typed([*words, "--out", str(tmp_path)]) == (
        "python benchmarks/quality.py sounds --models a=m.safetensors --kbps 3"
    )
    assert typed(["quality.py", str(ROOT / "src" / "a b")]) == "python benchmarks/quality.py 'src/a b'"

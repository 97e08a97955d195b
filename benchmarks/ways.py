"""The ways of a musician, an archivist, an engineer, a researcher and a student: every command and all Python of the
pages in docs/start, run as they stand there, one after the other, in a folder of its own.

The folder holds what the pages speak of: `talk.flac`, `recordings/` (speech in several files) and `sounds/` (drums in a
folder for each class, made by the shipped prior). `--budget` shortens what trains; the row then says so.
"""

import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from _shared import SOUNDS, parser, publish, run, table, write_sound
from auricle.audio import read

PAGES = Path(__file__).parents[1] / "docs" / "start"
_STEP = re.compile(r"^ {4}(auricle [^\n]+)$|^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PIECE_SECONDS = 1.5
_LONGEST_SECONDS = 3600.0


def prepare(folder: Path) -> None:
    """What a reader of the pages has."""
    import auricle

    audio, rate = read(SOUNDS / "speech_1.flac")
    write_sound(folder / "talk.flac", audio, rate)
    (folder / "recordings").mkdir()
    for name in ("speech_1", "speech_2"):
        audio, rate = read(SOUNDS / f"{name}.flac")
        size = int(_PIECE_SECONDS * rate)
        for start in range(0, audio.shape[1] - size, size):
            write_sound(folder / "recordings" / f"{name}-{start // size}.wav", audio[:, start : start + size], rate)
    for label in ("kick", "snare", "hat_closed"):
        options = auricle.GenerationOptions(label=label, count=24, seed=1)
        auricle.generate("drums", options, out=folder / "sounds" / label)


def steps(page: str) -> list[str]:
    """Commands and pieces of Python, in order."""
    return [command or code for command, code in _STEP.findall(page)]


def shortened(step: str, budget: str | None) -> str:
    """With another budget, where there is one."""
    return re.sub(r"--budget \S+", f"--budget {budget}", step) if budget else step


def execute(step: str, folder: Path) -> tuple[int, float, str]:
    """Exit code, seconds, and the last words."""
    if step.startswith("auricle "):
        words = [sys.executable, "-m", *shlex.split(step, comments=True)]
    else:
        words = [sys.executable, "-c", f"if __name__ == '__main__':\n{_indented(step)}"]
    began = time.perf_counter()
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache")}
    ran = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=_LONGEST_SECONDS)
    said = (ran.stdout.strip() or ran.stderr.strip()).splitlines()
    return ran.returncode, time.perf_counter() - began, said[-1] if said else ""


def _indented(code: str) -> str:
    return "".join(f"    {line}\n" for line in code.splitlines())


def way(page: Path, budget: str | None) -> list[dict[str, Any]]:
    """One row for each step of a page."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        rows = []
        for step in steps(page.read_text("utf-8")):
            code, seconds, words = execute(shortened(step, budget), folder)
            is_command = step.startswith("auricle ")
            shown = shortened(step, budget) if is_command else f"Python, {len(step.splitlines())} lines"
            rows.append(
                {"who": page.stem, "step": shown, "exit code": code, "s": round(seconds, 1), "last line": words[:100]}
            )
            print(f"{page.stem}: {shown}: {code}, {seconds:.1f} s", file=sys.stderr, flush=True)
        return rows


def main() -> None:
    """Walk, print, write."""
    options = parser(__doc__)
    options.add_argument("--pages", nargs="*", default=[], help="names of pages; all where none is named")
    options.add_argument("--budget", help="for what trains, instead of that of the page")
    args = options.parse_args()
    pages = [page for page in sorted(PAGES.glob("*.md")) if not args.pages or page.stem in args.pages]
    rows = [row for page in pages for row in way(page, args.budget)]
    ways = [
        {
            "who": page.stem,
            "steps": len(own),
            "stumbled": sum(row["exit code"] != 0 for row in own),
            "s": round(sum(row["s"] for row in own), 1),
        }
        for page in pages
        if (own := [row for row in rows if row["who"] == page.stem])
    ]
    settings = {"budget": args.budget or "as the pages have it"}
    publish("ways", args.out, settings, {"rows": ways, "steps": rows}, [table(ways), table(rows)])


if __name__ == "__main__":
    run(main)

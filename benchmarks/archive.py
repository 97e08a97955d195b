"""A folder of short files through the verbs: processor and wall time beside the shell loop, and what is left after
kills, a full disk and sources that vanish.

Files are pieces of the sounds in the package. Kills (SIGKILL) come one after another to one run that goes on after
each, at random instants; the result is compared, byte for byte and date for date, with that of a run that nobody
disturbed.
"""

import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from _shared import parser, publish, run, table, tell, write_pieces

_AURICLE = (sys.executable, "-m", "auricle")
_PARTS = ("throughput", "back", "kills", "full disk", "vanished sources")


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--files", type=int, default=1000, help="of the measured folder")
    options.add_argument("--kill-files", type=int, default=500, help="of the folder that is killed")
    options.add_argument("--instants", type=int, default=20, help="kills")
    options.add_argument("--seconds", type=float, default=2.0, help="of a file")
    options.add_argument("--jobs", type=int, nargs="*", default=[1, 2], help="numbers of processes")
    options.add_argument("--loop-files", type=int, default=5, help="files of the shell loop")
    options.add_argument("--ray", help="address of a running cluster, which does the same folder too")
    options.add_argument("--model", default="speech", help="a shipped model or a model file")
    options.add_argument(
        "--parts", nargs="*", default=list(_PARTS), choices=_PARTS, help="what is done; back: verify, decompress"
    )
    args = options.parse_args()
    results: dict[str, Any] = {}
    with TemporaryDirectory() as place:
        home = Path(place)
        if "throughput" in args.parts:
            results["throughput"] = _throughput(home, args)
        if set(args.parts) - {"throughput", "back"}:
            folder, unbroken = home / "in", home / "unbroken"
            write_pieces(folder, args.kill_files, args.seconds, 100)
            _measured("compress", folder, unbroken, "--model", args.model)
            expected = _contents(unbroken)
            if "kills" in args.parts:
                results["kills"] = _kills(folder, home / "killed", args, expected)
            if "full disk" in args.parts:
                results["full disk"] = _full_disk(folder, home / "small", args, expected)
            if "vanished sources" in args.parts:
                results["vanished sources"] = _vanished(folder, home / "vanished", args, expected)
    settings = {"files": args.files, "files killed": args.kill_files, "seconds": args.seconds, "model": args.model}
    name = "archive-ray" if args.ray else "archive" if "throughput" in args.parts else "archive-kills"
    publish(name, args.out, settings, results, [table(rows) for rows in results.values()])


@dataclass(frozen=True)
class Cost:
    """Of a command and its processes: seconds of wall and processor time, and the memory of the largest process that
    there has been until then."""

    wall: float
    processor: float
    peak_mb: float


def _measured(*words: str | Path, codes: Sequence[int] = (0,)) -> Cost:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    ran = subprocess.run([*_AURICLE, *map(str, words)], capture_output=True, text=True)
    if ran.returncode not in codes:
        raise SystemExit(f"auricle {' '.join(map(str, words))}: {ran.returncode}\n{ran.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.perf_counter() - started, processor, after.ru_maxrss / 1024)


def _throughput(home: Path, args: Any) -> list[dict[str, Any]]:
    folder, model = home / "many", ("--model", args.model)
    write_pieces(folder, args.files, args.seconds, 100)
    files = sorted(folder.rglob("*.flac"))
    loop = [_measured("compress", path, home / f"{path.stem}.aur", *model) for path in files[: args.loop_files]]
    rows = [_row("compress, shell loop", 1, loop, len(loop))]
    if args.ray is not None:
        tell("Ray")
        costs = [_measured("compress", folder, home / "out-ray", *model, "--ray", args.ray)]
        rows.append(_row("compress through Ray, whose workers are not counted", 0, costs, len(files)))
    for jobs in args.jobs:
        tell(f"{jobs} jobs")
        out = home / f"out{jobs}"
        rows.append(
            _row("compress", jobs, [_measured("compress", folder, out, *model, "--jobs", str(jobs))], len(files))
        )
        if jobs == args.jobs[0]:
            again = _measured("compress", folder, out, *model)
            rows.append(_row("compress, all done before", 1, [again], len(files)))
        if jobs == args.jobs[0] and "back" in args.parts:
            rows.append(_row("verify", 1, [_measured("verify", out)], len(files)))
            back = _measured("decompress", out, home / "back", *model, "--suffix", ".flac")
            rows.append(_row("decompress", 1, [back], len(files)))
    return rows


def _row(what: str, jobs: int, costs: Sequence[Cost], files: int) -> dict[str, Any]:
    return {
        "command": what,
        "jobs": jobs,
        "files": files,
        "wall s": sum(cost.wall for cost in costs),
        "processor s": sum(cost.processor for cost in costs),
        "processor s a file": sum(cost.processor for cost in costs) / files,
        "largest process so far MB": max(cost.peak_mb for cost in costs),
    }


def _contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Bytes and date of all files but the ledger; hidden ones among them."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and path.name != "manifest.jsonl"
    }


def _lines(out: Path) -> int:
    try:
        return (out / "manifest.jsonl").read_bytes().count(b'"state"')
    except OSError:
        return 0


@contextmanager
def _started(folder: Path, out: Path, args: Any) -> Iterator[subprocess.Popen[bytes]]:
    words = ["compress", folder, out, "--model", args.model, "--jobs", "2"]
    with subprocess.Popen(
        [*_AURICLE, *map(str, words)], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as process:
        yield process


def _wait_for(process: subprocess.Popen[bytes], out: Path, lines: int) -> None:
    """Until the ledger has so many records, or the process has ended."""
    while process.poll() is None and _lines(out) < lines:
        time.sleep(0.005)


def _compared(out: Path, expected: dict[str, tuple[bytes, int]]) -> dict[str, int]:
    contents = _contents(out)
    return {
        "files": len(contents),
        "equal": sum(contents.get(name) == value for name, value in expected.items()),
        "missing": len(expected.keys() - contents.keys()),
        "left over": len(contents.keys() - expected.keys()),
    }


def _kills(folder: Path, out: Path, args: Any, expected: dict[str, tuple[bytes, int]]) -> list[dict[str, Any]]:
    chance, kills = random.Random(0), 0
    for number in range(args.instants):
        tell(f"kill {number + 1}")
        with _started(folder, out, args) as process:
            _wait_for(process, out, _lines(out) + chance.randrange(args.kill_files // (args.instants + 2)))
            time.sleep(chance.uniform(0.0, 0.2))
            kills += process.poll() is None
            process.send_signal(signal.SIGKILL)
    _measured("compress", folder, out, "--model", args.model, "--jobs", "2")
    return [{"kills": kills, **_compared(out, expected)}]


def _full_disk(folder: Path, out: Path, args: Any, expected: dict[str, tuple[bytes, int]]) -> list[dict[str, Any]]:
    """A disk with room for half of the results; then one with room for all."""
    out.mkdir()
    half = sum(4096 * (-(-len(data) // 4096)) for data, _ in expected.values()) // 2
    mount = ["mount", "-t", "tmpfs", "-o", f"size={half}", "tmpfs", str(out)]
    if subprocess.run(mount, capture_output=True).returncode:
        raise SystemExit('"full disk" needs the right to mount: leave it out of --parts')
    try:
        words = [*_AURICLE, "compress", str(folder), str(out), "--model", args.model]
        ran = subprocess.run(words, capture_output=True, text=True)
        messages = [line for line in ran.stderr.splitlines() if line.startswith("auricle: ")]
        done = _compared(out, expected)
        room = ["mount", "-o", f"remount,size={4 * half}", str(out)]
        subprocess.run(room, check=True)
        _measured(*words[3:])
        return [
            {
                "exit code": ran.returncode,
                "lines": len(messages),
                "said": messages[-1].replace(str(out), "OUT"),
                "equal before": done["equal"],
                "left over before": done["left over"],
                **_compared(out, expected),
            }
        ]
    finally:
        subprocess.run(["umount", str(out)], check=True)


def _vanished(folder: Path, out: Path, args: Any, expected: dict[str, tuple[bytes, int]]) -> list[dict[str, Any]]:
    """The second half of the sources goes while the first is worked on."""
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy)
    files = sorted(copy.rglob("*.flac"))
    with _started(copy, out, args) as process:
        _wait_for(process, out, len(files) // 10)
        for path in files[len(files) // 2 :]:
            path.unlink()
        code = process.wait()
    before = _compared(out, expected)
    shutil.copytree(folder, copy, dirs_exist_ok=True)
    _measured("compress", copy, out, "--model", args.model, "--jobs", "2")
    return [{"exit code": code, "equal before": before["equal"], **_compared(out, expected)}]


if __name__ == "__main__":
    run(main)

"""Wall time of ``auricle --help``, and of loading the first model in a process that has torch already."""

import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from statistics import median

from _shared import parser, publish, run, table


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--repeats", type=int, default=10, help="runs whose median is told")
    args = options.parse_args()
    script = Path(sysconfig.get_path("scripts")) / "auricle"
    command = (
        [str(script)]
        if script.is_file()
        else [sys.executable, "-c", "import sys; from auricle.cli import main; sys.exit(main())"]
    )
    times = [_seconds([*command, "--help"]) for _ in range(args.repeats + 1)][1:]
    row = {
        "command": "auricle --help",
        "median s": median(times),
        "fastest s": min(times),
        "imports torch": _imports_torch(),
    }
    loads = [_load_seconds() for _ in range(3)]
    row |= {"loading speech, s": median(loads)}
    settings = {"repeats": args.repeats, "entry": "script" if script.is_file() else "module"}
    publish("startup", args.out, settings, {"rows": [row], "times": times}, [table([row])])


def _seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def _load_seconds() -> float:
    probe = "import time; from auricle.model import load; t = time.time(); load('speech'); print(time.time() - t)"
    return float(subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True).stdout)


def _imports_torch() -> str:
    probe = "import sys; from auricle.cli import main; main(['--help']); print('torch' in sys.modules)"
    process = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True)
    return "yes" if process.stdout.split()[-1] == "True" else "no"


if __name__ == "__main__":
    run(main)

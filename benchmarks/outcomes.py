"""Runs every verb where things go wrong, and counts how it ends.

Each run is a process of its own in a fresh copy of a folder with tiny sounds, a small model with random weights, and
what it made of them. Good ends: done; refused in one line (exit code 2); ended in one line (after a signal); killed (by
SIGKILL, or by a signal before Auricle's first line). Bad ends: a traceback or several lines, a file that can't be read
back, temporary files that stay (after SIGKILL: that the next run of the verb does not tidy), a run that hangs.

Signals fall at instants spread over the time that the verb takes when nothing is wrong.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from _remains import broken_files, leftovers
from _shared import OptionError, model_from, one_thread, parser, publish, run, table, write_sound
from auricle.cli.command_table import VERBS

RATE = 16000
MODEL = "mine.auricle.safetensors"
PRIOR = "mine.prior.safetensors"
SHAPE = "--preset conv --base none --batch 2 --threads 1 --cpu --trackers none"
COMMANDS: Mapping[str, str] = {
    "train": f"train sounds --budget 3 {SHAPE} --out new.auricle.safetensors",
    "train-prior": f"train-prior sounds --model {MODEL} --budget 3 --threads 1 --cpu --trackers none "
    "--out new.prior.safetensors",
    "generate": f"generate --prior {PRIOR} --seconds 1 -n 2 --out made",
    "morph": f"morph a.wav sounds/low/1.wav --model {MODEL} --count 2 --out made",
    "transfer": f"transfer a.wav --onto {MODEL} --out made",
    "latents": f"latents a.wav new.npz --model {MODEL}",
    "features": f"features sounds --model {MODEL} --out new.npz",
    "classify fit": f"classify fit sounds --model {MODEL} --out new.classifier.safetensors",
    "classify predict": f"classify predict a.wav --classifier mine.classifier.safetensors --model {MODEL}",
    "classify evaluate": f"classify evaluate sounds --model {MODEL} --out new.png",
    "classify detect": f"classify detect long.wav --classifier mine.detector.safetensors --model {MODEL} --out new.csv",
    "classify suggest": f"classify suggest sounds --model {MODEL}",
    "similar": f"similar a.wav sounds --model {MODEL}",
    "index": f"index sounds --model {MODEL} --out new.index",
    "doctor": "doctor sounds",
    "compress": f"compress a.wav new.aur --model {MODEL}",
    "decompress": f"decompress a.aur new.wav --model {MODEL}",
    "verify": "verify a.aur",
    "repair": "repair a.aur new.aur",
    "live": f"live a.wav new.wav --model {MODEL}",
    "export": f"export {MODEL} --to onnx --out made",
    "info": f"info {MODEL}",
    "evaluate-synthesis": "evaluate-synthesis sounds --real sounds --embeddings log-mel",
    "benchmark": f"benchmark a.wav --model {MODEL} --against none --kbps 6 --metrics mel --skip-cost --out new.html",
    "demo": f"demo few --model {MODEL} --out made",
}
FIT_DETECTOR = f"classify fit . --labels-table events.csv --model {MODEL} --out new.detector.safetensors"
NEEDS: Mapping[str, str] = {
    "generate": COMMANDS["train-prior"],
    "classify predict": COMMANDS["classify fit"],
    "classify detect": FIT_DETECTOR,
    "decompress": COMMANDS["compress"],
    "verify": COMMANDS["compress"],
    "repair": COMMANDS["compress"],
}
"""Commands whose results verbs take, as ``mine`` or ``a`` instead of ``new``."""
SIGNALS = tuple(name for name in ("SIGHUP", "SIGINT", "SIGTERM", "SIGKILL") if hasattr(signal, name))
READ_ONLY = ("doctor", "verify", "info", "similar", "classify predict", "classify suggest")
"""Verbs without ``--force``."""
FEW_BYTES = 100
LONGEST_SECONDS = 300.0
GOOD = ("done", "refused in one line", "ended in one line", "killed")
BAD = ("traceback", "several lines", "half-written file", "temporary files stay", "hang", "other exit code")


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--verbs", nargs="*", default=list(VERBS), help="which verbs")
    options.add_argument("--conditions", nargs="*", default=[*CONDITIONS, *SIGNALS], help="what goes wrong")
    options.add_argument("--instants", type=int, default=20, help="at which each signal is sent to each verb")
    args = options.parse_args()
    if os.name == "nt":
        raise OptionError("this script needs POSIX signals and permissions: run it on Linux or macOS")
    one_thread()
    if missing := VERBS.keys() - COMMANDS.keys():
        raise OptionError(f"no command for {', '.join(sorted(missing))}: add it to COMMANDS in this script")
    for names, known in ((args.verbs, VERBS), (args.conditions, [*CONDITIONS, *SIGNALS])):
        if unknown := set(names) - set(known):
            raise OptionError(f"no {', '.join(sorted(unknown))}: choose from {', '.join(known)}")
    with TemporaryDirectory() as name:
        stock, trials = _stock(Path(name), args.verbs), list[Trial]()
        for trial in (trial for verb in args.verbs for trial in _trials(stock, verb, args.conditions, args.instants)):
            trials.append(trial)
            print(f"{trial.verb}, {trial.condition}: {trial.end}  {trial.detail}", file=sys.stderr, flush=True)
    rows = [
        {"condition": condition, "runs": len(ends), **{end: Counter(ends)[end] for end in (*GOOD, *BAD)}}
        for condition in ("nothing wrong", *args.conditions)
        if (ends := [trial.end for trial in trials if trial.condition == condition])
    ]
    bad = [trial.__dict__ for trial in trials if trial.end in BAD]
    settings = {"verbs": args.verbs, "conditions": args.conditions, "instants": args.instants}
    tables = [table(part) for part in (rows, bad) if part]
    publish("outcomes", args.out, settings, {"outcomes": rows, "bad": bad}, tables)
    if bad:
        sys.exit(f"{len(bad)} of {len(trials)} runs ended badly")


@dataclass(frozen=True)
class Trial:
    """How one run ended.

    Attributes:
        verb: of Auricle.
        condition: what went wrong.
        end: one of the words of the table.
        detail: the last line that it wrote.
    """

    verb: str
    condition: str
    end: str
    detail: str


@dataclass(frozen=True)
class Start:
    """How a verb's process is started.

    Attributes:
        shell: a shell's word behind the command, such as a redirection.
        prepare: is given the folder first.
        in_child: is called in the new process.
        prefix: words before the command.
    """

    shell: str = ""
    prepare: Callable[[Path], None] = lambda folder: None
    in_child: Callable[[], None] = lambda: None
    prefix: tuple[str, ...] = ()


def _limit_files() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (FEW_BYTES, FEW_BYTES))


def _expect_signals() -> None:
    """Of a script that runs in the background some are ignored, which its children inherit."""
    for name in SIGNALS:
        if name != "SIGKILL":
            signal.signal(signal.Signals[name], signal.SIG_DFL)


def _hide(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix in (".wav", ".aur", ".safetensors"):
            path.chmod(0)


def _freeze(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if path.is_dir() and path.name not in ("cache", "scratch"):
            path.chmod(0o555)


AS_USER = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
"""Permissions bind root too."""
_USER = AS_USER if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("setpriv") else ()
CONDITIONS: Mapping[str, Start] = {
    "files end at 100 bytes": Start(in_child=_limit_files),
    "full disk": Start(),
    "full output": Start("> /dev/full"),
    "closed output": Start(">&-"),
    "closed input": Start("<&-"),
    "closed errors": Start("2>&-"),
    "nobody reads": Start("| true"),
    "unreadable": Start(prepare=_hide, prefix=_USER),
    "unwritable": Start(prepare=_freeze, prefix=_USER),
    "two at once": Start(),
}


def _trials(stock: Path, verb: str, conditions: list[str], instants: int) -> Iterator[Trial]:
    began = time.perf_counter()
    yield _trial(stock, verb, "nothing wrong", Start())
    seconds = time.perf_counter() - began
    for condition in conditions:
        if condition == "two at once":
            yield from _two_at_once(stock, verb)
        elif condition in CONDITIONS:
            yield _trial(stock, verb, condition, CONDITIONS[condition])
        else:
            for index in range(instants):
                yield _signalled(stock, verb, condition, seconds * (index + 0.5) / instants)


def _trial(stock: Path, verb: str, condition: str, start: Start) -> Trial:
    with _copy(stock, full=condition == "full disk") as folder:
        start.prepare(folder)
        return _ended(_start(folder, verb, start), folder, verb, condition)


def _two_at_once(stock: Path, verb: str) -> Iterator[Trial]:
    with _copy(stock) as folder:
        first, second = _start(folder, verb, Start()), _start(folder, verb, Start())
        _, first_text = _wait(first)
        _, second_text = _wait(second)
        for process, text in ((first, first_text), (second, second_text)):
            yield _judged(process, text, folder, verb, "two at once")


def _signalled(stock: Path, verb: str, name: str, seconds: float) -> Trial:
    with _copy(stock) as folder:
        process = _start(folder, verb, Start())
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.Signals[name])
        if name != "SIGKILL":
            return _ended(process, folder, verb, name)
        _, text = _wait(process)
        trial = _judged(process, text, folder, verb, name, tidy=False)
        if trial.end != "killed" or not leftovers(folder):
            return trial
        force = "" if verb in READ_ONLY else " --force"
        _wait(_run(folder, COMMANDS[verb] + force, Start()))  # the next run in this place
        return trial if not leftovers(folder) else Trial(verb, name, "temporary files stay", str(leftovers(folder)))


def _start(folder: Path, verb: str, start: Start) -> subprocess.Popen[str]:
    return _run(folder, COMMANDS[verb], start)


def _run(folder: Path, words: str, start: Start) -> subprocess.Popen[str]:
    script = f'{"" if "|" in start.shell else "exec "}"$0" -m auricle {words} {start.shell}'
    scratch = {"XDG_CACHE_HOME": str(folder / "cache"), "TMPDIR": str(folder / "scratch")}
    return subprocess.Popen(
        [*start.prefix, "bash", "-c", script, sys.executable],
        cwd=folder,
        env=os.environ | scratch,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        preexec_fn=lambda: (_expect_signals(), start.in_child()),
    )


def _wait(process: subprocess.Popen[str]) -> tuple[bool, str]:
    """Whether it ended, and its standard error."""
    try:
        return True, process.communicate(timeout=LONGEST_SECONDS)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return False, "hangs"


def _ended(process: subprocess.Popen[str], folder: Path, verb: str, condition: str) -> Trial:
    ended, text = _wait(process)
    if not ended:
        return Trial(verb, condition, "hang", f"no end in {LONGEST_SECONDS:.0f} s")
    return _judged(process, text, folder, verb, condition)


def _judged(
    process: subprocess.Popen[str], text: str, folder: Path, verb: str, condition: str, *, tidy: bool = True
) -> Trial:
    lines = text.splitlines()
    detail = lines[-1].replace(str(folder), "")[:200] if lines else ""
    messages = [line for line in lines if line.startswith("auricle: ")]
    end = _end(process.returncode, text, len(messages))
    if tidy and end in GOOD and (names := leftovers(folder)):
        end, detail = "temporary files stay", str(names)
    if end in GOOD and (broken := broken_files(folder)):
        end, detail = "half-written file", str(broken)
    return Trial(verb, condition, end, detail)


def _end(code: int, text: str, messages: int) -> str:
    if "Traceback" in text or "Exception ignored" in text:
        return "traceback"
    if messages > 1:
        return "several lines"
    if code == 0:
        return "done"
    if code < 0:
        return "killed"
    if code in (1, 2):
        return "refused in one line"
    return "ended in one line" if code > 128 else "other exit code"


@contextmanager
def _copy(stock: Path, *, full: bool = False) -> Iterator[Path]:
    """A copy of the stock; where it can be mounted and that is asked for, on a disk that is all but full."""
    folder = stock.with_name("place")
    folder.mkdir()
    mounted = full and _mount(folder)
    try:
        shutil.copytree(stock, folder, dirs_exist_ok=True)
        if mounted:
            _fill(folder / "filler")
        yield folder
    finally:
        for path in (folder, *folder.rglob("*")):
            if path.is_dir():
                path.chmod(0o755)
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)
        shutil.rmtree(folder)


def _mount(folder: Path) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True).returncode:
        raise OptionError('"full disk" needs the right to mount: leave it out of --conditions')
    return True


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return


def _stock(home: Path, verbs: list[str]) -> Path:
    """What the verbs work on."""
    from auricle.model import save

    stock = home / "stock"
    noise = np.random.default_rng(0)
    seconds = np.arange(RATE) / RATE
    for name in ("cache", "scratch", "few", "sounds/low", "sounds/high"):
        (stock / name).mkdir(parents=True)
    for label, hertz in (("low", 110), ("high", 880)):
        for number in range(1, 11):
            tone = 0.3 * np.sin(2 * np.pi * hertz * number**0.2 * seconds) + 0.01 * noise.standard_normal(RATE)
            write_sound(stock / "sounds" / label / f"{number}.wav", tone[None].astype(np.float32), RATE)
    for target in ("a.wav", "few/a.wav"):
        shutil.copy(stock / "sounds" / "high" / "1.wav", stock / target)
    _write_recording(stock)
    save(model_from("preset:conv"), stock / MODEL)
    for command in sorted({NEEDS[verb] for verb in verbs if verb in NEEDS}):
        process = _run(stock, command, Start())
        _, text = _wait(process)
        if process.returncode:
            raise OptionError(f"auricle {command} ended with {process.returncode}: {text.strip()[-300:]}")
        for path in list(stock.iterdir()):
            if path.name.startswith("new"):
                stem = "a" if path.suffix == ".aur" else "mine"
                path.rename(stock / path.name.replace("new", stem))
    for folder in (stock / "cache", stock / "scratch"):
        shutil.rmtree(folder)
        folder.mkdir()
    for folder in stock.glob("*.run"):
        shutil.rmtree(folder)
    return stock


def _write_recording(stock: Path) -> None:
    """Half a minute with calls in it, and the table of their times."""
    noise = np.random.default_rng(1)
    seconds = np.arange(30 * RATE) / RATE
    begins = np.arange(1.0, 29.0, 2.0)
    is_call = ((seconds[:, None] >= begins) & (seconds[:, None] < begins + 0.5)).any(axis=1)
    recording = 0.01 * noise.standard_normal(len(seconds)) + 0.3 * is_call * np.sin(2 * np.pi * 880 * seconds)
    write_sound(stock / "long.wav", recording[None].astype(np.float32), RATE)
    lines = ["path,begin,end,label", *(f"long.wav,{begin},{begin + 0.5},call" for begin in begins)]
    (stock / "events.csv").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    run(main)

"""One run of a command where things go wrong, and how it ended."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from _remains import broken_files, leftovers
from _shared import OptionError

SIGNALS = tuple(name for name in ("SIGHUP", "SIGINT", "SIGTERM", "SIGKILL") if hasattr(signal, name))
NOTHING, TWICE, EARLY = "nothing wrong", "two at once", "interrupted while Python starts"
FEW_BYTES = 100
LONGEST_SECONDS = 300.0
GOOD = ("done", "refused in one line", "ended in one line", "killed", EARLY)
BAD = ("traceback", "several lines", "half-written file", "temporary files stay", "hang", "other exit code")


@dataclass(frozen=True)
class Command:
    """What is run.

    Attributes:
        verb: of Auricle, and what it is done to.
        words: behind ``auricle``.
        next_words: the run after a killed one, in the same place.
        end_after: seconds after which SIGTERM ends what runs until then; None for what ends by itself.
    """

    verb: str
    words: str
    next_words: str
    end_after: float | None = None


@dataclass(frozen=True)
class End:
    """How one run ended.

    Attributes:
        end: one of the words of the table.
        detail: the last line that it wrote.
    """

    end: str
    detail: str


_HANG = End("hang", f"no end in {LONGEST_SECONDS:.0f} s")


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
    TWICE: Start(),
}


def run_once(stock: Path, command: Command, condition: str) -> list[End]:
    """The end of a run under a condition; two ends of two at once."""
    if condition == TWICE:
        return _two_at_once(stock, command)
    start = CONDITIONS.get(condition, Start())
    with _copy(stock, full=condition == "full disk") as folder:
        start.prepare(folder)
        process = start_command(folder, command.words, start)
        _end_after(process, command.end_after)
        return [_ended(process, folder)]


def run_signalled(stock: Path, command: Command, name: str, seconds: float) -> End:
    """The end of a run that gets a signal so many seconds after its start."""
    with _copy(stock) as folder:
        process = start_command(folder, command.words)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.Signals[name])
        if name != "SIGKILL":
            return _ended(process, folder)
        ended, text = wait_for(process)
        if not ended:
            return _HANG
        end = _judged(process, text, folder, tidy=False)
        if end.end != "killed" or not leftovers(folder):
            return end
        again = start_command(folder, command.next_words)
        _end_after(again, command.end_after)
        wait_for(again)
        return end if not leftovers(folder) else End("temporary files stay", str(leftovers(folder)))


def _two_at_once(stock: Path, command: Command) -> list[End]:
    with _copy(stock) as folder:
        processes = [start_command(folder, command.words) for _ in range(2)]
        for process in processes:
            _end_after(process, command.end_after)
        texts = [wait_for(process)[1] for process in processes]
        return [_judged(process, text, folder) for process, text in zip(processes, texts, strict=True)]


def start_command(folder: Path, words: str, start: Start = Start()) -> subprocess.Popen[str]:
    """A process that runs ``auricle`` and these words in a folder."""
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
        start_new_session=True,
        preexec_fn=lambda: (_expect_signals(), start.in_child()),
    )


def wait_for(process: subprocess.Popen[str], seconds: float = LONGEST_SECONDS) -> tuple[bool, str]:
    """Whether it ended, and all that it started and that writes where it did; and its standard error."""
    try:
        return True, process.communicate(timeout=seconds)[1]
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what it started hangs, too
        process.communicate()
        return False, "hangs"


def _end_after(process: subprocess.Popen[str], seconds: float | None) -> None:
    """End what runs until a signal comes, unless it has ended before."""
    if seconds is None:
        return
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)


def _ended(process: subprocess.Popen[str], folder: Path) -> End:
    ended, text = wait_for(process)
    return _judged(process, text, folder) if ended else _HANG


def _judged(process: subprocess.Popen[str], text: str, folder: Path, *, tidy: bool = True) -> End:
    lines = text.splitlines()
    detail = lines[-1].replace(str(folder), "")[:200] if lines else ""
    messages = [line for line in lines if line.startswith("auricle: ")]
    end = _end(process.returncode, text, len(messages))
    if tidy and end in GOOD and (names := leftovers(folder)):
        return End("temporary files stay", str(names))
    if end in GOOD and (broken := broken_files(folder)):
        return End("half-written file", str(broken))
    return End(end, detail)


def _end(code: int, text: str, messages: int) -> str:
    if "Traceback" in text or "Exception ignored" in text:
        return EARLY if _came_before_first_line(text) else "traceback"
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


def _came_before_first_line(text: str) -> bool:
    """Whether Python itself was interrupted, before it called anything of Auricle's."""
    is_in_auricle = any("auricle" in line and not line.endswith(", in <module>") for line in _frames(text))
    return text.rstrip().endswith("KeyboardInterrupt") and text.count("Traceback") == 1 and not is_in_auricle


def _frames(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("  File ")]

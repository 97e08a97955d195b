"""A studio that is measured: its process, what it is asked, its memory, and pages of it in a browser."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, final
from urllib.parse import quote

from _shared import OptionError

_AUTOGROUP = "autogroup"
_FLAGS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]


@final
class StudioServer:
    """``auricle studio`` on a folder, in a process of its own.

    Args:
        folder: of sounds.
    """

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "auricle", "studio", str(folder), "--port", "0", "--no-browser"]
        began = time.perf_counter()
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()
        self.start_seconds, self.start_processor = time.perf_counter() - began, _spent(self._process.pid)
        host, _, self._token = self.address.partition("/#token=")
        self._port = int(host.rpartition(":")[2])

    def ask(self, path: str, values: Any = None, body: bytes | None = None) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=600)
        data = json.dumps(values).encode() if values is not None else body
        headers = {"Authorization": f"Bearer {self._token}"}
        connection.request("GET" if data is None else "POST", f"/api/{path}", data, headers)
        response = connection.getresponse()
        answer = response.status, json.loads(response.read() or b"null")
        connection.close()
        return answer

    def upload(self, name: str, data: bytes) -> int:
        """Send a file into the folder; the status."""
        return self.ask(f"uploads?to=folder&name={quote(name)}", body=data)[0]

    def memory(self) -> dict[str, float]:
        """Resident megabytes of the server and of the processes that work for it."""
        server = self._process.pid
        workers = [pid for pid in _processes() if _parent(pid) == server]
        return {"server": _megabytes(server), "workers": sum(map(_megabytes, workers))}

    def end(self, number: int = signal.SIGTERM) -> None:
        """Let it go, or kill it."""
        self._process.send_signal(number)
        self._process.wait(60)


@contextmanager
def browser() -> Iterator[Any]:
    """The machine's Chromium."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    if program is None:
        raise OptionError("there is no chromium on this machine")
    with sync_playwright() as running:
        opened = running.chromium.launch(executable_path=program, args=_FLAGS)
        yield opened
        opened.close()


def new_page(opened: Any, address: str) -> Any:
    """A page without anything in its cache."""
    page = opened.new_context(viewport={"width": 1280, "height": 860}).new_page()
    page.set_default_timeout(600_000)
    page.goto(address)
    return page


def share_priority() -> int:
    """Give every process that this one starts its own priority, for as long as it runs; that priority.

    Linux schedules by sessions (autogroups), and the browser and the server's workers open sessions of their own: with
    a script that was given a core they would still be those that wait.
    """
    try:
        priority = Path("/proc/self", _AUTOGROUP).read_text().split()[-1]
    except (OSError, IndexError):  # no Linux, or one without them
        return 0
    if priority != "0":
        threading.Thread(target=_share_priority, args=(priority,), daemon=True).start()
    return int(priority)


def _share_priority(priority: str) -> None:
    while True:
        for pid in _ours():
            path = Path(f"/proc/{pid}", _AUTOGROUP)
            with suppress(OSError, IndexError):
                if path.read_text().split()[-1] != priority:
                    path.write_text(priority)
        time.sleep(0.25)


def processor_seconds() -> float:
    """Processor time so far of all processes that this one has started and that live: servers, workers, browsers.

    On a machine that others use this says more than the clock.
    """
    return sum(map(_spent, _ours()))


def _ours() -> set[int]:
    parents = {pid: _parent(pid) for pid in _processes()}
    ours, before = {os.getpid()}, 0
    while len(ours) > before:
        before = len(ours)
        ours |= {pid for pid, parent in parents.items() if parent in ours}
    return ours - {os.getpid()}


def _spent(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has ended meanwhile
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def _parent(pid: int) -> int:
    return int(_status(pid).get("PPid", "0"))


def _megabytes(pid: int) -> float:
    return int(_status(pid).get("VmRSS", "0 kB").split(" ")[0]) / 1024


def _status(pid: int) -> dict[str, str]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:  # it has ended meanwhile
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

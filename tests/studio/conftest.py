"""A running studio and what it is asked."""

import http.client
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from auricle import write

pytest.importorskip("starlette", reason="the studio needs the extra studio")
pytest.importorskip("uvicorn", reason="the studio needs the extra studio")


class RunningStudio:
    """A server in a process of its own, with one megabyte as the limit of uploads."""

    def __init__(self, folder: Path, *options: str) -> None:
        command = [sys.executable, "-m", "auricle", "studio", str(folder), "--port", "0", "--no-browser"]
        self.process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        self.folder = folder
        host, _, self.token = self.address.partition("/#token=")
        self.host = host.removeprefix("http://")
        self.port = int(self.host.rpartition(":")[2])

    def ask(
        self, path: str, values: Any = None, *, method: str | None = None, headers: dict[str, str] | None = None,
        body: Any = None, token: bool = True,
    ) -> tuple[int, dict[str, str], bytes]:  # fmt: skip
        """Status, headers and body of what the server answers; a header of None is not sent."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        sent = {"Authorization": f"Bearer {self.token}"} if token else {}
        if values is not None:
            body = json.dumps(values)
        connection.request(method or ("GET" if body is None else "POST"), path, body, {**sent, **(headers or {})})
        response = connection.getresponse()
        answer = response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        connection.close()
        return answer

    def json(self, path: str, values: Any = None, **more: Any) -> dict[str, Any]:
        status, _, body = self.ask(path, values, **more)
        assert status == 200, body
        return json.loads(body)

    def refusal(self, path: str, values: Any = None, **more: Any) -> tuple[int, str]:
        status, _, body = self.ask(path, values, **more)
        assert status >= 400, body
        return status, json.loads(body)["error"]

    def upload(self, name: str, data: bytes) -> dict[str, Any]:
        from urllib.parse import quote

        return self.json(f"/api/uploads?name={quote(name)}", body=data)

    def upload_sound(self, name: str, seconds: float = 0.5, hertz: float = 330.0) -> list[Any]:
        """Send a tone into the folder; its row in the list."""
        from urllib.parse import quote

        file = io.BytesIO()
        tone = 0.3 * np.sin(2 * np.pi * hertz * np.arange(round(16_000 * seconds)) / 16_000)
        soundfile.write(file, tone, 16_000, format="WAV")
        return self.json(f"/api/uploads?to=folder&name={quote(name)}", body=file.getvalue())["sound"]

    def end(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        self.process.wait(30)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def until(self, id: str, *states: str, seconds: float = 240.0) -> dict[str, Any]:
        """A training run once it has come to one of these states."""
        end = time.monotonic() + seconds
        while (run := self.json("/api/train/details", {"id": id}))["state"] not in states:
            assert time.monotonic() < end and run["state"] != "failed", run
            time.sleep(0.1)
        return run

    def until_steps(self, id: str, steps: int) -> dict[str, Any]:
        """A training run once it has told of so many steps."""
        end = time.monotonic() + 240
        while (
            not (course := (run := self.json("/api/train/details", {"id": id}))["course"]) or course[-1]["step"] < steps
        ):
            assert time.monotonic() < end and run["state"] in ("waiting", "running"), run
            time.sleep(0.1)
        return run


def tones(folder: Path, count: int = 4, seconds: float = 1.0, rate: int = 16_000) -> Path:
    """A folder of tones in noise, which a tiny model can learn."""
    folder.mkdir(parents=True, exist_ok=True)
    random, clock = np.random.default_rng(0), np.arange(round(rate * seconds)) / rate
    for number in range(count):
        tone = 0.3 * np.sin(2 * np.pi * 150 * (number + 1) * clock) + 0.01 * random.standard_normal(clock.size)
        write(folder / f"tone {number}.wav", tone[None], rate)
    return folder


TINY = {"title": "Tiny", "sounds": {}, "base": "none", "preset": "conv"}
"""A training that can be had in seconds."""


BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
LONG = 240_000
"""Milliseconds: models are loaded meanwhile, beside other tests."""
FLAGS = (
    "--no-sandbox",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)


@contextmanager
def opened_page(studio: RunningStudio, script: str = "") -> Iterator[Any]:
    """The studio's page in a real browser; no script in it may have failed in the end.

    Args:
        studio: whose.
        script: run before the page's own.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="tests of pages need playwright")
    if BROWSER is None:
        pytest.skip("needs chromium or chrome")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=BROWSER, args=list(FLAGS))
        page = browser.new_context(accept_downloads=True).new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.set_default_timeout(LONG)
        if script:
            page.add_init_script(script)
        page.goto(studio.address)
        yield page
        browser.close()
        assert not faults


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStudio]:
    running = RunningStudio(tmp_path_factory.mktemp("sounds"), "--max-upload", "1")
    yield running
    running.end()
    assert os.name != "posix" or running.process.returncode == 128 + signal.SIGTERM

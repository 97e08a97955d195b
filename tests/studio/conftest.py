"""A running studio and what it is asked."""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

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

    def end(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        self.process.wait(30)
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStudio]:
    running = RunningStudio(tmp_path_factory.mktemp("sounds"), "--max-upload", "1")
    yield running
    running.end()
    assert os.name != "posix" or running.process.returncode == 128 + signal.SIGTERM

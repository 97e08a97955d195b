import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("number", "word"),
    [(signal.SIGHUP, "hung up"), (signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")],
)
def test_a_signal_ends_it_in_one_line(tmp_path: Path, number: signal.Signals, word: str):
    command = [sys.executable, "-m", "auricle", "studio", str(tmp_path), "--no-browser", "--port", "0"]
    usual = lambda: signal.signal(number, signal.SIG_DFL)  # noqa: E731 (a process in the background ignores some)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=usual
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        process.send_signal(number)
        _, message = process.communicate(timeout=60)
    assert message == f"auricle: {word}\n"
    assert process.returncode == 128 + number


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 128 + signal.SIGINT), (signal.SIGTERM, -signal.SIGTERM)])
def test_a_signal_ends_its_worker_without_a_word(tmp_path: Path, number: signal.Signals, code: int):
    command = [sys.executable, "-P", "-m", "auricle.studio.worker", str(tmp_path)]
    usual = lambda: signal.signal(number, signal.SIG_DFL)  # noqa: E731 (a process in the background ignores some)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, preexec_fn=usual) as process:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        process.stdin.write('{"task": "none", "arguments": {}}\n')
        process.stdin.flush()
        assert json.loads(process.stdout.readline()) == {"error": "no task is called 'none'"}
        process.send_signal(number)
        assert (process.wait(timeout=60), process.stderr.read()) == (code, "")

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

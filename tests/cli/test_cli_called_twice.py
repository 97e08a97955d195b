"""The command line as a function of Python."""

import subprocess
import sys


def test_main_stays_a_function_once_it_was_called():
    code = "from auricle.cli import main; main(['--version']); from auricle.cli import main; print(main(['--version']))"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert said.splitlines()[-1] == "0"

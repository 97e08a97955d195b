"""Closed and full streams, signals, and terminals without letters, as real processes."""

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from auricle.audio.writer import write

if sys.platform == "win32":
    pytest.skip("a shell of POSIX and its signals", allow_module_level=True)
AURICLE = f"{shlex.quote(sys.executable)} -m auricle"
LONG = "n" * 300


def shell(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    script = command.replace("auricle", AURICLE, 1)
    return subprocess.run(
        ["bash", "-c", script], cwd=folder, env=os.environ | environment, capture_output=True, text=True, timeout=60
    )


def test_standard_input_is_a_file_to_check_and_save(tmp_path: Path, tone_file: Path, model_file: Path) -> None:
    assert shell(f"auricle compress {tone_file} a.aur --model {model_file} --quiet", tmp_path).returncode == 0
    data = (tmp_path / "a.aur").read_bytes()
    for command, shown in (("verify", "-: whole"), ("info", "standard input"), ("repair", "packet saved")):
        target = "- b.aur" if command == "repair" else "-"
        ran = subprocess.run(
            [sys.executable, "-m", "auricle", command, *target.split()], input=data, cwd=tmp_path, capture_output=True
        )
        assert ran.returncode == 0 and shown in ran.stdout.decode(), ran
    assert (tmp_path / "b.aur").read_bytes() == data
    ran = subprocess.run([sys.executable, "-m", "auricle", "verify", "-"], input=data[:-9], capture_output=True)
    assert ran.returncode == 2 and ran.stderr.startswith(b"auricle: error: standard input is damaged"), ran


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("auricle --help >&-", 2, "can't write standard output: Bad file descriptor"),
        ("auricle info MODEL >&-", 2, "can't write standard output: Bad file descriptor"),
        ("auricle info MODEL --json > /dev/full", 2, "can't write standard output: No space left on device"),
        ("auricle compress --help > /dev/full", 2, "No space left on device"),
        ("auricle verify --help > /dev/full", 2, "can't write standard output: No space left on device"),
        ("auricle --version > /dev/full", 2, "can't write standard output: No space left on device"),
        ("auricle compress - a.aur --model MODEL <&-", 2, "can't read standard input: Bad file descriptor"),
        ("auricle info missing 2>&-", 2, None),
        ("auricle info MODEL <&- >&- 2>&-", 2, None),
        ("auricle --help | head -1", 0, None),
        ("auricle compress --help | head -1", 0, None),
        (f"auricle info {LONG}.aur", 2, "File name too long"),
        (f"auricle compress {LONG}.wav", 2, "File name too long"),
        (f"auricle compress SOUND {LONG}.aur --model MODEL", 2, "File name too long"),
        ("ln -s loop loop; auricle compress loop", 2, "Too many levels of symbolic links"),
        ("ln -s loop loop; auricle compress SOUND loop --model MODEL", 2, "Too many levels of symbolic links"),
        ("auricle compress $'\\xff\\e.wav'", 2, "does not exist"),
    ],
)
def test_one_line_never_a_traceback(
    tmp_path: Path, tone_file: Path, model_file: Path, command: str, code: int, said: str | None
) -> None:
    if "/dev/full" in command and not Path("/dev/full").exists():
        pytest.skip("no full device here")
    ran = shell(command.replace("MODEL", str(model_file)).replace("SOUND", str(tone_file)), tmp_path)
    lines = ran.stderr.splitlines()
    assert ran.returncode == code, ran.stderr
    assert len(lines) == (said is not None)
    assert said is None or (lines[0].startswith("auricle: error: ") and said in lines[0])
    assert not list(tmp_path.glob("*.aur"))


@pytest.mark.parametrize("settings", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}])
def test_a_terminal_that_cannot_show_a_name(
    tmp_path: Path, tone_file: Path, model_file: Path, settings: dict[str, str]
) -> None:
    tone_file.rename(tmp_path / "näme\u2028 \N{SNAKE}.wav")
    ran = shell(f"auricle compress n*.wav --model {shlex.quote(str(model_file))}", tmp_path, PYTHONUTF8="0", **settings)
    assert ran.returncode == 0 and ran.stderr.isascii() and ran.stdout.isascii() and "me" in ran.stdout, ran
    assert (tmp_path / "näme\u2028 \N{SNAKE}.aur").is_file()


def test_a_full_standard_error_ends_no_work(tmp_path: Path, tone_file: Path, model_file: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no full device here")
    command = f"auricle compress {tone_file} a.aur --kbps 0.01 --model {model_file} 2> /dev/full"
    assert shell(command, tmp_path).returncode == 0
    assert (tmp_path / "a.aur").is_file()


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, "auricle: interrupted\n"),
        (signal.SIGTERM, 143, "auricle: terminated\n"),
        (signal.SIGHUP, 129, "auricle: hung up\n"),
    ],
)
def test_a_signal_in_the_middle(tmp_path: Path, model_file: Path, number: signal.Signals, code: int, said: str) -> None:
    write(tmp_path / "a.wav", 0.1 * np.random.default_rng(0).standard_normal((2, 16000 * 600)), 16000)
    process = _compressing(tmp_path, model_file)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=30)
    assert (process.returncode, stderr) == (code, said)
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


def test_nohup_goes_on_and_a_killed_process_is_tidied_after(tmp_path: Path, model_file: Path) -> None:
    write(tmp_path / "a.wav", 0.1 * np.random.default_rng(0).standard_normal((2, 16000 * 1200)), 16000)
    process = _compressing(tmp_path, model_file, before=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    process.kill()
    process.communicate()
    assert len(list(tmp_path.iterdir())) == 2
    write(tmp_path / "b.wav", np.zeros((1, 100)), 16000)
    assert shell(f"auricle compress b.wav c.aur --model {shlex.quote(str(model_file))}", tmp_path).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.wav", "b.wav", "c.aur"]


def _as_at_a_terminal() -> None:
    """Where tests run in the background, interrupts and hang-ups are ignored, and children would inherit that."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _compressing(folder: Path, model: Path, before=_as_at_a_terminal) -> subprocess.Popen[str]:
    """A process that has begun to write ``a.aur``."""
    command = [sys.executable, "-m", "auricle", "compress", "a.wav", "--model", str(model), "--quiet"]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=before
    )
    while not list(folder.glob(".auricle-*")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    return process

"""One process at a time in a folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from auricle.errors import OutputError
from auricle.lock import LOCK_NAME, lock_folder, lock_new_folder

HOLDER = """
import sys, time, pathlib
from auricle.lock import lock_folder
with lock_folder(pathlib.Path(sys.argv[1])):
    print("locked", flush=True)
    time.sleep(60)
"""


def test_a_second_process_is_refused_by_number_and_a_dead_ones_lock_is_taken_over(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"locked\n"
        refusal = rf"^process {holder.pid} is writing into .*name another folder$"
        with pytest.raises(OutputError, match=refusal), lock_folder(tmp_path):
            pass
        holder.kill()
    assert (tmp_path / LOCK_NAME).exists()
    with lock_folder(tmp_path):
        assert (tmp_path / LOCK_NAME).read_text().split()[0] == str(os.getpid())
    assert list(tmp_path.iterdir()) == []


def test_once_in_a_process(tmp_path: Path) -> None:
    refusal = f"process {os.getpid()} is writing"
    with lock_folder(tmp_path), pytest.raises(OutputError, match=refusal), lock_folder(tmp_path):
        pass
    with lock_folder(tmp_path):
        pass


def test_only_one_of_many_at_once(tmp_path: Path) -> None:
    program = """
import sys, pathlib
from auricle.errors import OutputError
from auricle.lock import lock_folder
folder = pathlib.Path(sys.argv[1])
for _ in range(300):
    try:
        with lock_folder(folder):
            (folder / "inside").touch(exist_ok=False)
            (folder / "inside").unlink()
    except OutputError:
        pass
"""
    processes = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path)]) for _ in range(4)]
    assert [process.wait() for process in processes] == [0] * 4


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"can't write into .*missing: No such file"),
        lock_folder(tmp_path / "missing"),
    ):
        pass


def test_a_new_folder_goes_again_if_nothing_comes_into_it(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    with lock_new_folder(folder), pytest.raises(OutputError, match="is writing"), lock_new_folder(folder):
        pass
    assert not folder.exists()
    with lock_new_folder(folder):
        (folder / "sound.wav").touch()
    assert [path.name for path in folder.iterdir()] == ["sound.wav"]
    with lock_new_folder(None):
        pass

"""What is done on Windows, as far as another system can show it: the branches run with ``sys.platform`` set to win32.

Locks of msvcrt, sharing of open files and the console are not simulated: for those the workflow runs its quick tests
there.
"""

import errno
import io
import os
import stat
import sys
from pathlib import Path

import pytest

from auricle.atomic import atomic_write, check_writable, remove_leftovers, temporary_folder, windows_name_problem
from auricle.cli.streams import print_output
from auricle.errors import OutputError
from auricle.lock import lock_folder, lock_new_folder


@pytest.fixture(autouse=True)
def on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")


def test_a_file_is_written_under_no_lock_and_closed_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock would keep the library that writes it from its byte; what is open can't get another name."""
    locked: list[int] = []
    monkeypatch.setattr("auricle.atomic.try_lock", locked.append)
    closed: list[bool] = []
    replace = Path.replace

    def noted(self: Path, target: Path) -> Path:
        descriptors = list(Path("/proc/self/fd").iterdir())
        closed.append(not any(path.samefile(self) for path in descriptors if path.exists()))
        return replace(self, target)

    if Path("/proc/self/fd").is_dir():
        monkeypatch.setattr(Path, "replace", noted)
    for force in (False, True):
        with atomic_write(tmp_path / "a.wav", force=force) as temporary:
            temporary.write_text("whole")
    assert not locked and all(closed)
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


@pytest.mark.parametrize("failures", [3, 10**6])
def test_a_scanner_that_has_the_new_file_open_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    replace, tries = Path.replace, list[Path]()

    def refused(self: Path, target: Path) -> Path:
        tries.append(self)
        if len(tries) <= failures:
            raise PermissionError(errno.EACCES, "Access is denied", str(self))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refused)
    path = tmp_path / "a.wav"
    path.write_text("old")
    if failures == 3:
        with atomic_write(path, force=True) as temporary:
            temporary.write_text("new")
    else:
        with (
            pytest.raises(OutputError, match=r"can't write .*Access is denied"),
            atomic_write(path, force=True) as half,
        ):
            half.write_text("new")
    assert path.read_text() == ("new" if failures == 3 else "old") and len(tries) > 3
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.wav"]


def test_one_file_that_is_open_does_not_keep_the_others_from_being_tidied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f".auricle-{digit * 16}.wav" for digit in "0123"]
    for name in names:
        (tmp_path / name).write_text("half")
    unlink = Path.unlink

    def guarded(self: Path, missing_ok: bool = False) -> None:
        if self.name == names[1]:
            raise PermissionError(errno.EACCES, "The process cannot access the file")
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", guarded)
    remove_leftovers(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [names[1]]


def test_a_lock_is_let_go_before_it_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    close, unlink = os.close, Path.unlink

    def noted_close(descriptor: int) -> None:
        order.append("close")
        close(descriptor)

    def noted_unlink(self: Path, missing_ok: bool = False) -> None:
        order.append("unlink")
        unlink(self, missing_ok)

    monkeypatch.setattr(os, "close", noted_close)
    monkeypatch.setattr(Path, "unlink", noted_unlink)
    with lock_folder(tmp_path), pytest.raises(OutputError, match="is writing into"), lock_folder(tmp_path):
        pass
    assert order[-2:] == ["close", "unlink"] and not list(tmp_path.iterdir())
    with lock_new_folder(tmp_path / "new"):
        pass
    with temporary_folder(tmp_path) as folder:
        (folder / "file").write_text("x")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("con", "is the name of a device"),
        ("NUL.wav", "is the name of a device"),
        ("Com3.tar.gz", "is the name of a device"),
        ("talk:2.wav", "has ':' in its name"),
        ('say "a".wav', "has '\"' in its name"),
        ("a\n.wav", r"has '\n' in its name"),
        ("a.wav.", "ends with a dot or a space"),
        ("a ", "ends with a dot or a space"),
        ("console.wav", ""),
        ("com.wav", ""),
        ("nul-001.wav", ""),
        (" ä b.wav", ""),
    ],
)
def test_names_that_windows_does_not_take(tmp_path: Path, name: str, said: str) -> None:
    assert (said in windows_name_problem(name)) if said else windows_name_problem(name) == ""
    if said:
        with pytest.raises(OutputError, match="name another file"):
            check_writable(tmp_path / name, force=False)
        assert not list(tmp_path.iterdir())


def test_a_read_only_file_is_refused_before_the_work(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_text("old")
    path.chmod(stat.S_IRUSR)
    with pytest.raises(OutputError, match="is read-only"):
        check_writable(path, force=True)
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    check_writable(path, force=True)


def test_nobody_reads_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(io.TextIOBase):
        def write(self, text: str) -> int:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(sys, "stdout", Broken())
    with pytest.raises(BrokenPipeError):
        print_output("a line")

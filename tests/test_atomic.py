"""Files that appear whole or not at all."""

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from auricle.atomic import atomic_write, check_writable, temporary_folder
from auricle.errors import OutputError

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="permissions and signals of POSIX")


def write(path: Path, *, force: bool = False, text: str = "new") -> None:
    with atomic_write(path, force=force) as temporary:
        temporary.write_text(text)


def test_a_link_stays_and_what_it_points_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "dangling").symlink_to("nowhere")
    with pytest.raises(OutputError, match="--force"):
        write(tmp_path / "link")
    write(tmp_path / "link", force=True)
    write(tmp_path / "dangling")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_text() == "new"
    assert (tmp_path / "dangling").is_symlink() and (tmp_path / "nowhere").read_text() == "new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_a_device_or_pipe_is_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path(os.devnull)):
        with pytest.raises(OutputError, match="device or a pipe"):
            write(path, force=True)
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("has_links", [True, False])
def test_a_file_that_came_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool) -> None:
    def no_links(self: Path, target: Path) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    if not has_links:
        monkeypatch.setattr(Path, "hardlink_to", no_links)
    path = tmp_path / "a.wav"
    with pytest.raises(OutputError, match=r"a\.wav exists already: use --force"), atomic_write(path) as temporary:
        temporary.write_text("mine")
        path.write_text("theirs")
    assert path.read_text() == "theirs"
    write(path, force=True)
    write(tmp_path / "b.wav")
    assert path.read_text() == (tmp_path / "b.wav").read_text() == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.wav", "b.wav"]


def test_many_at_once_write_one_file_once(tmp_path: Path) -> None:
    program = """
import sys, pathlib
from auricle.atomic import atomic_write
from auricle.errors import OutputError
for number in range(200):
    try:
        with atomic_write(pathlib.Path(sys.argv[1]) / f"{number}.txt") as temporary:
            temporary.write_text(sys.argv[2])
        print(number)
    except OutputError as error:
        assert "exists already" in str(error), error
"""
    processes = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path), name], stdout=subprocess.PIPE, text=True)
        for name in "abcd"
    ]
    winners = {name: process.communicate()[0].split() for name, process in zip("abcd", processes, strict=True)}
    assert [process.returncode for process in processes] == [0] * 4
    assert sorted(int(number) for numbers in winners.values() for number in numbers) == list(range(200))
    assert all(
        (tmp_path / f"{number}.txt").read_text() == name for name, numbers in winners.items() for number in numbers
    )
    assert len(list(tmp_path.iterdir())) == 200


@POSIX
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o666])
def test_permissions_of_an_old_file_are_kept(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a.wav"
    path.write_text("old")
    path.chmod(mode)
    with atomic_write(path, force=True) as temporary:
        assert stat.S_IMODE(temporary.stat().st_mode) == mode | 0o600
        temporary.write_text("new")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", mode)


@POSIX
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_a_new_file_has_the_permissions_that_the_user_wants(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write(tmp_path / "a.wav")
        with atomic_write(tmp_path / "b.wav") as temporary:  # some libraries put another file in its place
            (tmp_path / "other").touch(0o600)
            (tmp_path / "other").replace(temporary)
    finally:
        os.umask(before)
    for name in ("a.wav", "b.wav"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize("name", ["n" * 251 + ".wav", "." + "s" * 254, "n" * 255, "ä" * 125 + ".wav"])
def test_names_as_long_as_the_file_system_takes(tmp_path: Path, name: str) -> None:
    write(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_name_that_is_too_long_and_links_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    for path, said in ((tmp_path / ("n" * 256), "name too long"), (tmp_path / "a", "levels of symbolic links")):
        for job in (write, check_writable):
            with pytest.raises(OutputError, match=f"can't write .*{said}"):
                job(path, force=True)
    assert len(list(tmp_path.iterdir())) == 2


@POSIX
def test_what_a_killed_process_left_goes_and_what_a_live_one_writes_stays(tmp_path: Path) -> None:
    program = """
import sys, time, pathlib
from auricle.atomic import atomic_write
with atomic_write(pathlib.Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""
    (tmp_path / ".auricle-mine").write_text("not a temporary file")
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / name)],
            stdout=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(
                signal.SIGINT, signal.SIG_DFL
            ),  # ignored where tests run in the background
        )
        for name in ("dead.wav", "live.wav")
    ]
    for writer in writers:
        assert writer.stdout is not None and writer.stdout.readline() == b"writing\n"
    writers[0].kill()
    writers[0].wait()
    assert len(list(tmp_path.iterdir())) == 3
    check_writable(tmp_path / "other.wav", force=False)
    assert len(list(tmp_path.iterdir())) == 2
    writers[1].send_signal(signal.SIGINT)
    writers[1].wait()
    assert [path.name for path in tmp_path.iterdir()] == [".auricle-mine"]


def test_many_files_into_one_folder_list_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the work would grow with the square of their number."""
    listed: list[object] = []
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda folder: listed.append(folder) or scan(folder))
    for number in range(20):
        check_writable(tmp_path / f"{number}.aur", force=False)
        with atomic_write(tmp_path / f"{number}.aur") as temporary:
            temporary.write_text("whole")
    assert listed == [tmp_path] and len(list(tmp_path.iterdir())) == 20


def test_errors_name_the_file_that_the_user_named(tmp_path: Path) -> None:
    for error in (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), RuntimeError("no space (os error 28)")):
        with (
            pytest.raises(OutputError, match=r"^can't write .*[/\\]a\.wav: No space left on device$"),
            atomic_write(tmp_path / "a.wav"),
        ):
            raise error
    with pytest.raises(FileNotFoundError, match="missing"), atomic_write(tmp_path / "a.wav"):
        (tmp_path / "missing").read_text()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg"])
def test_a_disk_that_takes_no_more(tmp_path: Path, suffix: str) -> None:
    """Files of this process may grow to 100 kB: the writers see an error of the same kind as on a full disk."""
    program = f"""
import sys, pathlib, resource, numpy, auricle
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
noise = numpy.random.default_rng(0).normal(0, 0.1, (2, 2_000_000)).astype("f4")
try:
    auricle.write(pathlib.Path(sys.argv[1]) / "a.{suffix}", noise, 48000)
except auricle.AuricleError as error:
    print(error)
"""
    ran = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)
    assert ran.stdout == f"can't write {tmp_path}/a.{suffix}: File too large\n" and ran.stderr == ""
    assert list(tmp_path.iterdir()) == []


@POSIX
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_a_temporary_folder_outlives_its_process_only_until_the_next(tmp_path: Path, name: str) -> None:
    code = (
        "import sys, time, pathlib; from auricle.atomic import temporary_folder\n"
        "with temporary_folder(pathlib.Path(sys.argv[1])) as folder:\n"
        "    (folder / 'deep').mkdir(); (folder / 'deep' / 'file').write_text('x'); print(flush=True); time.sleep(60)"
    )
    dead, live = (
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) for _ in range(2)
    )
    for process in (dead, live):
        assert process.stdout is not None and process.stdout.readline()
    assert len(list(tmp_path.iterdir())) == 2
    dead.send_signal(signal.Signals[name])
    dead.communicate()
    with temporary_folder(tmp_path) as folder:
        assert len(list(tmp_path.iterdir())) == 2 and folder.is_dir(), "the dead one's is gone, the live one's stays"
    live.kill()
    live.communicate()
    write(tmp_path / "a.wav")
    check_writable(tmp_path / "b.wav", force=False)
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]

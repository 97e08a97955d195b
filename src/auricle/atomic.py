"""Files that appear whole or not at all, and temporary folders that don't outlive a killed process for long."""

import contextlib
import os
import re
import secrets
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from auricle.errors import AuricleError, OutputError
from auricle.lock import LOCK_NAME, is_open_at, lock_file, try_lock

_TEMPORARY = re.compile(r"\.auricle-[0-9a-f]{16}(\.[^.]*)?")
_LONGEST_SUFFIX = 32
_RETRY_SECONDS = 0.001
_PATIENCE_SECONDS = 1.0
_WINDOWS_DEVICE = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[1-9\u00b9\u00b2\u00b3])(\..*)?", re.IGNORECASE
)
_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*\x00-\x1f]')
_RUST_ERROR = re.compile(r"\(os error (\d+)\)")


def check_writable(path: Path, *, force: bool) -> None:
    """Refuse early what could not be written at the end, and tidy the folder, once in a process: see
    `remove_leftovers`.

    Raises:
        OutputError: the file exists and ``force`` is false, it is no regular file, or its folder is missing or not
            writable.
    """
    folder = _checked_target(path, force=force).parent
    status = folder.stat()
    _remove_leftovers_once(folder, status.st_dev, status.st_ino)


@contextmanager
def atomic_write(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; give it that name if the block ends well, else remove it.

    The temporary name is short and keeps the suffix of ``path``, so that libraries that choose a format by suffix work.
    Without ``force``, a file that another process has written meanwhile stays. With it, the new file has the
    permissions of the old one. Errors name ``path``.

    Raises:
        OutputError: the file exists and ``force`` is false, or it can't be written.
    """
    target = _checked_target(path, force=force)
    before = _stat(target)
    temporary = _temporary_path(target)
    try:
        with _create_locked(path, temporary) as handle:
            status = before or os.fstat(handle.fileno())
            temporary.chmod(stat.S_IMODE(status.st_mode) | stat.S_IRUSR | stat.S_IWUSR)
            yield temporary
            with temporary.open("r+b") as file:
                os.fsync(file.fileno())
            _set_owner_and_mode(temporary, status)
            if sys.platform == "win32":
                handle.close()  # what is open there can't get another name
            _rename(temporary, target, force=force)
    except FileExistsError as error:
        raise _exists(path) from error
    except Exception as error:
        raise _naming(path, temporary, error) from error
    finally:
        with contextlib.suppress(PermissionError):  # a virus scanner of Windows has it open: the next run removes it
            temporary.unlink(missing_ok=True)


@contextmanager
def temporary_folder(parent: Path | None = None) -> Iterator[Path]:
    """A folder of this process alone, which goes when the block ends; first what killed processes left there goes.

    Args:
        parent: where it lies; by default the system's folder for such things.

    Raises:
        OSError: it can't be made.
    """
    parent = Path(tempfile.gettempdir()) if parent is None else parent
    remove_leftovers(parent)
    folder = parent / f".auricle-{secrets.token_hex(8)}"
    try:
        with _locked_folder(folder):
            yield folder
    finally:
        try:
            shutil.rmtree(folder, ignore_errors=True)
        finally:  # again, if an interrupt came meanwhile
            shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(folder: Path) -> None:
    """Remove what processes that were killed left half-written in a folder; of live ones it is locked, and stays."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not _TEMPORARY.fullmatch(entry.name):
                continue
            if entry.is_file(follow_symlinks=False):
                _remove_if_unlocked(Path(entry.path))
            elif entry.is_dir(follow_symlinks=False):
                _remove_folder_if_unlocked(Path(entry.path))


@lru_cache(maxsize=1024)
def _remove_leftovers_once(folder: Path, device: int, number: int) -> None:
    """Many files into one folder: it is listed for the first only, or the work would grow with the square of them."""
    remove_leftovers(folder)


def windows_name_problem(name: str) -> str:
    """What keeps Windows from taking a name for a file, in words; nothing where it takes it."""
    if _WINDOWS_DEVICE.fullmatch(name):
        return "is the name of a device on Windows"
    if letter := _NOT_ON_WINDOWS.search(name):
        return f"has {letter[0]!r} in its name, which Windows does not allow"
    return "ends with a dot or a space, which Windows drops" if name[-1:] in (".", " ") else ""


def _checked_target(path: Path, *, force: bool) -> Path:
    """The file to write, behind all links: what a link points to is written, the link stays."""
    if sys.platform == "win32" and (problem := windows_name_problem(path.name)):
        raise OutputError(f"{path} {problem}: name another file")
    status = _stat(path)
    if status is not None and stat.S_ISDIR(status.st_mode):
        raise OutputError(f"{path} is a folder: name a file")
    if status is not None and not stat.S_ISREG(status.st_mode):
        raise OutputError(f"{path} is a device or a pipe: name a file, or redirect standard output")
    if status is not None and not force:
        raise _exists(path)
    if sys.platform == "win32" and status is not None and not status.st_mode & stat.S_IWUSR:
        raise OutputError(f"{path} is read-only, and Windows does not replace it: change that, or name another file")
    if not path.parent.is_dir():
        raise OutputError(f"the folder {path.parent} does not exist: create it, or name another file")
    target = path.resolve()
    if not os.access(target.parent, os.W_OK):
        raise OutputError(f"the folder {path.parent} is not writable: name a file elsewhere")
    return target


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:  # a name that is too long, links that lead round in a circle
        raise OutputError(f"can't write {path}: {error.strerror}: name another file") from error


def _exists(path: Path) -> OutputError:
    return OutputError(f"{path} exists already: use --force to replace it, or name another file")


def _temporary_path(target: Path) -> Path:
    """A short name that nobody else has."""
    suffix = target.suffix if len(os.fsencode(target.suffix)) <= _LONGEST_SUFFIX else ""
    return target.with_name(f".auricle-{secrets.token_hex(8)}{suffix}")


def _create_locked(path: Path, temporary: Path) -> BinaryIO:
    """A new file that is locked as long as it is open; its permissions are those of any new file."""
    while True:
        try:
            handle = temporary.open("xb")
        except OSError as error:
            raise OutputError(f"can't write to {path.parent}: {error.strerror}") from error
        if sys.platform != "win32":  # there nobody can remove what is open, and a lock would keep libraries out of it
            with contextlib.suppress(OSError):  # a file system without locks: nobody tidies there
                try_lock(handle.fileno())
        if is_open_at(handle.fileno(), temporary):  # else it was tidied away between our two steps
            return handle
        handle.close()


@contextmanager
def _locked_folder(folder: Path) -> Iterator[None]:
    """Make a folder and keep its lock."""
    while True:
        folder.mkdir(0o700, exist_ok=True)
        try:
            lock = lock_file(folder / LOCK_NAME)
        except (BlockingIOError, FileNotFoundError):  # it is tidied away between our two steps
            time.sleep(_RETRY_SECONDS)
            continue
        break
    try:
        yield
    finally:
        os.close(lock)  # Windows can't remove what is open


def _rename(temporary: Path, target: Path, *, force: bool) -> None:
    """Give the file its name; without ``force`` only if nobody else has it.

    Raises:
        FileExistsError: somebody has.
    """
    if not force:
        try:
            target.hardlink_to(temporary)
        except FileExistsError:
            raise
        except OSError:  # no hard links here: take the name with an empty file first
            target.open("xb").close()
        else:
            return
    rename_patiently(temporary, target)


def rename_patiently(path: Path, target: Path) -> None:
    """Give a file or folder another name, which may be a file's. Windows refuses while anybody, such as a virus
    scanner, has something of it open: there it is tried for a second.

    Raises:
        OSError: it can't be done.
    """
    last = time.monotonic() + (_PATIENCE_SECONDS if sys.platform == "win32" else 0.0)
    while True:
        try:
            path.replace(target)
        except PermissionError:
            if time.monotonic() >= last:
                raise
            time.sleep(_PATIENCE_SECONDS / 50)
        else:
            return


def _set_owner_and_mode(path: Path, status: os.stat_result) -> None:
    if sys.platform != "win32":
        with contextlib.suppress(OSError):  # only root may give files away
            os.chown(path, status.st_uid, status.st_gid)
    path.chmod(stat.S_IMODE(status.st_mode))


def _naming(path: Path, temporary: Path, error: Exception) -> Exception:
    """The error as one that names the file that the user named."""
    if isinstance(error, AuricleError):
        return type(error)(str(error).replace(str(temporary), str(path)))
    if isinstance(error, OSError):
        is_elsewhere = error.filename is not None and str(error.filename) != str(temporary)
        if is_elsewhere or isinstance(error, BrokenPipeError):
            return error
        return OutputError(f"can't write {path}: {error.strerror or error}")
    if code := _RUST_ERROR.search(str(error)):
        return OutputError(f"can't write {path}: {os.strerror(int(code[1]))}")
    return error


def _remove_if_unlocked(path: Path) -> None:
    if sys.platform == "win32":
        with contextlib.suppress(OSError):  # it is open: its process lives
            path.unlink()
        return
    with contextlib.suppress(OSError), path.open("r+b") as file:
        try_lock(file.fileno())
        if is_open_at(file.fileno(), path):
            path.unlink()


def _remove_folder_if_unlocked(folder: Path) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try_lock(descriptor)
            if sys.platform != "win32":
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(descriptor)
        if sys.platform == "win32":  # nothing that is open can be removed there
            shutil.rmtree(folder, ignore_errors=True)

"""Locks that end with their process, however it ends: a dead one's is simply free."""

import contextlib
import errno
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auricle.errors import OutputError

LOCK_NAME = ".auricle.lock"
"""In a locked folder: it holds the number of the process and the name of its machine."""
_LONGEST_OWNER = 300
_BEHIND_TEXT = 1 << 30  # Windows keeps others from reading and writing what is locked: lock a byte behind the text

if sys.platform == "win32":
    import msvcrt

    def try_lock(descriptor: int) -> None:
        """Lock an open file until it is closed or the process ends; others can still read and write it.

        Raises:
            BlockingIOError: another process, or another opening in this one, holds it.
            OSError: its file system has no locks.
        """
        os.lseek(descriptor, _BEHIND_TEXT, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK)) from error
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    def try_lock(descriptor: int) -> None:
        """Lock an open file until it is closed or the process ends; others can still read and write it.

        Raises:
            BlockingIOError: another process, or another opening in this one, holds it.
            OSError: its file system has no locks.
        """
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Be the only process that writes into an existing folder, as long as the block lasts.

    The lock of a process that was killed is taken over. On a file system without locks nobody is kept out.

    Raises:
        OutputError: another process is at work in the folder, or the folder can't be written.
    """
    path = folder / LOCK_NAME
    try:
        descriptor = lock_file(path)
    except BlockingIOError as error:
        raise OutputError(
            f"{_owner(path)} is writing into {folder}: wait until it has ended, or name another folder"
        ) from error
    except OSError as error:
        raise OutputError(f"can't write into {folder}: {error.strerror or error}") from error
    try:
        yield
    finally:
        if sys.platform == "win32":  # nobody can remove what is open there: not we, nor we once the next has it
            os.close(descriptor)
        with contextlib.suppress(OSError):
            path.unlink()
        if sys.platform != "win32":
            os.close(descriptor)


@contextmanager
def lock_new_folder(folder: Path | None) -> Iterator[None]:
    """Make a folder if need be and `lock_folder` it; it goes again if nothing is in it in the end. None locks nothing.

    Raises:
        OutputError: another process is at work in the folder, or it can't be made or written.
    """
    if folder is None:
        yield
        return
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"can't make the folder {folder}: {error.strerror}") from error
    try:
        with lock_folder(folder):
            yield
    finally:
        if is_new:
            with contextlib.suppress(OSError):  # there is something in it
                folder.rmdir()


def is_open_at(descriptor: int, path: Path) -> bool:
    """Whether ``path`` still names the open file: nobody has removed or replaced it."""
    if sys.platform == "win32":  # nobody can, as long as it is open; and `os.fstat` does not know all its file systems
        return True
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except OSError:
        return False


def lock_file(path: Path) -> int:
    """The descriptor of an open and locked file at ``path`` that says whose it is; it is made if need be.

    Raises:
        BlockingIOError: another process holds it.
        OSError: it can't be made.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock_where_possible(descriptor)
            if is_open_at(descriptor, path):  # else its owner removed it between our two steps
                with contextlib.suppress(OSError):  # a full disk: then nobody is told whose it is
                    os.ftruncate(descriptor, 0)
                    os.write(descriptor, f"{os.getpid()} {platform.node()}".encode())
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock_where_possible(descriptor: int) -> None:
    try:
        try_lock(descriptor)
    except BlockingIOError:
        raise
    except OSError:  # no locks here
        return


def _owner(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            number, _, machine = file.read(_LONGEST_OWNER).partition(" ")
    except OSError:
        return "another process"
    if not number.isdecimal():
        return "another process"
    elsewhere = machine.isprintable() and machine not in ("", platform.node())
    return f"process {number}" + (f" on {machine}" if elsewhere else "")

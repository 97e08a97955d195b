"""Serve the studio."""

import secrets
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from auricle.errors import OptionError, OutputError
from auricle.extras import require
from auricle.lock import lock_folder
from auricle.options.field_types import check_arguments
from auricle.options.studio import StudioOptions
from auricle.studio.server.workspace import Workspace


@check_arguments()
def run_studio(
    folder: Path | str = ".",
    options: StudioOptions = StudioOptions(),
    *,
    on_address: Callable[[str], None] = print,
) -> None:
    """Serve a page for a folder of sounds until it is interrupted.

    What the studio keeps lies in ``.studio`` in the folder. Jobs are processes of their own: they go on when the
    server ends, and the next one finds them.

    Args:
        folder: the library of sounds; it must exist.
        options: where to listen, and what to take.
        on_address: is told the page's address, with its token, when it can be opened.

    Raises:
        OptionError: the folder does not exist, or the port can't be had.
        OutputError: another studio is open for the folder, or it can't be written.
        MissingPackageError: starlette or uvicorn is not installed.
    """
    require("starlette", extra="studio", purpose="pages of the studio")
    uvicorn = require("uvicorn", extra="studio", purpose="pages of the studio")
    workspace = Workspace(Path(folder).resolve())
    if not workspace.folder.is_dir():
        raise OptionError(f"{folder} is no folder: name one with sounds, or make it first")
    try:
        workspace.prepare()
    except OSError as error:
        raise OutputError(f"can't write into {folder}: {error.strerror}") from error
    with lock_folder(workspace.state), _listening(options) as listener:
        port = listener.getsockname()[1]
        token = secrets.token_urlsafe(24)
        host = f"[{options.host}]" if ":" in options.host else options.host
        address = f"http://{host}:{port}/#token={token}"

        failures: list[Exception] = []

        def tell_address() -> None:
            try:
                on_address(address)
                sys.stdout.flush()
                if not options.no_browser:
                    webbrowser.open(address)
            except Exception as error:
                failures.append(error)
                server.should_exit = True

        config = uvicorn.Config(
            _application(workspace, token, port, options, tell_address),
            log_level="warning",
            access_log=False,
            lifespan="on",
            server_header=False,
        )
        config.timeout_graceful_shutdown = 2
        server = uvicorn.Server(config)
        with _end_on_hang_up(server):
            server.run(sockets=[listener])
        if failures:
            raise failures[0]


@contextmanager
def _end_on_hang_up(server: Any) -> Iterator[None]:
    """uvicorn ends in order after an interrupt or SIGTERM; inside the block it does so after SIGHUP, which is raised
    again at the end."""
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGHUP)
    numbers: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        numbers.append(number)
        server.should_exit = True

    if before is not signal.SIG_IGN:  # as under nohup
        signal.signal(signal.SIGHUP, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)
    if numbers:
        signal.raise_signal(signal.SIGHUP)


def _application(
    workspace: Workspace, token: str, port: int, options: StudioOptions, on_start: Callable[[], None]
) -> object:
    from auricle.studio.server.app import application
    from auricle.studio.server.guard import Access
    from auricle.studio.server.jobs import JobQueue
    from auricle.studio.server.studio import Studio
    from auricle.studio.server.worker_client import WorkerClient

    access = Access(token, port, options)
    workers = WorkerClient(workspace.folder), WorkerClient(workspace.folder)
    return application(Studio(workspace, access, *workers, JobQueue(workspace)), on_start)


def _listening(options: StudioOptions) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    if sys.platform != "win32":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((options.host, options.port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise OptionError(
            f"can't listen at {options.host}, port {options.port}: {error.strerror}: choose another --port, 0 takes any"
        ) from error
    return listener

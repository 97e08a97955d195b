"""Signals that wait: while a process is started, which would end in a traceback half-way, and for work to be saved."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Self, final

_NUMBERS = tuple(signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def signals_held() -> Iterator[None]:
    """Signals that would end this process are raised at the end of the block.

    Processes that are started inside have them blocked from their first moment on, until they call `end_on_signals`.
    Outside the main thread, which alone handles signals, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: arrived.append(number))
        for number in _NUMBERS
        if signal.getsignal(number) is not None  # a handler that is not Python's could not be put back
    }
    try:
        with _blocked():
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for number in arrived:
        signal.raise_signal(number)


@contextmanager
def _blocked() -> Iterator[None]:
    """No such signal comes to this thread; where a system has no masks, nothing changes."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # as it starts, it lets signals through
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _NUMBERS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def end_on_signals(*, unwind: bool) -> None:
    """Called in a process that was started in `signals_held`: interrupts are for the process that started it.

    Args:
        unwind: whether other signals unwind what it does, so that temporary files go; else they end it at once.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in _NUMBERS:
        if number != signal.SIGINT:
            signal.signal(number, _leave if unwind else signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _NUMBERS)


def _leave(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


@final
class FirstInterrupt:
    """Inside the block, the first interrupt only sets `came`; the second raises `KeyboardInterrupt`.

    Outside the main thread, and where interrupts are ignored, nothing is changed.
    """

    def __init__(self) -> None:
        self.came = False
        self._before: object = None

    def __enter__(self) -> Self:
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(signal.SIGINT) not in (signal.SIG_IGN, None):
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def _note(self, number: int, frame: object) -> None:
        if self.came:
            raise KeyboardInterrupt
        self.came = True

    def __exit__(self, *error: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)  # type: ignore[arg-type]

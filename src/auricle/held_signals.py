"""Signals that come while a process is started wait until it has been: half-started, it would end in a traceback."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

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

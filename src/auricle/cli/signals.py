"""Signals that end a process: the work is unwound, so that temporary files go."""

import signal
import sys
from _thread import interrupt_main
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self, final

_WORDS = {"SIGINT": "interrupted", "SIGTERM": "terminated", "SIGHUP": "hung up", "SIGBREAK": "interrupted"}
"""Windows has no SIGHUP, and SIGBREAK (Ctrl-Break) alone."""
_AGAIN_SECONDS = 0.01


class TerminatedError(BaseException):
    """Another signal than an interrupt came: unwind as after one."""


@final
class TerminationSignals:
    """Inside the block, a signal that would end the process raises: `KeyboardInterrupt` or `TerminatedError`.

    Where Python ignores what is raised, as in a finalizer, the signal is sent once more a moment later.

    It does so between `arm` and `disarm`: one that came before raises there, and one that comes afterwards is too late.
    Signals that are ignored, as by nohup, stay ignored. So do further ones while the first unwinds, but for interrupts.

    Attributes:
        number: of the first signal that came; None if none did. A library may have turned what it raised into
            something else.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._before: dict[int, Any] = {}
        self._is_armed = False
        self._unraisable_hook: Callable[[sys.UnraisableHookArgs], Any] | None = None

    @property
    def word(self) -> str:
        """What happened."""
        assert self.number is not None
        return _WORDS[signal.Signals(self.number).name]

    def arm(self) -> None:
        """Let signals raise from now on: whoever calls catches it.

        Raises:
            KeyboardInterrupt: an interrupt has come already.
            TerminatedError: another signal has.
        """
        self._is_armed = True
        if self.number is not None:
            raise KeyboardInterrupt if self.number == signal.SIGINT else TerminatedError

    def disarm(self) -> None:
        """Let signals no longer raise: the work has ended."""
        self._is_armed = False

    def __enter__(self) -> Self:
        usual = (signal.SIG_DFL, signal.default_int_handler)
        for number in (signal.Signals[name] for name in _WORDS if hasattr(signal, name)):
            try:
                if signal.getsignal(number) in usual:
                    self._before[number] = signal.signal(number, self._unwind)
            except ValueError:  # not in the main thread: whoever calls handles signals
                break
        self._unraisable_hook, sys.unraisablehook = sys.unraisablehook, self._send_again
        return self

    def _send_again(self, unraisable: "sys.UnraisableHookArgs", /) -> None:
        """Let no signal be lost in a finalizer, from which nothing can be raised."""
        number = self.number
        if number is not None and isinstance(unraisable.exc_value, (KeyboardInterrupt, TerminatedError)):
            from threading import Timer

            self.number = None
            Timer(_AGAIN_SECONDS, interrupt_main, (number,)).start()
        elif self._unraisable_hook is not None:
            self._unraisable_hook(unraisable)

    def _unwind(self, number: int, frame: FrameType | None) -> None:
        is_first = self.number is None
        self.number = self.number or number
        if not self._is_armed:
            return
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        if is_first:
            raise TerminatedError

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self._unraisable_hook is not None:
            sys.unraisablehook = self._unraisable_hook

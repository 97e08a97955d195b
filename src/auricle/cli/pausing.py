"""Ctrl-C while a run trains: the step ends, the state is saved, and ``--resume`` goes on from there."""

from contextlib import ExitStack
from typing import TYPE_CHECKING, final

from auricle.cli.launchers import is_only_process
from auricle.cli.screen import Screen
from auricle.errors import PausedError
from auricle.held_signals import FirstInterrupt

if TYPE_CHECKING:
    from auricle.training.loop.task import TrainingIntent


@final
class InterruptsPause:
    """From the first step of a run to the last, an interrupt pauses it; a second one ends it at once.

    Before and after that there is nothing to save, and an interrupt ends the run as it ends any verb. So it does where
    several processes train together: whoever started them ends them all.
    """

    def __init__(self, screen: Screen) -> None:
        self._screen, self._steps = screen, ExitStack()
        self._interrupt: FirstInterrupt | None = None

    def intent(self) -> "TrainingIntent":
        """What the run shall do after a step; for `TrainingCallbacks.intent`."""
        from auricle.training.loop.task import TrainingIntent

        if self._interrupt is None and is_only_process():
            self._interrupt = self._steps.enter_context(FirstInterrupt())
        came = self._interrupt is not None and self._interrupt.came
        return TrainingIntent.pause if came else TrainingIntent.go_on

    def end(self, error: BaseException | None = None) -> None:
        """After the last step, and after the run: interrupts do again what they did before.

        Raises:
            KeyboardInterrupt: the run was paused, as ``error`` says; a line has said how to go on.
        """
        self._steps.close()
        if isinstance(error, PausedError):
            self._screen.note(str(error))
            raise KeyboardInterrupt from error

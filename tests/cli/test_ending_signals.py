import signal
import time

import pytest

from auricle.cli.signals import TerminatedError, TerminationSignals


class RaisesWhenItGoes:
    def __init__(self, number: signal.Signals) -> None:
        self.number = number

    def __del__(self) -> None:
        signal.raise_signal(self.number)
        for _ in range(100):  # the handler runs here
            pass


@pytest.mark.parametrize(("number", "error"), [(signal.SIGTERM, TerminatedError), (signal.SIGINT, KeyboardInterrupt)])
def test_a_signal_in_a_finalizer_is_not_lost(
    number: signal.Signals, error: type[BaseException], capfd: pytest.CaptureFixture[str]
):
    before = signal.signal(number, signal.SIG_DFL)  # a script in the background ignores interrupts
    with TerminationSignals() as signals:
        signals.arm()
        with pytest.raises(error):
            RaisesWhenItGoes(number)
            time.sleep(5)
        signals.disarm()
        assert signals.number == number
    signal.signal(number, before)
    assert capfd.readouterr() == ("", "")

"""Interrupts of a run: the first one pauses it from its first step to its last."""

import signal

import pytest

from auricle import PausedError, TrainingIntent
from auricle.cli.options import Output
from auricle.cli.pausing import InterruptsPause
from auricle.cli.screen import Screen


@pytest.fixture(autouse=True)
def as_at_a_terminal():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a script in the background ignores interrupts
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def interrupts() -> InterruptsPause:
    return InterruptsPause(Screen(Output()))


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def test_the_first_interrupt_pauses_and_the_second_ends(interrupts: InterruptsPause) -> None:
    assert interrupts.intent() is TrainingIntent.go_on
    interrupt()
    assert interrupts.intent() is TrainingIntent.pause
    with pytest.raises(KeyboardInterrupt):
        interrupt()


def test_before_the_first_step_and_after_the_last_one_ends(interrupts: InterruptsPause) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupt()
    interrupts.intent()
    interrupts.end()
    with pytest.raises(KeyboardInterrupt):
        interrupt()


def test_a_paused_run_says_how_to_go_on_and_ends_as_interrupted(
    interrupts: InterruptsPause, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupts.intent()
    with pytest.raises(KeyboardInterrupt):
        interrupts.end(PausedError("paused at step 7: --resume goes on from there"))
    assert capsys.readouterr().err == "paused at step 7: --resume goes on from there\n"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_one_of_several_processes_is_interrupted_at_once(
    interrupts: InterruptsPause, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert interrupts.intent() is TrainingIntent.go_on
    with pytest.raises(KeyboardInterrupt):
        interrupt()

"""Budgets, clocks and learning rates."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auricle.errors import OptionError
from auricle.training import Budget, OptimiserConfig, Phase
from auricle.training.loop.schedule import Clock, learning_rate, spans


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("90s", Budget(seconds=90)),
        ("20m", Budget(seconds=1200)),
        ("1.5h", Budget(seconds=5400)),
        ("1h30m", Budget(seconds=5400)),
        ("500", Budget(steps=500)),
        ("500 steps", Budget(steps=500)),
    ],
)
def test_budgets_are_read(text, budget):
    assert Budget.parse(text) == budget


@pytest.mark.parametrize(
    "text", ["", "0", "-5m", "20 parsecs", "m", "0m", "10m!", "100000000", "9" * 5000, "9" * 400 + "h"]
)
def test_other_budgets_are_refused_with_their_text(text):
    with pytest.raises(OptionError, match="budget"):
        Budget.parse(text)


@given(st.lists(st.floats(0.05, 3.0), min_size=40, max_size=400))
def test_a_budget_in_seconds_is_met_although_speed_changes(speeds):
    """From a plan on, the end comes when the seconds are used up or the given speeds end."""
    budget, clock, index = Budget(seconds=20.0), Clock(), 0
    while not clock.done and index < len(speeds):
        if index % 5 == 0:
            clock = clock.plan(budget, speeds[index])
        clock = clock.tick(speeds[index])
        index += 1
    assert clock.progress - clock.stride < 1.0
    assert clock.done or clock.seconds < 20.0 + 5 * max(speeds)


def test_a_budget_in_steps_is_exact():
    clock = Clock().plan(Budget(steps=7), 1.0)
    for _ in range(7):
        assert not clock.done
        clock = clock.tick(1.0)
    assert clock.done


def test_a_longer_run_has_less_behind_it_but_enters_no_phase_twice():
    half, one = Clock(step=50, progress=0.5, seconds=100.0, stride=0.01), spans([Phase()])
    assert half.for_budget(Budget(steps=200), one) == Clock(step=50, progress=0.25, seconds=100.0, stride=0.75 / 150)
    assert half.for_budget(Budget(seconds=400.0), one) == Clock(step=50, progress=0.25, seconds=100.0)
    assert half.for_budget(Budget(steps=40), one).done and half.for_budget(Budget(seconds=100.0), one).done
    second, two = replace(half, phase=1, entered=40), spans([Phase(share=0.4), Phase(share=0.6)])
    assert second.for_budget(Budget(steps=200), two).progress == 0.4


def test_a_run_that_rewinds_goes_back_to_the_phase_that_a_longer_run_is_in():
    phases = spans([Phase(share=0.4), Phase(share=0.6)])
    done = Clock(step=100, progress=1.0, seconds=200.0, phase=1, entered=40)
    earlier = done.for_budget(Budget(steps=400), phases, rewinds=True)
    assert (earlier.phase, earlier.progress, earlier.entered) == (0, 0.25, 100)
    later = done.for_budget(Budget(seconds=300.0), phases, rewinds=True)
    assert (later.phase, later.entered) == (1, 40) and later.progress == pytest.approx(2 / 3)


def test_the_rate_warms_up_holds_and_falls_to_zero():
    config = OptimiserConfig(rate=1.0, warmup=9, decay=0.5)
    assert learning_rate(config, 0, 0.0) == pytest.approx(0.1)
    assert learning_rate(config, 100, 0.4) == 1.0
    assert learning_rate(config, 100, 0.75) == pytest.approx(0.5)
    assert learning_rate(config, 100, 1.0) == pytest.approx(0.0)


def test_phases_take_their_shares_of_the_run():
    first, second, third = spans([Phase(share=1.0), Phase(share=2.0), Phase(share=1.0)])
    assert (first.start, third.end) == (0.0, 1.0)
    assert first.end == second.start == pytest.approx(0.25)
    assert [second.done(progress) for progress in (0.1, 0.5, 0.9)] == pytest.approx([0.0, 0.5, 1.0])

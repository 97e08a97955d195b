"""Averaged weights."""

import pytest
import torch
from torch import nn

from auricle.training.engine.ema import ExponentialMovingAverage


def _moved(memory: float, steps: int) -> tuple[nn.Linear, ExponentialMovingAverage]:
    module = nn.Linear(1, 1)
    with torch.no_grad():
        module.weight.zero_()
    average = ExponentialMovingAverage(module, memory)
    with torch.no_grad():
        module.weight.fill_(1.0)
    for step in range(steps):
        average.update(step)
    return module, average


def test_the_memory_is_short_at_first_and_then_as_asked():
    _, once = _moved(0.999, 1)
    assert float(once.values["weight"]) == pytest.approx(0.9)
    _, long = _moved(0.5, 20)
    assert float(long.values["weight"]) > 1 - 0.5**10


def test_inside_the_block_the_module_has_the_average_and_after_it_its_own():
    module, average = _moved(0.999, 1)
    with average.applied():
        assert float(module.weight.detach()) == pytest.approx(0.9)
    assert float(module.weight.detach()) == 1.0
    average.apply()
    assert float(module.weight.detach()) == pytest.approx(0.9)


def test_whole_numbers_are_copied():
    module = nn.BatchNorm1d(2)
    average = ExponentialMovingAverage(module, 0.9)
    module(torch.randn(4, 2))
    average.update(100)
    assert int(average.values["num_batches_tracked"]) == 1

"""The gradient balancer against its closed form."""

import pytest
import torch
from pydantic import ValidationError

from auricle.errors import ConfigError
from auricle.training.objective.balancer import Balancer, BalancerConfig, BalanceState


def leaf(items: int = 4) -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(items, 6, requires_grad=True)


def linear(x: torch.Tensor, direction: int, size: float) -> torch.Tensor:
    """A mean over items whose own gradients have norm ``size``."""
    return size * x[:, direction].mean()


def test_without_config_it_is_the_plain_sum():
    x, state = leaf(), BalanceState()
    terms = {"a": linear(x, 0, 3.0), "b": (x**2).mean()}
    gradient, after = Balancer().combine(terms, x, state)
    (expected,) = torch.autograd.grad(linear(x, 0, 3.0) + (x**2).mean(), x)
    torch.testing.assert_close(gradient, expected)
    assert after is state


@pytest.mark.parametrize("items", [1, 4])
def test_each_loss_gets_its_share_whatever_its_scale(items):
    x = leaf(items)
    config = BalancerConfig(shares={"a": 3, "b": 1}, total=2.0)
    terms = {"a": linear(x, 0, 1e-3), "b": linear(x, 1, 1e4)}
    gradient, state = Balancer(config).combine(terms, x, BalanceState())
    expected = torch.zeros(items, 6)
    expected[:, 0], expected[:, 1] = 2.0 * 3 / 4 / items, 2.0 * 1 / 4 / items
    torch.testing.assert_close(gradient, expected)
    assert state.norms == pytest.approx({"a": 1e-3, "b": 1e4})


def test_norms_are_unbiased_exponential_averages():
    x, balancer, state = leaf(), Balancer(BalancerConfig(shares={"a": 1}, total=1.0, decay=0.9)), BalanceState()
    for size in (1.0, 2.0, 4.0):
        gradient, state = balancer.combine({"a": linear(x, 0, size)}, x, state)
    weights = (0.81, 0.9, 1.0)
    average = (0.81 * 1 + 0.9 * 2 + 1 * 4) / sum(weights)
    assert state.norms["a"] == pytest.approx(average)
    assert gradient[0, 0].item() == pytest.approx(4 / average / 4)


def test_a_late_loss_starts_its_own_average_and_states_are_values():
    x, balancer = leaf(), Balancer(BalancerConfig(shares={"a": 1, "b": 1}))
    _, first = balancer.combine({"a": linear(x, 0, 1.0)}, x, BalanceState())
    _, second = balancer.combine({"a": linear(x, 0, 1.0), "b": linear(x, 1, 5.0)}, x, first)
    assert dict(first.norms) == pytest.approx({"a": 1.0})
    assert second.norms["b"] == pytest.approx(5.0)
    assert second.steps == {"a": 2, "b": 1}
    _, third = balancer.combine({"a": linear(x, 0, 1.0)}, x, second)
    assert third.norms["b"] == second.norms["b"], "a loss that is away keeps its average"


def test_a_state_survives_as_plain_floats():
    state = BalanceState({"a.b": 0.1, "steps.c": 3.5}, {"a.b": 7, "steps.c": 1})
    again = BalanceState.from_floats(state.to_floats())
    assert again == state
    assert all(type(value) is float for value in state.to_floats().values())
    assert BalanceState.from_floats({}) == BalanceState()


def test_processes_share_the_averaged_norms():
    x = leaf()
    config = BalancerConfig(shares={"a": 1}, total=1.0)
    gradient, state = Balancer(config).combine({"a": linear(x, 0, 2.0)}, x, BalanceState(), lambda norms: norms + 6)
    assert state.norms["a"] == pytest.approx(8.0)
    assert gradient[0, 0].item() == pytest.approx(2 / 8 / 4)


def test_a_loss_without_gradient_does_no_harm():
    x = leaf()
    gradient, _ = Balancer(BalancerConfig(shares={"a": 1})).combine({"a": 0 * x.sum()}, x, BalanceState())
    assert not gradient.any()


def test_a_loss_without_share_is_an_error():
    x = leaf()
    with pytest.raises(ConfigError, match="not \\['b'\\]"):
        Balancer(BalancerConfig(shares={"a": 1})).combine({"b": linear(x, 0, 1.0)}, x, BalanceState())


@pytest.mark.parametrize("wrong", [{"shares": {}}, {"shares": {"a": 0}}, {"shares": {"a": 1}, "decay": 1.0}])
def test_a_wrong_config_is_refused(wrong):
    with pytest.raises(ValidationError):
        BalancerConfig(**wrong)

"""Mean velocities: a flow learns them from its own ways, and then takes few steps of one pass each."""

import copy
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from auricle.options.synthesis import ResolvedSampling
from auricle.synth.priors.flow import FlowConfig, FlowPrior
from auricle.synth.sampling.base import randomness
from auricle.synth.sampling.flow import FlowSampler
from auricle.synth.training.distillation import MeanVelocityLoss, without_mean_velocities
from synth.tiny_priors import CONFIGS, tiny_prior, windows

CONFIG = FlowConfig(
    window=12,
    width=32,
    depth=2,
    heads=2,
    patch=2,
    mean_velocities=True,
    guided=True,
    guidance_interval=(0.1, 0.7),
)
_SIZE = torch.full((16, 2), torch.nan)


@pytest.fixture
def prior(monkeypatch: pytest.MonkeyPatch) -> FlowPrior:
    """One with random weights, whose spans of time say nothing yet."""
    monkeypatch.setitem(CONFIGS, "flow", CONFIG)
    prior = tiny_prior("flow")
    assert isinstance(prior, FlowPrior) and prior.span is not None
    for parameter in prior.span[2].parameters():
        parameter.zero_()
    return prior.train().requires_grad_(True)


def learn(module: MeanVelocityLoss, steps: int) -> None:
    optimiser = torch.optim.Adam([p for p in module.parameters() if p.requires_grad], 3e-3)
    for step in range(steps):
        torch.manual_seed(step)
        optimiser.zero_grad()
        module(*windows(module.prior, 16), _SIZE)["loss"].mean().backward()
        optimiser.step()


@torch.no_grad()
def error(module: MeanVelocityLoss) -> float:
    """Mean of several draws, always the same ones."""
    errors = []
    for seed in range(20):
        torch.manual_seed(1000 + seed)
        errors.append(module(*windows(module.prior, 16), _SIZE)["loss"].mean())
    return float(sum(errors))


def drawn(prior: FlowPrior, steps: int) -> Tensor:
    random = [randomness(3, index) for index in range(8)]
    return next(iter(FlowSampler(prior.eval(), ResolvedSampling(2.0, steps, 1.0), 1).sample(random)))


def test_few_passes_come_as_far_as_many(prior: FlowPrior):
    plain = without_mean_velocities(copy.deepcopy(prior))
    exact = drawn(plain, 60)
    untaught = (drawn(prior, 2) - exact).square().mean()
    module = MeanVelocityLoss(prior.train())
    at_first = error(module)
    learn(module, 250)
    assert error(module) < 0.75 * at_first
    assert (drawn(prior, 2) - exact).square().mean() < 0.5 * untaught


def test_a_step_is_one_pass(prior: FlowPrior, monkeypatch: pytest.MonkeyPatch):
    spans = []
    velocity = FlowPrior.velocity

    def counted(self: FlowPrior, x: Tensor, t: Tensor, *rest: Tensor, span: Tensor, **options: Tensor) -> Tensor:
        spans.append((float(t[0]), float(span[0])))
        return velocity(self, x, t, *rest, span=span, **options)

    monkeypatch.setattr(FlowPrior, "velocity", counted)
    drawn(prior, 4)
    assert len(spans) == 4 and spans[0][0] == 0.0 and sum(span for _, span in spans) == pytest.approx(1.0)
    assert all(now + span == pytest.approx(then) for (now, span), (then, _) in pairwise(spans))


def test_the_velocity_at_a_moment_is_what_it_was_before_spans_are_learned(prior: FlowPrior):
    x, _, label, begin = windows(prior)
    plain, t = without_mean_velocities(prior), torch.tensor([0.0, 0.3, 0.6, 0.9])
    at_once = prior.velocity(x, t, label, begin)
    assert torch.equal(at_once, plain.velocity(x, t, label, begin))
    assert torch.equal(at_once, prior.velocity(x, t, label, begin, span=torch.zeros(4)))


def test_only_the_flow_learns_and_all_of_it(prior: FlowPrior):
    """Whatever is drawn, also of few windows: processes that share a training must all learn the same weights."""
    module = MeanVelocityLoss(prior)
    before = copy.deepcopy(module.teacher.state_dict())
    for seed in range(8):
        torch.manual_seed(seed)
        module.zero_grad(set_to_none=True)
        module(*windows(prior, 4), _SIZE[:4])["loss"].mean().backward()
        assert {name for name, weight in module.named_parameters() if weight.grad is not None} == {
            f"prior.{name}" for name, _ in prior.named_parameters()
        }
    learn(module, 2)
    assert all(torch.equal(before[name], value) for name, value in module.teacher.state_dict().items())


def test_any_windows_of_a_batch_are_taken(prior: FlowPrior, monkeypatch: pytest.MonkeyPatch):
    """Batches are sorted by length."""
    module, labels = MeanVelocityLoss(prior), []
    conditions = MeanVelocityLoss._conditions

    def seen(self: MeanVelocityLoss, label: Tensor, *rest: Any) -> Any:
        labels.extend(label.tolist())
        return conditions(self, label, *rest)

    monkeypatch.setattr(MeanVelocityLoss, "_conditions", seen)
    x, before, _, begin = windows(prior, 16)
    for seed in range(16):
        torch.manual_seed(seed)
        module(x, before, torch.arange(16) % 3, begin, _SIZE)
    assert set(labels) == {0, 1, 2} and int(module.steps) == 16


@pytest.mark.parametrize("changes", [{"guided": False}, {"unlabelled": 0.0}, {"examples": 4}, {"patch": 3}])
@pytest.mark.parametrize("channels", [1, 2])
def test_flows_of_every_shape_learn_them(monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], channels: int):
    monkeypatch.setitem(CONFIGS, "flow", CONFIG.model_copy(update=changes))
    prior = tiny_prior("flow", channels=channels, classes=() if "unlabelled" in changes else ("kick", "snare", "tom"))
    assert isinstance(prior, FlowPrior)
    module = MeanVelocityLoss(prior.train().requires_grad_(True))
    loss = module(*windows(prior, 16), _SIZE)["loss"]
    loss.mean().backward()
    assert loss.isfinite().all() and all(weight.grad.isfinite().all() for weight in prior.parameters())  # type: ignore[union-attr]


def test_frames_that_are_given_do_not_move(prior: FlowPrior):
    torch.manual_seed(0)
    module, (x, _, label, begin) = MeanVelocityLoss(prior), windows(prior, 16)
    conditions, fresh = module._conditions(label, begin, _SIZE, x.shape[1])
    way = module._way(x, fresh, conditions)
    assert conditions["prefix"].any() and (way.places[:, ~fresh.expand_as(x)] == x[~fresh.expand_as(x)]).all()
    assert way.times[-1].allclose(torch.ones(16)) and (way.times.diff(dim=0) > 0).all()


def test_one_guidance_for_each_is_what_each_alone_would_have(prior: FlowPrior):
    x, _, label, begin = windows(prior)
    t, guidance = torch.full((4,), 0.5), torch.tensor([1.0, 1.5, 2.0, 3.0])
    together = prior.velocity(x, t, label, begin, guidance=guidance)
    for index, strength in enumerate(guidance.tolist()):
        alone = prior.velocity(x, t, label, begin, guidance=strength)
        assert torch.allclose(together[index], alone[index], atol=1e-6)

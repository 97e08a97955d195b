"""What every kind of prior promises."""

from typing import Any

import pytest
import torch
from torch import Tensor

from auricle.errors import ModelError, OptionError
from auricle.synth import FlowConfig, FlowPrior, Origin, PriorConfig, RecurrentPrior
from contract import verify_step
from model.tiny import tiny_model
from synth.tiny_priors import CLASSES, CONFIGS, tiny_prior, windows

KINDS = pytest.mark.parametrize("kind", CONFIGS)


@KINDS
@pytest.mark.parametrize("channels", [1, 2])
def test_the_loss_is_one_finite_value_per_item(kind: str, channels: int) -> None:
    prior = tiny_prior(kind, channels=channels)
    assert prior.features == channels * prior.latent_dim
    terms = prior.loss(*windows(prior))
    assert terms["loss"].shape == (4,) and all(value.isfinite().all() for value in terms.values())
    assert (terms["loss"] > 0).all()


@KINDS
def test_every_weight_learns(kind: str) -> None:
    prior = tiny_prior(kind).train().requires_grad_(True)
    torch.manual_seed(0)
    prior.loss(*windows(prior, 32))["loss"].mean().backward()
    assert [name for name, weight in prior.named_parameters() if weight.grad is None or not weight.grad.any()] == []


@KINDS
def test_training_lowers_the_loss_and_learns_classes(kind: str) -> None:
    """Two classes of opposite sign: told the right class the loss is far lower than told the wrong one."""
    prior = tiny_prior(kind).train().requires_grad_(True)
    optimiser = torch.optim.Adam(prior.parameters(), 3e-3)
    label = torch.arange(16) % 2
    begin = torch.ones(16, dtype=torch.bool)
    x = torch.where(label == 0, 1.0, -1.0)[:, None, None] + 0.1 * torch.randn(16, prior.window, prior.features)
    losses = []
    for step in range(80):
        torch.manual_seed(step)
        optimiser.zero_grad()
        loss = prior.loss(x, x[:, 0], label, begin)["loss"].mean()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert sum(losses[-20:]) < 0.75 * sum(losses[:20])
    prior.eval()

    def loss_as(labels: Tensor) -> float:
        torch.manual_seed(0)
        with torch.no_grad():
            return float(prior.loss(x, x[:, 0], labels, begin)["loss"].mean())

    assert loss_as(label) < loss_as(1 - label) - 0.01


@KINDS
def test_standardising_is_undone(kind: str) -> None:
    prior = tiny_prior(kind, channels=2)
    z = torch.randn(2, 5, prior.features)
    torch.testing.assert_close(prior.restore(prior.standardise(z)), z)
    torch.testing.assert_close(prior.standardise(prior.mean + prior.deviation), torch.ones(prior.features))


def test_a_feature_that_never_varies_is_not_blown_up() -> None:
    prior = tiny_prior("flow")
    prior.fit_scale(torch.zeros(6), torch.tensor([0.0, 1, 1, 1, 1, 2]), torch.zeros(6))
    assert prior.standardise(torch.full((6,), 0.1))[0] < 10


@KINDS
def test_labels_are_numbers_and_unknown_ones_are_refused_with_the_known(kind: str) -> None:
    prior = tiny_prior(kind)
    assert [prior.label(name) for name in (None, *CLASSES)] == [-1, 0, 1, 2]
    with pytest.raises(OptionError, match=r"class 'clap' is unknown .* choose one of kick, snare, tom"):
        prior.label("clap")
    with pytest.raises(OptionError, match="trained without classes"):
        tiny_prior(kind, classes=()).label("kick")


def test_another_autoencoder_is_refused_with_both_fingerprints() -> None:
    model = tiny_model()
    prior = CONFIGS["flow"].build(Origin.of(model, 1, CLASSES))
    prior.require(model)
    with torch.no_grad():
        model.get_parameter("decoder.layers.1.bias")[0] += 1
    with pytest.raises(ModelError, match=f"fingerprint {prior.fingerprint[:16]}.*not of 'tiny' \\([0-9a-f]{{16}}\\)"):
        prior.require(model)


@KINDS
def test_configs_come_back_from_json_as_their_kind(kind: str) -> None:
    config = CONFIGS[kind]
    assert PriorConfig.model_validate_json(config.model_dump_json()) == config


def _flow() -> FlowPrior:
    prior = tiny_prior("flow")
    assert isinstance(prior, FlowPrior)
    return prior


def test_guidance_goes_from_no_class_through_the_class_and_beyond() -> None:
    prior = _flow()
    x, _, label, begin = windows(prior)
    label = torch.tensor([0, 1, 2, 0])
    t = torch.linspace(0, 1, 4)
    conditional, unconditional = prior.velocity(x, t, label, begin), prior.velocity(x, t, torch.full((4,), -1), begin)
    assert (conditional - unconditional).abs().max() > 1e-3
    torch.testing.assert_close(prior.velocity(x, t, label, begin, guidance=0.0), unconditional)
    torch.testing.assert_close(
        prior.velocity(x, t, label, begin, guidance=3.0), unconditional + 3 * (conditional - unconditional)
    )


def test_the_flow_sees_time_beginning_and_order() -> None:
    prior = _flow()
    x, _, label, begin = windows(prior)
    base = prior.velocity(x, torch.full((4,), 0.5), label, begin)
    for changed in (
        prior.velocity(x, torch.full((4,), 0.6), label, begin),
        prior.velocity(x, torch.full((4,), 0.5), label, ~begin),
        prior.velocity(x.roll(prior.patch, 1), torch.full((4,), 0.5), label, begin).roll(-prior.patch, 1),
    ):
        assert (changed - base).abs().max() > 1e-3


def test_the_flow_treats_each_item_by_itself_and_any_whole_number_of_patches() -> None:
    prior = _flow()
    x, _, label, begin = windows(prior)
    t = torch.rand(4)
    for frames in (prior.patch, prior.window):
        batch_velocity = prior.velocity(x[:, :frames], t, label, begin)
        alone = prior.velocity(x[2:3, :frames], t[2:3], label[2:3], begin[2:3])
        assert batch_velocity.shape == (4, frames, prior.features)
        torch.testing.assert_close(batch_velocity[2:3], alone, rtol=1e-4, atol=1e-5)


def test_the_flow_goes_on_from_known_frames() -> None:
    """Sounds that stay at one level: told the first frames the flow knows the level of the others, at t = 0 already."""
    prior = _flow().train().requires_grad_(True)
    assert prior.takes_prefix
    optimiser = torch.optim.Adam(prior.parameters(), 5e-3)
    begin, label = torch.ones(32, dtype=torch.bool), torch.full((32,), -1)
    for step in range(120):
        torch.manual_seed(step)
        x = torch.randn(32, 1, 1).expand(-1, prior.window, prior.features)
        optimiser.zero_grad()
        prior.loss(x, x[:, 0], label, begin)["loss"].mean().backward()
        optimiser.step()
    level = torch.linspace(-1.5, 1.5, 32)
    noise = torch.randn(32, prior.window, prior.features)
    frames = torch.where(torch.arange(prior.window)[:, None] < 4, level[:, None, None], noise)
    with torch.no_grad():
        prefixed = prior.eval().velocity(frames, torch.zeros(32), label, begin, prefix=torch.full((32,), 4))
        unprefixed = prior.velocity(frames, torch.zeros(32), label, begin)
    reached = (prefixed + noise)[:, 4:].mean((1, 2))
    assert torch.corrcoef(torch.stack((reached, level)))[0, 1] > 0.9
    assert not torch.equal(prefixed[:, 4:], unprefixed[:, 4:])


@pytest.mark.parametrize("frames", [2, 4, 12])
def test_at_least_one_patch_is_left_to_make(frames: int) -> None:
    prior = FlowConfig(window=frames, width=32, depth=1, heads=2, patch=2, continued=1.0).build(_flow().origin)
    x, before, label, begin = windows(prior, 64)
    assert prior.loss(x, before, label.clamp(max=2), begin)["loss"].isfinite().all()


def _recurrent() -> RecurrentPrior:
    prior = tiny_prior("recurrent")
    assert isinstance(prior, RecurrentPrior)
    return prior


def test_the_recurrent_body_keeps_the_streaming_contract() -> None:
    prior = _recurrent().requires_grad_(True)
    verify_step(prior.body, torch.randn(2, 9, 24), (1, 4, 5))


def test_stepping_predicts_what_training_predicts() -> None:
    prior = _recurrent()
    x, _, label, begin = windows(prior)
    past = torch.cat((torch.zeros_like(x[:, :1]), x[:, :-1]), 1)
    prediction, _ = prior.predict(past, prior.initial_state(label, begin))
    state = prior.initial_state(label, begin)
    for frame in range(prior.window):
        step, state = prior.predict(past[:, frame : frame + 1], state)
        for part, expected in zip(step, prediction, strict=True):
            torch.testing.assert_close(part[:, 0], expected[:, frame], rtol=1e-4, atol=1e-5)


def test_going_on_from_known_frames_is_going_on() -> None:
    prior = _recurrent()
    x, _, label, begin = windows(prior)
    begin = torch.ones_like(begin)
    state = prior.warm(x, prior.initial_state(label, begin))
    expected, _ = prior.predict(torch.cat((torch.zeros_like(x[:, :1]), x), 1), prior.initial_state(label, begin))
    prediction, _ = prior.predict(x[:, -1:], state)
    torch.testing.assert_close(prediction.means[:, 0], expected.means[:, -1], rtol=1e-4, atol=1e-5)


def test_drawn_frames_follow_the_mixture() -> None:
    prior = _recurrent()
    count = 4000
    label, begin = torch.zeros(count, dtype=torch.int64), torch.ones(count, dtype=torch.bool)
    state, before = prior.initial_state(label, begin), torch.zeros(count, 1, prior.features)
    mixture, _ = prior.predict(before, state)
    noise = prior.draw([torch.Generator().manual_seed(seed) for seed in range(count)], prior.features)
    samples, _ = prior.step(before, state, noise)
    weights = mixture.weights[0, 0].exp()[:, None]
    mean = (weights * mixture.means[0, 0]).sum(0)
    spread = (weights * (mixture.means[0, 0].square() + (2 * mixture.deviations[0, 0]).exp())).sum(0) - mean.square()
    assert ((samples[:, 0].mean(0) - mean).abs() < 5 * (spread / count).sqrt()).all()
    torch.testing.assert_close(samples[:, 0].var(0), spread, rtol=0.2, atol=0.0)
    still, _ = prior.step(before, state, noise, temperature=0.0)
    torch.testing.assert_close(still[:, 0].var(0), torch.zeros(prior.features))


def test_running_on_and_on_stays_within_bounds() -> None:
    """Weights that call for more at every frame: what is heard back is squashed, so nothing blows up."""
    prior = _recurrent()
    with torch.no_grad():
        for name in ("into.weight", "out.weight"):
            prior.get_parameter(name).mul_(20)
    begin, label = torch.ones(4, dtype=torch.bool), torch.zeros(4, dtype=torch.int64)
    state, before = prior.initial_state(label, begin), torch.zeros(4, 1, prior.features)
    generators = [torch.Generator().manual_seed(seed) for seed in range(4)]
    peaks = []
    for _ in range(200):
        before, state = prior.step(before, state, prior.draw(generators, prior.features))
        peaks.append(float(before.abs().max()))
    assert max(peaks[100:]) < 3 * max(peaks[:20])


def test_an_item_draws_the_same_numbers_in_any_company() -> None:
    together = RecurrentPrior.draw([torch.Generator().manual_seed(seed) for seed in (1, 2, 3)], 6)
    alone = RecurrentPrior.draw([torch.Generator().manual_seed(2)], 6)
    torch.testing.assert_close(together.spread[1], alone.spread[0])
    torch.testing.assert_close(together.choice[1], alone.choice[0])


def _sized_prior(**options: Any) -> FlowPrior:
    config = FlowConfig(window=12, width=32, depth=2, heads=2, examples=4, guided=True, times="mixed", **options)
    prior = config.build(tiny_prior("flow").origin)
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in prior.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return prior.eval()


def test_guidance_acts_in_the_middle_of_the_way_only() -> None:
    prior = _sized_prior(guidance_interval=(0.2, 0.8))
    x, _, label, begin = windows(prior)
    label = label.clamp(min=0)
    for time, acts in ((0.1, False), (0.5, True), (0.9, False)):
        t = torch.full((len(x),), time)
        plain, strong = (prior.velocity(x, t, label, begin, guidance=guidance) for guidance in (1.0, 3.0))
        assert torch.equal(plain, strong) != acts


def test_a_guided_network_learns_what_two_passes_say() -> None:
    prior = _sized_prior().train()
    x, before, label, begin = windows(prior, 64)
    x = x + label[:, None, None]
    optimiser = torch.optim.Adam(prior.parameters(), 3e-3)
    torch.manual_seed(0)
    for _ in range(150):
        optimiser.zero_grad()
        prior.loss(x, before, label, begin)["loss"].mean().backward()
        optimiser.step()
    prior.eval()
    known = label >= 0
    x, label, begin = torch.randn_like(x[known]), label[known], begin[known]
    t = torch.full((len(x),), 0.5)
    with torch.no_grad():
        plain = prior.velocity(x, t, label, begin)
        none = prior.velocity(x, t, torch.full_like(label, -1), begin)
        one_pass = prior.velocity(x, t, label, begin, guidance=2.0) - plain
    assert torch.nn.functional.cosine_similarity(one_pass.flatten(), (plain - none).flatten(), dim=0) > 0.7


def test_sizes_change_what_is_made_and_need_not_be_told() -> None:
    prior = _sized_prior()
    x, _, label, begin = windows(prior)
    t = torch.full((len(x),), 0.5)
    sizes = [torch.tensor([size] * len(x)) for size in ((0.1, -3.0), (0.2, -3.0), (0.1, -20.0))]
    short, long, quiet = (prior.velocity(x, t, label, begin, size=size) for size in sizes)
    unspecified_sizes = prior.velocity(x, t, label, begin)
    assert all(not torch.allclose(short, other, atol=1e-4) for other in (long, quiet, unspecified_sizes))
    nothing = torch.full((len(x), 2), float("nan"))
    assert torch.equal(prior.velocity(x, t, label, begin, size=nothing), unspecified_sizes)

"""Discriminators at work: their step, what they tell the generator, and whether they learn."""

import math

import pytest
import torch
from pydantic import ValidationError
from torch.nn.parallel import DistributedDataParallel

from auricle.discriminators import PeriodConfig, SpectrumConfig
from auricle.losses.adversarial import LeastSquaresConfig
from auricle.training.objective.adversary import Adversary, AdversaryConfig, full, light

BOTH = (SpectrumConfig(n_fft=128, hop_length=64), PeriodConfig(period=3))
TERMS = {"discriminator", "real_score", "fake_score", "real_right", "fake_right"}


def adversary(**options) -> Adversary:
    torch.manual_seed(0)
    return Adversary(AdversaryConfig(discriminators=BOTH, **options), 16000)


def sounds(items: int = 2, length: int = 3000) -> tuple[torch.Tensor, torch.Tensor]:
    return 0.1 * torch.randn(items, length), 0.1 * torch.randn(items, length)


def test_its_step_teaches_every_weight_and_leaves_the_estimate_alone():
    judges, (estimate, reference) = adversary(), sounds()
    estimate.requires_grad_()
    ruling = judges(estimate, reference)
    ruling.loss.backward()
    assert estimate.grad is None
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in judges.parameters())
    assert ruling.terms.keys() == TERMS
    assert not any(value.requires_grad or value.ndim for value in ruling.terms.values())


def test_judging_gives_the_generator_gradients_and_the_discriminators_none():
    judges, (estimate, reference) = adversary(), sounds()
    estimate.requires_grad_()
    terms = judges.generator_terms(estimate, reference)
    assert tuple(terms) == judges.term_names == ("adversarial", "feature_matching")
    for term in terms.values():
        (gradient,) = torch.autograd.grad(term, estimate, retain_graph=True)
        assert torch.isfinite(gradient).all()
        assert gradient.any()
    assert all(weight.grad is None for weight in judges.parameters())


def test_no_feature_matching_where_it_has_no_weight():
    judges = adversary(feature_matching=0)
    assert tuple(judges.generator_terms(*sounds())) == judges.term_names == ("adversarial",)


def test_equal_sounds_match_and_are_judged_alike():
    judges, (audio, _) = adversary(), sounds()
    assert judges.generator_terms(audio, audio)["feature_matching"].item() == 0.0
    terms = judges(audio, audio).terms
    assert terms["real_score"].item() == pytest.approx(terms["fake_score"].item(), abs=1e-6)
    assert terms["real_right"] + terms["fake_right"] == pytest.approx(1.0, abs=1e-3)


def test_the_share_judged_right_follows_the_boundary_of_the_game():
    judges = adversary(game=LeastSquaresConfig())
    for each in judges.discriminators:
        score = each.stack.score
        score.parametrizations.weight.original0.data.zero_()
        score.bias.data.fill_(0.4)  # below 0.5: everything counts as decoded
    terms = judges(*sounds()).terms
    assert terms["real_right"] == 0
    assert terms["fake_right"] == 1
    assert terms["fake_score"].item() == pytest.approx(0.4)


@pytest.mark.parametrize("length", [1, 40, 3000])
@pytest.mark.parametrize("level", [0.0, 1e-7])
def test_silence_and_short_sounds_give_finite_gradients(level, length):
    judges = adversary()
    for loud in (0.0, 0.1):
        estimate = (loud * torch.randn(2, length)).requires_grad_()
        reference = level * torch.randn(2, length)
        judges(estimate, reference).loss.backward()
        (gradient,) = torch.autograd.grad(
            torch.stack(list(judges.generator_terms(estimate, reference).values())).sum(), estimate
        )
        assert torch.isfinite(gradient).all()
    assert all(torch.isfinite(weight.grad).all() for weight in judges.parameters())


def test_level_does_not_matter_above_a_floor():
    judges, (estimate, reference) = adversary(), sounds()
    one, other = judges.generator_terms(estimate, reference), judges.generator_terms(5 * estimate, 5 * reference)
    for name in one:
        torch.testing.assert_close(one[name], other[name], rtol=1e-4, atol=1e-5)


def test_it_hears_a_part_of_the_crop_which_the_seed_decides():
    judges, (estimate, reference) = adversary(seconds=0.05), sounds()
    estimate.requires_grad_()

    def heard(seed: int) -> tuple[int, int]:
        torch.manual_seed(seed)
        (gradient,) = torch.autograd.grad(judges.generator_terms(estimate, reference)["adversarial"], estimate)
        (places,) = gradient.abs().sum(0).nonzero(as_tuple=True)
        return int(places.min()), int(places.max())

    assert heard(1) == heard(1)
    assert len({heard(seed) for seed in range(8)}) > 4
    assert all(end - start < 800 for start, end in map(heard, range(8)))


def test_autocast_gives_float32_losses():
    judges, (estimate, reference) = adversary(), sounds()
    estimate.requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        ruling, terms = judges(estimate, reference), judges.generator_terms(estimate, reference)
    assert {ruling.loss.dtype, *(term.dtype for term in terms.values())} == {torch.float32}
    ruling.loss.backward()
    assert torch.isfinite(torch.autograd.grad(terms["adversarial"], estimate)[0]).all()


def test_distributed_training_finds_every_weight_used(tmp_path):
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/meet", rank=0, world_size=1)
    try:
        judges = adversary(seconds=0.05)
        spread = DistributedDataParallel(judges)
        for _ in range(2):  # an unused weight would stop the second pass
            estimate, reference = sounds()
            estimate.requires_grad_()
            spread(estimate, reference).loss.backward()
            torch.autograd.grad(judges.generator_terms(estimate, reference)["adversarial"], estimate)
    finally:
        torch.distributed.destroy_process_group()


def dulled(audio: torch.Tensor) -> torch.Tensor:
    """As loud as before, but with little left of the highest octave."""
    return torch.nn.functional.avg_pool1d(audio[:, None], 3, 1, 1)[:, 0] * math.sqrt(3)


def learned(change, steps: int = 60) -> float:
    """Share judged right on unseen noise after some steps against ``change`` of other noise."""
    torch.manual_seed(0)
    judges = Adversary(light(16000), 16000)
    optimiser = torch.optim.AdamW(judges.parameters(), lr=3e-3, betas=(0.8, 0.99))
    for _ in range(steps):
        judges(change(0.1 * torch.randn(2, 4000)), 0.1 * torch.randn(2, 4000)).loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    with torch.no_grad():
        terms = judges(change(0.1 * torch.randn(16, 4000)), 0.1 * torch.randn(16, 4000)).terms
    return float(terms["real_right"] + terms["fake_right"]) / 2


def test_the_light_discriminators_learn_to_tell_dulled_sound():
    assert learned(dulled) > 0.7


def test_they_can_only_guess_where_there_is_no_difference():
    assert learned(lambda audio: audio) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
@pytest.mark.parametrize("build", [light, full])
def test_ready_configs_build_at_every_rate_and_survive_json(build, rate):
    config = build(rate)
    assert AdversaryConfig.model_validate_json(config.model_dump_json()) == config
    with torch.device("meta"):
        judges = Adversary(config, rate)
    count = sum(weight.numel() for weight in judges.parameters())
    assert count < 100_000 if build is light else count > 5_000_000


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"discriminators": ()}, "discriminators"),
        ({"weight": 0}, "weight"),
        ({"feature_matching": -1}, "feature_matching"),
        ({"seconds": 0}, "seconds"),
        ({"start": -1}, "start"),
        ({"momentum": 1}, "momentum"),
        ({"game": {"kind": "chess"}}, "'chess' is not one of hinge, least_squares"),
    ],
)
def test_a_wrong_config_names_the_field(wrong, word):
    with pytest.raises(ValidationError, match=word):
        AdversaryConfig(**({"discriminators": BOTH} | wrong))

"""Games and feature matching against their closed forms."""

import pytest
import torch

from auricle.losses.adversarial import AdversarialLossConfig, Hinge, LeastSquares, feature_matching

REAL, FAKE = torch.tensor([2.0, 0.5, -1.0]), torch.tensor([-2.0, -0.5, 1.0])


@pytest.mark.parametrize(
    ("game", "discriminator", "generator"),
    [
        (Hinge(), (0 + 0.5 + 2) / 3 + (0 + 0.5 + 2) / 3, (3 + 1.5 + 0) / 3),
        (LeastSquares(), (1 + 0.25 + 4) / 3 + (4 + 0.25 + 1) / 3, (9 + 2.25 + 0) / 3),
    ],
)
def test_closed_forms(game, discriminator, generator):
    assert game.discriminator(REAL, FAKE).item() == pytest.approx(discriminator)
    assert game.generator(FAKE).item() == pytest.approx(generator)


@pytest.mark.parametrize("kind", sorted(AdversarialLossConfig.kinds))
class TestEveryGame:
    def test_the_sides_pull_against_each_other(self, kind):
        game = AdversarialLossConfig.kinds[kind]().build()
        real, fake = torch.full((2, 5), 0.3, requires_grad=True), torch.full((2, 5), 0.2, requires_grad=True)
        game.discriminator(real, fake).backward()
        assert (real.grad < 0).all()
        assert (fake.grad > 0).all()
        fake.grad = None
        game.generator(fake).backward()
        assert (fake.grad < 0).all()

    def test_the_boundary_is_where_guessing_ends(self, kind):
        """With both sounds alike the best score is the boundary."""
        game = AdversarialLossConfig.kinds[kind]().build()
        score = torch.tensor([game.boundary], requires_grad=True)
        game.discriminator(score, score).backward()
        assert score.grad.item() == pytest.approx(0.0)

    def test_half_precision_scores_give_float32_losses(self, kind):
        game = AdversarialLossConfig.kinds[kind]().build()
        assert game.discriminator(REAL.bfloat16(), FAKE.bfloat16()).dtype == torch.float32
        assert game.generator(FAKE.bfloat16()).dtype == torch.float32

    def test_config_survives_json(self, kind):
        config = AdversarialLossConfig.kinds[kind]()
        assert type(AdversarialLossConfig.model_validate_json(config.model_dump_json())) is type(config)


def test_feature_matching_is_relative_and_a_mean_over_layers():
    real = (torch.tensor([[1.0, -3.0]]), torch.tensor([[10.0, 10.0]]))
    fake = (torch.tensor([[2.0, -3.0]]), torch.tensor([[10.0, 5.0]]))
    assert feature_matching(real, fake).item() == pytest.approx((0.5 / 2 + 2.5 / 10) / 2)
    assert feature_matching(real, real).item() == 0.0
    louder = feature_matching([7 * part for part in real], [7 * part for part in fake])
    assert louder.item() == pytest.approx(feature_matching(real, fake).item())


def test_feature_matching_moves_only_the_decoded_side_and_stands_silence():
    real, fake = torch.zeros(2, 4, requires_grad=True), torch.full((2, 4), 0.1, requires_grad=True)
    feature_matching([real], [fake]).backward()
    assert real.grad is None
    assert torch.isfinite(fake.grad).all()

"""Weights multiply in one place, and names are checked when it is built."""

import pytest
import torch

from auricle.errors import ConfigError
from auricle.losses import L1Config, MeanSquaredErrorConfig
from auricle.training import Objective, ObjectiveConfig, Term
from model.tiny import BOTTLENECKS, tiny_model


def _objective(bottleneck="entropy", weights=None, losses=None, **more):
    losses = losses or (Term(weight=2.0, loss=L1Config()),)
    weights = {"rate": 0.5} if weights is None else weights
    return Objective(tiny_model(BOTTLENECKS[bottleneck]), ObjectiveConfig(losses=losses, bottleneck=weights, **more))


@pytest.mark.parametrize("weights", [{"rates": 0.5}, {}, {"rate": 0.5, "kl": 1.0}])
def test_a_misspelt_missing_or_foreign_term_is_an_error(weights):
    with pytest.raises(ConfigError, match=r"'rate'"):
        _objective(weights=weights)


def test_a_loss_named_twice_is_an_error():
    term = Term(weight=1.0, loss=L1Config())
    with pytest.raises(ConfigError, match="twice"):
        _objective(losses=(term, term))


def test_the_loss_is_the_weighted_sum_of_its_terms():
    losses = (Term(weight=2.0, loss=L1Config()), Term(weight=3.0, loss=MeanSquaredErrorConfig()))
    objective = _objective(losses=losses, quality_decay=0.5, ramp=0.0).eval()
    audio = 0.2 * torch.randn(2, 6400)
    out = objective(audio, torch.full((2,), 2.0), 0.5)
    expected = 2.0 * out.terms["l1"] + 3.0 * out.terms["mse"] + 0.5 * 0.25 * out.terms["rate"]
    torch.testing.assert_close(out.loss, expected)


def test_the_rate_grows_in_at_the_start():
    objective = _objective(ramp=0.1).eval()
    audio, quality = 0.2 * torch.randn(1, 6400), torch.zeros(1)
    none, half, full = (objective(audio, quality, share) for share in (0.0, 0.05, 0.2))
    torch.testing.assert_close(half.loss - none.loss, (full.loss - none.loss) / 2)


def test_output_is_compared_with_the_input_it_belongs_to():
    objective = _objective("identity", weights={}).eval()
    lag = objective.model.lag
    audio = 0.2 * torch.randn(1, 12800)
    out = objective(audio, torch.zeros(1), 1.0)
    gap = (out.reconstruction[:, lag:] - audio[:, :-lag]).abs().mean()
    torch.testing.assert_close(out.terms["l1"], gap)

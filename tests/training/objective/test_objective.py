"""Weights multiply in one place, and names are checked when it is built."""

import numpy as np
import pytest
import torch

from auricle.errors import ConfigError
from auricle.losses import BandEnergyConfig, L1Config, MeanSquaredErrorConfig
from auricle.model.bands import harmonic_sources
from auricle.model.blocks import ConvBlockConfig
from auricle.model.harmonics import HarmonicsConfig, pitch_hertz
from auricle.training import Objective, ObjectiveConfig, Term
from model.tiny import BOTTLENECKS, model_of, tiny_config, tiny_model


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


def _weighted(objective, quality, progress):
    audio = 0.2 * torch.randn(2, 6400, generator=torch.Generator().manual_seed(0))
    passed = objective(audio, quality)
    distances = objective.distances(passed.reconstruction, audio)
    return (
        {**distances, **passed.terms},
        {
            **objective.weigh_distances(distances, quality),
            **objective.weigh_bottleneck(passed.terms, quality, progress),
        },
    )


def test_each_term_has_its_weight():
    losses = (Term(weight=2.0, loss=L1Config()), Term(weight=3.0, loss=MeanSquaredErrorConfig()))
    objective = _objective(losses=losses, quality_decay=0.5, ramp=0.0).eval()
    terms, weighted = _weighted(objective, torch.full((2,), 2.0), 0.5)
    torch.testing.assert_close(weighted["l1"], 2.0 * terms["l1"].mean())
    torch.testing.assert_close(weighted["mse"], 3.0 * terms["mse"].mean())
    torch.testing.assert_close(weighted["rate"], 0.5 * 0.25 * terms["rate"].mean())
    assert weighted.keys() == terms.keys()


def test_a_weight_may_be_lower_where_the_quality_is():
    losses = (Term(weight=2.0, loss=L1Config(), lowest=0.25), Term(weight=3.0, loss=MeanSquaredErrorConfig()))
    objective = _objective(losses=losses, ramp=0.0).eval()
    middle = (objective.model.bottleneck.quality_levels - 1) / 2
    for quality, factor in ((0.0, 0.25), (middle / 2, 0.5), (middle, 1.0), (2 * middle, 1.0)):
        terms, weighted = _weighted(objective, torch.full((2,), quality), 0.5)
        torch.testing.assert_close(weighted["l1"], factor * 2.0 * terms["l1"].mean())
        torch.testing.assert_close(weighted["mse"], 3.0 * terms["mse"].mean())


def test_the_rate_grows_in_at_the_start():
    objective = _objective(ramp=0.1).eval()
    none, half, full = (_weighted(objective, torch.zeros(2), share)[1]["rate"] for share in (0.0, 0.05, 0.2))
    assert float(none.detach()) == 0.0
    torch.testing.assert_close(half, full / 2)


def _looking_ahead():
    """A model whose encoder is late as well, and its objective."""
    config = tiny_config(BOTTLENECKS["identity"])
    stage = config.encoder[0].model_copy(update={"blocks": (ConvBlockConfig(lookahead=2),)})
    losses = (Term(weight=2.0, loss=L1Config()),)
    return Objective(model_of(config.model_copy(update={"encoder": (stage,)})), ObjectiveConfig(losses=losses)).eval()


def test_output_is_compared_with_the_input_it_belongs_to():
    objective = _looking_ahead()
    model, audio = objective.model, 0.2 * torch.randn(1, 12800)
    assert model.encoder_latency > 0
    passed = objective(audio, torch.zeros(1))
    gap = (passed.reconstruction[:, model.decoder_latency :] - audio[:, : -model.lag]).abs().mean(1)
    torch.testing.assert_close(objective.distances(passed.reconstruction, audio)["l1"], gap)


def test_the_decoder_begins_as_it_does_in_use():
    objective = _looking_ahead()
    model, audio = objective.model, 0.2 * torch.randn(1, 12800)
    trained, _ = objective.aligned(objective(audio, torch.zeros(1)).reconstruction, audio)
    used = model.decode(model.encode(audio), 12800)
    torch.testing.assert_close(trained[:, :6400], used[:, :6400], rtol=1e-4, atol=1e-5)


def test_frozen_codes_get_no_gradient_and_no_noise():
    model = tiny_model(BOTTLENECKS["entropy"]).requires_grad_(True)
    config = ObjectiveConfig(losses=(Term(weight=1.0, loss=L1Config()),), bottleneck={"rate": 1.0})
    objective = Objective(model, config, frozen="codes").train()
    audio, quality = 0.2 * torch.randn(2, 6400), torch.zeros(2)
    first, second = objective(audio, quality), objective(audio, quality)
    assert first.terms == {}
    assert torch.equal(first.reconstruction, second.reconstruction)
    first.reconstruction.square().mean().backward()
    assert all(parameter.grad is None for parameter in model.encoder.parameters())
    assert any(parameter.grad is not None for parameter in model.decoder.parameters())


def test_behind_a_frozen_encoder_the_bottleneck_learns_rates_and_gains():
    model = tiny_model(BOTTLENECKS["entropy"]).requires_grad_(True)
    config = ObjectiveConfig(losses=(Term(weight=1.0, loss=L1Config()),), bottleneck={"rate": 1.0})
    objective = Objective(model, config, frozen="encoder").train()
    passed = objective(0.2 * torch.randn(2, 6400), torch.zeros(2))
    (passed.reconstruction.square().mean() + passed.terms["rate"].mean()).backward()
    assert all(parameter.grad is None for parameter in model.encoder.parameters())
    for part in (model.bottleneck, model.decoder):
        assert any(parameter.grad is not None and parameter.grad.any() for parameter in part.parameters())


def _noisy_objective(spread: float):
    losses = (
        Term(weight=1.0, loss=L1Config(), spread=spread),
        Term(weight=1.0, loss=BandEnergyConfig()),
    )
    noisy = {"direct": True, "bands": 8, "noise_from": 4000.0}
    model = model_of(tiny_config(BOTTLENECKS["entropy"]).model_copy(update=noisy))
    return Objective(model, ObjectiveConfig(losses=losses, bottleneck={"rate": 0.5})).train()


def test_a_loss_that_asks_for_it_sees_a_second_draw_of_the_noise():
    audio, quality = 0.2 * torch.randn(2, 6400, generator=torch.Generator().manual_seed(0)), torch.ones(2)
    objective = _noisy_objective(0.5)
    passed = objective(audio, quality)
    assert passed.other is not None and not passed.other.requires_grad
    assert passed.other.shape == passed.reconstruction.shape and (passed.other != passed.reconstruction).any()
    spreads = objective.spreads(passed.reconstruction, passed.other)
    assert spreads.keys() == {"l1"} and (spreads["l1"] > 0).all()
    assert _noisy_objective(0.0)(audio, quality).other is None
    assert objective.eval()(audio, quality).other is None


@pytest.mark.parametrize("frozen", ["nothing", "encoder", "codes"])
def test_a_decoder_with_harmonics_learns_the_voice_of_the_frame_it_stands_in(frozen):
    reader = HarmonicsConfig(dim=32, blocks=(ConvBlockConfig(lookahead=1),))
    voiced = {"direct": True, "bands": 12, "noise_from": 4000.0, "harmonics": reader}
    model = model_of(tiny_config(BOTTLENECKS["entropy"]).model_copy(update=voiced)).requires_grad_(True)
    config = ObjectiveConfig(losses=(Term(weight=1.0, loss=L1Config()),), bottleneck={"rate": 0.5}, voice=0.25)
    objective = Objective(model, config, frozen=frozen).train()
    (source,) = harmonic_sources(model.decoder)
    optimiser = torch.optim.Adam(source.reader.parameters(), 0.01)
    pitch = torch.from_numpy(np.repeat([110.0, 220.0], 8000))
    phase = 2 * torch.pi * pitch.cumsum(0) / 16000
    audio = sum(0.1 / k * (k * phase).cos() for k in range(1, 20)).float()[None]
    audio = torch.cat((audio, torch.zeros(1, 8000)), dim=1)
    for _ in range(60):
        passed = objective(audio, torch.ones(1))
        (weighted,) = objective.weigh_voice(passed.voice).values()
        torch.testing.assert_close(weighted, 0.25 * passed.voice["voice"].mean())
        optimiser.zero_grad()
        weighted.backward()
        optimiser.step()
    assert (frozen != "nothing") == all(parameter.grad is None for parameter in model.encoder.parameters())
    with torch.no_grad():
        read = source.read(model.bottleneck(model.eval().encode(audio), torch.ones(1)).z)
    hertz, voicing = pitch_hertz(read[0, :, :-1]), read[0, :, -1]
    assert (hertz[5:20] / 110 - 1).abs().max() < 0.03 and (hertz[29:45] / 220 - 1).abs().max() < 0.03
    assert (voicing[5:45] > 0).float().mean() > 0.9 and (voicing[55:70] < 0).all()


def test_a_decoder_without_harmonics_has_no_voice_to_learn():
    assert _noisy_objective(0.0)(0.2 * torch.randn(2, 6400), torch.ones(2)).voice == {}


@pytest.mark.parametrize(("spread", "best"), [(0.0, 0.0), (1.0, 1.0)])
def test_noise_of_the_right_level_is_best_once_its_spread_is_taken_off(spread, best):
    draws = 0.1 * torch.randn(3, 4, 16000, generator=torch.Generator().manual_seed(0))
    objective = _noisy_objective(1.0)
    first, second = torch.nn.functional.pad(draws[:2], (objective.model.decoder_latency, 0))
    scores = {}
    for level in (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5):
        distance = objective.distances(level * first, draws[2])["l1"]
        scores[level] = (distance - spread / 2 * objective.spreads(level * first, level * second)["l1"]).mean()
    assert min(scores, key=scores.__getitem__) == best, scores

"""Contracts that every bottleneck keeps, and what each promises beyond them."""

import numpy as np
import pytest
import torch

from auricle.model.bottleneck import EntropyConfig, FsqConfig, RvqConfig
from auricle.model.bottleneck.entropy import logistic_bits
from model.tiny import BOTTLENECKS, CODED


@pytest.mark.parametrize("name", BOTTLENECKS)
@pytest.mark.parametrize("training", [True, False])
def test_forward_keeps_shape_names_its_terms_and_passes_gradients(name, training):
    config = BOTTLENECKS[name]
    bottleneck = config.build(50.0).train(training)
    z = torch.randn(3, 20, config.latent_dim, requires_grad=True)
    quality = torch.tensor([0.0, 0.5, bottleneck.quality_levels - 1.0])
    out = bottleneck(z, quality)
    assert out.z.shape == z.shape
    assert set(out.terms) == set(bottleneck.term_names)
    assert (out.codes is None) == (bottleneck.codebooks == 0)
    (out.z.square().mean() + sum(term.mean() for term in out.terms.values())).backward()
    assert torch.isfinite(z.grad).all()
    assert z.grad.abs().sum() > 0


@pytest.mark.parametrize("name", CODED)
def test_codes_decode_to_what_the_decoder_heard(name):
    config = BOTTLENECKS[name]
    bottleneck = config.build(50.0).eval()
    z = torch.randn(2, 20, config.latent_dim)
    top = bottleneck.quality_levels - 1
    with torch.no_grad():
        heard = bottleneck(z, torch.full((2,), float(top)))
        codes = bottleneck.quantise(z, float(top))
        assert codes.shape == (2, 20, bottleneck.codebooks)
        torch.testing.assert_close(codes, heard.codes)
        torch.testing.assert_close(bottleneck.dequantise(codes, float(top)), heard.z, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", CODED)
def test_codes_fit_their_tables(name):
    config = BOTTLENECKS[name]
    bottleneck = config.build(50.0).eval()
    codes = bottleneck.quantise(torch.randn(1, 30, config.latent_dim), 0.0)[0].numpy()
    tables = bottleneck.table_shape().unfilled().at(0)
    coded = tables.code(codes)
    assert coded.symbols.min() >= 0
    assert coded.symbols.max() < tables.symbols
    history, rebuilt = tables.start(), []
    for frame, excess in zip(coded.symbols, coded.excess, strict=True):
        _, prediction = tables.rows(history)
        rebuilt.append(tables.codes_of(frame, excess, prediction))
        history = tables.advance(history, rebuilt[-1])
    np.testing.assert_array_equal(np.stack(rebuilt), codes)


def test_entropy_quality_is_finer_and_dearer():
    bottleneck = EntropyConfig(dim=8).build(50.0).eval()
    z = torch.randn(1, 200, 8)
    with torch.no_grad():
        runs = [bottleneck(z, torch.tensor([float(level)])) for level in range(7)]
    errors = [float((run.z - z).square().mean()) for run in runs]
    rates = [float(run.terms["rate"]) for run in runs]
    assert errors == sorted(errors, reverse=True)
    assert rates == sorted(rates)


def test_entropy_gains_interpolate_geometrically():
    bottleneck = EntropyConfig(dim=2, levels=2, coarsest=1.0, finest=100.0).build(50.0)
    codes = bottleneck.quantise(torch.ones(1, 1, 2), 0.5)
    assert codes.tolist() == [[[10, 10]]]


def test_gains_do_not_fall_farther_than_they_may():
    """What is silent at a level costs nothing at any gain; it is held near the gain of the level above."""
    bottleneck = EntropyConfig(dim=4, levels=3, steepest=1.0, noisy=0.0).build(50.0)
    bottleneck.log_gain.data[:] = torch.tensor([[-9.0], [-8.0], [-2.0]]).expand(3, 4)
    optimiser = torch.optim.Adam([bottleneck.log_gain], lr=0.02)
    for _ in range(600):
        optimiser.zero_grad()
        bottleneck(0.01 * torch.randn(2, 20, 4), torch.tensor([0.0, 1.0])).terms["rate"].sum().backward()
        optimiser.step()
    falls = bottleneck.log_gain.diff(dim=0)
    assert falls.max() < 1.1
    assert bottleneck.log_gain[2].max() <= -1.9


@pytest.mark.parametrize("name", CODED)
def test_sparse_codes_without_a_deadzone_are_the_nearest(name):
    bottleneck = BOTTLENECKS[name].build(50.0).eval()
    z = torch.randn(1, 30, bottleneck.dim)
    assert torch.equal(bottleneck.quantise_sparsely(z, 0.0, 0.0), bottleneck.quantise(z, 0.0))


def test_a_deadzone_moves_codes_by_one_towards_zero():
    bottleneck = EntropyConfig(dim=8, levels=2, coarsest=1.0, finest=4.0).build(50.0).eval()
    z = 3 * torch.randn(1, 400, 8)
    nearest, sparse = (bottleneck.quantise_sparsely(z, 0.0, deadzone) for deadzone in (0.0, 0.2))
    moved = nearest != sparse
    assert torch.equal(sparse[moved], (nearest - nearest.sign())[moved])
    assert torch.equal(moved, (z.abs() < nearest.abs() - 0.3))


def test_logistic_bits_is_a_code_length():
    codes = torch.arange(-200, 201).float()
    bits = logistic_bits(codes - 0.3, torch.tensor(2.0))
    assert float(torch.exp2(-bits).sum()) == pytest.approx(1.0, abs=1e-3)


def test_silence_costs_almost_nothing_after_counting():
    bottleneck = EntropyConfig(dim=16).build(50.0)
    from auricle.model.bottleneck import TableCounter

    counter = TableCounter(bottleneck.table_shape())
    generator = np.random.default_rng(0)
    for level in range(7):
        loud = np.rint(generator.laplace(0, 2, (200, 16))).astype(np.int32)
        counter.add(level, np.concatenate((np.zeros((2000, 16), np.int32), loud)))
    bits = counter.tables().at(0).ideal_bits(np.zeros((500, 16), np.int32))
    assert bits / 500 < 1.0


def test_rvq_starts_at_the_data_and_revives_dead_codes():
    torch.manual_seed(0)
    rvq = RvqConfig(dim=4, codebooks=1, size=32, code_dim=4, decay=0.8).build(50.0).train()
    data = torch.randn(8, 64, 4)
    rvq(data, torch.zeros(8))
    assert rvq.quantise(data, 0.0).unique().numel() > 24
    for _ in range(30):
        rvq(data + 5.0, torch.zeros(8))
    assert rvq.quantise(data + 5.0, 0.0).unique().numel() > 24


def test_rvq_dropout_uses_the_codebooks_of_the_quality():
    rvq = RvqConfig(dim=8, codebooks=4, size=16, dropout=1.0).build(50.0).train()
    rvq(torch.randn(2, 50, 8), torch.zeros(2))
    z = torch.randn(1, 50, 8)
    out = rvq(z, torch.zeros(1))
    assert (rvq.quantise(z, 1.0)[..., 2:] == 0).all()
    assert out.codes.shape[-1] == 4


def test_fsq_has_as_many_values_as_levels():
    fsq = FsqConfig(levels=(3, 8)).build(50.0)
    codes = fsq.quantise(10 * torch.randn(1, 2000, 2), 0.0)
    assert codes[..., 0].unique().tolist() == [0, 1, 2]
    assert codes[..., 1].unique().tolist() == list(range(8))

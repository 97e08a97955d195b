"""Every layer keeps the streaming contract."""

import inspect
from typing import final

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from auricle.model import bands, envelope, front_end
from auricle.stream import Layer, Stateless, Stream, combine, layers
from contract import verify_step, verify_stream
from stream.kinds import KINDS


def test_every_layer_class_is_covered():
    built = {type(part) for build, _ in KINDS.values() for part in build().modules()}
    for module in (combine, layers, front_end, bands, envelope):
        for _, layer_class in inspect.getmembers(module, inspect.isclass):
            if issubclass(layer_class, Layer) and layer_class not in (Layer, Stateless):
                assert layer_class in built, f"{layer_class.__name__} has no entry in kinds.py"


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=6, deadline=None)
@given(st.data())
def test_pieces_equal_the_whole(kind, data):
    torch.manual_seed(1)
    build, features = KINDS[kind]
    layer = build()
    batch = data.draw(st.sampled_from([1, 3]))
    blocks = data.draw(st.integers(2, 12))
    cuts = data.draw(st.sets(st.integers(1, blocks - 1), max_size=6).map(sorted))
    x = torch.randn(batch, blocks * layer.block, features)
    verify_step(layer, x, [cut * layer.block for cut in cuts])


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=4, deadline=None)
@given(st.data())
def test_stream_equals_the_whole(kind, data):
    torch.manual_seed(2)
    build, features = KINDS[kind]
    layer = build()
    x = torch.randn(data.draw(st.sampled_from([1, 3])), data.draw(st.integers(1, 40)), features)
    chunk = layer.block * data.draw(st.integers(1, 5))
    verify_stream(layer, x, chunk, data.draw(st.lists(st.integers(0, 9), max_size=4)))


@pytest.mark.parametrize("kind", KINDS)
def test_state_is_no_part_of_the_module(kind):
    build, features = KINDS[kind]
    layer = build()
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    layer(torch.randn(2, 4 * layer.block, features))
    after = layer.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_heard_before_it_happens(kind):
    """An impulse has no effect earlier than its own step: layers are causal, lookahead is declared latency."""
    torch.manual_seed(3)
    build, features = KINDS[kind]
    layer = build()
    x = torch.randn(1, 6 * layer.block, features)
    changed = x.clone()
    changed[:, 3 * layer.block :] += 1.0
    first = int(3 * layer.block * layer.ratio)
    with torch.no_grad():
        torch.testing.assert_close(layer(changed)[:, :first], layer(x)[:, :first])


@final
class _ThreadCount(Stateless):
    """How many threads torch computes on."""

    def map(self, x: torch.Tensor) -> torch.Tensor:
        return torch.full_like(x, torch.get_num_threads())


def test_short_runs_take_one_thread_and_leave_the_setting_as_it_was():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        short, long = (Stream(_ThreadCount(), batch=1, chunk=chunk) for chunk in (4, 1000))
        assert (short.push(torch.zeros(1, 9, 1)) == 1).all() and (short.flush() == 1).all()
        assert (long.push(torch.zeros(1, 1000, 1)) == 2).all()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_stream_refuses_to_flush_nothing():
    from auricle.stream import Pointwise, Stream

    with pytest.raises(RuntimeError, match="before any push"):
        Stream(Pointwise(2, 2), batch=1, chunk=4).flush()

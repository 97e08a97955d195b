"""The streaming contract as one reusable check."""

from collections.abc import Sequence

import torch
from torch import Tensor

from auricle.stream import Layer, Stream


def run_in_pieces(layer: Layer, x: Tensor, cuts: Sequence[int]) -> Tensor:
    """Run ``step`` over ``x`` cut at the given input steps."""
    state = layer.initial_state(x.shape[0], dtype=x.dtype)
    outputs = []
    for start, end in zip((0, *cuts), (*cuts, x.shape[1]), strict=True):
        y, state = layer.step(x[:, start:end], state)
        outputs.append(y)
    return torch.cat(outputs, dim=1)


def gradients(layer: Layer, y: Tensor, x: Tensor, weights: Tensor) -> list[Tensor]:
    """Gradients of a random projection of ``y`` in the input and in every parameter."""
    wanted = [x, *(p for p in layer.parameters() if p.requires_grad)]
    return list(torch.autograd.grad((y * weights).sum(), wanted))


def verify_step(layer: Layer, x: Tensor, cuts: Sequence[int]) -> None:
    """``step`` in pieces equals ``forward``, in values and in gradients."""
    x = x.clone().requires_grad_()
    whole, pieces = layer(x), run_in_pieces(layer, x, cuts)
    assert whole.shape[1] == x.shape[1] * layer.ratio
    assert not any(torch.is_tensor(value) and value.requires_grad for value in vars(layer).values())
    torch.testing.assert_close(pieces, whole, rtol=1e-4, atol=1e-5)
    weights = torch.randn_like(whole)
    for ours, theirs in zip(gradients(layer, pieces, x, weights), gradients(layer, whole, x, weights), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


def verify_stream(layer: Layer, x: Tensor, chunk: int, pushes: Sequence[int]) -> None:
    """``Stream`` gives the whole output without its latency, however the input arrives."""
    stream = Stream(layer, batch=x.shape[0], chunk=chunk)
    with torch.no_grad():
        outputs, start = [], 0
        for size in pushes:
            outputs.append(stream.push(x[:, start : start + size]))
            start += size
        outputs += [stream.push(x[:, start:]), stream.flush()]
        streamed = torch.cat(outputs, dim=1)
        blocks = -(-x.shape[1] // layer.block)
        expected = int(blocks * layer.block * layer.ratio)
        tail = int(-(-layer.latency // layer.ratio)) + layer.block * 2
        padded = torch.nn.functional.pad(
            x, (0, 0, 0, blocks * layer.block - x.shape[1] + tail // layer.block * layer.block)
        )
        whole = layer(padded)[:, layer.latency :][:, :expected]
    assert streamed.shape == whole.shape
    torch.testing.assert_close(streamed, whole, rtol=1e-4, atol=1e-5)

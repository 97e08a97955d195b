"""More latent features for a trained model, so that a better one need not start anew."""

import torch
from torch import Tensor

from auricle.errors import ModelError
from auricle.model.autoencoder import Autoencoder
from auricle.model.bottleneck import EntropyConfig
from auricle.stream import Pointwise, Serial

_BY_LEVEL = ("log_gain", "log_inverse", "log_floor")


@torch.no_grad()
def grow_latent(model: Autoencoder, dim: int, sounds: list[Tensor]) -> Autoencoder:
    """A model with more latent features that decodes as before.

    The new features are the principal components of what the encoder's last layer drops. The decoder does not listen
    to them yet: training opens it. The result has no tables, because its codes are others.

    Args:
        model: its bottleneck is ``entropy``.
        dim: latent features of the result, more than the model has.
        sounds: ``(b, t)`` at the model's rate, some minutes of what it will be trained on.

    Raises:
        ModelError: another bottleneck, or a number that the model's widths can't hold.
    """
    old, width = model.config.bottleneck, model.config.encoder[-1].dim
    if not isinstance(old, EntropyConfig):
        raise ModelError(f"{model.name} has a bottleneck of kind {old.kind}: only an entropy bottleneck can grow")
    if not old.dim < dim <= width:
        raise ModelError(f"{dim} latent features: give more than {old.dim} and at most {width}, the encoder's width")
    config = model.config.model_copy(update={"bottleneck": old.model_copy(update={"dim": dim})})
    grown = Autoencoder(config, model.info)
    weights = _widened(grown.state_dict(), model.state_dict())
    outlet, inlet = _last(model.encoder), "decoder.layers.0.layers.0.weight"
    rows, bias = _dropped(model, dim - old.dim, sounds)
    weights[f"{outlet}.weight"][old.dim :] = rows
    weights[f"{outlet}.bias"][old.dim :] = bias
    weights[inlet][:, old.dim :] = 0.0
    for name in _BY_LEVEL:
        values = weights[f"bottleneck.{name}"]
        values[:, old.dim :] = values[:, : old.dim].mean(1, keepdim=True)
    grown.load_state_dict(weights)
    return grown.train(model.training)


def _last(encoder: Serial) -> str:
    return f"encoder.layers.{len(encoder.layers) - 1}"


def _widened(fresh: dict[str, Tensor], trained: dict[str, Tensor]) -> dict[str, Tensor]:
    """Fresh weights with the trained ones in their first rows and columns; history filters keep their frames."""
    for name, old in trained.items():
        new = fresh[name] = fresh[name].clone()
        if new.shape == old.shape:
            new.copy_(old)
        elif name in ("bottleneck.mean", "bottleneck.raw_scale"):
            size, before = new.shape[0], old.shape[0]
            frames = zip(new.split(size, 1), old.split(before, 1), strict=True)
            for ours, theirs in frames:
                ours[:before, :before] = theirs
        else:
            new[tuple(slice(length) for length in old.shape)] = old
    return fresh


def _dropped(model: Autoencoder, count: int, sounds: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Rows ``(count, d)`` and bias ``(count,)`` that read the strongest parts that the last layer does not."""
    outlet = model.encoder.layers[-1]
    assert isinstance(outlet, Pointwise)
    hidden = torch.cat([_hidden(model, each) for each in sounds]).double()
    mean = hidden.mean(0)
    kept = outlet.weight.double()
    apart = torch.eye(len(mean), dtype=torch.float64) - torch.linalg.pinv(kept) @ kept
    spread = apart @ torch.cov(hidden.T) @ apart
    powers, directions = torch.linalg.eigh((spread + spread.T) / 2)
    strongest = directions[:, -count:].flip(1).T
    usual = (hidden @ kept.T).std(0).median()
    rows = strongest * usual / powers[-1].clamp(min=1e-12).sqrt()
    return rows.float(), -(rows @ mean).float()


def _hidden(model: Autoencoder, sound: Tensor) -> Tensor:
    """Frames ``(n, d)`` before the encoder's last layer."""
    frames = sound[:, : sound.shape[1] // model.hop_length * model.hop_length].unsqueeze(2)
    for layer in model.encoder.layers[:-1]:
        frames = layer(frames)
    return frames.flatten(0, 1)

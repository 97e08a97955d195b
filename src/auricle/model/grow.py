"""Direct features for a trained model, so that a better one need not start anew."""

import numpy as np
import torch
from torch import Tensor

from auricle.errors import ModelError
from auricle.model.autoencoder import Autoencoder
from auricle.model.bottleneck import EntropyConfig

_GAINS = (0.12, 2.0)
"""Of the lowest and the highest level, for coefficients of unit variance."""


@torch.no_grad()
def with_direct(model: Autoencoder, first: int, count: int) -> Autoencoder:
    """A model with ``count`` more latent features, each of them one coefficient of the front end.

    They go around the network on both sides (``direct`` in the configuration) and can say what it leaves out, such as
    the phases of higher partials. At first the network neither makes nor hears them; training opens both. The result
    has no tables, because its codes are others.

    Args:
        model: its bottleneck is ``entropy``, its stages have stride 1.
        first: the lowest coefficient that gets a feature.
        count: how many get one.

    Raises:
        ModelError: another bottleneck or shape, or the front end has fewer coefficients.
    """
    old, bins = model.config.bottleneck, model.config.transform.bins
    strided = any(stage.stride > 1 for stage in (*model.config.encoder, *model.config.decoder))
    if not isinstance(old, EntropyConfig) or model.config.direct or strided:
        raise ModelError(f"{model.name} can't get direct features: it has some, or strides, or no entropy bottleneck")
    if not 0 <= first < first + count <= bins:
        raise ModelError(f"coefficients {first} to {first + count - 1}: the front end has 0 to {bins - 1}")
    dim = old.dim + count
    config = model.config.model_copy(update={"bottleneck": old.model_copy(update={"dim": dim}), "direct": True})
    grown = Autoencoder(config, model.info)
    weights = {name: values.clone() for name, values in grown.state_dict().items()}
    for name, values in model.state_dict().items():
        _place(weights[_moved(name, len(model.encoder.layers), len(model.decoder.layers))], values, name)
    chosen = torch.eye(bins)[first : first + count]
    into, out = weights["encoder.layers.1.side.weight"].zero_(), weights["decoder.layers.0.side.weight"].zero_()
    into[old.dim :], out[:, old.dim :] = chosen, chosen.T
    gains = torch.from_numpy(np.geomspace(*_GAINS, old.levels, dtype=np.float32))[:, None]
    kept = 1.0 / (1.0 + gains.pow(-2.0) / 12.0)  # Wiener: a coarse step says little of a coefficient
    weights["bottleneck.log_gain"][:, old.dim :] = gains.log()
    weights["bottleneck.log_inverse"][:, old.dim :] = (kept / gains).log()
    weights["bottleneck.log_floor"][:, old.dim :] = (0.3 * gains).log()
    grown.load_state_dict(weights)
    return grown.train(model.training)


def _moved(name: str, encoder: int, decoder: int) -> str:
    """Where a tensor lies in a model with direct maps. ``encoder`` and ``decoder`` count the layers of one without."""
    room, _, rest = name.partition(".layers.")
    index, _, rest = rest.partition(".")
    if room == "encoder" and 0 < int(index) < encoder:
        return f"encoder.layers.1.body.layers.{int(index) - 1}.{rest}"
    if room == "decoder":
        last = int(index) == decoder - 1
        return f"decoder.layers.1.{rest}" if last else f"decoder.layers.0.body.layers.{index}.{rest}"
    return name


def _place(new: Tensor, old: Tensor, name: str) -> None:
    """Old weights go first, what is new stays silent; history filters keep their frames."""
    if new.shape == old.shape:
        new.copy_(old)
    elif name in ("bottleneck.mean", "bottleneck.raw_scale"):
        size, before = new.shape[0], old.shape[0]
        for ours, theirs in zip(new.split(size, 1), old.split(before, 1), strict=True):
            ours[:before, :before] = theirs
    else:
        new.zero_()
        new[tuple(slice(length) for length in old.shape)] = old

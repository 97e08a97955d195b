"""Direct features and bands for a trained model, so that a better one need not start anew."""

import re

import numpy as np
import torch
from pydantic import ValidationError
from torch import Tensor

from auricle.dsp.mel import band_edges
from auricle.errors import ModelError
from auricle.model.autoencoder import Autoencoder
from auricle.model.bands import SPARK
from auricle.model.bottleneck import EntropyConfig
from auricle.model.config import AutoencoderConfig, describe
from auricle.model.front_end import MdctConfig

_GAINS = (0.12, 2.0)
"""Of the lowest and the highest level, for coefficients of unit variance."""
_LEVEL_GAINS = (1.5, 16.0)
"""The same for levels of bands."""
_FILLED = 0.8
"""Share of a level that is filled at first: the network makes some sound there."""
_STEADY, _FLUTTER, _UNMOVED = (0.6, 0.3), 0.1, -5.0
"""Levels are predicted from the two before, and differ from that by so much, whatever they are."""


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
    grown = _like(model, old, dim=dim, direct=True)
    weights = {name: values.clone() for name, values in grown.state_dict().items()}
    for name, values in model.state_dict().items():
        _place(weights[_moved(name, len(model.encoder.layers), len(model.decoder.layers))], values, name)
    selection = torch.eye(bins)[first : first + count]
    into, out = weights["encoder.layers.1.side.weight"].zero_(), weights["decoder.layers.0.side.weight"].zero_()
    into[old.dim :], out[:, old.dim :] = selection, selection.T
    gains = torch.from_numpy(np.geomspace(*_GAINS, old.levels, dtype=np.float32))[:, None]
    shrinkage = 1.0 / (1.0 + gains.pow(-2.0) / 12.0)  # Wiener: a coarse step says little of a coefficient
    weights["bottleneck.log_gain"][:, old.dim :] = gains.log()
    weights["bottleneck.log_inverse"][:, old.dim :] = (shrinkage / gains).log()
    weights["bottleneck.log_floor"][:, old.dim :] = (0.3 * gains).log()
    grown.load_state_dict(weights)
    return grown.train(model.training)


@torch.no_grad()
def with_bands(model: Autoencoder, first: int, bands: int) -> Autoencoder:
    """A model that hears the levels of bands and fills bands with noise (:mod:`auricle.model.bands`).

    Bands from coefficient ``first`` on get a latent feature each, which goes around the network on both sides. The
    network hears and makes the levels of all bands, though at first it listens to none. The result has no tables.

    Args:
        model: with direct features and without bands.
        first: where the lowest band with a feature begins, or before.
        bands: how many the spectrum is divided into.

    Raises:
        ModelError: another model, or a number that does not fit its front end.
    """
    old, bins = model.config.bottleneck, model.config.transform.bins
    mdct = isinstance(model.config.transform, MdctConfig)
    if not isinstance(old, EntropyConfig) or not mdct or not model.config.direct or model.config.bands:
        raise ModelError(
            f"{model.name} can't get bands: it has some, or lacks direct features, an MDCT or an entropy bottleneck"
        )
    if not 0 < bands <= bins // 2 or not 0 <= first < bins:
        raise ModelError(f"{bands} bands, with features from {first} on: the front end has {bins} coefficients")
    featured = np.flatnonzero(band_edges(model.sample_rate, bins, bands)[:-1] >= first)
    dim = old.dim + len(featured)
    grown = _like(model, old, dim=dim, bands=bands)
    weights = {name: values.clone() for name, values in grown.state_dict().items()}
    for name, values in model.state_dict().items():
        _place(weights[name.replace("decoder.layers.0.", "decoder.layers.0.body.")], values, name)
    features = torch.arange(old.dim, dim)
    weights["encoder.layers.1.side.weight"][features, bins + torch.from_numpy(featured)] = 1.0
    weights["decoder.layers.0.body.side.weight"][bins + torch.from_numpy(featured), features] = _FILLED
    weights[_last_bias(weights)][bins:] = SPARK
    gains = torch.from_numpy(np.geomspace(*_LEVEL_GAINS, old.levels, dtype=np.float32))[:, None]
    weights["bottleneck.log_gain"][:, old.dim :] = gains.log()
    weights["bottleneck.log_inverse"][:, old.dim :] = -gains.log()
    weights["bottleneck.log_floor"][:, old.dim :] = (_FLUTTER * gains).log()
    for frames_back, weight in enumerate(_STEADY):
        weights["bottleneck.mean"][features, features + frames_back * dim] = weight
        weights["bottleneck.raw_scale"][features, features + frames_back * dim] = _UNMOVED
    grown.load_state_dict(weights)
    return grown.train(model.training)


def with_contexts(model: Autoencoder, contexts: int) -> Autoencoder:
    """The same model with another number of contexts for its tables, which are to be fitted anew: fewer are smaller.

    Raises:
        ModelError: its bottleneck is not ``entropy``, or can't have so many.
    """
    old = model.config.bottleneck
    if not isinstance(old, EntropyConfig):
        raise ModelError(f"{model.name} has no contexts: its bottleneck is not entropy")
    copy = _like(model, old, contexts=contexts)
    copy.load_state_dict(model.state_dict())
    return copy.train(model.training)


def _last_bias(weights: dict[str, Tensor]) -> str:
    """Name of the bias with which the network of a decoder with bands ends: it lies directly in the highest layer."""
    ends = (name for name in weights if re.fullmatch(r"decoder\.layers\.0\.body\.body\.layers\.\d+\.bias", name))
    return max(ends, key=lambda name: int(name.split(".")[-2]))


def _like(model: Autoencoder, bottleneck: EntropyConfig, **changes: int) -> Autoencoder:
    """An untrained model of the same shape but for these fields, of the bottleneck where it has them."""
    inner = {name: value for name, value in changes.items() if name in EntropyConfig.model_fields}
    outer = {name: value for name, value in changes.items() if name not in inner}
    config = model.config.model_dump(mode="json") | outer | {"bottleneck": bottleneck.model_dump(mode="json") | inner}
    try:
        return Autoencoder(AutoencoderConfig.model_validate(config), model.info)
    except ValidationError as error:
        raise ModelError(f"{model.name} can't grow so: {describe(error)}") from error


def _moved(name: str, encoder: int, decoder: int) -> str:
    """Where a tensor lies in a model with direct maps. ``encoder`` and ``decoder`` count the layers of one without."""
    room, _, name_in_layer = name.partition(".layers.")
    index, _, name_in_layer = name_in_layer.partition(".")
    if room == "encoder" and 0 < int(index) < encoder:
        return f"encoder.layers.1.body.layers.{int(index) - 1}.{name_in_layer}"
    if room == "decoder":
        last = int(index) == decoder - 1
        return f"decoder.layers.1.{name_in_layer}" if last else f"decoder.layers.0.body.layers.{index}.{name_in_layer}"
    return name


def _place(new: Tensor, old: Tensor, name: str) -> None:
    """Old weights go first, what is new stays silent; history filters keep their frames."""
    if new.shape == old.shape:
        new.copy_(old)
    elif name in ("bottleneck.mean", "bottleneck.raw_scale"):
        size, before = new.shape[0], old.shape[0]
        for new_gate, old_gate in zip(new.split(size, 1), old.split(before, 1), strict=True):
            new_gate[:before, :before] = old_gate
    else:
        new.zero_()
        new[tuple(slice(length) for length in old.shape)] = old

"""A prior before its first step: its shape, its scale, and what it takes from another one."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from auricle.errors import ModelError, OptionError
from auricle.synth.priors.base import MAX_EXAMPLES, Origin, Prior, PriorConfig, PriorInfo
from auricle.synth.priors.flow import FlowConfig
from auricle.synth.priors.sizes import NO_NOTE, PAUSE_FRAMES
from auricle.synth.training.latent_cache import LatentCache
from auricle.synth.training.task import LabelledLatents

_ONSET_PATCHES = 6
_SHORTEST_WINDOW, _WHOLE = 16, 90
_LONGEST_SECONDS, _PATCH_SECONDS = 1.73, 0.035


def fitted_config(
    config: PriorConfig, latents: LatentCache, frame_rate: float, states: Mapping[str, Any] | None = None
) -> PriorConfig:
    """A configuration whose open questions the sounds answer: window, patch, how many sizes are told.

    Args:
        config: what is set in it stays.
        latents: what is learned from.
        frame_rate: of the latents, frames a second.
        states: the configuration of a run that goes on: sounds that were added since do not change it.
    """
    answers: dict[str, Any] = dict(states or {})
    if answers.get("kind", config.kind) != config.kind:
        answers = {}
    if not answers:
        if isinstance(config, FlowConfig):
            answers["examples"] = min(len(latents), MAX_EXAMPLES)
            answers["attacks"] = not config.notes and (config.examples > 0 or "examples" not in config.model_fields_set)
            if config.model_fields_set.isdisjoint(("patch", "window")):  # a window is a multiple of its patch
                answers["patch"] = max(1, round(frame_rate * _PATCH_SECONDS))
        patch = answers.get("patch", config.patch if isinstance(config, FlowConfig) else 1)
        answers["window"] = _fitting_window(latents, frame_rate, patch)
    unset = {name: value for name, value in answers.items() if name not in config.model_fields_set}
    return type(config).model_validate({**config.model_dump(), **unset})


def with_note_defaults(config: PriorConfig) -> PriorConfig:
    """A configuration that learns notes, with attacks that are short beside a window unless it says otherwise."""
    usual = {"onset": _ONSET_PATCHES} if isinstance(config, FlowConfig) else {}
    unset = {name: value for name, value in usual.items() if name not in config.model_fields_set}
    return config.model_copy(update={"notes": True, **unset})


def first_prior(config: PriorConfig, origin: Origin, learned: LabelledLatents, info: PriorInfo) -> Prior:
    """A new prior out of torch's random numbers, with the scale of the latents and the sizes of the sounds."""
    prior = config.build(origin, info)
    latents = learned.latents
    prior.fit_scale(*(torch.from_numpy(part) for part in (latents.mean, latents.deviation, latents.silence)))
    if config.examples:
        prior.fit_sizes(torch.from_numpy(_size_table(learned, config)))
    return prior


def require_base(base: Prior, origin: Origin) -> PriorConfig:
    """The shape of a prior that goes on from another one: the same, and a flow learns mean velocities.

    Raises:
        ModelError: its latents are those of another model.
        OptionError: it has another number of channels.
    """
    if base.fingerprint != origin.fingerprint:
        raise ModelError(
            f"the prior {base.info.name!r} makes latents of the model {base.origin.model!r}, not of {origin.model!r}: "
            "train from it with its own model, or without --base"
        )
    if base.channels != origin.channels:
        raise OptionError(f"the prior {base.info.name!r} has {base.channels} channels, not {origin.channels}")
    config = base.config
    return config.model_copy(update={"mean_velocities": True}) if isinstance(config, FlowConfig) else config


def take_weights(prior: Prior, base: Prior) -> None:
    """Give ``prior`` weights and scale of ``base``, as far as it has them; of its classes, those of the same names.

    A class that is new begins as what has no class.
    """
    weights = dict(base.state_dict())
    weights.pop("sizes", None)
    own = prior.state_dict()
    table = own["label_table.weight"].clone()
    theirs = weights.pop("label_table.weight")
    table[-1] = theirs[-1]
    for index, name in enumerate(prior.classes):
        table[index] = theirs[base.classes.index(name)] if name in base.classes else theirs[-1]
    prior.load_state_dict({**own, **weights, "label_table.weight": table})


def _size_table(learned: LabelledLatents, config: PriorConfig) -> np.ndarray:
    """What is known of as many sounds as the configuration says, which lie evenly among all: float32
    ``(rows, columns)``, as `Prior.sizes`."""
    facts = [np.array(learned.labels, np.float32)[:, None], learned.latents.sizes]
    facts += [] if learned.notes is None else [np.nan_to_num(learned.notes, nan=NO_NOTE)]
    facts += [learned.latents.attacks[:, None]] if config.attacks else []
    table = np.concatenate(facts, 1)
    return table[np.linspace(0, len(table) - 1, config.examples).round().astype(int)]


def _fitting_window(latents: LatentCache, frame_rate: float, patch: int) -> int:
    """One that holds most sounds whole, if they are short: frames, a multiple of ``patch``."""
    step = math.lcm(PAUSE_FRAMES, patch)
    most = float(np.percentile(latents.lengths, _WHOLE)) + PAUSE_FRAMES
    steps = math.ceil(max(most, _SHORTEST_WINDOW) / step)
    return step * max(1, min(steps, int(_LONGEST_SECONDS * frame_rate) // step))

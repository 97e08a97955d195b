"""Before and after training: the model that a run starts from, and the frozen prior that it ends with."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import torch
from torch import Tensor

from auricle.data import CropSampler, DecodedSounds
from auricle.errors import ConfigError
from auricle.model import Autoencoder, ModelInfo, load, shipped
from auricle.model.files.file import as_stored
from auricle.model.files.writing import fingerprint
from auricle.training.objective.config import TrainConfig
from auricle.training.presets import PRESETS, Size, named

NONE, AUTO = "none", "auto"
_USUAL = "speech"
_SCALE_SECONDS = 120.0
_TABLE_SECONDS = 2400.0


@final
@dataclass(frozen=True)
class StartingPoint:
    """What a run starts from: its preset, its configuration, and the model whose weights it takes over, if any."""

    preset: str
    config: TrainConfig
    base: Autoencoder | None

    @property
    def keeps_codes(self) -> bool:
        """Whether only the decoder learns, so that what the base wrote is decoded too."""
        return self.base is not None and all(phase.frozen == "codes" for phase in self.config.phases)


def resolve_start(preset: str | None, size: str, base: str | Path) -> StartingPoint:
    """Choose shape, objective and first weights.

    Args:
        preset: name of the objective, and of the shape if there is no base; None for that of the base, else speech.
        size: of the shape if there is no base.
        base: ``auto`` for the shipped model of that preset where there is one of this size, ``none``, a shipped
            model's name or a file.

    Raises:
        ConfigError: unknown preset or size, a base together with another size, or one that does not fit the preset.
        ModelError: no such model.
    """
    if base == AUTO:
        shipped_name = preset or _USUAL
        base = shipped_name if shipped_name in shipped() and size == Size.BASE else NONE
    if base == NONE:
        return StartingPoint(preset or _USUAL, named(preset or _USUAL, size), None)
    if size != Size.BASE:
        raise ConfigError(f"--size {size} makes a new network, the base {base} has its own: give one of the two")
    start = load(base)
    preset = preset or _preset_of(start)
    config = named(preset)
    if start.sample_rate != config.model.sample_rate:
        raise ConfigError(
            f"the base {base} works at {start.sample_rate} Hz, preset {preset} is made for {config.model.sample_rate}: "
            "name the preset of the base"
        )
    if set(start.bottleneck.term_names) != set(config.objective.bottleneck):
        raise ConfigError(f"the base {base} has another kind of bottleneck than preset {preset}: name its own preset")
    objective = config.objective.model_copy(update={"ramp": 0.0})  # a trained model knows the price of its codes
    return StartingPoint(preset, config.model_copy(update={"model": start.config, "objective": objective}), start)


def _preset_of(base: Autoencoder) -> str:
    """What the base was trained with: as its file says, or by its name."""
    candidates = (str(base.info.training.get("preset")), base.name)
    return next((name for name in candidates if name in PRESETS), _USUAL)


def first_model(start: StartingPoint, info: ModelInfo) -> Autoencoder:
    """A model with the weights of the base, or new ones that the seed decides."""
    torch.manual_seed(start.config.seed)
    model = Autoencoder(start.config.model, info)
    if start.base is not None:
        model.load_state_dict(start.base.state_dict())
    return model


def fit_scale(model: Autoencoder, cache: DecodedSounds, seed: int) -> None:
    """Learn the front end's scale from the sounds."""
    model.fit_scale(torch.cat(_sounds(cache, model.sample_rate, seconds=_SCALE_SECONDS, crop=2.0, seed=seed)))


@torch.inference_mode()
def freeze_prior(model: Autoencoder, start: StartingPoint, cache: DecodedSounds) -> None:
    """Count the integer tables, with weights rounded as files hold them.

    Where only the decoder learned, the base's tables stay: what the base wrote, this model decodes too, and says so.
    """
    if model.bottleneck.table_shape() is None:
        return
    if start.base is not None and start.keeps_codes:
        model.tables = start.base.tables
        older = (fingerprint(start.base), *start.base.info.decodes)
        model.info = model.info.model_copy(update={"decodes": older})
        return
    count_tables(model, cache, start.config.seed + 1)


@torch.inference_mode()
def count_tables(model: Autoencoder, cache: DecodedSounds, seed: int) -> None:
    """Count the integer tables of a model that makes codes, with weights rounded as files hold them."""
    seconds = min(_TABLE_SECONDS, max(60.0, cache.seconds))
    rounded = as_stored(model)
    sounds = _sounds(cache, model.sample_rate, seconds=seconds, crop=6.0, seed=seed)
    rounded.fit_tables([rounded.encode(audio) for audio in sounds])
    model.load_state_dict(rounded.state_dict())
    model.tables = rounded.tables


def _sounds(cache: DecodedSounds, sample_rate: int, *, seconds: float, crop: float, seed: int) -> list[Tensor]:
    """Batches ``(8, t)`` of crops of ``crop`` seconds, ``seconds`` in all."""
    sampler = CropSampler(cache, length=int(crop * sample_rate), batch=8, seed=seed)
    count = max(1, round(seconds / (8 * crop)))
    return [torch.from_numpy(np.ascontiguousarray(sampler.batch(index))) for index in range(count)]

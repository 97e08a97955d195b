"""Short held-out excerpts, and how a model does on them while it trains."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import final

import numpy as np
import torch
from torch import Tensor

from auricle.audio import AudioReader, resample
from auricle.data import Sound
from auricle.errors import AudioError
from auricle.metrics import mel_distance
from auricle.model import Autoencoder
from auricle.training.engine.report import Excerpt, Preview

_COUNT, _SECONDS = 6, 4.0
_SEARCH_SECONDS = 60.0
"""How much of a file is looked at for each excerpt that it gives."""
_TRIES = 4
"""Files that are tried, as a multiple of the excerpts wanted, before giving up."""
_SILENCE = 1e-3
_HOP_SECONDS = 0.25
_LOUD_ENOUGH = 0.5


@final
@dataclass(frozen=True, eq=False)
class Clip:
    """A piece of a held-out file: its name and float32 ``(t,)`` at the model's rate."""

    name: str
    audio: np.ndarray


@final
@dataclass(frozen=True, eq=False)
class Excerpts:
    """What a model is tried on while it trains; false if there is nothing."""

    sample_rate: int
    clips: tuple[Clip, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.clips)

    @staticmethod
    def choose(
        sounds: Sequence[Sound], sample_rate: int, *, count: int = _COUNT, seconds: float = _SECONDS
    ) -> "Excerpts":
        """Take excerpts that are spread over the files; the same files always give the same ones.

        The loud parts near the beginning of a file are taken, mono. A file that can't be read, or is silent, is
        passed over for another. Few files give several excerpts each.

        Args:
            sounds: the held-out files; none give no excerpts.
            sample_rate: the model's, in Hz.
            count: excerpts, at most.
            seconds: of each, at most.
        """
        if not sounds:
            return Excerpts(sample_rate)
        per_sound = -(-count // len(sounds))
        clips: list[Clip] = []
        for sound in _in_turn(sounds, count):
            if len(clips) >= count:
                break
            clips += _clips(sound, sample_rate, min(per_sound, count - len(clips)), seconds)
        clips.sort(key=lambda clip: clip.name)
        return Excerpts(sample_rate, tuple(clips))


def _in_turn(sounds: Sequence[Sound], count: int) -> Iterator[Sound]:
    """The sounds that are best spread first, then those between; not many more than are needed."""
    spread = [sounds[int((index + 0.5) * len(sounds) / count)] for index in range(count)]
    sparse = sounds[:: max(1, len(sounds) // (_TRIES * count))]
    return iter(dict.fromkeys(chain(spread, sparse)))


def _clips(sound: Sound, sample_rate: int, count: int, seconds: float) -> list[Clip]:
    """Up to ``count`` loud places of a file, one in each equal part of its beginning."""
    try:
        audio = _beginning(sound, sample_rate, count * _SEARCH_SECONDS)
    except AudioError:
        return []
    length = round(seconds * sample_rate)
    parts = min(count, max(1, audio.size // length))
    pieces = [_loud(part, length, sample_rate) for part in np.array_split(audio, parts)]
    return [Clip(sound.name, piece) for piece in pieces if np.abs(piece).max(initial=0.0) > _SILENCE]


def _beginning(sound: Sound, sample_rate: int, seconds: float) -> np.ndarray:
    """The first ``seconds`` of a file, all channels together: float32 ``(t,)``."""
    with AudioReader(sound.path) as reader:
        block = next(iter(reader.blocks(max(1, round(seconds * reader.sample_rate)))), np.zeros((1, 0), np.float32))
        return resample(block.mean(axis=0, keepdims=True), reader.sample_rate, sample_rate)[0]


def _loud(audio: np.ndarray, length: int, sample_rate: int) -> np.ndarray:
    """The earliest ``length`` samples with at least half the power of the loudest such place."""
    energy = np.concatenate(([0.0], np.cumsum(np.square(audio, dtype=np.float64))))
    starts = np.arange(0, max(1, audio.size - length + 1), max(1, round(_HOP_SECONDS * sample_rate)))
    power = energy[np.minimum(starts + length, audio.size)] - energy[starts]
    start = int(starts[np.argmax(power >= _LOUD_ENOUGH * power.max())])
    return np.ascontiguousarray(audio[start : start + length])


@torch.inference_mode()
def preview(model: Autoencoder, excerpts: Excerpts, quality: float | None = None) -> Preview | None:
    """Encode, quantise and decode the excerpts as in use; None where there are none.

    Costs one pass over the excerpts, draws no random number and leaves the model as it was.

    Args:
        model: in any mode, on any device.
        excerpts: at the model's rate.
        quality: of the bottleneck, the middle of its range by default.
    """
    if not excerpts:
        return None
    place = next(model.parameters())
    top = model.bottleneck.quality_levels - 1
    level = torch.full((1,), top / 2 if quality is None else quality, device=place.device)
    with _as_in_use(model):
        latents = [model.encode(torch.from_numpy(clip.audio)[None].to(place)) for clip in excerpts.clips]
        z = torch.cat(latents, dim=1)
        bottled = model.bottleneck(z, level)
        parts = bottled.z.split([latent.shape[1] for latent in latents], dim=1)
        decoded = [
            model.decode_bottled(part, clip.audio.size) for part, clip in zip(parts, excerpts.clips, strict=True)
        ]
        usage = model.bottleneck.usage(z, level)
    results = [
        _decoded_excerpt(clip, audio, excerpts.sample_rate) for clip, audio in zip(excerpts.clips, decoded, strict=True)
    ]
    rate = bottled.terms.get("rate")
    return Preview(
        sample_rate=excerpts.sample_rate,
        figure=float(np.mean([distance for _, distance in results])),
        measure="mel distance",
        rate=None if rate is None else float(rate.mean()),
        usage={name: tuple(values.float().cpu().tolist()) for name, values in usage.items()},
        excerpts=tuple(excerpt for excerpt, _ in results),
    )


def _decoded_excerpt(clip: Clip, decoded: Tensor, sample_rate: int) -> tuple[Excerpt, float]:
    """A decoded sound and its distance; one that is not finite is shown as silence, its distance is NaN."""
    audio = decoded[0].float().cpu().numpy()
    if not np.isfinite(audio).all():
        return Excerpt(clip.name, clip.audio, np.zeros_like(clip.audio), float("nan")), float("nan")
    distance = mel_distance(clip.audio, audio, sample_rate)
    return Excerpt(clip.name, clip.audio, audio, distance), distance


@contextmanager
def _as_in_use(model: Autoencoder) -> Iterator[None]:
    """Eval mode, and each part's own mode afterwards (a frozen encoder may be in another than the rest)."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode

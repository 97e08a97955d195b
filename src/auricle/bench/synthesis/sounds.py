"""Sounds as they are judged: mono, trimmed, and embedded some at a time."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import final

import numpy as np
import torch

from auricle.audio import AudioReader, resample
from auricle.bench.synthesis.embedding_base import Embedding
from auricle.data.labels import Labelled
from auricle.data.scan import Rejected
from auricle.errors import AudioError
from auricle.model import Autoencoder
from auricle.synth.rendering.mid_side import decode_mid_side

SILENCE = 1e-4
SHORT_SECONDS = 0.05
_TRIM = 1e-3
_BATCH_SIZE = 32
_REBUILT_BATCH_SIZE = 16


@final
@dataclass(frozen=True, eq=False)
class MonoSound:
    """A sound, float32 ``(t,)`` with t at least 1, with what is known of it."""

    name: str
    path: Path
    label: str | None
    audio: np.ndarray
    sample_rate: int

    @property
    def silent(self) -> bool:
        """Whether it never exceeds -80 dB of full scale."""
        return float(np.abs(self.audio).max()) < SILENCE


@final
@dataclass(frozen=True, eq=False)
class SoundSet:
    """Embedded sounds.

    Attributes:
        names: of files, relative to their folder.
        paths: of files.
        labels: classes; None where unknown.
        values: by the name of an embedding, float64 ``(n, d)``.
        seconds: of all sounds, after trimming.
        rejected: files that could not be used.
        silent: how many were silent.
        short: how many last less than 50 ms after trimming.
    """

    names: tuple[str, ...]
    paths: tuple[Path, ...]
    labels: tuple[str | None, ...]
    values: Mapping[str, np.ndarray]
    seconds: float
    rejected: tuple[Rejected, ...] = ()
    silent: int = 0
    short: int = 0

    def __len__(self) -> int:
        return len(self.names)


def read_sounds(
    sounds: Sequence[Labelled], seconds: float, reject: Callable[[Rejected], None], *, silence: bool
) -> Iterator[MonoSound]:
    """Read sounds one after another.

    Args:
        sounds: the files.
        seconds: of each, from its beginning, at most.
        reject: is told of files that can't be read, and of silent ones unless ``silence``.
        silence: whether silent sounds may pass.
    """
    for labelled in sounds:
        path = labelled.sound.path
        try:
            sound = _read(labelled, seconds)
        except AudioError as error:
            reject(Rejected(path, str(error)))
            continue
        if sound.silent and not silence:
            reject(Rejected(path, f"{path} is silent"))
            continue
        yield sound


def _read(labelled: Labelled, seconds: float) -> MonoSound:
    sound = labelled.sound
    with AudioReader(sound.path) as reader:
        longest = max(1, round(seconds * reader.sample_rate))
        parts, length = [], 0
        for block in reader.blocks(min(longest, 1 << 16)):
            parts.append(block.mean(axis=0)[: longest - length])
            length += len(parts[-1])
            if length >= longest:
                break
        rate = reader.sample_rate
    if not length:
        raise AudioError(f"{sound.path} holds no samples")
    return MonoSound(sound.name, sound.path, labelled.label, np.concatenate(parts), rate)


def batches(sounds: Iterable[MonoSound], size: int) -> Iterator[list[MonoSound]]:
    """Sounds in lists of ``size``, the last one shorter."""
    iterator = iter(sounds)
    while batch := list(islice(iterator, size)):
        yield batch


def trim_silence(audio: np.ndarray) -> np.ndarray:
    """Without what comes before the first and after the last sample above -60 dB of the peak; silence stays whole.

    Sounds of generators have a fixed length and end in silence; recordings were cut by someone. Without this, the
    silence would be compared.
    """
    loud = np.flatnonzero(np.abs(audio) > _TRIM * np.abs(audio).max())
    return audio[loud[0] : loud[-1] + 1] if loud.size else audio


def embed_sounds(
    sounds: Iterable[MonoSound], embeddings: Sequence[Embedding], rejected: Sequence[Rejected], step: Callable[[], None]
) -> SoundSet:
    """Embed sounds as they come, a few in memory at a time; ``rejected`` may still grow meanwhile."""
    names, paths, labels = [], [], []
    rows: dict[str, list[np.ndarray]] = {embedding.name: [] for embedding in embeddings}
    seconds, silent, short = 0.0, 0, 0
    for batch in batches(sounds, _BATCH_SIZE):
        trimmed = [trim_silence(sound.audio) for sound in batch]
        for embedding in embeddings:
            native = [
                _resample(audio, sound.sample_rate, embedding.sample_rate)
                for audio, sound in zip(trimmed, batch, strict=True)
            ]
            rows[embedding.name].append(embedding.embed(native))
        for audio, sound in zip(trimmed, batch, strict=True):
            names.append(sound.name)
            paths.append(sound.path)
            labels.append(sound.label)
            length = len(audio) / sound.sample_rate
            seconds, silent, short = seconds + length, silent + sound.silent, short + (length < SHORT_SECONDS)
            step()
    values = {name: np.concatenate(parts).astype(np.float64) for name, parts in rows.items() if parts}
    return SoundSet(tuple(names), tuple(paths), tuple(labels), values, seconds, tuple(rejected), silent, short)


def _resample(audio: np.ndarray, source: int, target: int) -> np.ndarray:
    return resample(audio[None], source, target)[0]


@torch.inference_mode()
def through_autoencoder(sounds: Iterable[MonoSound], model: Autoencoder) -> Iterator[MonoSound]:
    """Encode and decode each sound, at the bottleneck's best quality and without rounding: all a generator of latents
    could reach. Sounds come back at the model's rate.

    Args:
        sounds: read a few at a time.
        model: in eval mode.
    """
    device = next(model.parameters()).device
    for batch in batches(sounds, _REBUILT_BATCH_SIZE):
        native = [_resample(sound.audio, sound.sample_rate, model.sample_rate) for sound in batch]
        longest = max(map(len, native))
        stacked = np.stack([np.pad(audio, (0, longest - len(audio))) for audio in native])
        z = model.encode(torch.from_numpy(stacked).to(device))
        # one by one through `decoded`, which takes channels for one sound: they would be rotated
        for sound, latent, audio in zip(batch, z, native, strict=True):
            frames = latent[None, : model.frames(len(audio))]
            rebuilt = decode_mid_side(model, frames, len(audio))[0].cpu().numpy()
            yield replace(sound, audio=rebuilt, sample_rate=model.sample_rate)

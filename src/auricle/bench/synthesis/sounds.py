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
from auricle.synth.rendering.mid_side import decoded

SILENCE = 1e-4
SHORT_SECONDS = 0.05
_TRIM = 1e-3
_AT_ONCE = 32
_REBUILT_AT_ONCE = 16


@final
@dataclass(frozen=True, eq=False)
class Piece:
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


def pieces(
    sounds: Sequence[Labelled], seconds: float, refuse: Callable[[Rejected], None], *, silence: bool
) -> Iterator[Piece]:
    """Read sounds one after another.

    Args:
        sounds: the files.
        seconds: of each, from its beginning, at most.
        refuse: is told of files that can't be read, and of silent ones unless ``silence``.
        silence: whether silent sounds are wanted.
    """
    for each in sounds:
        try:
            piece = _read(each, seconds)
        except AudioError as error:
            refuse(Rejected(each.sound.path, str(error)))
            continue
        if piece.silent and not silence:
            refuse(Rejected(each.sound.path, f"{each.sound.path} is silent"))
            continue
        yield piece


def _read(each: Labelled, seconds: float) -> Piece:
    with AudioReader(each.sound.path) as reader:
        wanted = max(1, round(seconds * reader.sample_rate))
        parts, done = [], 0
        for block in reader.blocks(min(wanted, 1 << 16)):
            parts.append(block.mean(axis=0)[: wanted - done])
            done += len(parts[-1])
            if done >= wanted:
                break
        rate = reader.sample_rate
    if not done:
        raise AudioError(f"{each.sound.path} holds no samples")
    return Piece(each.sound.name, each.sound.path, each.label, np.concatenate(parts), rate)


def several(found: Iterable[Piece], count: int) -> Iterator[list[Piece]]:
    """Pieces in lists of ``count``, the last one shorter."""
    left = iter(found)
    while some := list(islice(left, count)):
        yield some


def trimmed(audio: np.ndarray) -> np.ndarray:
    """Without what comes before the first and after the last sample above -60 dB of the peak; silence stays whole.

    Sounds of generators have a fixed length and end in silence; recordings were cut by someone. Without this, the
    silence would be compared.
    """
    loud = np.flatnonzero(np.abs(audio) > _TRIM * np.abs(audio).max())
    return audio[loud[0] : loud[-1] + 1] if loud.size else audio


def embedded(
    found: Iterable[Piece], embeddings: Sequence[Embedding], rejected: Sequence[Rejected], step: Callable[[], None]
) -> SoundSet:
    """Embed pieces as they come, a few in memory at a time; ``rejected`` may still grow meanwhile."""
    names, paths, labels = [], [], []
    rows: dict[str, list[np.ndarray]] = {each.name: [] for each in embeddings}
    seconds, silent, short = 0.0, 0, 0
    for some in several(found, _AT_ONCE):
        cut = [trimmed(piece.audio) for piece in some]
        for each in embeddings:
            heard = [_at(audio, piece.sample_rate, each.rate) for audio, piece in zip(cut, some, strict=True)]
            rows[each.name].append(each.of(heard))
        for audio, piece in zip(cut, some, strict=True):
            names.append(piece.name)
            paths.append(piece.path)
            labels.append(piece.label)
            length = len(audio) / piece.sample_rate
            seconds, silent, short = seconds + length, silent + piece.silent, short + (length < SHORT_SECONDS)
            step()
    values = {name: np.concatenate(parts).astype(np.float64) for name, parts in rows.items() if parts}
    return SoundSet(tuple(names), tuple(paths), tuple(labels), values, seconds, tuple(rejected), silent, short)


def _at(audio: np.ndarray, source: int, target: int) -> np.ndarray:
    return resample(audio[None], source, target)[0]


@torch.inference_mode()
def rebuilt(found: Iterable[Piece], model: Autoencoder) -> Iterator[Piece]:
    """Encode and decode each piece, at the bottleneck's best quality and without rounding: all a generator of latents
    could reach. Pieces come back at the model's rate.

    Args:
        found: read a few at a time.
        model: in eval mode.
    """
    device = next(model.parameters()).device
    for some in several(found, _REBUILT_AT_ONCE):
        native = [resample(piece.audio[None], piece.sample_rate, model.sample_rate)[0] for piece in some]
        longest = max(map(len, native))
        stacked = np.stack([np.pad(audio, (0, longest - len(audio))) for audio in native])
        z = model.encode(torch.from_numpy(stacked).to(device))
        # one by one through `decoded`, which takes channels for one sound: they would be rotated
        for piece, latent, audio in zip(some, z, native, strict=True):
            frames = latent[None, : model.frames(len(audio))]
            back = decoded(model, frames, len(audio))[0].cpu().numpy()
            yield replace(piece, audio=back, sample_rate=model.sample_rate)

"""Which sounds to train on, and which to hold out."""

import hashlib
from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from auricle.data.scan import Sound
from auricle.errors import OptionError

_TRAIN = frozenset({"train", "training"})
_HELD_OUT = frozenset({"valid", "validation", "heldout", "held_out", "held-out"})


class Side(IntEnum):
    """What a file is for."""

    train = 0
    held_out = 1
    neither = 2


def split(
    sounds: Sequence[Sound], *, held_out: float = 0.1, seed: int = 0
) -> tuple[tuple[Sound, ...], tuple[Sound, ...]]:
    """Divide sounds into those to train on and those held out, each in the order given.

    Whole files are held out, chosen by a hash of their name (relative path) and the seed: the choice does not
    depend on the order, on other machines or on where the folder lies, and changes little as the folder
    grows. At least one file is held out of two or more; a single file is trained on.

    If the folder has both a top-level subfolder ``train`` (or ``training``) and one named ``valid``,
    ``validation``, ``heldout``, ``held_out`` or ``held-out`` (in any case), with a usable sound in each, then
    these decide, and sounds outside both belong to neither side.

    Args:
        sounds: from `scan`.
        held_out: share of the files, from 0 (none) to less than 1.
        seed: another seed gives another choice.

    Raises:
        OptionError: ``held_out`` is outside its range.
    """
    file_sides = sides([sound.name for sound in sounds], held_out=held_out, seed=seed)
    return (
        tuple(sound for sound, side in zip(sounds, file_sides, strict=True) if side == Side.train),
        tuple(sound for sound, side in zip(sounds, file_sides, strict=True) if side == Side.held_out),
    )


def sides(names: Sequence[str], *, held_out: float = 0.1, seed: int = 0) -> np.ndarray:
    """What `split` does, for names alone: the `Side` of each as uint8 ``(files,)``.

    Raises:
        OptionError: ``held_out`` is outside its range.
    """
    if not 0 <= held_out < 1:
        raise OptionError(f"a held-out share of {held_out:g}: give 0 or more, and less than 1")
    file_sides = np.fromiter((_folder_side(name) for name in names), np.uint8, len(names))
    if (file_sides == Side.train).any() and (file_sides == Side.held_out).any():
        return file_sides
    file_sides[:] = Side.train
    count = 0 if held_out == 0 else min(max(1, round(held_out * len(names))), len(names) - 1)
    if count > 0:
        hashes = np.fromiter((_hash(name, seed) for name in names), np.uint64, len(names))
        file_sides[np.argsort(hashes, kind="stable")[:count]] = Side.held_out
    return file_sides


def _folder_side(name: str) -> Side:
    folder, slash, _ = name.partition("/")
    folder = folder.lower() if slash else ""
    if folder in _TRAIN:
        return Side.train
    return Side.held_out if folder in _HELD_OUT else Side.neither


def _hash(name: str, seed: int) -> int:
    digest = hashlib.sha256(f"{seed}\n{name}".encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big")

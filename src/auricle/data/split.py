"""Which sounds to train on, and which to hold out."""

import hashlib
from collections.abc import Sequence

from auricle.data.scan import Sound
from auricle.errors import OptionError

_TRAIN = frozenset({"train", "training"})
_HELD_OUT = frozenset({"valid", "validation", "heldout", "held_out", "held-out"})


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
    if not 0 <= held_out < 1:
        raise OptionError(f"a held-out share of {held_out:g}: give 0 or more, and less than 1")
    chosen = _in_folder(sounds, _TRAIN), _in_folder(sounds, _HELD_OUT)
    if all(chosen):
        return chosen
    count = 0 if held_out == 0 else min(max(1, round(held_out * len(sounds))), len(sounds) - 1)
    ranked = sorted(sounds, key=lambda sound: _hash(sound.name, seed))
    names = {sound.name for sound in ranked[: max(0, count)]}
    return (
        tuple(sound for sound in sounds if sound.name not in names),
        tuple(sound for sound in sounds if sound.name in names),
    )


def _in_folder(sounds: Sequence[Sound], names: frozenset[str]) -> tuple[Sound, ...]:
    return tuple(sound for sound in sounds if "/" in sound.name and sound.name.split("/", 1)[0].lower() in names)


def _hash(name: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\n{name}".encode("utf-8", "surrogateescape")).digest()

"""Which sounds play which part: the generated ones, the reference, the training sounds; and mixes of classes."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from auricle.data.labels import Labelled, Labels, labelled
from auricle.data.scan import Rejected
from auricle.errors import DataError

FEWEST = 10


@final
@dataclass(frozen=True)
class Roles:
    """The sounds of an evaluation.

    Attributes:
        generated: what is judged.
        reference: real sounds that nothing was trained on.
        training: real sounds that the generator was trained on, or, if nobody said which, other real ones.
        classes: those that all three have, in alphabetical order; empty if sounds are compared without classes.
        known: whether the training sounds are known to be such.
        rejected: files that can't be used, of generated sounds, reference and training.
        notes: what to know.
    """

    generated: tuple[Labelled, ...]
    reference: tuple[Labelled, ...]
    training: tuple[Labelled, ...]
    classes: tuple[str, ...]
    known: bool
    rejected: tuple[tuple[Rejected, ...], ...]
    notes: tuple[str, ...]


def roles(generated: Path, real: Path, training: Path | None, *, count: int, seed: int) -> Roles:
    """Find the sounds.

    Args:
        generated: folder of generated sounds; those of classes lie in a folder each.
        real: folder of real ones. Without ``training`` one half of it stands in for that.
        training: folder of the sounds that the generator was trained on.
        count: generated and reference sounds at most; the seed chooses.
        seed: decides halves and choices.

    Raises:
        DataError: a folder holds too few usable sounds, or the sets share no class.
    """
    made, truth = labelled(generated, min_seconds=0.0), labelled(real)
    taught = None if training is None else labelled(training)
    classes, notes = _shared(made, truth, taught)
    wanted = frozenset(classes)
    first, second = (_only(each, wanted) for each in (made, truth))
    third = _only(taught, wanted) if taught is not None else ()
    if taught is None:
        third, second = _halved(second, seed)
        notes.append(
            f"{Path(real).name} was cut in two halves: one is the reference, the other stands for the training "
            "sounds (--train names them)"
        )
    for name, found in ((generated, first), (real, second), (training or real, third)):
        if len(found) < FEWEST:
            half = "half of " if taught is None and name == real else ""
            raise DataError(f"{half}{name} holds {len(found)} sounds that can be compared: give {FEWEST} or more")
    made_some, real_some = (_some(each, count, seed) for each in (first, second))
    notes += [
        f"{len(some)} of {len(every)} sounds of {Path(name).name} were used"
        for name, some, every in ((generated, made_some, first), (real, real_some, second))
        if len(some) < len(every)
    ]
    twice = {each.sound.path.resolve() for each in second} & {each.sound.path.resolve() for each in third}
    if twice:
        notes.append(
            f"{len(twice)} real sounds are training sounds too: what stands beside the generated ones is flattered"
        )
    rejected = (made.rejected, truth.rejected, () if taught is None else taught.rejected)
    return Roles(made_some, real_some, third, classes, taught is not None, rejected, tuple(notes))


def _shared(made: Labels, truth: Labels, taught: Labels | None) -> tuple[tuple[str, ...], list[str]]:
    """Classes of all sets, and what to tell of others."""
    sets = {"generated": made, "real": truth} | ({} if taught is None else {"training": taught})
    bare = [name for name, each in sets.items() if not each.classes]
    if bare:
        with_classes = [name for name in sets if name not in bare]
        told = (
            f"{', '.join(bare)} sounds lie in no folders of classes, {', '.join(with_classes)} ones do: compared as one"
        )
        return (), [told] if with_classes else []
    shared = frozenset(made.classes).intersection(*(each.classes for each in sets.values()))
    if not shared:
        lists = "; ".join(f"{name}: {_listed(each.classes)}" for name, each in sets.items())
        raise DataError(f"the sounds share no class ({lists}): name the folders of classes alike")
    notes = []
    for name, each in sets.items():
        alone = [label for label in each.classes if label not in shared]
        lost = sum(sound.label not in shared for sound in each.sounds)
        if lost:
            names = _listed(alone) or "none"
            notes.append(f"{lost} {name} sounds are of classes that not all sets have ({names}): left out")
    return tuple(sorted(shared)), notes


def _listed(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _only(labels: Labels, wanted: frozenset[str]) -> tuple[Labelled, ...]:
    return tuple(each for each in labels.sounds if not wanted or each.label in wanted)


def _halved(sounds: Sequence[Labelled], seed: int) -> tuple[tuple[Labelled, ...], tuple[Labelled, ...]]:
    """Two halves with equal shares of every class; who is in which depends on names and seed alone."""
    halves: tuple[list[Labelled], list[Labelled]] = ([], [])
    place = Counter[str | None]()
    for each in sorted(sounds, key=lambda each: _luck(each, seed)):
        halves[place[each.label] % 2].append(each)
        place[each.label] += 1
    one, two = (tuple(sorted(half, key=lambda each: each.sound.name)) for half in halves)
    return one, two


def _some(sounds: Sequence[Labelled], count: int, seed: int) -> tuple[Labelled, ...]:
    taken = sorted(sounds, key=lambda each: _luck(each, seed))[:count]
    return tuple(sorted(taken, key=lambda each: each.sound.name))


def _luck(each: Labelled, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}/{each.sound.name}".encode()).digest()


def mix(labels: Sequence[str | None], like: Sequence[str | None], seed: int) -> np.ndarray:
    """Numbers of sounds, as many as possible, whose classes have the shares that they have in ``like``.

    Without classes, or where too few would be left, all of them.
    """
    wanted = Counter(like)
    rows = {label: [index for index, each in enumerate(labels) if each == label] for label in wanted}
    scale = min(len(rows[label]) / count for label, count in wanted.items())
    taken = {label: max(1, int(scale * count + 1e-9)) for label, count in wanted.items() if rows[label]}
    if set(wanted) == {None} or sum(taken.values()) < FEWEST:
        return np.arange(len(labels))
    random = np.random.Generator(np.random.PCG64(seed))
    chosen = [random.permutation(rows[label])[:count] for label, count in taken.items()]
    return np.sort(np.concatenate(chosen))

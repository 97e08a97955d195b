"""Which sounds are what: the generated ones, the reference, the training sounds; and mixes of classes."""

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
class DataSplits:
    """The sounds of an evaluation.

    Attributes:
        generated: what is judged.
        reference: real sounds that nothing was trained on.
        training: real sounds that the generator was trained on, or, if nobody said which, other real ones.
        classes: those that all three have, in alphabetical order; empty if sounds are compared without classes.
        has_training_sounds: whether the training sounds are known to be such.
        rejected: files that can't be used, of generated sounds, reference and training.
        notes: what to know.
    """

    generated: tuple[Labelled, ...]
    reference: tuple[Labelled, ...]
    training: tuple[Labelled, ...]
    classes: tuple[str, ...]
    has_training_sounds: bool
    rejected: tuple[tuple[Rejected, ...], ...]
    notes: tuple[str, ...]


def split_data(generated: Path, real: Path, training: Path | None, *, count: int, seed: int) -> DataSplits:
    """Split the sounds.

    Args:
        generated: folder of generated sounds; those of classes lie in a folder each.
        real: folder of real ones. Without ``training`` one half of it stands in for that.
        training: folder of the sounds that the generator was trained on.
        count: generated and reference sounds at most; the seed chooses.
        seed: decides halves and choices.

    Raises:
        DataError: a folder holds too few usable sounds, or the sets share no class.
    """
    generated_labels, real_labels = labelled(generated, min_seconds=0.0), labelled(real)
    training_labels = None if training is None else labelled(training)
    classes, notes = _shared_classes(generated_labels, real_labels, training_labels)
    allowed = frozenset(classes)
    generated_sounds, reference = (_only(labels, allowed) for labels in (generated_labels, real_labels))
    if training_labels is not None:
        training_sounds = _only(training_labels, allowed)
    else:
        training_sounds, reference = _halved(reference, seed)
        notes.append(
            f"{Path(real).name} was cut in two halves: one is the reference, the other stands for the training "
            "sounds (--train names them)"
        )
    for name, sounds in ((generated, generated_sounds), (real, reference), (training or real, training_sounds)):
        if len(sounds) < FEWEST:
            half = "half of " if training is None and name == real else ""
            raise DataError(f"{half}{name} holds {len(sounds)} sounds that can be compared: give {FEWEST} or more")
    generated_draw, reference_draw = (_draw(sounds, count, seed) for sounds in (generated_sounds, reference))
    notes += [
        f"{len(draw)} of {len(sounds)} sounds of {Path(name).name} were used"
        for name, draw, sounds in ((generated, generated_draw, generated_sounds), (real, reference_draw, reference))
        if len(draw) < len(sounds)
    ]
    shared = _paths(reference) & _paths(training_sounds)
    if shared:
        notes.append(
            f"{len(shared)} real sounds are training sounds too: what stands beside the generated ones is flattered"
        )
    rejected = (
        generated_labels.rejected,
        real_labels.rejected,
        () if training_labels is None else training_labels.rejected,
    )
    return DataSplits(
        generated_draw, reference_draw, training_sounds, classes, training is not None, rejected, tuple(notes)
    )


def _paths(sounds: Sequence[Labelled]) -> set[Path]:
    return {labelled.sound.path.resolve() for labelled in sounds}


def _shared_classes(generated: Labels, real: Labels, training: Labels | None) -> tuple[tuple[str, ...], list[str]]:
    """Classes of all sets, and what to tell of others."""
    sets = {"generated": generated, "real": real} | ({} if training is None else {"training": training})
    without = [name for name, labels in sets.items() if not labels.classes]
    if without:
        with_classes = [name for name in sets if name not in without]
        note = (
            f"{', '.join(without)} sounds lie in no folders of classes, {', '.join(with_classes)} ones do: "
            "compared as one"
        )
        return (), [note] if with_classes else []
    shared = frozenset(generated.classes).intersection(*(labels.classes for labels in sets.values()))
    if not shared:
        lists = "; ".join(f"{name}: {_listed(labels.classes)}" for name, labels in sets.items())
        raise DataError(f"the sounds share no class ({lists}): name the folders of classes alike")
    notes = []
    for name, labels in sets.items():
        other_classes = [label for label in labels.classes if label not in shared]
        count = sum(sound.label not in shared for sound in labels.sounds)
        if count:
            names = _listed(other_classes) or "none"
            notes.append(f"{count} {name} sounds are of classes that not all sets have ({names}): left out")
    return tuple(sorted(shared)), notes


def _listed(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _only(labels: Labels, classes: frozenset[str]) -> tuple[Labelled, ...]:
    return tuple(sound for sound in labels.sounds if not classes or sound.label in classes)


def _halved(sounds: Sequence[Labelled], seed: int) -> tuple[tuple[Labelled, ...], tuple[Labelled, ...]]:
    """Two halves with equal shares of every class; who is in which depends on names and seed alone."""
    halves: tuple[list[Labelled], list[Labelled]] = ([], [])
    counts = Counter[str | None]()
    for sound in sorted(sounds, key=lambda sound: _random_key(sound, seed)):
        halves[counts[sound.label] % 2].append(sound)
        counts[sound.label] += 1
    first, second = (tuple(sorted(half, key=_name)) for half in halves)
    return first, second


def _draw(sounds: Sequence[Labelled], count: int, seed: int) -> tuple[Labelled, ...]:
    return tuple(sorted(sorted(sounds, key=lambda sound: _random_key(sound, seed))[:count], key=_name))


def _name(sound: Labelled) -> str:
    return sound.sound.name


def _random_key(sound: Labelled, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}/{sound.sound.name}".encode()).digest()


def matching_mix(labels: Sequence[str | None], reference: Sequence[str | None], seed: int) -> np.ndarray:
    """Numbers of sounds, as many as possible, whose classes have the shares that they have in ``reference``.

    Without classes, or where too few would remain, all of them.
    """
    counts = Counter(reference)
    rows = {label: [index for index, value in enumerate(labels) if value == label] for label in counts}
    scale = min(len(rows[label]) / count for label, count in counts.items())
    sizes = {label: max(1, int(scale * count + 1e-9)) for label, count in counts.items() if rows[label]}
    if set(counts) == {None} or sum(sizes.values()) < FEWEST:
        return np.arange(len(labels))
    random = np.random.Generator(np.random.PCG64(seed))
    draws = [random.permutation(rows[label])[:count] for label, count in sizes.items()]
    return np.sort(np.concatenate(draws))

"""Which sounds are learned from and which are judged: never the same source on both sides."""

import warnings
from collections.abc import Sequence

import numpy as np

from auricle.data.labels import Labelled
from auricle.errors import DataError, OptionError
from auricle.extras import require

ESC_PROTOCOLS = ("esc10", "esc50")
"""Folds that names of files state (Piczak, 2015)."""


def esc_fold(name: str) -> str:
    """The official fold of a file of ESC-10 or ESC-50 (Piczak, 2015): its name begins with it.

    Raises:
        DataError: it does not.
    """
    fold, dash, _ = name.rpartition("/")[2].partition("-")
    if not dash or not fold.isdigit():
        raise DataError(f"{name} does not begin with its fold, as ESC's 1-17092-A-27.ogg: give folds as a number")
    return fold


def folds_of(sounds: Sequence[Labelled], protocol: str, *, seed: int = 0) -> tuple[str, ...]:
    """The fold of each sound.

    Args:
        sounds: with labels.
        protocol: ``esc10`` (first number of a file's name), a number of folds, or ``table`` for those that the sounds
            state. A number deals out whole groups where sounds state them; classes are spread evenly.
        seed: decides how a number of folds is dealt out.

    Raises:
        DataError: a sound states no fold, or a group lies in two folds.
        OptionError: the number can't be used.
    """
    groups = [item.group for item in sounds]
    if protocol.isdecimal():
        return grouped_folds([str(item.label) for item in sounds], complete_groups(groups), int(protocol), seed=seed)
    if protocol in ESC_PROTOCOLS:
        folds = tuple(esc_fold(item.sound.name) for item in sounds)
    else:
        without_fold = next((item.sound.name for item in sounds if item.fold is None), None)
        if without_fold is not None:
            raise DataError(f"{without_fold} has no fold: complete the table's column, or give a number of folds")
        folds = tuple(str(item.fold) for item in sounds)
    if len(set(folds)) < 2:
        raise DataError(f"all sounds lie in fold {folds[0]}: two folds or more are needed")
    check_groups_in_folds(groups, folds)
    return folds


def complete_groups(groups: Sequence[str | None]) -> tuple[str, ...] | None:
    """A group for each sound, one of its own where it has none; None if no sound has one."""
    if not any(groups):
        return None
    return tuple(f"\0{index}" if group is None else group for index, group in enumerate(groups))


def check_groups_in_folds(groups: Sequence[str | None], folds: Sequence[str]) -> None:
    """Refuse folds that part a group.

    Raises:
        DataError: with the group and its folds.
    """
    fold_by_group: dict[str, str] = {}
    for group, fold in zip(groups, folds, strict=True):
        if group is not None and fold_by_group.setdefault(group, fold) != fold:
            raise DataError(
                f"group {group} lies in fold {fold_by_group[group]} and in fold {fold}: a figure would say how well "
                "it is recognised, not its class; leave --groups out, or give a number of folds"
            )


def grouped_folds(labels: Sequence[str], groups: Sequence[str] | None, count: int, *, seed: int = 0) -> tuple[str, ...]:
    """Deal sounds out to ``count`` folds, groups whole, classes as evenly as that allows.

    Raises:
        OptionError: there are fewer groups (or sounds) than folds, or ``count`` is below 2.
    """
    unit, units = ("sounds", len(labels)) if groups is None else ("groups", len(set(groups)))
    if groups is not None and units == 1:
        raise OptionError(
            f"all {len(labels)} sounds are of one group, {groups[0]}: name groups that tell speakers or recordings "
            "apart, or leave --groups out"
        )
    if not 2 <= count <= units:
        raise OptionError(f"{count} folds of {units} {unit}: give 2 to {units}")
    fold_numbers = np.zeros(len(labels), int)
    for number, held_out in enumerate(split_folds(np.asarray(labels), groups, count, seed)):
        fold_numbers[held_out] = number
    return tuple(str(number + 1) for number in fold_numbers)


def split_folds(labels: np.ndarray, groups: Sequence[str] | None, count: int, seed: int) -> list[np.ndarray]:
    """Indices of each fold's sounds; rare classes may be missing in some.

    Raises:
        MissingPackageError: scikit-learn is not installed.
    """
    require("sklearn", extra="classify", purpose="folds")
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes with fewer sounds than folds; callers know
        if max(np.unique(labels, return_counts=True)[1]) < count:  # scikit-learn refuses: a random order
            numbers = (
                np.arange(len(labels)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
            )
            order = np.random.Generator(np.random.PCG64(seed)).permutation(numbers.max() + 1)
            parts = [np.flatnonzero(np.isin(numbers, order[number::count])) for number in range(count)]
            return [part for part in parts if len(part)]
        if groups is None:
            cut = StratifiedKFold(count, shuffle=True, random_state=seed).split(labels, labels)
        else:
            cut = StratifiedGroupKFold(count, shuffle=True, random_state=seed).split(labels, labels, groups)
        return [held_out for _, held_out in cut if len(held_out)]

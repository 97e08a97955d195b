"""Labelled corpora of the classification benchmarks: where they lie, what is a class, what must not be parted."""

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, final

import numpy as np

from auricle.errors import OptionError

if TYPE_CHECKING:
    from auricle.classify.evaluation.cross_validation import Evaluation
    from auricle.data.labels import Labels

_ESC_SOURCE = re.compile(r"\d-(\d+)-")


@final
@dataclass(frozen=True)
class Work:
    """A corpus with its protocol.

    Attributes:
        folder: below the corpus, or where ``--drums`` says.
        model: whose encoder hears it.
        protocol: the protocol, in words.
        parts: a path in the corpus and the manifest's label to class, group and fold ("" for none).
        folds: how many grouped folds are split_folds out where sounds state none.
        full_groups: whether a group has sounds of nearly every class, so that features can be relative to it.
    """

    folder: str
    model: str
    protocol: str
    parts: Callable[[str, str], tuple[str, str, str]]
    folds: int = 5
    full_groups: bool = True


def _esc(path: str, label: str) -> tuple[str, str, str]:
    name = Path(path).name
    match = _ESC_SOURCE.match(name)
    return label, match.group(1) if match else name, name[0]


def _spoken(path: str, label: str) -> tuple[str, str, str]:
    word, _, speaker = label.partition("|")
    return word, speaker, ""


WORKS: Mapping[str, Work] = {
    "esc10": Work("environment/esc10", "music", "ESC-10, official 5 folds", _esc, full_groups=False),
    "fsdd": Work("digits/fsdd", "speech", "FSDD, leave one speaker out", _spoken, 6),
    "arabic": Work("commands/arabic", "speech", "Arabic commands, 6 folds of 4 speakers", _spoken, 6),
}


def labels_of(name: str, corpus: Path | None, drums: Path | None) -> "Labels":
    """The sounds of a work with class, group and fold.

    Raises:
        OptionError: the corpus was not named.
        DataError: it is not there.
    """
    from auricle.data.labels import Labelled, Labels, labelled
    from auricle.data.scan import scan

    if name == "drums":
        if drums is None:
            raise OptionError("where are the drums? name their folder with --drums (recipes/drums.py makes it)")
        return labelled(drums, drums / "manifest.csv")
    if corpus is None:
        raise OptionError("where is the corpus? name its folder with --corpus")
    work = WORKS[name]
    with (corpus / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["path"]: row["label"] for row in csv.DictReader(file) if row["path"].startswith(work.folder)}
    corpus_scan = scan(corpus / work.folder)
    sounds = []
    for sound in corpus_scan.sounds:
        path = f"{work.folder}/{sound.name}"
        label, group, fold = work.parts(path, rows[path])
        sounds.append(Labelled(sound, label, fold or None, group or None))
    return Labels(
        tuple(sounds), corpus_scan.rejected, 0, tuple(sorted({str(labelled_sound.label) for labelled_sound in sounds}))
    )


def protocol(name: str) -> str:
    """The protocol in words."""
    return WORKS[name].protocol if name in WORKS else "drums by class, 5 folds grouped by kit"


def has_full_groups(name: str) -> bool:
    """Whether groups have sounds of nearly every class: speakers and kits have, sources of one recording have not."""
    return name not in WORKS or WORKS[name].full_groups


def model_for(name: str) -> str:
    """The shipped model that fits."""
    return WORKS[name].model if name in WORKS else "music"


def folds_for(name: str, labels: "Labels") -> tuple[str, ...]:
    """The fold of each known sound: official ones, or whole groups split_folds out."""
    from auricle.classify.probes.folds import folds_of

    sounds = labels.labelled
    if all(sound.fold is not None for sound in sounds):
        return tuple(str(sound.fold) for sound in sounds)
    return folds_of(sounds, str(WORKS[name].folds if name in WORKS else 5))


def right_by_group(result: "Evaluation") -> dict[str, str]:
    """How many sounds of each kit, speaker or recording were recognised, as ``5 of 6``."""
    groups = np.asarray(result.groups if result.groups is not None else [""] * len(result.right))
    return {
        group: f"{result.right[groups == group].sum()} of {(groups == group).sum()}" for group in sorted(set(groups))
    }

"""Files with the same content: exact copies by digest, others by sketch and then by ear, that is by correlation."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import final

import numpy as np

from auricle.data.doctor.audio_fingerprint import RATE
from auricle.progress import OnProgress, Progress

SAME_RECORDING = 0.85
"""Correlation from which two sounds count as the same recording."""
COMPARED_SECONDS = 60.0
_MIN_SHARED_CODES = 2  # codes that the sketches of two files must share to be compared
_CODE_PARTS = 16  # codes are sorted in so many parts, which bounds memory
_MAX_FILES_PER_CODE = 64  # a code of more files than this tells nothing
_MAX_PAIRS = 4_000_000
_EXAMINED_SHIFTS = 24  # shifts that are looked at more closely
_NEIGHBOURS = 32
_MIN_ENERGY_SHARE = 1e-4  # an overlap with less of a sound's energy tells nothing
_FRACTIONS = np.linspace(-0.5, 0.5, 17)


@final
@dataclass(frozen=True)
class Group:
    """Files of the same content by their numbers, in order; ``exact`` if all their samples are the same."""

    members: tuple[int, ...]
    exact: bool


def exact_copies(digest: np.ndarray, mask: np.ndarray) -> list[np.ndarray]:
    """Numbers of files with equal digests, uint64 ``(files,)``: one array for each content that is there twice."""
    indices = np.flatnonzero(mask)
    ordered = indices[np.argsort(digest[indices], kind="stable")]
    ends = np.flatnonzero(np.diff(digest[ordered])) + 1
    starts, stops = np.r_[0, ends], np.r_[ends, len(ordered)]
    return [ordered[i:j] for i, j in zip(starts, stops, strict=True) if j - i > 1]


def candidate_pairs(sketches: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Pairs of files whose sketches, uint32 ``(files, k)``, share some codes: int64 ``(pairs, 2)``, the likeliest
    first."""
    indices = np.flatnonzero(mask)
    pairs = np.concatenate([np.zeros(0, np.uint64), *_sharing_pairs(sketches, indices)])
    unique, shared = np.unique(pairs, return_counts=True)
    keep = shared >= _MIN_SHARED_CODES
    unique, shared = unique[keep], shared[keep]
    ordered = unique[np.argsort(-shared, kind="stable")]
    return np.stack([ordered >> np.uint64(32), ordered & np.uint64(2**32 - 1)], axis=1).astype(np.int64)


def _sharing_pairs(sketches: np.ndarray, indices: np.ndarray) -> Iterator[np.ndarray]:
    """Pairs of files with a code in common, as ``first << 32 | second``."""
    pair_count = 0
    for part in range(_CODE_PARTS):
        entries = np.concatenate([np.zeros(0, np.uint64), *_entries(sketches, indices, part)])
        entries.sort()
        codes = entries >> np.uint64(32)
        edges = np.flatnonzero(np.diff(codes)) + 1
        starts, sizes = np.r_[0, edges], np.diff(np.r_[0, edges, len(codes)])
        for size in range(2, _MAX_FILES_PER_CODE + 1):
            first = starts[sizes == size]
            if len(first) and pair_count < _MAX_PAIRS:
                rows = entries[first[:, None] + np.arange(size)] & np.uint64(2**32 - 1)
                first_members, second_members = np.triu_indices(size, 1)
                room = max(1, (_MAX_PAIRS - pair_count) // len(first_members))
                pairs = (rows[:room, first_members] << np.uint64(32) | rows[:room, second_members]).ravel()
                pair_count += len(pairs)
                yield pairs


def _entries(sketches: np.ndarray, indices: np.ndarray, part: int) -> Iterator[np.ndarray]:
    """Codes of one part with their files, as ``code << 32 | file``; code 0 stands for none."""
    for start in range(0, len(indices), 1 << 16):
        files = indices[start : start + (1 << 16)]
        codes = sketches[files]
        row, column = np.nonzero((codes % _CODE_PARTS == part) & (codes > 0))
        yield codes[row, column].astype(np.uint64) << np.uint64(32) | files[row].astype(np.uint64)


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """The largest correlation, 0 to 1, of two sounds ``(t,)`` at 8 kHz that may be shifted, cut, scaled or inverted.

    Low frequencies are attenuated, so that hum does not make strangers alike. What overlaps must be half a second and
    a quarter of the shorter sound at least (of sounds below a second, half).
    """
    shorter = min(len(first), len(second))
    if shorter < 2:
        return 0.0
    first, second = _pre_emphasised(first), _pre_emphasised(second)
    size = 1 << int(len(first) + len(second) + 2 * _NEIGHBOURS).bit_length()
    product = np.fft.irfft(np.fft.rfft(first, size) * np.conj(np.fft.rfft(second, size)), size)
    shifts = np.arange(1 - len(second), len(first))
    energy = _overlap_energy(first, second, shifts)
    # The largest product would not do: what is loud in one sound may fit a loud place of the other better than itself.
    scores = np.abs(product[shifts]) / np.sqrt(energy)
    likely = np.argpartition(scores, -min(_EXAMINED_SHIFTS, len(scores)))[-_EXAMINED_SHIFTS:]
    largest = max(_interpolated_peak(product, int(shifts[i])) / float(np.sqrt(energy[i])) for i in likely.tolist())
    return min(1.0, largest)


def _overlap_energy(first: np.ndarray, second: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """The product of both energies where the sounds overlap, for every shift; infinite where that is too little."""
    starts, ends = np.maximum(0, shifts), np.minimum(len(first), len(second) + shifts)
    least = max(1, (shorter := min(len(first), len(second))) // 4, min(RATE // 2, shorter // 2))
    energy = np.where(ends - starts >= least, 1.0, np.inf)
    for sound, offset in ((first, 0), (second, shifts)):
        sums = np.concatenate([[0.0], np.cumsum(np.square(sound, dtype=np.float64))])
        part = sums[ends - offset] - sums[starts - offset]
        energy *= np.where(part > _MIN_ENERGY_SHARE * sums[-1], part, np.inf)
    return energy


def _pre_emphasised(sound: np.ndarray) -> np.ndarray:
    return sound[1:] - np.float32(0.9) * sound[:-1]


def _interpolated_peak(product: np.ndarray, lag: int) -> float:
    """The largest magnitude near ``lag``, also between the samples: sounds may be shifted by a part of one."""
    offsets = np.arange(-_NEIGHBOURS, _NEIGHBOURS + 1)
    values = product[(lag + offsets) % len(product)]
    return float(np.abs(np.sinc(_FRACTIONS[:, None] - offsets) @ values).max())


def confirmed_pairs(
    pairs: np.ndarray, load_sound: Callable[[int], np.ndarray], *, max_pairs: int, on_progress: OnProgress
) -> Iterator[tuple[int, int]]:
    """Yield those of the first ``max_pairs`` pairs that are one recording; ``load_sound`` gives a file's at 8 kHz."""
    sets = DisjointSets()
    total = min(len(pairs), max_pairs)
    for count, (first, second) in enumerate(pairs[:max_pairs].tolist(), 1):
        if (
            sets.root(first) != sets.root(second)
            and correlation(load_sound(first), load_sound(second)) >= SAME_RECORDING
        ):
            sets.join(first, second)
            yield first, second
        on_progress(Progress("comparing sounds", count, total, "pairs"))


@final
class DisjointSets:
    """Which files belong together (union by the smallest number, with path halving)."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}

    def root(self, index: int) -> int:
        """The smallest number of the group that ``index`` is in."""
        while (parent := self._parent.get(index, index)) != index:
            self._parent[index] = self._parent.get(parent, parent)
            index = parent
        return index

    def join(self, first: int, second: int) -> None:
        """Make two groups one."""
        low, high = sorted((self.root(first), self.root(second)))
        if low != high:
            self._parent[high] = low

    def groups(self) -> list[list[int]]:
        """Every group of two or more, in the order of numbers."""
        groups: dict[int, list[int]] = {}
        for index in sorted(self._parent):
            root = self.root(index)
            if root != index:
                groups.setdefault(root, [root]).append(index)
        return [groups[root] for root in sorted(groups)]


def groups(exact: list[np.ndarray], near_copies: list[tuple[int, int]]) -> tuple[Group, ...]:
    """Join exact copies and other duplicates."""
    sets = DisjointSets()
    for copies in exact:
        for copy in copies[1:].tolist():
            sets.join(int(copies[0]), copy)
    for first, second in near_copies:
        sets.join(first, second)
    touched = {sets.root(index) for pair in near_copies for index in pair}
    return tuple(Group(tuple(members), members[0] not in touched) for members in sets.groups())

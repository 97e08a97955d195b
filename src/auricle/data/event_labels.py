"""Which events were marked in which of a folder's recordings."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import final

from auricle.data.event_formats import EventRow, event_rows
from auricle.data.events import Recording, SoundEvent
from auricle.data.scan import Rejected, Sound, scan
from auricle.errors import DataError

NOTHING = "nothing"
"""The class of what is not labelled; people may use it for labels too."""


@final
@dataclass(frozen=True)
class EventLabels:
    """The recordings of a folder that label files speak of.

    Attributes:
        recordings: with what was marked in each; what is not marked holds nothing.
        rejected: files of the folder that can't be used, and why.
        unlabelled: names of recordings that no label file speaks of.
        unmatched: recordings named in label files that the folder does not hold.
    """

    recordings: tuple[Recording, ...]
    rejected: tuple[Rejected, ...] = ()
    unlabelled: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """What was marked, in alphabetical order, without `NOTHING`."""
        return tuple(sorted({event.label for recording in self.recordings for event in recording.events} - {NOTHING}))

    @property
    def counts(self) -> dict[str, int]:
        """Events of each class."""
        return dict(Counter(event.label for recording in self.recordings for event in recording.events))

    @property
    def hours(self) -> float:
        """Length of all recordings."""
        return sum(recording.sound.seconds for recording in self.recordings) / 3600


def labelled_events(folder: Path | str, files: Sequence[Path], column: str | None = None) -> EventLabels:
    """Match label files with the recordings of a folder.

    A row belongs to the recording that it names, by its path in the folder or by its file's name alone. Rows that name
    none belong to the recording whose name, without its suffix, begins the name of the label file: ``dawn.txt`` and
    ``dawn.Table.1.selections.txt`` speak of ``dawn.wav``, also where nothing is in them.

    Args:
        folder: where the recordings are, at any depth.
        files: CSV files, label tracks of Audacity and selection tables of Raven.
        column: of the labels, in tables with a header.

    Raises:
        DataError: a file can't be read, speaks of no recording of the folder, or an event lies behind the end.
    """
    corpus = scan(folder)
    index = _RecordingIndex(corpus.sounds)
    events: dict[str, list[SoundEvent]] = {}
    unmatched: dict[str, None] = {}
    for path in files:
        matches, absent = 0, None
        for name, event in event_rows(path, column) or (EventRow(None, None),):
            sound = index.owner(path) if name is None else index.named(path, name)
            if sound is None:
                unmatched[name or path.name] = None
                absent = absent or name
                continue
            matches += 1
            marked = events.setdefault(sound.name, [])
            if event is not None:
                marked.append(_inside(path, sound, event))
        if not matches and absent is not None:
            raise DataError(
                f"{path}: no recording that it names lies below {folder}; the first is {absent}: name the folder that "
                "holds it, or correct the path"
            )
        if not matches:
            raise DataError(
                f"{path} speaks of no recording below {folder}: give it a column path, or call it as its recording, as "
                "dawn.txt for dawn.wav"
            )
    recordings = tuple(
        Recording(sound, tuple(sorted(events[sound.name], key=lambda event: (event.begin, event.end))))
        for sound in corpus.sounds
        if sound.name in events
    )
    unlabelled = tuple(sound.name for sound in corpus.sounds if sound.name not in events)
    return EventLabels(recordings, corpus.rejected, unlabelled, tuple(unmatched))


@final
class _RecordingIndex:
    """Recordings by what label files call them."""

    def __init__(self, sounds: Sequence[Sound]) -> None:
        self._paths = {sound.name: sound for sound in sounds}
        self._names: dict[str, list[Sound]] = {}
        self._stems: dict[str, list[Sound]] = {}
        for sound in sounds:
            name = PurePosixPath(sound.name)
            self._names.setdefault(name.name, []).append(sound)
            self._stems.setdefault(name.stem, []).append(sound)

    def named(self, labels: Path, name: str) -> Sound | None:
        """The recording of this path; or the only one of this name, wherever people kept it when they marked it."""
        return self._paths.get(name) or _only(labels, self._names.get(PurePosixPath(name).name, []))

    def owner(self, labels: Path) -> Sound | None:
        """The recording that a label file is called after; that with the longest name, if several are."""
        parts = labels.name.split(".")
        stems = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
        return _only(labels, next((self._stems[stem] for stem in stems if stem in self._stems), []))


def _only(labels: Path, sounds: Sequence[Sound]) -> Sound | None:
    if len(sounds) > 1:
        raise DataError(f"{labels} may mean {sounds[0].name} or {sounds[1].name}: give it a column with the whole path")
    return sounds[0] if sounds else None


def _inside(path: Path, sound: Sound, event: SoundEvent) -> SoundEvent:
    if sound.frames and event.begin >= sound.seconds:
        raise DataError(
            f"{path}: an event begins at {event.begin:g} s, but {sound.name} lasts {sound.seconds:.1f} s: name the "
            "recording that it was marked in"
        )
    return event.clipped(sound.seconds) if sound.frames else event

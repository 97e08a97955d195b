"""The sounds of a training run: found first, so that they can decide what is trained, then decoded."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

from auricle.api.training_run import TrainingCallbacks
from auricle.data import AudioCache, Corpus, DecodedSounds, Rejected, Sound, scan, seconds_by_rate, split
from auricle.data.labels import MAX_CLASSES, Labels, check_class_names, label_corpus, labelled
from auricle.data.remote import local_copy
from auricle.data.shards.corpus import PreparedCorpus, is_prepared
from auricle.errors import DataError
from auricle.training import TrainingDevice
from auricle.urls import is_url


@final
@dataclass(frozen=True)
class TrainingData:
    """What is learned from, and what is held out.

    Attributes:
        folder: the sounds, also where a URL was named.
        corpus: everything that was found.
        held_out: what is not learned from.
        cache: what is learned from, decoded.
        labels: of all sounds; None where labels play no part.
    """

    folder: Path
    corpus: Corpus
    held_out: tuple[Sound, ...]
    cache: DecodedSounds
    labels: Labels | None = None

    @property
    def held_out_names(self) -> tuple[str, ...]:
        """Names of what is not learned from."""
        return tuple(sound.name for sound in self.held_out)

    @property
    def label_by_name(self) -> dict[str, str | None]:
        """The class of each sound; empty where labels play no part."""
        return {item.sound.name: item.label for item in self.labels.sounds} if self.labels is not None else {}


@final
@dataclass(frozen=True)
class LabelSource:
    """Where classes come from: a table, or the folders that hold the sounds.

    Attributes:
        table: None for folders.
        most: how many classes there may be.
    """

    table: Path | None = None
    most: int = MAX_CLASSES


class TrainingSounds(ABC):
    """Sounds that were found and are not decoded yet.

    Args:
        folder: the sounds, also where a URL was named.
        corpus: everything that was found.
        run_folder: where decoded sounds go.
    """

    def __init__(self, folder: str | Path, corpus: Corpus, run_folder: Path):
        self._folder, self._corpus, self._run_folder = folder, corpus, run_folder

    @abstractmethod
    def seconds_by_rate(self) -> Mapping[int, float]:
        """Length in seconds of all sounds of each sample rate in Hz."""

    @final
    def decode(
        self,
        sample_rate: int,
        device: TrainingDevice,
        callbacks: TrainingCallbacks,
        label_source: LabelSource | None = None,
    ) -> TrainingData:
        """Decode them at a rate in Hz into the run's folder; one process first, so that the others find the work done.
        Labels are read, and their names checked, before anything is decoded.

        Raises:
            DataError: silence is all there is, or labels can't be used; a corpus in shards has another sample rate.
        """
        with device.main_process_first():
            labels = None if label_source is None else self._labels(label_source.table)
            if label_source is not None and labels is not None:
                check_class_names(labels.classes, most=label_source.most)
            learned, held_out = self._parts(sample_rate, callbacks)
        learned.require_audible()
        return TrainingData(Path(self._folder), self._corpus, held_out, learned, labels)

    @abstractmethod
    def _labels(self, table: Path | None) -> Labels:
        """Classes from a table, or from folders."""

    @abstractmethod
    def _parts(self, sample_rate: int, callbacks: TrainingCallbacks) -> tuple[DecodedSounds, tuple[Sound, ...]]:
        """What is learned from, decoded, and what is held out."""


@final
class _SoundFiles(TrainingSounds):
    """Files, each decoded once."""

    def seconds_by_rate(self) -> Mapping[int, float]:
        return seconds_by_rate(self._corpus.sounds)

    def _labels(self, table: Path | None) -> Labels:
        return labelled(self._folder, table)

    def _parts(self, sample_rate: int, callbacks: TrainingCallbacks) -> tuple[DecodedSounds, tuple[Sound, ...]]:
        learned, held_out = split(self._corpus.sounds)
        cache = AudioCache.build(
            learned,
            self._run_folder,
            sample_rate=sample_rate,
            on_progress=callbacks.on_progress,
            on_note=callbacks.on_note,
        )
        return cache, held_out


@final
class _SoundShards(TrainingSounds):
    """A corpus in shards, read where it lies."""

    def __init__(self, place: str | Path, prepared: PreparedCorpus, run_folder: Path):
        super().__init__(place, prepared.corpus, run_folder)
        self._prepared = prepared

    def seconds_by_rate(self) -> Mapping[int, float]:
        return {self._prepared.index.sample_rate: 3600 * self._corpus.hours}

    def _labels(self, table: Path | None) -> Labels:
        return label_corpus(self._corpus, self._folder, table)

    def _parts(self, sample_rate: int, callbacks: TrainingCallbacks) -> tuple[DecodedSounds, tuple[Sound, ...]]:
        prepared = self._prepared
        if prepared.index.sample_rate != sample_rate:
            raise DataError(
                f"the corpus {prepared.files.place} is at {prepared.index.sample_rate} Hz, the model works at "
                f"{sample_rate}: prepare it with --sample-rate {sample_rate}"
            )
        learned, spared = prepared.parts()
        return learned, () if spared is None else spared.written_out(self._run_folder / f"held-out-{spared.key}")


def find_sounds(
    folder: str | Path, run_folder: Path, device: TrainingDevice, callbacks: TrainingCallbacks
) -> TrainingSounds:
    """The sounds of a folder or URL; those of a URL are fetched into ``run_folder`` by one process first. A corpus in
    shards stays where it lies.

    Raises:
        DataError: there is nothing to learn from.
    """
    with device.main_process_first():
        if is_prepared(folder):
            prepared = PreparedCorpus.open(folder, run_folder)
            callbacks.on_corpus(prepared.corpus)
            return _SoundShards(folder, prepared, run_folder)
        lost: tuple[Rejected, ...] = ()
        if is_url(folder):
            callbacks.enter("fetching sounds")
            mirror = local_copy(str(folder), run_folder / "sounds", on_progress=callbacks.on_progress)
            folder, lost = mirror.folder, mirror.rejected
        scanned = scan(Path(folder))
        corpus = Corpus(scanned.sounds, (*lost, *scanned.rejected))
        callbacks.on_corpus(corpus)
        return _SoundFiles(folder, corpus, run_folder)

"""An index of a folder, read by several processes or machines, with a ledger from which it goes on."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np

from auricle.archive.manifest import FileRecord
from auricle.archive.run import run_archive
from auricle.archive.tasks.codec import ModelChoice, is_audio
from auricle.archive.tasks.task import ArchiveTask, CommonError, LoadedModels
from auricle.classify.features.hearing import model_features
from auricle.classify.features.latents import EncoderFeatures
from auricle.classify.features.pooling import FeatureConfig
from auricle.classify.features.windows import WindowGrid
from auricle.classify.search.index import IndexResult, index_with
from auricle.classify.search.index_update import FeatureChunk, SoundReader, rejected_chunk, window_chunks
from auricle.data.scan import MIN_SECONDS, Rejected, examine_header
from auricle.errors import AudioError
from auricle.options.archive import ArchiveOptions
from auricle.options.classification import FeatureKind, IndexOptions
from auricle.progress import OnProgress, ignore_progress

if TYPE_CHECKING:
    from auricle.model import Autoencoder


@final
@dataclass(frozen=True)
class IndexTask(ArchiveTask):
    """The points of each sound in an index.

    Attributes:
        model: whose encoder hears.
        features: hearing or latents.
        config: how activations are pooled.
        fingerprint: of the features that the index has.
        window: seconds of windows that have a point each; None for one of each file.
        hop: seconds from one window to the next.
    """

    model: ModelChoice
    features: FeatureKind
    config: FeatureConfig
    fingerprint: str
    window: float | None = None
    hop: float | None = None
    verb: str = field(default="index", init=False)
    stage: str = field(default="listening", init=False)

    def accepts(self, name: str) -> bool:
        """Audio files, told by their suffix."""
        return is_audio(name)

    def settings(self) -> Mapping[str, Any]:
        """What decides the points."""
        return {
            "model": self.model.identity(),
            "features": self.fingerprint,
            "config": self.config.model_dump(mode="json"),
            "window": self.window,
            "hop": self.hop,
        }

    def run(self, source: Path, target: Path, models: LoadedModels, *, force: bool) -> Mapping[str, Any]:
        """Listen to one of the files."""
        extractor = models.get("extractor", self._extractor)
        examined = examine_header(source, str(source), MIN_SECONDS)
        if isinstance(examined, Rejected):
            raise AudioError(examined.reason)
        notes: list[str] = []
        if self.window is None:
            begins, values = np.zeros(1, np.float32), extractor.features_and_peak(source)[0][None]
        else:
            grid = WindowGrid(self.window, self.hop or self.window / 2)
            chunks = list(window_chunks(source, str(source), extractor, grid, notes.append))
            if chunks[0].reason is not None:
                raise AudioError(chunks[0].reason)
            begins = np.concatenate([chunk.begins for chunk in chunks])
            values = np.concatenate([chunk.values for chunk in chunks])
        points = {"begins": _text(begins, "<f4"), "values": _text(values, "<f2"), "width": values.shape[1]}
        return {"seconds": examined.seconds, "points": points, "notes": notes}

    def _extractor(self) -> EncoderFeatures:
        extractor = model_features(self.model.name or "speech", self.config, self.features)
        if extractor.fingerprint != self.fingerprint:
            raise CommonError(f"the features beside {self.model.name} are not those of the index: leave --jobs out")
        return extractor


@final
@dataclass(frozen=True)
class ArchiveReader(SoundReader):
    """Reads files with several processes or machines; the ledger holds all points meanwhile.

    Attributes:
        model: name or path of the model.
        archive: processes, and the place of the ledger.
        force: whether results of other settings are replaced.
        on_progress: called with the number of files.
        on_note: is told in one line what was damaged.
    """

    base: Path
    extractor: EncoderFeatures
    grid: WindowGrid | None
    model: str
    archive: ArchiveOptions
    force: bool
    on_progress: OnProgress
    on_note: Callable[[str], None]

    def chunks(self, names: Sequence[str]) -> Iterator[FeatureChunk]:
        """The points of files, file by file."""
        if not names:
            return
        window, hop = (None, None) if self.grid is None else (self.grid.seconds, self.grid.hop_seconds)
        fingerprint, config = self.extractor.fingerprint, self.extractor.config
        task = IndexTask(ModelChoice(self.model), self.extractor.kind, config, fingerprint, window, hop)
        paths = {name: self.base / name for name in names}
        result = run_archive(
            task,
            list(paths.values()),
            options=self.archive,
            force=self.force,
            on_progress=self.on_progress,
            on_note=self.on_note,
        )
        records = {record.source: record for record in result.records}
        for name, path in paths.items():
            yield self._chunk(name, records[str(path)])

    def _chunk(self, name: str, record: FileRecord) -> FeatureChunk:
        if not record.is_done:
            return rejected_chunk(name, record.error)
        for note in record.result["notes"]:
            self.on_note(note)
        points = record.result["points"]
        values = _numbers(points["values"], "<f2").reshape(-1, points["width"])
        return FeatureChunk(name, _numbers(points["begins"], "<f4"), values)


def index_archive(
    folder: Path,
    out: Path,
    *,
    model: "Autoencoder | Path | str | None" = None,
    options: IndexOptions = IndexOptions(),
    archive: ArchiveOptions = ArchiveOptions(),
    on_progress: OnProgress = ignore_progress,
    on_note: Callable[[str], None] = lambda line: None,
) -> IndexResult:
    """As `auricle.index`, by several processes or machines. A run that was broken off goes on from its ledger, by
    default OUT.manifest.jsonl.

    Raises:
        AuricleError: as `auricle.index` and `auricle.run_archive`.
    """
    ledger = archive.manifest or out.with_name(f"{out.name}.manifest.jsonl")

    def reader_of(base: Path, extractor: EncoderFeatures, grid: WindowGrid | None) -> SoundReader:
        name = extractor.model.name if model is None else str(model)
        return ArchiveReader(
            base, extractor, grid, name, replace(archive, manifest=ledger), options.force, on_progress, on_note
        )

    return index_with(reader_of, folder, out, model, options, on_note)


def _text(values: np.ndarray, kind: str) -> str:
    return b64encode(values.astype(kind).tobytes()).decode()


def _numbers(text: str, kind: str) -> np.ndarray:
    return np.frombuffer(b64decode(text), kind).astype(np.float32)

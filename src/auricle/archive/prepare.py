"""A corpus in shards, made of folders of sounds by the engine that all verbs for many files have."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import final

import numpy as np

from auricle.archive.manifest import FileRecord
from auricle.archive.places import Place, RemotePath, place_of
from auricle.archive.plan import check_target_folder
from auricle.archive.run import ArchiveResult, listed_places, run_archive
from auricle.archive.shard_lists import check_still_readable, write_lists
from auricle.archive.sources import find_sources
from auricle.archive.tasks.codec import is_audio
from auricle.archive.tasks.prepare import (
    GONE,
    LEFT_OUT,
    ListedSound,
    PrepareTask,
    check_usable,
    listed_sounds,
    shard_number,
    split_into_shards,
)
from auricle.data.shards.files import LocalShards, RemoteShards
from auricle.data.shards.index import INDEX_NAME, CorpusIndex, ShardIndex, read_shard_index
from auricle.errors import DataError
from auricle.options.archive import ArchiveOptions, PrepareOptions
from auricle.options.field_types import check_arguments
from auricle.progress import OnProgress, ignore_progress

_KEPT_REASONS = 1000


@final
@dataclass(frozen=True)
class PrepareResult:
    """A corpus in shards.

    Attributes:
        place: folder or URL.
        sounds: how many it holds.
        seconds: of sound.
        bytes: of its shards.
        shards: how many.
        skipped: shards that were there already, and right.
        rejected: names of files that could not be used, and why.
        failed: shards that could not be made, and why; then there is no index, and the same call goes on.
        elapsed_seconds: wall time.
    """

    place: Place
    sounds: int
    seconds: float
    bytes: int
    shards: int
    skipped: int
    rejected: tuple[tuple[str, str], ...]
    failed: tuple[tuple[str, str], ...]
    elapsed_seconds: float


@check_arguments()
def prepare(
    paths: Sequence[Path | str],
    out: Path | str,
    *,
    options: PrepareOptions = PrepareOptions(),
    archive: ArchiveOptions = ArchiveOptions(),
    force: bool = False,
    on_progress: OnProgress = ignore_progress,
    on_note: Callable[[str], None] = lambda line: None,
) -> PrepareResult:
    """Decode sounds once into a corpus in shards, which `train` and `train_prior` read where it lies.

    The same call goes on after anything; shards whose sounds have not changed since are kept.

    Args:
        paths: files, folders, globs, and URLs that fsspec knows.
        out: folder or URL to write into.
        options: sample rate and channels.
        archive: processes or a cluster, more paths, and the place of the ledger.
        force: replace files that nobody knows, shards of another sample rate, and shards with sounds that can't be read
            any more.
        on_progress: called with the number of sounds that are read again beforehand, and with that of shards.
        on_note: is told in one line about what is odd.

    Raises:
        DataError: a path does not exist, there are no sounds, none can be decoded, one that the corpus at ``out`` holds
            can't be read any more, or a URL can't be reached: what lies at ``out`` stays as it is.
        OptionError: ``out`` lies in a folder that is read, or holds a corpus of another sample rate.
        OutputError: ``out`` can't be written.
    """
    target = place_of(out)
    sounds, rejected = _listed(target, tuple(map(place_of, paths)), listed_places(archive.files_from), on_note)
    check_usable(sounds, options)
    shards = split_into_shards(sounds)
    if not force:
        check_still_readable(target, shards, options, on_progress)
    result = run_archive(
        PrepareTask(options),
        [str(place) for place in write_lists(target, shards)],
        out,
        options=replace(archive, files_from=None),
        force=force,
        on_progress=on_progress,
        on_note=on_note,
    )
    return _indexed(target, result, options.sample_rate, rejected)


def _listed(
    target: Place, named: tuple[Place, ...], listed: tuple[Place, ...], on_note: Callable[[str], None]
) -> tuple[list[ListedSound], list[tuple[str, str]]]:
    """The sounds that are to be decoded, and names of files that can't be, and why."""
    check_target_folder(target, (*named, *listed))
    sources = find_sources(named, listed, is_audio, "audio files")
    for note in sources.notes:
        on_note(note)
    rejected = [(str(path), reason) for path, reason in sources.rejected]
    sounds = list(_unique(listed_sounds(sources.sources), rejected))
    _check_there(sounds, named)
    return sounds, rejected


def _indexed(
    target: Place, result: ArchiveResult, sample_rate: int, rejected: Sequence[tuple[str, str]]
) -> PrepareResult:
    """The corpus with its index, which is written unless a shard failed."""
    rejected = [*rejected, *((name, reason) for record in result.done for name, reason in record.result[LEFT_OUT])]
    failed = tuple((record.source, record.error) for record in result.failed)
    return PrepareResult(
        place=target,
        sounds=0 if failed else _write_index(target, result.done, sample_rate, rejected),
        seconds=result.seconds,
        bytes=sum(record.target_bytes for record in result.done),
        shards=len(result.records),
        skipped=result.skipped,
        rejected=tuple(rejected),
        failed=failed,
        elapsed_seconds=result.elapsed_seconds,
    )


def _check_there(sounds: Sequence[ListedSound], named: Sequence[Place]) -> None:
    """Refuse a name that leads nowhere, before the corpus that may lie at the target becomes one without its sounds."""
    gone = {sound.place for sound in sounds if sound.status == GONE}
    for place in named:
        if isinstance(place, Path) and place.absolute() in gone:
            raise DataError(f"{place} does not exist, or its link leads nowhere: check the name")
    if len(gone) == len(sounds):
        raise DataError(f"{sounds[0].place} does not exist, nor does any other listed sound: check the list")


def _unique(sounds: Iterator[ListedSound], rejected: list[tuple[str, str]]) -> Iterator[ListedSound]:
    """Sounds whose names are theirs alone; the first of those that share one."""
    places: dict[str, Place] = {}
    for sound in sounds:
        if sound.name in places:
            reason = f"{sound.place} and {places[sound.name]} have one name here: name the folder above both"
            rejected.append((sound.name, reason))
            continue
        places[sound.name] = sound.place
        yield sound


def _write_index(
    target: Place, records: Sequence[FileRecord], sample_rate: int, rejected: Sequence[tuple[str, str]]
) -> int:
    """Write the index of all shards, last of all, and return how many sounds it has."""
    if isinstance(target, RemotePath):
        files = RemoteShards(target.filesystem, target.key, str(target))
    else:
        files = LocalShards(target)
    ordered = sorted(records, key=lambda record: shard_number(record.target))
    parts = [read_shard_index(files.read(record.target, *record.result["index"])) for record in ordered]
    sizes = np.array([record.target_bytes for record in ordered], np.int64)
    index = CorpusIndex(ShardIndex.joined(parts), sizes, sample_rate, len(rejected), tuple(rejected[:_KEPT_REASONS]))
    with TemporaryDirectory(prefix="auricle-") as folder:
        local = target / INDEX_NAME if isinstance(target, Path) else Path(folder) / INDEX_NAME
        index.write(local)
        if isinstance(target, RemotePath):
            (target / INDEX_NAME).send(local, force=True)
    return len(index.rows)

"""One shard of a corpus: a list of sounds becomes a tar file of them, decoded."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, final

from auricle.archive.places import FileStatus, Place, RemotePath, listed_status, local_file, status_of
from auricle.archive.sources import Source
from auricle.archive.tasks.task import ArchiveTask, LoadedModels
from auricle.errors import AudioError, AuricleError, DataError
from auricle.options.archive import PrepareOptions
from auricle.printable import none_usable

_FORMAT = 1
_SHARD_BYTES = 256 << 20
"""Of a shard, about."""
_GROWTH: Mapping[str, float] = {".wav": 1, ".aif": 1, ".aiff": 1, ".au": 1, ".flac": 2}
_GROWTH_OF_LOSSY = 8.0
"""How much larger sounds become that are kept in fewer bits; guessed, so that no header has to be read."""

LEFT_OUT = "refused"
"""Key of the sounds that a shard goes without, in ledgers: those of corpora that were prepared before have it too."""
GONE = FileStatus(0, 0)
"""Of a sound that is not there, or can't be looked at."""


@final
@dataclass(frozen=True)
class ListedSound:
    """A sound of a list, and what it was like when the corpus was divided."""

    name: str
    place: Place
    status: FileStatus

    def line(self) -> str:
        """As JSON."""
        home, key = (self.place.home, self.place.key) if isinstance(self.place, RemotePath) else ("", str(self.place))
        values = {"name": self.name, "home": home, "key": key}
        return json.dumps({**values, "bytes": self.status.size, "modified_ns": self.status.modified_ns})

    @staticmethod
    def of_line(line: str) -> "ListedSound":
        """What `line` wrote."""
        values = json.loads(line)
        place = RemotePath(values["home"], values["key"]) if values["home"] else Path(values["key"])
        return ListedSound(values["name"], place, FileStatus(values["bytes"], values["modified_ns"]))


def split_into_shards(sounds: Sequence[ListedSound]) -> list[list[ListedSound]]:
    """Sounds by shard, in the order of a digest of their names: the same names, the same shards, on every machine.

    There are 1, 2, 4, … shards of about 256 MB: what is added to a corpus changes the shards that it falls into, until
    their number doubles.
    """
    estimate = sum(
        _GROWTH.get(PurePosixPath(sound.name).suffix.lower(), _GROWTH_OF_LOSSY) * sound.status.size for sound in sounds
    )
    bits = max(0, int(estimate // _SHARD_BYTES).bit_length())
    shards: list[list[ListedSound]] = [[] for _ in range(1 << bits)]
    for digest, sound in sorted((_digest(sound.name), number) for number, sound in enumerate(sounds)):
        shards[digest >> (64 - bits)].append(sounds[sound])
    return shards


def _digest(name: str) -> int:
    return int.from_bytes(sha256(name.encode("utf-8", "surrogateescape")).digest()[:8], "big")


@final
@dataclass(frozen=True)
class PrepareTask(ArchiveTask):
    """Decode the sounds of a list into a shard; a sound that can't be used is noted, the others are written.

    Attributes:
        options: sample rate and channels.
    """

    options: PrepareOptions = PrepareOptions()
    verb: str = field(default="prepare", init=False)
    stage: str = field(default="preparing", init=False)
    kind: str = field(default="lists of sounds", init=False)
    suffix: str = field(default=".tar", init=False)

    def accepts(self, name: str) -> bool:
        """Lists."""
        return name.endswith(".jsonl")

    def settings(self) -> Mapping[str, Any]:
        """What decides the samples."""
        return {"format": _FORMAT, "sample_rate": self.options.sample_rate, "channels": self.options.channels}

    def run(self, source: Path, target: Path, models: LoadedModels, *, force: bool) -> Mapping[str, Any]:
        """Write one of the shards."""
        from auricle.atomic import atomic_write
        from auricle.data.shards.writer import ShardWriter

        rejected: list[tuple[str, str]] = []
        seconds, count = 0.0, 0
        shape = (shard_number(source.name), self.options.sample_rate, self.options.channels)
        with atomic_write(target, force=force) as temporary, ShardWriter(temporary, *shape) as shard:
            for sound in _listed(source):
                try:
                    seconds += _added(sound, shard)
                    count += 1
                except AudioError as error:
                    rejected.append((sound.name, str(error)))
            place = shard.finish()
        return {"seconds": seconds, "sounds": count, LEFT_OUT: rejected, "index": place}


def check_usable(sounds: Sequence[ListedSound], options: PrepareOptions) -> None:
    """Refuse sounds of which none can be decoded, as some that only decoding refuses; the smallest are tried first.

    Raises:
        DataError: with the first problem.
    """
    from auricle.data.shards.writer import ShardWriter

    problems: list[str] = []
    with (
        TemporaryDirectory(prefix="auricle-") as folder,
        ShardWriter(Path(folder) / "trial.tar", 0, options.sample_rate, options.channels) as trial,
    ):
        for sound in sorted(sounds, key=lambda sound: sound.status.size):
            try:
                _added(sound, trial)
            except AudioError as error:
                problems.append(str(error))
            else:
                return
    raise DataError(none_usable(problems))


def header_problem(sound: ListedSound) -> str:
    """Why a sound can't be read, by its header; empty where it can be. A URL's is not fetched for that."""
    from auricle.data.scan import MIN_SECONDS, Rejected, examine_header

    if isinstance(sound.place, RemotePath):
        return ""
    try:
        header = examine_header(sound.place, sound.name, MIN_SECONDS)
    except OSError as error:
        return f"can't read {sound.place}: {error.strerror}"
    return header.reason if isinstance(header, Rejected) else ""


def decoding_problem(sound: ListedSound, options: PrepareOptions) -> str:
    """Why a sound can't be decoded; empty where it can be."""
    from auricle.data.shards.writer import ShardWriter

    with (
        TemporaryDirectory(prefix="auricle-") as folder,
        ShardWriter(Path(folder) / "trial.tar", 0, options.sample_rate, options.channels) as trial,
    ):
        try:
            _added(sound, trial)
        except AudioError as error:
            return str(error)
    return ""


def shard_number(name: str) -> int:
    """Which shard a list or a file is.

    Raises:
        AuricleError: its name does not say so.
    """
    match = re.match(r"sounds-(\d{6,})-of-", name)
    if match is None:
        raise AuricleError(f"{name} is no list of a corpus")
    return int(match[1])


def _listed(path: Path) -> Iterator[ListedSound]:
    with path.open(encoding="ascii") as file:
        yield from map(ListedSound.of_line, file)


def _added(sound: ListedSound, shard: Any) -> float:
    from auricle.data.scan import MIN_SECONDS, Rejected, examine_header

    try:
        if status_of(sound.place) != sound.status:
            raise AudioError(f"{sound.place} was changed since the corpus was divided: run the same command again")
        with local_file(sound.place) as path:
            header = examine_header(path, sound.name, MIN_SECONDS)
            if isinstance(header, Rejected):
                raise AudioError(header.reason.replace(str(path), str(sound.place)))
            return shard.add(path, sound.name, sound.status.modified_ns // 10**9)
    except PermissionError as error:
        raise AudioError(f"can't read {sound.place}: {error.strerror}") from error


def listed_sounds(sources: Sequence[Source]) -> Iterator[ListedSound]:
    """Sounds as they are now; one that has gone meanwhile will be refused when its shard is written."""
    for source in sources:
        try:
            status = listed_status(source.path)
        except (AuricleError, OSError):
            status = GONE
        place = (
            RemotePath(source.path.home, source.path.key)
            if isinstance(source.path, RemotePath)
            else source.path.absolute()
        )
        yield ListedSound(source.name, place, status)

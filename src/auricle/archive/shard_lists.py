"""The lists of sounds that the shards of a corpus are made of, and what the corpus would lose by new ones."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from auricle.archive.places import FileStatus, Place, RemotePath, local_file
from auricle.archive.tasks.prepare import ListedSound, decoding_problem, header_problem
from auricle.atomic import atomic_write
from auricle.data.shards.index import INDEX_NAME, CorpusIndex, shard_name
from auricle.errors import AuricleError, DataError, OutputError
from auricle.options.archive import PrepareOptions
from auricle.progress import OnProgress, Progress, ignore_progress

_LISTS = "lists"


def write_lists(target: Place, shards: Sequence[Sequence[ListedSound]]) -> list[Place]:
    """Write the list of each shard, unless it lies there as it is, and return where they lie.

    Raises:
        OutputError: one can't be written.
    """
    return [_write(_list_place(target, number, len(shards)), _text(shard)) for number, shard in enumerate(shards)]


def check_still_readable(
    target: Place,
    shards: Sequence[Sequence[ListedSound]],
    options: PrepareOptions,
    on_progress: OnProgress = ignore_progress,
) -> None:
    """Refuse sounds that can't be read, but lie decoded in shards of the target that are to be made anew.

    Headers are read; sounds that are shorter files than when the corpus was made are decoded.

    Raises:
        DataError: with the first of them.
    """
    decoded, count = _decoded_names(target)
    if not decoded:
        return
    earlier = {sound.name: sound.status for sound in _earlier_sounds(target, count)}
    changed = [
        shard
        for number, shard in enumerate(shards)
        if _contents(_list_place(target, number, len(shards))) != _text(shard)
    ]
    sounds = [sound for shard in changed for sound in shard if sound.name in decoded]
    problems: list[str] = []
    for number, sound in enumerate(sounds, 1):
        problems += filter(None, [_problem(sound, earlier.get(sound.name), options)])
        on_progress(Progress("checking", number, len(sounds), "sounds"))
    if problems:
        more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise DataError(
            f"{target} has sounds that can't be read any more, and would lose them: {problems[0]}{more}. It stays as "
            "it is: mend or remove these files, or use --force to make it without them"
        )


def _problem(sound: ListedSound, earlier: FileStatus | None, options: PrepareOptions) -> str:
    is_shorter = earlier is not None and sound.status.size < earlier.size
    return decoding_problem(sound, options) if is_shorter else header_problem(sound)


def _decoded_names(target: Place) -> tuple[frozenset[str], int]:
    """Names of the sounds that the corpus holds, and its number of shards; none where there is no corpus, or none that
    can be read."""
    try:
        with local_file(target / INDEX_NAME) as path:
            index = CorpusIndex.open(path)
            return frozenset(index.rows.names), len(index.shard_bytes)
    except (AuricleError, OSError):
        return frozenset(), 0


def _earlier_sounds(target: Place, shards: int) -> Iterator[ListedSound]:
    """Sounds of the lists that a corpus of so many shards was made of; a list that is damaged says nothing."""
    for number in range(shards):
        text = _contents(_list_place(target, number, shards)) or b""
        for line in text.split(b"\n")[:-1]:
            with suppress(ValueError, LookupError, TypeError):
                yield ListedSound.of_line(line.decode("ascii"))


def _list_place(target: Place, number: int, count: int) -> Place:
    return target / _LISTS / f"{shard_name(number, count).removesuffix('.tar')}.jsonl"


def _text(shard: Sequence[ListedSound]) -> bytes:
    return "".join(f"{sound.line()}\n" for sound in shard).encode("ascii")


def _write(place: Place, text: bytes) -> Place:
    if _contents(place) == text:
        return place
    if isinstance(place, RemotePath):
        with TemporaryDirectory(prefix="auricle-") as folder:
            local = Path(folder) / Path(place.key).name
            local.write_bytes(text)
            place.send(local, force=True)
        return place
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"can't make the folder {place.parent}: {error.strerror}") from error
    with atomic_write(place, force=True) as temporary:
        temporary.write_bytes(text)
    return place


def _contents(place: Place) -> bytes | None:
    try:
        with local_file(place) as path:
            return path.read_bytes()
    except (AuricleError, OSError):
        return None

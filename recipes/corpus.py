"""Rebuild the corpora that the shipped models were trained on, from public sources.

    python recipes/corpus.py speech OUT --corpus FOLDER
    python recipes/corpus.py music OUT --corpus FOLDER

OUT receives one folder for each split (train, valid, test, …), in it one folder for each source, and a
manifest.csv with the licence of every file. A source that can't be had is named and left out. README.md says
what this needs and where the data sets are had that are not in Debian.
"""

import argparse
import csv
import hashlib
import os
import re
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import soundfile

from convert import decode_g722, play_midi
from debian import DEFAULT_MIRROR, UnavailableError, unpack
from sources import MUSIC, SOUNDFONT, SPEECH, Source

MIN_SECONDS = 0.1
CONVERTED = (".g722", ".mid")
COLUMNS = (
    *("path", "split", "source", "group", "licence", "credit"),
    *("seconds", "sample_rate", "channels", "origin"),
)

Row = dict[str, object]
"""One line of the manifest: a value for each of COLUMNS."""


@dataclass(frozen=True)
class Item:
    """One sound of a source before it is copied: `path` is relative to the source's base."""

    source: Source
    path: str
    group: str
    split: str

    @property
    def licence(self) -> str:
        """The licence of this very file."""
        licences = (name for rule, name in self.source.licences if re.search(rule, self.path))
        return next(licences, self.source.licence)


def order(source: str, groups: Iterable[str]) -> list[str]:
    """Groups in an order that is random, but the same for ever."""
    return sorted(groups, key=lambda group: hashlib.sha256(f"{source}/{group}".encode()).hexdigest())


def deal(source: Source, paths: Iterable[str]) -> list[Item]:
    """Give every wanted path its split, a whole group at a time; pinned expressions go before the hash.

    In hash order the first `source.test` groups test, the next `source.valid` validate and the rest trains.
    """
    groups_by_path = {}
    for path in sorted(paths):
        match = re.search(source.include, path)
        if match and not (source.exclude and re.search(source.exclude, path)):
            groups_by_path[path] = match["group"] or "default"
    pinned = {path: split for path in groups_by_path for rule, split in source.pinned if re.search(rule, path)}
    free = order(source.name, {group for path, group in groups_by_path.items() if path not in pinned})
    splits = dict.fromkeys(free, "train")
    splits |= dict.fromkeys(free[: source.test], "test")
    splits |= dict.fromkeys(free[source.test : source.test + source.valid], "valid")
    return [Item(source, path, group, pinned.get(path) or splits[group]) for path, group in groups_by_path.items()]


def files_below(base: Path) -> Iterator[str]:
    """Relative paths of all files below a folder."""
    for path in base.rglob("*"):
        if path.is_file():
            yield path.relative_to(base).as_posix()


def place(source: Path, target: Path) -> None:
    """Hard-link a file, or copy it where that can't be; what is already there is left alone."""
    if target.exists() and target.stat().st_size == source.stat().st_size:
        return
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def deliver(origin: Path, target: Path, soundfont: Path | None) -> None:
    """Link a sound to its place in the corpus, or convert it to FLAC if it is not plain audio."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if origin.suffix not in CONVERTED:
        place(origin, target)
    elif not target.exists():
        part = target.with_suffix(".part.flac")
        if origin.suffix == ".g722":
            decode_g722(origin, part)
        elif soundfont:
            play_midi(origin, part, soundfont)
        part.rename(target)


def build_source(source: Source, base: Path, out: Path, soundfont: Path | None) -> Iterator[Row]:
    """Deliver one source and yield the manifest's rows. Copies of the same bytes are kept once."""
    digests: set[str] = set()
    for item in deal(source, files_below(base)):
        origin = base / item.path
        digest = hashlib.sha256(origin.read_bytes()).hexdigest()
        if digest in digests:
            continue
        digests.add(digest)
        target = out / item.split / source.name / item.path
        if origin.suffix in CONVERTED:
            target = target.with_suffix(".flac")
        try:
            deliver(origin, target, soundfont)
            info = soundfile.info(target)
        except (soundfile.SoundFileError, OSError, ValueError) as error:
            print(f"  left out {source.name}/{item.path}: {error}", file=sys.stderr)
            target.unlink(missing_ok=True)
            continue
        if info.samplerate < source.min_rate or info.duration < MIN_SECONDS:
            target.unlink()
            continue
        yield {
            "path": target.relative_to(out).as_posix(),
            "split": item.split,
            "source": source.name,
            "group": item.group,
            "licence": item.licence,
            "credit": source.credit,
            "seconds": round(info.duration, 3),
            "sample_rate": info.samplerate,
            "channels": info.channels,
            "origin": f"{source.package or 'corpus'}/{source.base}/{item.path}",
        }


def find_base(source: Source, corpus: Path | None, packages: Path, mirror: str) -> Path:
    """The folder with a source's files, downloaded first if it comes from Debian. Raises UnavailableError."""
    if source.package:
        base = unpack(source.package, packages, mirror) / source.base
    elif corpus is None:
        raise UnavailableError("needs --corpus, see README.md")
    else:
        base = corpus / source.base
    if not base.is_dir():
        raise UnavailableError(f"{base} is not there")
    return base


def build(sources: Iterable[Source], out: Path, corpus: Path | None, packages: Path, mirror: str) -> list[Row]:
    """Build the given sources one after another and return their manifest, printing hours on the way."""
    rows: list[Row] = []
    for source in sources:
        try:
            base = find_base(source, corpus, packages, mirror)
            midi = any(path.endswith(".mid") for path in files_below(base))
            soundfont = unpack(SOUNDFONT[0], packages, mirror) / SOUNDFONT[1] if midi else None
            source_rows = list(build_source(source, base, out, soundfont))
        except (UnavailableError, ImportError) as reason:
            print(f"  left out {source.name}: {reason}", file=sys.stderr)
            continue
        print(f"{source.name}: {hours(source_rows)}", flush=True)
        rows.extend(source_rows)
    return rows


def write_manifest(rows: list[Row], path: Path) -> list[Row]:
    """Write the manifest and return it whole; lines of sources that were not built this time are kept."""
    fresh = {row["source"] for row in rows}
    older_rows: list[Row] = []
    if path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            older_rows = [dict(row) for row in csv.DictReader(file) if row["source"] not in fresh]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(older_rows + rows)
    return older_rows + rows


def hours(rows: Iterable[Row]) -> str:
    """Hours and files of each split, as text."""
    sums: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        sums[str(row["split"])].append(float(str(row["seconds"])))
    return ", ".join(f"{name} {sum(s) / 3600:.3f} h ({len(s)} files)" for name, s in sorted(sums.items()))


def main() -> None:
    """Read the command line and build one corpus."""
    parser = argparse.ArgumentParser(description="Rebuild the shipped models' corpora.")
    parser.add_argument("kind", choices=("speech", "music"))
    parser.add_argument("out", type=Path, help="folder to build the corpus in")
    parser.add_argument("--corpus", type=Path, help="folder of the data sets that are not in Debian")
    parser.add_argument("--packages", type=Path, help="folder for Debian packages (default: OUT/../packages)")
    parser.add_argument("--mirror", default=DEFAULT_MIRROR, help="Debian mirror (default: %(default)s)")
    parser.add_argument("--only", nargs="+", metavar="SOURCE", help="build only these sources")
    parser.add_argument("--without", nargs="+", metavar="SOURCE", default=[], help="leave these sources out")
    args = parser.parse_args()
    sources = {"speech": SPEECH, "music": MUSIC}[args.kind]
    unknown = {*(args.only or []), *args.without} - {source.name for source in sources}
    if unknown:
        parser.error(f"no such source: {', '.join(sorted(unknown))}")
    selection = [s for s in sources if s.name not in args.without and (not args.only or s.name in args.only)]
    packages = args.packages or args.out.parent / "packages"
    rows = build(selection, args.out, args.corpus, packages, args.mirror)
    print(f"total: {hours(write_manifest(rows, args.out / 'manifest.csv'))}")


if __name__ == "__main__":
    main()

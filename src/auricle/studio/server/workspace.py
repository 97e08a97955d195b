"""Where the studio keeps things: ``.studio`` in the user's folder. Nothing from outside is ever taken for a path."""

import json
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from auricle.atomic import atomic_write
from auricle.errors import OptionError
from auricle.printable import printable

_ID = re.compile(r"[0-9a-f]{16}")
_FILE = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
_FACTS = "item.json"
_LONGEST_NAME = 160
_OLD_SECONDS = 30 * 86_400
_MOST_OPENED = 60


@final
@dataclass(frozen=True)
class Item:
    """Something that a room works with: a sound that was dropped, a sound that was made, a training run.

    Attributes:
        id: 16 random hexadecimal digits.
        folder: holds its files.
    """

    id: str
    folder: Path

    @property
    def facts(self) -> dict[str, Any]:
        """What is known of it."""
        return json.loads((self.folder / _FACTS).read_text("utf-8"))

    def add(self, **facts: Any) -> dict[str, Any]:
        """Note more; all that is known then."""
        values = {**self.facts, **facts} if (self.folder / _FACTS).exists() else facts
        with atomic_write(self.folder / _FACTS, force=True) as file:
            file.write_text(json.dumps(values), "utf-8")
        return values

    def file(self, name: object) -> Path:
        """A file of it, there or not.

        Raises:
            OptionError: the name is none that the studio gives.
        """
        if not isinstance(name, str) or not _FILE.fullmatch(name) or name == _FACTS:
            raise OptionError("there is no such file")
        return self.folder / name

    def remove(self) -> None:
        """Forget it and its files."""
        shutil.rmtree(self.folder, ignore_errors=True)


@final
@dataclass(frozen=True)
class Workspace:
    """A user's folder, and the studio's own in it.

    Attributes:
        folder: the library of sounds.
    """

    folder: Path

    @property
    def state(self) -> Path:
        """The studio's own folder: hidden, so it is never taken for sounds."""
        return self.folder / ".studio"

    @property
    def items(self) -> Path:
        """Holds a folder for each item."""
        return self.state / "items"

    @property
    def jobs(self) -> Path:
        """Holds a folder for each job."""
        return self.state / "jobs"

    @property
    def runs(self) -> Path:
        """Holds a folder for each training run: an item that is never cleared away."""
        return self.state / "runs"

    @property
    def opened(self) -> Path:
        """Holds what was made of the folder's sounds that were opened last, to hear and see them."""
        return self.state / "opened"

    def prepare(self) -> None:
        """Make the folders, and clear away what nobody has touched for a month, unless it was kept."""
        for folder in (self.items, self.jobs, self.runs, self.opened):
            folder.mkdir(parents=True, exist_ok=True)
        for item in self.all_items():
            if time.time() - item.folder.stat().st_mtime > _OLD_SECONDS and not item.facts.get("kept"):
                item.remove()

    def all_items(self) -> Iterator[Item]:
        """In no order."""
        return _items_in(self.items)

    def all_runs(self) -> Iterator[Item]:
        """Training runs, in no order."""
        return _items_in(self.runs)

    def new_item(self, **facts: Any) -> Item:
        """An item with a folder of its own."""
        return _new_in(self.items, facts)

    def opened_item(self, id: str, **facts: Any) -> Item:
        """An item with the number of one of the folder's sounds; the oldest of too many go."""
        item = Item(id, self.opened / id)
        item.folder.mkdir(exist_ok=True)
        item.add(id=id, **facts)
        for old in sorted(self.opened.iterdir(), key=lambda folder: folder.stat().st_mtime)[:-_MOST_OPENED]:
            shutil.rmtree(old, ignore_errors=True)
        return item

    def new_run(self, **facts: Any) -> Item:
        """A training run with a folder of its own."""
        return _new_in(self.runs, facts)

    def item(self, id: object) -> Item:
        """One that exists.

        Raises:
            OptionError: there is none of this name.
        """
        item = _existing(self.items, id) or _existing(self.runs, id) or _existing(self.opened, id)
        if item is None:
            raise OptionError("this sound is no longer there: drop it again")
        return item

    def run(self, id: object, reason: str = "there is no such run") -> Item:
        """A training run that exists.

        Raises:
            OptionError: there is none of this name.
        """
        run = _existing(self.runs, id)
        if run is None:
            raise OptionError(reason)
        return run


def _items_in(folder: Path) -> Iterator[Item]:
    for entry in folder.iterdir():
        if _ID.fullmatch(entry.name) and (entry / _FACTS).is_file():
            yield Item(entry.name, entry)


def _new_in(folder: Path, facts: dict[str, Any]) -> Item:
    id = secrets.token_hex(8)
    item = Item(id, folder / id)
    item.folder.mkdir(parents=True)
    item.add(id=id, **facts)
    return item


def _existing(folder: Path, id: object) -> Item | None:
    is_there = isinstance(id, str) and _ID.fullmatch(id) and (folder / id / _FACTS).is_file()
    return Item(str(id), folder / str(id)) if is_there else None


def display_name(name: str) -> str:
    """The last part of a stranger's file name, without what could turn a line around."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    name = printable(last)
    if len(name) > _LONGEST_NAME:
        suffix = Path(name).suffix if _SUFFIX.fullmatch(Path(name).suffix.lower()) else ""
        name = name[: _LONGEST_NAME - len(suffix)] + suffix
    return name or "sound"


def safe_suffix(name: str) -> str:
    """The suffix of a stranger's file name if it is a plain one, else ``.bin``."""
    suffix = Path(display_name(name)).suffix.lower()
    return suffix if _SUFFIX.fullmatch(suffix) else ".bin"

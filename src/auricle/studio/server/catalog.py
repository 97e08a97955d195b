"""The folder's sounds as they were listed last, and what is known of each; a cache that may be thrown away."""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, final

from auricle.errors import OptionError
from auricle.studio.server.library import sound_id
from auricle.studio.server.workspace import Workspace

FINDINGS = "findings.json"
"""What was wrong with the folder's sounds when they were looked at last."""
_FILE = "sounds.db"
_TABLE = """
    CREATE TABLE IF NOT EXISTS sounds
    (id TEXT PRIMARY KEY, name TEXT NOT NULL, bytes INTEGER NOT NULL, changed REAL NOT NULL, look TEXT)
"""
_AT_ONCE = 500


@final
class Catalog:
    """Names by the numbers that the page knows, and looks: length, level, outline and so on.

    Args:
        workspace: whose folder.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def refresh(self, names: Iterable[str]) -> None:
        """Take over what lies in the folder now; the look of a file that has changed is forgotten."""
        rows = [(sound_id(name), name, *stat) for name in names if (stat := self._stat(name)) is not None]
        with self._opened() as database:
            before = {row[0]: row[1:] for row in database.execute("SELECT id, bytes, changed FROM sounds")}
            fresh = [row for row in rows if before.get(row[0]) != row[2:]]
            gone = before.keys() - {row[0] for row in rows}
            database.executemany("DELETE FROM sounds WHERE id = ?", [(id,) for id in gone])
            _put(database, fresh)

    def add(self, name: str) -> str:
        """A file that has come into the folder; its number."""
        stat = self._stat(name)
        if stat is not None:
            with self._opened() as database:
                _put(database, [(sound_id(name), name, *stat)])
        return sound_id(name)

    def forget(self, ids: Sequence[str]) -> None:
        """Files that have gone."""
        with self._opened() as database:
            database.executemany("DELETE FROM sounds WHERE id = ?", [(id,) for id in ids])

    def rows(self) -> list[tuple[str, str, int, float, dict[str, Any] | None]]:
        """Number, name, bytes, time of change and look of every sound, by name."""
        with self._opened() as database:
            rows = database.execute("SELECT id, name, bytes, changed, look FROM sounds ORDER BY name").fetchall()
        return [(id, name, size, changed, json.loads(look) if look else None) for id, name, size, changed, look in rows]

    def names(self, ids: Sequence[str] | None = None) -> dict[str, str]:
        """Names by number: of all, or of those that are there among some."""
        with self._opened() as database:
            if ids is None:
                return dict(database.execute("SELECT id, name FROM sounds ORDER BY name").fetchall())
            names: dict[str, str] = {}
            for first in range(0, len(ids), _AT_ONCE):
                part = ids[first : first + _AT_ONCE]
                query = f"SELECT id, name FROM sounds WHERE id IN ({','.join('?' * len(part))})"
                names |= dict(database.execute(query, part).fetchall())
            return names

    def looks(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Looks that are known, by number."""
        with self._opened() as database:
            query = f"SELECT id, look FROM sounds WHERE look IS NOT NULL AND id IN ({','.join('?' * len(ids))})"
            return {id: json.loads(look) for id, look in database.execute(query, ids)}

    def keep_looks(self, looks: Mapping[str, Mapping[str, Any]]) -> None:
        """Remember looks by number."""
        with self._opened() as database:
            values = [(json.dumps(look), id) for id, look in looks.items()]
            database.executemany("UPDATE sounds SET look = ? WHERE id = ?", values)

    def path(self, id: object) -> Path | None:
        """The file of a sound, which lies in the folder; None where there is none."""
        name = self.names([str(id)]).get(str(id))
        path = self._workspace.folder / (name or "")
        return path if name is not None and path.is_file() else None

    def require(self, id: object) -> Path:
        """The file of a sound, which lies in the folder.

        Raises:
            OptionError: there is no such sound, or it has gone.
        """
        path = self.path(id)
        if path is None:
            raise OptionError("this sound is no longer in the folder: load the page again")
        return path

    def _stat(self, name: str) -> tuple[int, float] | None:
        try:
            status = os.stat(self._workspace.folder / name)  # noqa: PTH116
        except OSError:
            return None
        return status.st_size, status.st_mtime

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """The database within a transaction; a damaged one is begun anew."""
        path = self._workspace.state / _FILE
        try:
            database = _connected(path)
        except sqlite3.DatabaseError:
            path.unlink(missing_ok=True)
            database = _connected(path)
        with closing(database), database:
            yield database


def _connected(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=30.0)
    database.text_factory = os.fsdecode  # a file's name may be no UTF-8
    database.execute("PRAGMA synchronous = OFF")  # it can be made again
    database.execute(_TABLE)
    return database


def _put(database: sqlite3.Connection, rows: Iterable[tuple[str, str, int, float]]) -> None:
    encoded = [(id, os.fsencode(name), size, changed) for id, name, size, changed in rows]
    database.executemany("INSERT OR REPLACE INTO sounds VALUES (?, CAST(? AS TEXT), ?, ?, NULL)", encoded)

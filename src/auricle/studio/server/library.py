"""The folder's sounds as the page sees them: by numbers that only the server can turn into paths; and their labels."""

import csv
import hashlib
import json
from pathlib import Path
from typing import Any, final

from auricle.atomic import atomic_write
from auricle.errors import OptionError
from auricle.printable import printable
from auricle.studio.server.workspace import Workspace

LABELS = "labels.csv"
_LIBRARY = "library.json"
_LONGEST_LABEL = 60
_MOST_LABELS = 200


def sound_id(name: str) -> str:
    """What the page calls a sound, by its path in the folder."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@final
class Library:
    """What is known of the folder's sounds.

    Args:
        workspace: whose.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._stamp, self._values = 0, dict[str, Any]()

    def read(self) -> dict[str, Any]:
        """The map: model, sounds with their places, what could not be read.

        Raises:
            OptionError: nobody has listened to the folder yet.
        """
        path = self._workspace.state / _LIBRARY
        if not path.exists():
            raise OptionError("nobody has listened to this folder yet: draw its map first")
        stamp = path.stat().st_mtime_ns
        if stamp != self._stamp:
            values = json.loads(path.read_text("utf-8"))
            if "skipped" in values:  # a map that was drawn before has another name for it
                values["rejected"] = values.pop("skipped")
            self._stamp, self._values = stamp, values
        return self._values

    def write(self, values: dict[str, Any]) -> None:
        """Keep a map."""
        with atomic_write(self._workspace.state / _LIBRARY, force=True) as file:
            file.write_text(json.dumps(values), "utf-8")

    def path(self, id: object) -> Path:
        """The file of a sound, which lies in the folder.

        Raises:
            OptionError: there is no such sound, or it has gone.
        """
        name = self._names().get(str(id))
        path = self._workspace.folder / (name or "")
        if name is None or not path.is_file():
            raise OptionError("this sound is no longer in the folder: draw the map again")
        return path

    def labels(self) -> dict[str, str]:
        """Labels by the numbers of their sounds."""
        return {sound_id(name): label for name, label in self._labels_by_name().items()}

    def label(self, ids: list[str], label: str | None) -> dict[str, str]:
        """Give sounds a label, or take it away; all labels then, with those of sounds that are not on the map.

        Raises:
            OptionError: an unknown sound, one whose name is not UTF-8, an empty or endless label, or too many different
                ones.
        """
        text = None if label is None else printable(label).strip()
        if text is not None and not 1 <= len(text) <= _LONGEST_LABEL:
            raise OptionError(f"a label has 1 to {_LONGEST_LABEL} characters")
        names = self._names()
        unknown = [id for id in ids if id not in names]
        if unknown:
            raise OptionError("one of these sounds is not on the map: draw it again")
        if odd := next((names[id] for id in ids if not _is_utf8(names[id])), None):
            raise OptionError(f"the name of {printable(odd)} is not UTF-8, as a table of labels is: rename the file")
        labels = {**self._labels_by_name(), **{names[id]: text for id in ids}}
        final = {name: value for name, value in labels.items() if value is not None}
        if len(set(final.values())) > _MOST_LABELS:
            raise OptionError(f"there may be {_MOST_LABELS} classes")
        self._write_labels(final)
        return {sound_id(name): value for name, value in final.items()}

    def _labels_by_name(self) -> dict[str, str]:
        path = self._workspace.state / LABELS
        if not path.exists():
            return {}
        with path.open(newline="", encoding="utf-8") as file:
            return {row["path"]: row["label"] for row in csv.DictReader(file)}

    def _write_labels(self, labels: dict[str, str]) -> None:
        path = self._workspace.state / LABELS
        if not labels:
            path.unlink(missing_ok=True)
            return
        with atomic_write(path, force=True) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(("path", "label"))
            rows.writerows(sorted(labels.items()))

    def _names(self) -> dict[str, str]:
        return {sound["id"]: sound["name"] for sound in self.read()["sounds"]}


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True

"""A process that answers questions: one line of JSON in, one out, until the server is gone."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from auricle.errors import AuricleError
from auricle.printable import printable
from auricle.progress import ignore_progress
from auricle.studio.server.workspace import Workspace
from auricle.studio.tasks.table import find_task


def main(folder: str) -> None:
    """Answer until standard input ends. What libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    workspace = Workspace(Path(folder))
    for line in sys.stdin:
        answers.write(json.dumps(_answer(workspace, json.loads(line))) + "\n")
        answers.flush()


def _answer(workspace: Workspace, question: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"result": find_task(question["task"])(workspace, question["arguments"], ignore_progress)}
    except Exception as error:
        return {"error": one_line(error)}


def one_line(error: Exception) -> str:
    """What a person is told of an error, without the studio's own paths."""
    if isinstance(error, AuricleError):
        return printable(str(error))
    if isinstance(error, OSError):
        return printable(f"{error.strerror or error}")
    return printable(f"this failed ({type(error).__name__}: {error})"[:500])


if __name__ == "__main__":
    main(sys.argv[1])

"""A process that answers questions: one line of JSON in, one out, until the server is gone."""

import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

from auricle.errors import AuricleError
from auricle.printable import printable
from auricle.progress import ignore_progress
from auricle.studio.server.workspace import Workspace
from auricle.studio.tasks.table import find_task


def main(folder: str) -> None:
    """Answer until standard input ends, or an interrupt comes. What libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    workspace = Workspace(Path(folder))
    try:
        for line in sys.stdin:
            answers.write(json.dumps(_answer(workspace, json.loads(line))) + "\n")
            answers.flush()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def _answer(workspace: Workspace, question: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"result": find_task(question["task"])(workspace, question["arguments"], ignore_progress)}
    except Exception as error:
        return {"error": one_line(error, workspace)}


def one_line(error: Exception, workspace: Workspace) -> str:
    """What a person is told of an error: items are "the file", and sounds have their names in the folder."""
    text = str(error) if isinstance(error, AuricleError) else f"this failed ({type(error).__name__}: {error})"[:500]
    if isinstance(error, OSError):
        text = error.strerror or text
    text = re.sub(f"{re.escape(str(workspace.items))}/[0-9a-f]+/[a-z0-9._-]+", "the file", text)
    return printable(text.replace(f"{workspace.folder}/", ""))


if __name__ == "__main__":
    main(sys.argv[1])

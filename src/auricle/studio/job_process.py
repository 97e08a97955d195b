"""The process of one job."""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from auricle.lock import lock_file
from auricle.progress import Progress
from auricle.studio.server.jobs import CANCELLED, DONE, FAILED, LOCK, RUNNING, read_json, write_status
from auricle.studio.server.workspace import Workspace
from auricle.studio.tasks.table import find_task
from auricle.studio.worker import one_line

_TELL_SECONDS = 0.25
_NICENESS = 10
_SESSION_NICENESS = 4
"""A third of the time of whoever is not nice: a share that also a busy machine gives."""


def main(folder: str, id: str) -> None:
    """Do a job, behind whatever a person waits for, and note how far it is."""
    _lower_priority()
    workspace = Workspace(Path(folder))
    home = workspace.jobs / id
    lock = lock_file(home / LOCK)
    started, last = time.time(), 0.0

    def report(progress: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= _TELL_SECONDS:
            last = time.monotonic()
            write_status(home, state=RUNNING, started=started, share=progress.share, text=progress.text)

    job = read_json(home / "job.json")
    try:
        result = find_task(job["task"])(workspace, {**job["arguments"], "job": id}, report)
    except KeyboardInterrupt:
        write_status(home, state=CANCELLED, started=started, ended=time.time())
    except Exception as error:
        write_status(home, state=FAILED, started=started, ended=time.time(), error=one_line(error, workspace))
    else:
        write_status(home, state=DONE, started=started, ended=time.time(), share=1.0, result=result)
    with suppress(OSError):
        os.close(lock)


def _lower_priority() -> None:
    """Let everything else on the machine go first."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    with suppress(OSError):  # Linux shares time among sessions first, and niceness counts within one only
        Path("/proc/self/autogroup").write_text(str(_SESSION_NICENESS))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])

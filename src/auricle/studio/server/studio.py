"""What the routes share: the workspace, the worker, the jobs, and who may ask."""

import asyncio
import logging
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, final
from urllib.parse import quote

from auricle.errors import AuricleError
from auricle.studio.server.catalog import Catalog
from auricle.studio.server.guard import Access
from auricle.studio.server.jobs import JobQueue
from auricle.studio.server.library import Library
from auricle.studio.server.runs import RunList
from auricle.studio.server.worker_client import WorkerClient
from auricle.studio.server.workspace import Workspace

_TICK_SECONDS = 0.4
_LOG = logging.getLogger(__name__)


@final
@dataclass(frozen=True)
class Studio:
    """One running server.

    Attributes:
        workspace: the folder.
        access: token, port, options.
        model_worker: the worker that keeps models in memory.
        listing_worker: a second one, for what must not wait behind a model: lists, outlines, sounds that come in.
        queue: longer jobs.
        job_changes: set and replaced whenever a job has changed.
    """

    workspace: Workspace
    access: Access
    model_worker: WorkerClient
    listing_worker: WorkerClient
    queue: JobQueue
    job_changes: "JobChanges" = field(default_factory=lambda: JobChanges())

    @cached_property
    def library(self) -> Library:
        """The map and the labels."""
        return Library(self.workspace)

    @cached_property
    def catalog(self) -> Catalog:
        """The folder's sounds."""
        return Catalog(self.workspace)

    @cached_property
    def runs(self) -> RunList:
        """Trainings."""
        return RunList(self.workspace, self.queue)

    def sound_path(self, id: str) -> Path:
        """The file of one of the folder's sounds, listed or on the map."""
        return self.catalog.path(id) or self.library.path(id)

    def item_url(self, id: str, file: str) -> str:
        """The address of an item's file: whoever has it may fetch the file, for as long as the server runs."""
        return f"/file/{id}/{file}?seal={self.access.seal(f'{id}/{file}')}"

    def thumb_url(self, id: str) -> str:
        """The address of a small spectrogram of one of the folder's sounds."""
        return f"/thumb/{id}?seal={self.access.seal(f'thumb/{id}')}"

    def sound_url(self, id: str) -> str:
        """The address of one of the folder's sounds."""
        return f"/library/{id}?seal={self.access.seal(id)}"

    def with_urls(self, facts: dict[str, Any], id: str) -> dict[str, Any]:
        """What a task told of an item, with the addresses of its files for their names."""
        urls = {f"{name}_url": self.item_url(id, facts[name]) for name in ("file", "picture", "wav") if facts.get(name)}
        return {**{name: value for name, value in facts.items() if name not in ("source", "previews")}, **urls}

    async def watch_jobs(self) -> None:
        """Start, notice and tell of jobs for as long as the server runs; what fails is logged, and tried again."""
        before: list[dict[str, Any]] = []
        problem = ""
        while True:
            try:
                await asyncio.to_thread(self.queue.advance)
                jobs = await asyncio.to_thread(self.queue.jobs)
                if jobs != before:
                    before = jobs
                    self.job_changes.publish(jobs)
                problem = ""
            except (AuricleError, OSError) as error:  # such as a full disk
                if str(error) != problem:  # once, not with every tick
                    problem = str(error)
                    _LOG.error("jobs can't be started or noticed for now: %s", problem)
            await asyncio.sleep(_TICK_SECONDS)


@final
class JobChanges:
    """The newest list of jobs, and a way to wait for the next one."""

    def __init__(self) -> None:
        self.jobs: list[dict[str, Any]] = []
        self._event = asyncio.Event()

    def publish(self, jobs: list[dict[str, Any]]) -> None:
        """Wake whoever waits."""
        self.jobs = jobs
        event, self._event = self._event, asyncio.Event()
        event.set()

    async def wait(self, seconds: float) -> bool:
        """Whether there was news within so many seconds."""
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return False
        return True


def attachment(name: str) -> str:
    """A Content-Disposition header that saves a file under a name, whatever letters it has."""
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_. ") else "_" for letter in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(Path(name).name)}"

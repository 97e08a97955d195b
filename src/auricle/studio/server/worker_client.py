"""A process that keeps models in memory and answers one question after the other; the server only waits for it."""

import asyncio
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, final

from auricle.errors import AuricleError, OptionError

_LINE_BYTES = 64 << 20
_PATIENCE = 600.0


class SupersededError(AuricleError):
    """A newer question of the same kind has come: this one's answer is no longer wanted."""


class WorkerLostError(AuricleError):
    """The process that worked on a question has ended."""


@final
class WorkerClient:
    """Questions to one worker process, which is started when it is first needed and again if it ends.

    Args:
        folder: the user's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._latest: dict[str, int] = {}

    async def ask(self, task: str, arguments: dict[str, Any], *, key: str | None = None) -> dict[str, Any]:
        """The task's result.

        Args:
            task: its name.
            arguments: plain values.
            key: of questions with the same key only the newest is answered.

        Raises:
            OptionError: what the task refused, in one line.
            SupersededError: a newer question with this key came before this one's turn.
            WorkerLostError: the process ended, or took more than ten minutes.
        """
        number = 0
        if key is not None:
            number = self._latest[key] = self._latest.get(key, 0) + 1
        async with self._turn:
            if key is not None and self._latest[key] != number:
                raise SupersededError("a newer question came")
            try:
                return await asyncio.wait_for(self._answer(task, arguments), _PATIENCE)
            except TimeoutError as error:
                await self.close()
                raise WorkerLostError(
                    "this took more than ten minutes and was given up: try a shorter sound"
                ) from error
            except asyncio.CancelledError:
                await self.close()  # its answer would be taken for that of the next question
                raise

    async def _answer(self, task: str, arguments: dict[str, Any]) -> dict[str, Any]:
        process = self._process
        if process is None or process.returncode is not None:
            process = self._process = await self._start()
        assert process.stdin is not None and process.stdout is not None
        line = b""
        with suppress(ConnectionError):
            process.stdin.write(json.dumps({"task": task, "arguments": arguments}).encode() + b"\n")
            await process.stdin.drain()
            line = await process.stdout.readline()
        if not line:
            await self.close()
            raise WorkerLostError("the process that worked on this has ended: try again, or with a shorter sound")
        answer = json.loads(line)
        if "error" in answer:
            raise OptionError(answer["error"])
        return answer["result"]

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "auricle.studio.worker",
            str(self._folder),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LINE_BYTES,
            start_new_session=True,
        )

    async def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()

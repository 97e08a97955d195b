"""Training runs: what was asked, how far each is, what is wanted of it. A run is found again by its folder.

A run's folder holds ``item.json`` (what was asked, and its jobs), what its process writes (see `RunLog`), ``intent``
(what is wanted of a process at work), and the model with its own run folder.
"""

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, final

from auricle.atomic import atomic_write
from auricle.errors import OptionError
from auricle.studio.server.jobs import CANCELLED, FAILED, RUNNING, WAITING, JobQueue, read_json
from auricle.studio.server.workspace import Item, Workspace

COURSE, PREVIEWS, HEALTH, NOTES = "course.jsonl", "heard.json", "health.json", "notes.json"
OUTCOME, INTENT, SOUNDS = "outcome.json", "intent", "sounds.json"
PAUSE, FINISH = "pause", "finish"
TASK = "train_model"
_STATE_BY_INTENT = {PAUSE: "pausing", FINISH: "finishing"}
_POINTS = 400
_OPEN = (WAITING, RUNNING, *_STATE_BY_INTENT.values())


@final
class RunList:
    """The runs of a folder.

    Args:
        workspace: whose.
        queue: where their jobs wait.
    """

    def __init__(self, workspace: Workspace, queue: JobQueue) -> None:
        self._workspace, self._queue = workspace, queue

    def begin(self, facts: dict[str, Any], names: list[str] | None = None) -> str:
        """A new run, which waits for its turn; its number.

        Args:
            facts: what was asked.
            names: of the sounds to train on, where they are neither all nor a folder of them.
        """
        run = self._workspace.new_run(**facts, asked=time.time(), jobs=[])
        if names is not None:
            run.file(SOUNDS).write_text(json.dumps({"names": names}), "utf-8")
        self._enqueue(run)
        return run.id

    def runs(self) -> list[dict[str, Any]]:
        """What is to be told of every run, the newest first."""
        listed = [self.summary(run) for run in self._workspace.all_runs()]
        return sorted(listed, key=lambda run: run["asked"], reverse=True)

    def summary(self, run: Item) -> dict[str, Any]:
        """What was asked, the state, and how far it is."""
        facts = run.facts
        job = self._queue.job(facts["jobs"][-1]) if facts["jobs"] else {}
        outcome = read_json(run.file(OUTCOME))
        state = self._state(run, job, outcome)
        shown = {name: job[name] for name in ("share", "text", "error") if name in job and state != "finished"}
        return {**facts, **shown, "state": state, "outcome": outcome or None, "can_resume": _has_states(run)}

    def details(self, id: object) -> dict[str, Any]:
        """The summary with curves, verdicts, notes, and what was heard."""
        run = self._workspace.run(id)
        return {
            **self.summary(run),
            "course": _thinned(_course(run.file(COURSE))),
            "heard": read_json(run.file(PREVIEWS)),
            "verdicts": read_json(run.file(HEALTH)).get("verdicts", []),
            "notes": read_json(run.file(NOTES)).get("lines", []),
        }

    def request_intent(self, id: object, intent: str) -> None:
        """Pause a run, or finish it early and keep the best. One that waits leaves the queue, but for one that went on
        before and is to be finished: that is done when its turn comes.

        Raises:
            OptionError: it is not at work.
        """
        run = self._workspace.run(id)
        state = self.summary(run)["state"]
        if intent not in _STATE_BY_INTENT or state not in _OPEN:
            raise OptionError("this run is not at work")
        if state == WAITING and not (intent == FINISH and _has_states(run)):
            self._queue.cancel(run.facts["jobs"][-1])
            return
        with atomic_write(run.file(INTENT), force=True) as file:
            file.write_text(intent, "utf-8")

    def resume(self, id: object, more: dict[str, float]) -> None:
        """Let a run go on, after a pause, a crash or its end.

        Args:
            id: of the run.
            more: seconds or steps beyond what was asked before, if any.

        Raises:
            OptionError: it is at work, or has ended and nothing is added.
        """
        run = self._workspace.run(id)
        summary = self.summary(run)
        if summary["state"] in _OPEN:
            raise OptionError("this run is at work already")
        if summary["state"] == "finished" and not more:
            raise OptionError("this run has ended: say how much longer it is to train")
        run.add(budget={name: value + more.get(name, 0) for name, value in summary["budget"].items()})
        self._enqueue(run)

    def remove(self, id: object) -> None:
        """Forget a run and all its files.

        Raises:
            OptionError: it is at work.
        """
        run = self._workspace.run(id)
        if self.summary(run)["state"] in _OPEN:
            raise OptionError("this run is at work: pause it first")
        run.remove()

    def _enqueue(self, run: Item) -> None:
        run.file(INTENT).unlink(missing_ok=True)
        job = self._queue.add(TASK, f"Train {run.facts['title']}", {"run": run.id}, training=True)
        run.add(jobs=[*run.facts["jobs"], job])

    def _state(self, run: Item, job: dict[str, Any], outcome: dict[str, Any]) -> str:
        match job.get("state"):
            case "running":
                with suppress(OSError):
                    return _STATE_BY_INTENT.get(run.file(INTENT).read_text("utf-8"), RUNNING)
                return RUNNING
            case "done":
                return job["result"]["outcome"]
            case "waiting" | "failed" | "cancelled" as state:
                return {WAITING: WAITING, FAILED: FAILED, CANCELLED: "paused" if _has_states(run) else "stopped"}[state]
            case _:  # the job's folder was lost
                return "finished" if outcome else "paused" if _has_states(run) else FAILED


def model_file(run: Item) -> Path:
    """The model that a run writes."""
    return run.file(run.facts["model"])


def run_folder(run: Item) -> Path:
    """Where training keeps its states, beside the model."""
    return run.folder / f"{run.facts['model'].removesuffix('.auricle.safetensors')}.run"


def last_report(run: Item) -> dict[str, Any]:
    """What a run's process told last of its steps."""
    return _course(run.file(COURSE))[-1]


def _has_states(run: Item) -> bool:
    return (run_folder(run) / "checkpoints" / "latest").is_file()


def _course(path: Path) -> list[dict[str, Any]]:
    """Reports in the order of their steps: where a run went back to a state, the later ones no longer count."""
    entries: list[dict[str, Any]] = []
    with suppress(OSError):
        for line in path.read_text("utf-8").splitlines():
            with suppress(ValueError):  # a line that was cut short by a crash
                entry = json.loads(line)
                while entries and entries[-1]["step"] >= entry["step"]:
                    entries.pop()
                entries.append(entry)
    return entries


def _thinned(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    step = -(-len(entries) // _POINTS)
    return (
        [entry for place, entry in enumerate(entries) if place % step == 0 or place == len(entries) - 1] if step else []
    )

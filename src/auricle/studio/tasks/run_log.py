"""What a run's process writes into its folder while it trains, for whoever looks at the page."""

import json
import time
from contextlib import suppress
from typing import Any, final

import numpy as np

from auricle import MissingPackageError, PausedError, TrainingCallbacks, TrainingIntent, doctor, write
from auricle.atomic import atomic_write
from auricle.html import Spectrograph, require_pictures
from auricle.progress import OnProgress, Progress
from auricle.studio.server.jobs import read_json
from auricle.studio.server.runs import COURSE, FINISH, HEALTH, INTENT, NOTES, PAUSE, PREVIEWS, run_folder
from auricle.studio.server.workspace import Item

_EXCERPTS = 3
_MOST_TIMES = 24
_VERDICT_SECONDS = 20.0
_INTENT_SECONDS = 0.2
_MINUTE = 60.0


@final
class RunLog:
    """Curves, held-out sounds with their spectrograms, verdicts and notes of a run; and what is wanted of it.

    Args:
        run: whose.
        on_progress: is told how far it is.
    """

    def __init__(self, run: Item, on_progress: OnProgress) -> None:
        self._run, self._on_progress = run, on_progress
        self._intent_read_at, self._verdicts_at = 0.0, time.monotonic()
        self._intent = TrainingIntent.go_on
        run.file(NOTES).unlink(missing_ok=True)

    @property
    def callbacks(self) -> TrainingCallbacks:
        """For `auricle.train`."""
        return TrainingCallbacks(
            on_progress=self._prepared, on_report=self._log_report, on_note=self._log_note, intent=self.intent
        )

    def intent(self) -> TrainingIntent:
        """What the page wants, looked up a few times a second."""
        if time.monotonic() - self._intent_read_at >= _INTENT_SECONDS:
            self._intent_read_at = time.monotonic()
            word = ""
            with suppress(OSError):
                word = self._run.file(INTENT).read_text("utf-8")
            intents = {PAUSE: TrainingIntent.pause, FINISH: TrainingIntent.finish}
            self._intent = intents.get(word, TrainingIntent.go_on)
        return self._intent

    def _prepared(self, progress: Progress) -> None:
        """Before and after the steps, where a pause is taken at once: before them there is no state to lose, and after
        them it is saved."""
        self._on_progress(progress)
        if self.intent() is TrainingIntent.pause:
            raise PausedError(f"paused while {progress.stage}")

    def _log_report(self, report: Any) -> None:  # as `TrainingCallbacks.on_report` is told
        left = f"{report.seconds_left:.0f} s" if report.seconds_left < _MINUTE else _minutes(report.seconds_left)
        stage = f"step {report.step}, about {left} left" if report.progress < 1 else f"step {report.step}"
        self._on_progress(Progress(stage, report.progress, 1.0, ""))
        measured = {} if report.preview is None else self._log_preview(report.preview, report)
        values = {
            "step": report.step,
            "seconds": round(report.seconds, 2),
            "progress": report.progress,
            "loss": _finite(report.loss),
            "speed": _finite(report.audio_per_second),
            **measured,
        }
        with self._run.file(COURSE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(values) + "\n")
        for event in report.events:
            self._log_note(event)
        if measured or time.monotonic() - self._verdicts_at > _VERDICT_SECONDS:
            self.log_verdicts()

    def log_verdicts(self) -> None:
        """Note how the run is doing, in words."""
        self._verdicts_at = time.monotonic()
        health = doctor(run_folder(self._run))
        verdicts = [{"topic": v.topic, "level": v.level.value, "text": v.text} for v in health.verdicts]
        self._replace(HEALTH, {"verdicts": verdicts})

    def _log_preview(self, preview: Any, report: Any) -> dict[str, Any]:
        """Keep what the model makes of held-out sounds; the figures of it."""
        entries = read_json(self._run.file(PREVIEWS)) or {"excerpts": [], "times": []}
        excerpts = preview.excerpts[:_EXCERPTS]
        if len(entries["excerpts"]) != len(excerpts):
            entries = {"excerpts": [self._original(n, e, preview) for n, e in enumerate(excerpts)], "times": []}
        figures = {"figure": _finite(preview.figure), "kbps": None if preview.rate is None else _finite(preview.rate)}
        decoded = [self._decoded(n, e, preview, report.step) for n, e in enumerate(excerpts)]
        time_facts = {"step": report.step, "seconds": round(report.seconds, 1), **figures, "decoded": decoded}
        times = [*(other for other in entries["times"] if other["step"] < report.step), time_facts]
        while len(times) > _MOST_TIMES:  # the first stays: it is what the run began with
            gone = times.pop(1)
            for sound in gone["decoded"]:
                for name in (sound["file"], sound["picture"]):
                    self._run.file(name or sound["file"]).unlink(missing_ok=True)
        self._replace(PREVIEWS, {**entries, "times": times})
        return figures

    def _original(self, number: int, excerpt: Any, preview: Any) -> dict[str, Any]:
        assert excerpt.original is not None
        return {"name": excerpt.name, **self._shown(f"original-{number}", excerpt.original, excerpt, preview)}

    def _decoded(self, number: int, excerpt: Any, preview: Any, step: int) -> dict[str, Any]:
        shown = self._shown(f"decoded-{number}-{step}", excerpt.decoded, excerpt, preview)
        return {**shown, "mel": None if excerpt.mel is None else _finite(excerpt.mel)}

    def _shown(self, name: str, audio: np.ndarray, excerpt: Any, preview: Any) -> dict[str, Any]:
        write(self._run.file(f"{name}.flac"), audio[None], preview.sample_rate, force=True)
        try:
            require_pictures()
        except MissingPackageError:
            return {"file": f"{name}.flac", "picture": None}
        reference = audio if excerpt.original is None else excerpt.original
        self._run.file(f"{name}.png").write_bytes(Spectrograph(reference[None], preview.sample_rate).png(audio[None]))
        return {"file": f"{name}.flac", "picture": f"{name}.png"}

    def _log_note(self, line: str) -> None:
        lines = read_json(self._run.file(NOTES)).get("lines", [])
        self._replace(NOTES, {"lines": [*lines, line][-50:]})

    def _replace(self, name: str, values: dict[str, Any]) -> None:
        with atomic_write(self._run.file(name), force=True) as file:
            file.write_text(json.dumps(values), "utf-8")


def _finite(value: float) -> float | None:
    return round(float(value), 5) if np.isfinite(value) else None


def _minutes(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / _MINUTE), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"

"""What the verbs that train show, and how those that make sounds tell of them."""

from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self, final

from auricle.cli.formatting import format_duration
from auricle.cli.pausing import InterruptsPause
from auricle.cli.screen import Screen
from auricle.progress import OnProgress, Progress

if TYPE_CHECKING:
    from auricle.data import Corpus
    from auricle.synth.playable.sampler_set import PlayableSet
    from auricle.synth.rendering.result import Sound, SynthesisOutput
    from auricle.training import Report
    from auricle.training.loop.task import TrainingIntent

_SHOWN = 20
_AUDIBLE_DB = 0.05


@final
class RunView:
    """Shows a run as it goes, and inside the block lets an interrupt pause it."""

    def __init__(self, screen: Screen, on_progress: OnProgress) -> None:
        self._screen, self._on_progress = screen, on_progress
        self._interrupts, self._corpus_line, self._phase = InterruptsPause(screen), "", ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._interrupts.end(error)

    def intent(self) -> "TrainingIntent":
        """What the run shall do after a step."""
        return self._interrupts.intent()

    def scanned(self, corpus: "Corpus") -> None:
        """What the folder holds."""
        self._corpus_line = f"{len(corpus.sounds)} sounds, {corpus.hours:.2f} h"

    def trained(self, report: "Report") -> None:
        if self._corpus_line:  # after the first steps: so a run that can't start says one thing only
            self._screen.note(self._corpus_line)
            self._corpus_line = ""
        for event in report.events:
            self._screen.note(event)
        if report.phase != (self._phase or report.phase):
            self._screen.note(f"now {report.phase}: its losses can't be compared with those before")
        self._phase = report.phase
        rate = f", {report.terms['rate']:.1f} kb/s" if "rate" in report.terms else ""
        detail = f"loss {report.loss:.3f}{rate}, {report.audio_per_second:.0f} audio s/s"
        text = f"{detail}, {format_duration(report.seconds_left)} left"
        self._on_progress(Progress(text, report.progress, 1, ""))
        if report.progress >= 1:
            self._interrupts.end()


def format_sounds(output: "SynthesisOutput", elapsed: float) -> tuple[str, ...]:
    """A line for each sound, and one for all."""
    lines = [_line(sound) for sound in output.sounds[:_SHOWN]]
    if len(output.sounds) > _SHOWN:
        lines.append(f"and {len(output.sounds) - _SHOWN} more")
    shape = f"{output.channels} x {output.sample_rate} Hz"
    seed = f", seed {output.details['seed']}" if "seed" in output.details else ""
    return (*lines, f"{output.seconds:.1f} s of sound, {shape}, in {elapsed:.1f} s{seed}")


def format_notes(output: "PlayableSet", elapsed: float) -> tuple[str, ...]:
    """A line for each note, and one for the set."""
    lines = [f"{_line(note.sound)}, tuned by {round(note.tuned_cents):+d} cents" for note in output.notes[:_SHOWN]]
    if len(output.notes) > _SHOWN:
        lines.append(f"and {len(output.notes) - _SHOWN} more")
    of = f"of {output.recorded} recorded ones" if output.seed is None else f"of a prior, seed {output.seed}"
    return (*lines, f"{output.path}: {len(output.notes)} notes {of}, in {elapsed:.1f} s")


def _line(sound: "Sound") -> str:
    return f"{sound.path}: {', '.join(_facts(sound))}"


def _facts(sound: "Sound") -> Iterator[str]:
    yield f"{sound.seconds:.2f} s"
    if sound.share is not None:
        yield f"{1 - sound.share:.0%} first, {sound.share:.0%} second"
    if abs(sound.level_db) >= _AUDIBLE_DB:
        yield f"level changed by {sound.level_db:+.1f} dB"
    yield f"peak {sound.peak_dbfs:.1f} dBFS"
    if sound.loudness_lufs is not None:
        yield f"loudness {sound.loudness_lufs:.1f} LUFS"
    if sound.seam is not None:
        seam = sound.seam
        yield f"seam: step {seam.step:.2f}, spectral flux {seam.flux:.2f} of the largest inside"

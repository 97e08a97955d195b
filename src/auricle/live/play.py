"""Play sound through a model while it is made."""

import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import final

import numpy as np

from auricle.atomic import atomic_write, check_writable
from auricle.audio import AudioWriter
from auricle.errors import OptionError
from auricle.live.bridge import LiveBridge
from auricle.live.controls import Controls, LiveSettings
from auricle.live.device import SoundCard
from auricle.live.engine import LiveEngine
from auricle.live.inputs import key_input, midi_input, osc_input
from auricle.live.sources import FileSource, LiveSource, RecordedSource
from auricle.live.worker import LiveWorker
from auricle.model import Autoencoder, load
from auricle.options.field_types import check_arguments
from auricle.options.live import LiveOptions
from auricle.synth.directions import Directions, parse_shifts

_STATUS_SECONDS = 0.2


@final
@dataclass(frozen=True)
class LiveStatus:
    """How playing goes, several times a second and at the end.

    Attributes:
        seconds: played.
        level_in_db: of the largest sample that came in lately, at the end of all; -120 for silence.
        level_out_db: of the largest that went out.
        load: share of the time that the network computes.
        busiest: share of its time that the slowest hop took.
        latency_seconds: from sound to sound, with what the sound card states.
        drop_outs: times that the network was too late.
        lost_blocks: blocks of recorded sound that found no room.
        values: where each control stands; a quality of None rounds nothing.
    """

    seconds: float
    level_in_db: float
    level_out_db: float
    load: float
    busiest: float
    latency_seconds: float
    drop_outs: int
    lost_blocks: int
    values: dict[str, float | None]


OnStatus = Callable[[LiveStatus], None]


@final
@dataclass(frozen=True)
class LiveInputs:
    """Which sounds are played.

    Attributes:
        source: a file; None for the microphone.
        second: a file whose latents are mixed into those of the source, again and again.
        directions: to shift latents along, from `principal_directions` or its file.
        shifts: where the directions stand at first, as in ``("PC1=+2",)``.
    """

    source: Path | str | None = None
    second: Path | str | None = None
    directions: Directions | Path | str | None = None
    shifts: tuple[str, ...] = ()


@check_arguments()
def play_live(
    model: Autoencoder | Path | str,
    inputs: LiveInputs = LiveInputs(),
    options: LiveOptions = LiveOptions(),
    *,
    target: Path | str | None = None,
    force: bool = False,
    on_status: OnStatus = lambda status: None,
) -> LiveStatus:
    """Play microphone or file through a model, to the speaker or into a WAV, until the sound ends or q is pressed.

    A file that goes into a file is computed as fast as it goes, and begins and ends with its source. Drop-outs are then
    those that there would have been with a sound card, by the time that one thread of the processor takes.

    Args:
        model: a model, a shipped one's name, or a file.
        inputs: which sounds, and along which directions.
        options: how.
        target: a WAV file; None for the speaker.
        force: replace the file.
        on_status: is told how it goes, about five times a second.

    Raises:
        OptionError: a number is out of range, or options exclude each other.
        AudioError: a sound can't be read, or there is no sound card that can do this.
        ModelError: no such model, or directions of another one.
        OutputError: the file exists, or can't be written.
        MissingPackageError: a package of the extra `live` is not installed.
    """
    target = None if target is None else Path(target)
    if target is not None and inputs.source is None:
        raise OptionError("the microphone can't be played into a file: name a source, or leave the target out")
    if target is not None and options.loop and options.seconds is None:
        raise OptionError("a loop into a file has no end: give --seconds")
    if options.loop and inputs.source is None:
        raise OptionError("the microphone has no end to begin again at: name a source, or leave the loop out")
    if target is not None:
        _check_target(target, options, force)
    loaded = model if isinstance(model, Autoencoder) else load(model)
    with closing(_Session(loaded, inputs, options, to_file=target is not None)) as session:
        return session.to_speaker(on_status) if target is None else session.to_file(target, force, on_status)


def _check_target(target: Path, options: LiveOptions, force: bool) -> None:
    """Refuse a name that can't be written, and options of what is played to a speaker."""
    if target.suffix.lower() != ".wav":
        raise OptionError(f"live sound can't be written to {target.name!r}: end the name with .wav")
    for name in ("device", "midi", "osc"):
        if getattr(options, name) is not None:
            raise OptionError(f"{name} has no place where sound goes into a file: leave it out, or the target")
    check_writable(target, force=force)


@final
class _Session:
    """A model, its sounds and controls, and what plays them."""

    def __init__(self, model: Autoencoder, inputs: LiveInputs, options: LiveOptions, *, to_file: bool):
        directions = inputs.directions
        axes = directions if directions is None or isinstance(directions, Directions) else Directions.load(directions)
        if axes is not None:
            axes.require(model)
        if inputs.shifts and axes is None:
            raise OptionError("a shift needs directions: name a file that `auricle latents FOLDER` made")
        if options.mix and inputs.second is None:
            raise OptionError(f"a mix of {options.mix:g} needs a second sound: name one, or leave the mix out")
        settings = LiveSettings(options.quality, options.mix)
        self.controls = Controls(model, axes, settings)
        for index, amount in parse_shifts(inputs.shifts, axes).items() if axes is not None else ():
            self.controls.set(f"PC{index + 1}", amount)
        self._options, self._rate, self._hop = options, model.sample_rate, model.hop_length
        self._delay = self._hop + options.block + round(options.buffer_seconds * self._rate)
        self._engine = LiveEngine(model, options.channels, axes, options.network)
        self._bridge = LiveBridge(options.channels, self._rate, self._delay)
        self._recording = inputs.source is None
        self._source: LiveSource = (
            RecordedSource(self._bridge.incoming, options.channels, self._hop)
            if inputs.source is None
            else FileSource(Path(inputs.source), self._engine, options.channels, loop=options.loop)
        )
        self._second = (
            None
            if inputs.second is None
            else FileSource(Path(inputs.second), self._engine, options.channels, loop=True)
        )
        self._worker = LiveWorker(
            self._engine,
            self._source,
            self._second,
            self._bridge.outgoing,
            self.controls,
            ahead=self._delay,
            clock=time.thread_time if to_file else time.perf_counter,  # what else the machine does is not the file's
        )
        self._card_seconds = 0.0
        self._deadlines = _Deadlines(self._delay / self._rate, self._hop / self._rate)

    def close(self) -> None:
        """Close the files that sound comes from, also before their end."""
        self._source.close()
        if self._second is not None:
            self._second.close()

    def status(self, *, of_all: bool = False) -> LiveStatus:
        """How it goes now; the levels are those since the last call, or of all that was played."""
        peaks = self._worker.loudest if of_all else self._worker.take_peaks()
        level_in, level_out = (20 * float(np.log10(max(peak, 1e-6))) for peak in peaks)
        return LiveStatus(
            self._worker.hops * self._hop / self._rate,
            level_in,
            level_out,
            self._worker.load,
            self._worker.busiest,
            (self._engine.lag + self._delay) / self._rate + self._card_seconds,
            self._bridge.drop_outs + self._deadlines.missed,
            self._bridge.lost_blocks,
            self.controls.values,
        )

    def to_speaker(self, on_status: OnStatus) -> LiveStatus:
        options, end, bridge = self._options, Event(), self._bridge
        remedy = "ask for --channels 1, or choose another --device"
        card = SoundCard(options.device, self._rate, options.channels, recording=self._recording, remedy=remedy)

        def callback(recorded: np.ndarray | None, played: np.ndarray) -> None:
            if recorded is not None:
                bridge.take(recorded)
            bridge.fill(played)

        with ExitStack() as stack:
            self._open_inputs(stack, end)
            stack.enter_context(self._worker)
            self._card_seconds = stack.enter_context(card.open(options.block, options.buffer_seconds, callback))
            last = time.monotonic() + (options.seconds or float("inf"))
            while not end.wait(min(_STATUS_SECONDS, max(0.0, last - time.monotonic()))) and not self._finished(last):
                on_status(self.status())
        if self._worker.error is not None:
            raise self._worker.error
        return self.status(of_all=True)

    def _finished(self, last: float) -> bool:
        """Whether all has been played that was to be, or it is time to end."""
        if self._worker.error is not None or time.monotonic() >= last:
            return True
        return self._source.ended and self._bridge.outgoing.available == 0

    def _open_inputs(self, stack: ExitStack, end: Event) -> None:
        if self._options.midi is not None:
            stack.enter_context(midi_input(self._options.midi, self.controls))
        if self._options.osc is not None:
            stack.enter_context(osc_input(self._options.osc, self.controls))
        stack.enter_context(key_input(self.controls, end))

    def to_file(self, target: Path, force: bool, on_status: OnStatus) -> LiveStatus:
        """All that a file holds, without the delay."""
        options, outgoing = self._options, self._bridge.outgoing
        assert isinstance(self._source, FileSource)
        memory = np.zeros((self._delay + self._hop, options.channels), np.float32)
        skip, written, shown_at = self._delay + self._engine.lag, 0, time.monotonic()
        limit = float("inf") if options.seconds is None else max(1, round(options.seconds * self._rate))
        with (
            atomic_write(target, force=force) as temporary,
            AudioWriter(temporary, self._rate, options.channels) as writer,
        ):
            while written < limit and (took := self._worker.step()) is not None:
                self._deadlines.add(took)
                played = memory[: outgoing.read_into(memory)]
                played, skip = played[skip:], max(0, skip - len(played))
                played = played[: int(min(self._source.samples, limit)) - written]
                writer.write(played.T)
                written += len(played)
                if time.monotonic() - shown_at > _STATUS_SECONDS:
                    shown_at = time.monotonic()
                    on_status(self.status())
        return self.status(of_all=True)


@final
class _Deadlines:
    """Counts the hops that a sound card would not have waited for.

    Args:
        delay: seconds of silence that are played first.
        hop: seconds of a hop.
    """

    def __init__(self, delay: float, hop: float):
        self._delay, self._hop = delay, hop
        self._hops, self._free = 0, 0.0
        self.missed = 0

    def add(self, took: float) -> None:
        """A hop that took so long; its sound had come when it was over."""
        self._free = max(self._free, (self._hops + 1) * self._hop) + took
        self.missed += self._free > self._delay + self._hops * self._hop
        self._hops += 1

"""Notes that a prior makes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import final

import numpy as np
from torch import Tensor

from auricle.errors import AudioError, ModelError, OptionError
from auricle.options.synthesis import NoteOptions, SamplingOptions
from auricle.synth.playable.instrument import MOST_SHIFT, Instrument, tuned
from auricle.synth.playable.note_names import HIGHEST, note_hertz, note_name
from auricle.synth.playable.recordings import velocity_layers
from auricle.synth.priors.loading import PriorAndModel
from auricle.synth.priors.notes import RequestedNote, locked_hertz, playing_ratio
from auricle.synth.priors.sizes import learned_notes
from auricle.synth.recipes import NoteSound
from auricle.synth.render_context import RenderContext
from auricle.synth.rendering.level import CEILING, level_of
from auricle.synth.rendering.provenance import model_provenance
from auricle.synth.rendering.result import CUT_SECONDS

_MOST_ATTEMPTS = 8  # to draw a note that can be heard
_WHOLE_ATTEMPTS = 4  # of these, to draw one that is heard to its end
_TEMPERATURE_STEP = 0.25  # from attempt to attempt
_LEVEL_SECONDS = 0.02
_AUDIBLE_DB, _SILENCE_DB = 60.0, -110.0  # below the loudest block, or at all, a block is silent
_ONSET_DB, _LATEST_ONSET_SECONDS = 30.0, 0.1
_ATTACK_SECONDS, _GAP_DB = 0.2, 15.0  # after the attack a level that rises again by so much was a gap
_LEAST_SHARE = 0.7  # of its length that a note must last


@final
class PriorInstrument(Instrument):
    """Any note that a prior can make.

    Within the range of the notes that it learned it is told the note; beyond it the outermost one is resampled, up to
    an octave. Each note is tuned by what its measured pitch is off. It depends on the seed, note and velocity alone.

    Args:
        networks: prior and autoencoder.
        options: class, length and seed of the notes.
        sampling: how they are drawn.

    Raises:
        ModelError: the prior knows no notes.
        OptionError: no such class.
    """

    cut_seconds = CUT_SECONDS

    def __init__(self, networks: PriorAndModel, options: NoteOptions, sampling: SamplingOptions) -> None:
        prior = networks.prior
        if not prior.config.notes or prior.sizes is None or not bool((prior.sizes[:, 3] >= 0).any()):
            raise ModelError(
                f"the prior {prior.info.name!r} knows no notes: train one with --notes, or name recorded notes "
                "(--recordings FOLDER)"
            )
        self.seed, self.seconds = options.resolve_seed(), options.seconds
        label = _most_learned_class(prior.sizes) if options.label is None else prior.label(options.label)
        self._context = RenderContext(networks, sampling, label, self.seed, None, options.seconds)
        self._lowest, self._highest, self._velocities = learned_notes(prior.sizes)
        self.name, self.native, self.count = prior.info.name, self._context.native, int((prior.sizes[:, 3] >= 0).sum())

    def layers(self, low: int, high: int) -> tuple[tuple[int, int, int], ...]:
        """One for each dynamic that was learned; where one velocity is asked for, that one."""
        return ((low, low, high),) if low == high else velocity_layers(self._velocities, low, high)

    def require(self, note: int, velocity: int) -> None:
        """Within an octave of those that were learned."""
        low, high = max(0, self._lowest - MOST_SHIFT), min(HIGHEST, self._highest + MOST_SHIFT)
        if not low <= note <= high:
            raise OptionError(
                f"{note_name(note)} is over an octave from the notes that were learned, {note_name(self._lowest)} to "
                f"{note_name(self._highest)}: name notes from {note_name(low)} to {note_name(high)}"
            )

    def tags(self, note: int, velocity: int) -> Mapping[str, str]:
        """A model made it."""
        networks = self._context.networks
        facts = {"prior": networks.prior.info.name, "model": networks.model.name, "seed": self.seed}
        return model_provenance("generate", {**facts, "note": note_name(note), "velocity": velocity})

    def note(self, note: int, velocity: int) -> tuple[np.ndarray, float]:
        """Drawn until it can be heard.

        Raises:
            OptionError: it is too far from those that were learned.
            AudioError: it stays silent.
        """
        self.require(note, velocity)
        audio, locked = self._drawn(self._context, note, velocity)
        return tuned(audio, self.native[0], note_hertz(note), recorded=locked)

    @property
    def velocities(self) -> tuple[int, int]:
        """The lowest and the highest that was learned."""
        return self._velocities[0], self._velocities[-1]

    def locked(self, note: float, velocity: int, cycles: float, more: float) -> tuple[np.ndarray, float]:
        """A note at the pitch at which it was learned, float32 ``(c, t)``, and that pitch in Hz.

        Args:
            note: MIDI number with cents; the nearest of those that were learned stands for one beyond them.
            velocity: 1 to 127.
            cycles: periods that it lasts.
            more: seconds that it lasts longer, as it is decoded.

        Raises:
            AudioError: it stays silent.
        """
        learned = self._within(note)
        seconds = cycles / note_hertz(learned) + more / playing_ratio(learned, self._context.networks.prior.frame_rate)
        return self._drawn(replace(self._context, seconds=seconds), note, velocity)

    def _within(self, note: float) -> float:
        """The nearest note within the range that was learned."""
        return float(min(max(note, self._lowest), self._highest))

    def _drawn(self, context: RenderContext, note: float, velocity: int) -> tuple[np.ndarray, float]:
        """A note as it is decoded, and the pitch at which it was learned; drawn until it can be heard to its end."""
        locked = locked_hertz(note_hertz(self._within(note)), context.networks.prior.frame_rate)
        first: np.ndarray | None = None
        for attempt in range(_MOST_ATTEMPTS):
            audio, seconds = self._attempt(context, RequestedNote(self._within(note), velocity), note, attempt)
            if audio is not None and not breaks_off(audio, self.native[0], seconds):
                return audio, locked
            first = audio if first is None else first
            if first is not None and attempt + 1 >= _WHOLE_ATTEMPTS:
                return first, locked
        raise AudioError(f"{note_name(round(note))} is silent, {_MOST_ATTEMPTS} times in a row: choose another seed")

    def _attempt(
        self, context: RenderContext, requested: RequestedNote, note: float, attempt: int
    ) -> tuple[np.ndarray | None, float]:
        """A note as it is decoded, None if it is silent, and how long it was to be; each attempt is a little wilder."""
        temperature = min(max(1.0, context.temperature), context.temperature + _TEMPERATURE_STEP * attempt)
        context = replace(context, note=requested, sampling=replace(context.sampling, temperature=temperature))
        random = context.random((HIGHEST + 1) * round(note) + round(requested.velocity), attempt)
        size = context.draw_size(random)
        assert size is not None, "a prior of notes is told sizes"
        audio = NoteSound(context).decoded(random, size)
        level = level_of(audio)
        if level.silent:
            return None, size.seconds
        return audio * np.float32(min(10 ** (size.level_db / 20), CEILING) / level.peak), size.seconds


def breaks_off(audio: np.ndarray, sample_rate: int, seconds: float) -> bool:
    """Whether a note ``(c, t)`` begins late, has a gap, or ends long before it should: few draws do, and none is kept.

    Args:
        audio: the note as it is decoded.
        sample_rate: in Hz.
        seconds: that it was to last.
    """
    size = max(1, round(_LEVEL_SECONDS * sample_rate))
    blocks = audio[:, : audio.shape[1] // size * size].reshape(len(audio), -1, size)
    decibels = 10 * np.log10(np.square(blocks, dtype=np.float64).mean(axis=(0, 2)) + 1e-12)
    audible = np.flatnonzero(decibels > max(decibels.max(initial=-120.0) - _AUDIBLE_DB, _SILENCE_DB))
    if not len(audible) or (audible[-1] + 1) * size < _LEAST_SHARE * seconds * sample_rate:
        return True
    if int(np.argmax(decibels > decibels.max() - _ONSET_DB)) * _LEVEL_SECONDS > _LATEST_ONSET_SECONDS:
        return True
    after = decibels[round(_ATTACK_SECONDS / _LEVEL_SECONDS) : audible[-1] + 1]
    rises = np.maximum.accumulate(after[::-1])[::-1] - after
    return bool((rises > _GAP_DB).any())


def _most_learned_class(sizes: Tensor) -> int:
    """The class of which most notes were learned: a set has one."""
    return int(sizes[sizes[:, 3] >= 0, 0].mode().values)

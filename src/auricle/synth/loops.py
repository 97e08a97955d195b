"""Loops: sounds whose end goes on to their beginning."""

from dataclasses import replace
from typing import final

import torch

from auricle.synth.recipes import SingleSound, WindowSound
from auricle.synth.render_context import RenderContext
from auricle.synth.rendering.destination import SoundTarget
from auricle.synth.rendering.loop import decode_loop, measure_seam, wrapped
from auricle.synth.rendering.result import Sound, finish_sound

_FAR_WINDOWS = 2
"""To a loop's windows the sound's end is as far away as a prior can be told: else they fade away."""


@final
class Loop(SingleSound):
    """A sound whose end goes on to its beginning: neither fades."""

    def __init__(self, context: RenderContext, seconds: float):
        super().__init__(context)
        self._seconds = seconds

    def _render_one(self, random: torch.Generator, target: SoundTarget, attempt: int) -> Sound:
        """At the rate that is asked for: it is resampled as the periodic signal that it is."""
        context = self._context
        prior, model = context.networks.prior, context.networks.model
        size = context.draw_size(random)
        frames = max(1, round(self._seconds * context.ratio(size) * prior.frame_rate))
        endless = None if size is None else size._replace(seconds=_FAR_WINDOWS * prior.window / prior.frame_rate)
        (z,) = context.to_latents((context.sampler.sample_loop(random, frames, endless),))
        audio = decode_loop(model, z, round(self._seconds * target.sample_rate), quality=context.quality)
        level_db = context.level_db if size is None else size.level_db
        native = target.sample_rate, prior.channels
        sound = finish_sound((audio,), native, target, cut_seconds=0.0, level_db=level_db)
        return replace(sound, seam=measure_seam(audio))


@final
class HitLoop(SingleSound):
    """A loop of a prior of one-shots: one of them at its beginning, whose tail goes on into the next round."""

    def __init__(self, context: RenderContext, seconds: float):
        super().__init__(context)
        self._seconds = seconds
        self._hits = WindowSound(replace(context, seconds=None), None)

    def _render_one(self, random: torch.Generator, target: SoundTarget, attempt: int) -> Sound:
        hit = self._hits.drawn(random, SoundTarget(None, target.sample_rate), attempt)
        assert hit.audio is not None
        audio = wrapped(hit.audio, round(self._seconds * target.sample_rate))
        native = target.sample_rate, self._context.networks.prior.channels
        sound = finish_sound((audio,), native, target, cut_seconds=0.0, level_db=hit.peak_dbfs)
        return replace(sound, level_db=hit.level_db + sound.level_db, seam=measure_seam(audio))

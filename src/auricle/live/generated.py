"""What a prior makes, to the speaker."""

import time
from pathlib import Path

import numpy as np

from auricle.live.device import SoundCard
from auricle.live.ring import SampleRing
from auricle.model import Autoencoder
from auricle.options.field_types import check_arguments
from auricle.options.synthesis import GenerationOptions, SamplingOptions
from auricle.progress import OnProgress, Progress, ignore_progress
from auricle.synth.endless import StreamResult, stream_blocks, stream_context, without_clicks
from auricle.synth.priors.base import Prior

_AHEAD_SECONDS = 4.0
_BLOCK, _BUFFER_SECONDS = 1024, 0.2
_NAP_SECONDS = 0.02


@check_arguments()
def play_generated(
    prior: Prior | Path | str,
    options: GenerationOptions = GenerationOptions(),
    *,
    model: Autoencoder | Path | str | None = None,
    sampling: SamplingOptions = SamplingOptions(),
    device: str | None = None,
    on_progress: OnProgress = ignore_progress,
) -> StreamResult:
    """Play new sound without end, or for ``options.seconds``: `generate_endless` to the speaker.

    Args:
        prior: a prior, a shipped one's name, or a file.
        options: class, length, seed and rounding.
        model: the autoencoder, as in `generate`.
        sampling: as in `generate`.
        device: of the sound card: a number or a part of its name; None for the system's own.
        on_progress: is told how many seconds of sound are made; up to four are made ahead.

    Raises:
        OptionError: as in `generate_endless`.
        ModelError: as in `generate`.
        AudioError: there is no sound card that can play it.
        MissingPackageError: sounddevice is not installed.
    """
    context = stream_context(prior, options, model, sampling)
    rate, channels = context.networks.prior.sample_rate, context.networks.prior.channels
    remedy = "choose another sound card, or write the sound into a file (--stream FILE)"
    card = SoundCard(device, rate, channels, recording=False, remedy=remedy)
    ring = SampleRing(channels, round(_AHEAD_SECONDS * rate))
    samples = None if options.seconds is None else max(1, round(options.seconds * rate))

    def play(_: np.ndarray | None, block: np.ndarray) -> None:
        block[ring.read_into(block) :] = 0.0

    count = 0
    with card.open(_BLOCK, _BUFFER_SECONDS, play):
        for block in without_clicks(stream_blocks(context), rate, samples):
            waiting = block.T
            count += len(waiting)
            while len(waiting):
                waiting = waiting[ring.write(waiting) :]
                if len(waiting):
                    time.sleep(_NAP_SECONDS)
            on_progress(Progress("making sound", count / rate, options.seconds or 0, "s"))
        while ring.available:
            time.sleep(_NAP_SECONDS)
    return StreamResult(count / rate, rate, channels, context.seed)

"""Write a whole sound."""

from pathlib import Path

import numpy as np

from auricle.atomic import fresh_file
from auricle.audio.writer import AudioWriter
from auricle.errors import AudioError


def write(
    path: Path | str, audio: np.ndarray, sample_rate: int, *, subtype: str | None = None, force: bool = False
) -> None:
    """Write an audio file; it appears whole or not at all. Samples beyond -1 and 1 are clipped.

    Args:
        path: a .wav, .flac or .ogg file.
        audio: float ``(c, t)``, or ``(t,)`` for one channel.
        sample_rate: in Hz.
        subtype: sample format, as for `auricle.audio.AudioWriter`.
        force: replace an existing file.

    Raises:
        OptionError: the suffix, rate, channels or subtype can't be written.
        AudioError: the array has another shape, or a sample is NaN or infinite.
        OutputError: the file exists and ``force`` is false, or it can't be written.
    """
    samples = np.atleast_2d(audio)
    if samples.ndim != 2:
        raise AudioError(f"can't write an array of shape {audio.shape}: give (c, t) or (t,)")
    with (
        fresh_file(Path(path), force=force) as temporary,
        AudioWriter(temporary, sample_rate, samples.shape[0], subtype) as writer,
    ):
        writer.write(samples)

"""What the verbs of synthesis return."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, final

import numpy as np

from auricle.audio import Resampler
from auricle.data.scan import Rejected
from auricle.synth.rendering.destination import SoundTarget
from auricle.synth.rendering.level import CEILING, LevelCheck, SoundLevel, decibels, refuse_silent
from auricle.synth.rendering.loop import Seam
from auricle.synth.rendering.loudness import LoudnessMeter
from auricle.synth.rendering.render import concatenate_blocks
from auricle.synth.rendering.spool import SoundSpool

CUT_SECONDS = 0.1
"""Fade of a sound that was cut at a length."""
END_SECONDS = 0.01
"""Fade of a sound that ends as another one does."""


@final
@dataclass(frozen=True, eq=False)
class Sound:
    """One sound that was made.

    Attributes:
        seconds: its length.
        level_db: by how much its level was changed, in dB: to match another sound's, or so that nothing clips.
        peak_dbfs: its largest sample, in dB below full scale.
        loudness_lufs: its integrated loudness (ITU-R BS.1770-4); None in silence and over five channels.
        path: its file; None where ``audio`` holds it.
        audio: float32 ``(c, t)``; None where it was written to a file.
        label: its class, if one was asked for.
        share: of a morph, how much of it is the second sound, 0 to 1; None where that changes within the sound.
        seam: of a loop, how its end meets its beginning.
    """

    seconds: float
    level_db: float
    peak_dbfs: float = 0.0
    loudness_lufs: float | None = None
    path: Path | None = None
    audio: np.ndarray | None = None
    label: str | None = None
    share: float | None = None
    seam: Seam | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values, without the samples."""
        names = ("path", "seconds", "level_db", "peak_dbfs", "loudness_lufs", "label", "share")
        values = {name: getattr(self, name) for name in names}
        return values | {"seam": None if self.seam is None else asdict(self.seam)}


def finish_sound(
    blocks: Iterable[np.ndarray],
    native: tuple[int, int],
    target: SoundTarget,
    *,
    cut_seconds: float = END_SECONDS,
    gain: float = 1.0,
    level_db: float | None = None,
    check_level: LevelCheck = refuse_silent,
    seconds: float | None = None,
) -> Sound:
    """A sound without clicks at its ends, turned down as a whole if it would clip; written, or held as an array.

    Args:
        blocks: ``(c, t)``.
        native: their sample rate in Hz, and c.
        target: where it goes, and at which rate.
        cut_seconds: over which an end that is not silent fades out; 0 leaves both ends as they are.
        gain: by which its level was changed before.
        level_db: what its largest sample is to be, in dB below full scale; None leaves it but for what would clip.
        check_level: refuses a sound by its level before any change.
        seconds: that it is to last exactly: what is more is cut off, what is missing is silence; None for as it comes.

    Raises:
        UnfitSoundError: ``check_level`` refuses it; by default, nothing reaches 60 dB below full scale.
        OutputError: a file exists, or can't be written.
    """
    channels = native[1]
    with SoundSpool(channels, target.sample_rate) as spool:
        resampled = _resampled(blocks, native, target.sample_rate)
        samples = None if seconds is None else max(1, round(seconds * target.sample_rate))
        for block in resampled if samples is None else _of_length(resampled, channels, samples):
            spool.add(block)
        level = SoundLevel()
        for block in _ends(spool, cut_seconds):
            level.add(block)
        check_level(level)
        factor = CEILING / level.peak if level.peak > 1.0 else 1.0
        if level_db is not None and level.peak > 0.0:
            factor = min(10 ** (level_db / 20), CEILING) / level.peak
        meter, audio = LoudnessMeter(target.sample_rate, channels), None
        final_blocks = (meter.add(block * np.float32(factor)) for block in _ends(spool, cut_seconds))
        if target.path is None:
            audio = concatenate_blocks((np.zeros((channels, 0), np.float32), *final_blocks))
        else:
            target.write(final_blocks, channels)
        length = spool.samples / target.sample_rate
    levels = decibels(gain * factor), decibels(level.peak * factor), meter.loudness()
    return Sound(length, *levels, target.path, audio)


def _of_length(blocks: Iterable[np.ndarray], channels: int, samples: int) -> Iterator[np.ndarray]:
    """Blocks ``(c, t)`` of so many samples in all."""
    missing = samples
    for block in blocks:
        yield block[:, :missing]
        missing -= min(missing, block.shape[1])
    yield np.zeros((channels, missing), np.float32)


def _ends(spool: SoundSpool, cut_seconds: float) -> Iterator[np.ndarray]:
    return spool.clean_blocks(cut_seconds) if cut_seconds else spool.blocks()


def _resampled(blocks: Iterable[np.ndarray], native: tuple[int, int], sample_rate: int) -> Iterator[np.ndarray]:
    resampler = Resampler(native[0], sample_rate, native[1])
    for block in blocks:
        yield resampler.push(block)
    yield resampler.flush()


@final
@dataclass(frozen=True, eq=False)
class SynthesisOutput:
    """Sounds that were made, in order.

    Attributes:
        sounds: one or more.
        sample_rate: of all of them, in Hz.
        channels: of all of them.
        details: what else is known of them, by name.
        rejected: files of a folder that could not be used, and why.
    """

    sounds: tuple[Sound, ...]
    sample_rate: int
    channels: int
    details: dict[str, Any] = field(default_factory=dict)
    rejected: tuple[Rejected, ...] = ()

    @property
    def seconds(self) -> float:
        """Of all sounds together."""
        return sum(sound.seconds for sound in self.sounds)

    def to_json(self) -> dict[str, Any]:
        """Plain values, without the samples."""
        return {
            "sample_rate": self.sample_rate,
            "channels": self.channels,
            "seconds": self.seconds,
            **self.details,
            "sounds": [sound.to_json() for sound in self.sounds],
        }

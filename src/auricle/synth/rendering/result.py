"""What the verbs of synthesis return."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, final

import numpy as np

from auricle.synth.rendering.level import Limiter, decibels, limit_blocks
from auricle.synth.rendering.loop import Seam
from auricle.synth.rendering.numbered_files import write_blocks
from auricle.synth.rendering.render import concatenate_blocks


@final
@dataclass(frozen=True, eq=False)
class Sound:
    """One sound that was made.

    Attributes:
        seconds: its length.
        level_db: by how much its level was changed, in dB: to match another sound's, or so that nothing clips.
        path: its file; None where ``audio`` holds it.
        audio: float32 ``(c, t)``; None where it was written to a file.
        label: its class, if one was asked for.
        share: of a morph, how much of it is the second sound, 0 to 1; None where that changes within the sound.
        seam: of a loop, how its end meets its beginning.
    """

    seconds: float
    level_db: float
    path: Path | None = None
    audio: np.ndarray | None = None
    label: str | None = None
    share: float | None = None
    seam: Seam | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values, without the samples."""
        values = {name: getattr(self, name) for name in ("path", "seconds", "level_db", "label", "share")}
        return values | {"seam": None if self.seam is None else asdict(self.seam)}


def limited_sound(
    blocks: Iterable[np.ndarray],
    sample_rate: int,
    channels: int,
    target: Path | None,
    *,
    force: bool,
    gain: float = 1.0,
    share: float | None = None,
) -> Sound:
    """Keep blocks ``(c, t)`` within full scale, and write them to a file; with None for ``target`` hold them.

    ``gain`` is the factor by which their level was changed before.
    """
    limiter, audio = Limiter(channels, sample_rate), None
    limited = limit_blocks(blocks, limiter)
    if target is None:
        audio = concatenate_blocks(limited)
        samples = audio.shape[1]
    else:
        samples = write_blocks(target, limited, sample_rate, channels, force=force)
    return Sound(samples / sample_rate, decibels(gain * limiter.reduction), target, audio, share=share)


@final
@dataclass(frozen=True, eq=False)
class SynthesisOutput:
    """Sounds that were made, in order.

    Attributes:
        sounds: one or more.
        sample_rate: of all of them, in Hz.
        channels: of all of them.
    """

    sounds: tuple[Sound, ...]
    sample_rate: int
    channels: int
    details: dict[str, Any] = field(default_factory=dict)
    """What else is known of them, by name."""

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

"""What the verbs of synthesis return."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, final

import numpy as np

from auricle.synth.rendering.loop import Seam


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


@final
@dataclass(frozen=True, eq=False)
class Made:
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
    """What else is worth telling, by name."""

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
            "sounds": [_plain(sound) for sound in self.sounds],
        }


def _plain(sound: Sound) -> dict[str, Any]:
    values = {name: getattr(sound, name) for name in ("path", "seconds", "level_db", "label", "share")}
    return values | {"seam": None if sound.seam is None else asdict(sound.seam)}

"""Options of playing live."""

from dataclasses import dataclass
from math import isfinite
from typing import Literal, final

from auricle.errors import OptionError
from auricle.options.field_types import check_fields

MAX_LIVE_CHANNELS = 2
LiveNetwork = Literal["torch", "onnx"]
"""What computes hops live."""
_LONGEST_BUFFER = 2.0
_BLOCKS = 16, 8192
_PORTS = 1, 65535


@final
@dataclass(frozen=True)
class LiveOptions:
    """How sound is played through a model.

    Attributes:
        quality: what latents are rounded at, as in a file; without it nothing is rounded.
        mix: share of the second sound, from 0 to 1.
        channels: 1, or 2 for stereo.
        device: of the sound card: a number or a part of its name, as --list shows them; the system's own by default.
        block: samples that the sound card asks for at a time.
        buffer_seconds: how much the network may be late before sound drops out; it adds to the latency.
        seconds: when to end; by default with the source, or when q is pressed.
        loop: begin the source again at its end.
        midi: part of the name of a MIDI port: controllers 20, 21, ... move quality, mix and the directions.
        osc: UDP port for OSC messages such as /auricle/quality 2.5.
        network: what computes: torch, or onnx, which takes less of a core, needs the extra export, and begins some
            seconds later.

    Raises:
        OptionError: a number is out of range.
    """

    quality: float | None = None
    mix: float = 0.0
    channels: int = 1
    device: str | None = None
    block: int = 256
    buffer_seconds: float = 0.02
    seconds: float | None = None
    loop: bool = False
    midi: str | None = None
    osc: int | None = None
    network: LiveNetwork = "torch"

    def __post_init__(self) -> None:
        check_fields(self)
        if not 0 <= self.mix <= 1:
            raise OptionError(f"a mix of {self.mix:g}: give 0 (the first sound) to 1 (the second)")
        if not 1 <= self.channels <= MAX_LIVE_CHANNELS:
            raise OptionError(f"{self.channels} channels live: give 1, or {MAX_LIVE_CHANNELS} for stereo")
        if not _BLOCKS[0] <= self.block <= _BLOCKS[1]:
            raise OptionError(f"blocks of {self.block} samples: give {_BLOCKS[0]} to {_BLOCKS[1]}")
        if not 0 <= self.buffer_seconds <= _LONGEST_BUFFER:
            raise OptionError(f"a buffer of {self.buffer_seconds:g} s: give 0 to {_LONGEST_BUFFER:g}")
        if self.seconds is not None and not (isfinite(self.seconds) and self.seconds > 0):
            raise OptionError(f"{self.seconds:g} s of sound: give more than 0")
        if self.osc is not None and not _PORTS[0] <= self.osc <= _PORTS[1]:
            raise OptionError(f"an OSC port of {self.osc}: give {_PORTS[0]} to {_PORTS[1]}")

"""How large a file becomes at each step of the quality dial, and what fills a bitrate best."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from math import log
from typing import NamedTuple, final

import torch
from torch import Tensor

from auricle.codec.coding.encoder import PacketEncoder, Rounding, require_tables
from auricle.codec.coding.network_stream import LatentEncoder
from auricle.codec.format.container import Packet, PacketWriter
from auricle.codec.format.header import STEPS_PER_LEVEL, Header
from auricle.codec.source import ExcerptBlock
from auricle.model import Autoencoder

_GUESSES = 6
"""Steps that are tried where sizes say that a limit is; then the rest is halved."""
_LEAST_GROWTH = 1e-3
"""Of a size's logarithm, from step to step."""
_DEADZONES = 3
"""That are tried, at most."""
_WIDEST = 0.25
_SHRINKING = 1.1
"""Of a size's logarithm, per unit of the deadzone: where to look first."""
_FULL = 0.98
"""Share of the bytes allowed that is not filled further: each try codes the sound once more."""


class SizedStep(NamedTuple):
    """A quality step, and how large a file it makes."""

    step: int
    bytes: float


def _likely_step(tried: Sequence[SizedStep], limit: float) -> int:
    """The step that is likely to make a file of ``limit`` bytes, from one that was tried or two (the secant method)."""
    last, growth = tried[-1], log(2) / STEPS_PER_LEVEL
    if len(tried) > 1:
        growth = max(_LEAST_GROWTH, log(last.bytes / tried[0].bytes) / (last.step - tried[0].step))
    return round(last.step + log(max(limit, 1.0) / last.bytes) / growth)


@final
class SizeEstimator:
    """Tells how large a file becomes at a quality step.

    The encoder's latents do not depend on the quality, so they are made once.

    Args:
        model: what compresses.
        header: of the file to be.
        excerpts: of the sound.
        samples: of the whole sound per channel; None where the excerpts are all that is known of it.
        tags: that the file will hold.

    Attributes:
        exact: whether the excerpts were the whole sound.
    """

    def __init__(
        self,
        model: Autoencoder,
        header: Header,
        excerpts: Iterable[ExcerptBlock],
        samples: int | None,
        tags: Mapping[str, str],
    ):
        self._model, self._header, self._tags = model, header, tags
        self._latents: list[Tensor] = []
        self._coded: dict[Rounding, tuple[Packet, ...]] = {}
        encoder, parts, measured = LatentEncoder(model, header), [], 0
        for block in excerpts:
            parts.append(encoder.push(block.audio))
            measured += block.audio.shape[1]
            if block.last:
                self._latents.append(torch.cat([*parts, encoder.finish()], dim=1))
                encoder, parts = LatentEncoder(model, header), []
        if parts:
            self._latents.append(torch.cat([*parts, encoder.finish()], dim=1))
        self.samples = measured if samples is None else samples
        self.exact = measured == self.samples

    def size(self, rounding: Rounding) -> float:
        """Size of the file in bytes: exact for a short sound, else an estimate."""
        if self.exact:
            return self._bytes(self.packets(rounding))
        header = self._header
        packets = (self._packets(rounding, [z[:, : header.packet_frames]]) for z in self._latents)
        empty = self._bytes([])
        typical = sum(self._bytes(excerpt) for excerpt in packets) / len(self._latents) - empty
        return empty + typical * header.frames(self.samples) / header.packet_frames

    def packets(self, rounding: Rounding) -> Sequence[Packet]:
        """The packets of a sound that the excerpts were the whole of; they are coded once."""
        assert self.exact
        if rounding not in self._coded:
            self._coded[rounding] = tuple(self._packets(rounding, self._latents))
        return self._coded[rounding]

    def best_within(self, limit: float) -> Rounding:
        """What makes the best file of at most ``limit`` bytes; step 0 where even that takes more.

        From step to step of the dial a file grows by some per cent, in places by a sixth. Where the size is exact, the
        step above the highest that fits is used with a deadzone that makes it fit, up to 2 % below the limit.
        """
        nearest = Rounding(self._highest_step(limit))
        return self._filled(nearest, limit) if self.exact else nearest

    def _highest_step(self, limit: float) -> int:
        """Highest step whose file has at most ``limit`` bytes, or 0.

        From step to step a size grows by nearly the same factor, so after a first try in the middle of the dial few
        more are needed: each where the two sizes before it say that the limit is.
        """
        low, high = 0, require_tables(self._model).last_step
        tried: list[SizedStep] = []
        while low < high:
            middle = (low + high + 1) // 2
            guess = _likely_step(tried[-2:], limit) if 0 < len(tried) < _GUESSES else middle
            step = min(max(guess, low + 1), high)
            tried.append(SizedStep(step, self.size(Rounding(step))))
            if tried[-1].bytes <= limit:
                low = step
            else:
                high = step - 1
        return low

    def _filled(self, fitting: Rounding, limit: float) -> Rounding:
        """The next step with the narrowest deadzone, of a few that are tried, with which the file fits the limit.

        ``fitting`` itself where that leads nowhere: at the end of the dial, below the lowest size, where codes have no
        zero, or where the file would be smaller.
        """
        best, largest = fitting, self.size(fitting)
        if fitting.step == require_tables(self._model).last_step or not _FULL * limit > largest:
            return fitting
        nearest = self.size(Rounding(fitting.step + 1))
        narrow, wide, shrinking = 0.0, _WIDEST, _SHRINKING
        for _ in range(_DEADZONES):
            deadzone = log(nearest / ((1.0 + _FULL) / 2 * limit)) / shrinking
            if not narrow < deadzone < wide:
                deadzone = (narrow + wide) / 2
            tried = Rounding(fitting.step + 1, deadzone)
            size = self.size(tried)
            if size == nearest:
                break
            shrinking = log(nearest / size) / deadzone
            if size > limit:
                narrow = deadzone
                continue
            wide = deadzone
            if size > largest:
                best, largest = tried, size
            if size >= _FULL * limit:
                break
        return best

    def _packets(self, rounding: Rounding, latents: list[Tensor]) -> Iterator[Packet]:
        header = replace(self._header, quality_step=rounding.step)
        encoder = PacketEncoder(self._model, header, rounding.deadzone)
        for z in latents:
            yield from encoder.push(z)
        yield encoder.finish(self.samples)

    def _bytes(self, packets: Iterable[Packet]) -> int:
        """What a file of such packets takes."""
        writer = PacketWriter(BytesIO(), self._header, self._tags, seekable=True)
        for packet in packets:
            writer.write(packet)
        return writer.size

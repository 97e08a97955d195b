"""A model's latents to packets, and how large a file is at each step of the quality dial."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from math import log
from typing import NamedTuple, final

import numpy as np
import torch
from torch import Tensor

from auricle.codec.coding.entropy_coder import PacketCoder, codes_checksum, tables_digest
from auricle.codec.coding.network_stream import LatentEncoder
from auricle.codec.format.container import Packet, PacketWriter, StreamEnd
from auricle.codec.format.header import (
    FINGERPRINT_BYTES,
    MAX_GAIN_DB,
    MAX_NAME_BYTES,
    MAX_PACKET_FRAMES,
    STEPS_PER_DECIBEL,
    STEPS_PER_LEVEL,
    Header,
    SourceSamples,
)
from auricle.codec.source import ExcerptBlock
from auricle.errors import FormatError, ModelError, OptionError
from auricle.model import Autoencoder, fingerprint
from auricle.model.arrays import rounded_quality
from auricle.model.bottleneck import Tables
from auricle.options.coding import CompressOptions
from auricle.stream import threads

_LARGEST_CODE = 1 << 19
_GUESSES = 6
"""Steps that are tried where sizes say that a limit is; then the rest is halved."""
_LEAST_GROWTH = 1e-3
"""Of a size's logarithm, from step to step."""


def require_tables(model: Autoencoder) -> Tables:
    """The integer tables that files are coded with.

    Raises:
        ModelError: the model has none, or is not in float32.
    """
    dtype = next(model.parameters()).dtype
    if dtype != torch.float32:
        raise ModelError(f"model {model.name} is in {dtype}, files are coded in float32: call .float()")
    if model.tables is not None:
        return model.tables
    if model.bottleneck.codebooks == 0:
        raise ModelError(f"model {model.name} has a continuous bottleneck and can't compress: use one with 'entropy'")
    raise ModelError(f"model {model.name} has no probability tables yet: finish its training first")


def quality_step(model: Autoencoder, quality: float | None) -> int:
    """The step nearest to a quality; the middle of the dial for None.

    Raises:
        OptionError: the quality is not on the model's dial.
    """
    last = require_tables(model).last_step
    if quality is None:
        return last // 2
    return round(rounded_quality(quality, model.bottleneck.quality_levels) * STEPS_PER_LEVEL)


class SourceInfo(NamedTuple):
    """What a header says of the sound that it is for.

    Attributes:
        salt: 4 bytes that other sounds hardly have.
        samples: per channel; None where only the end tells.
        source_samples: what the source's samples were.
    """

    salt: bytes
    samples: int | None = None
    source_samples: SourceSamples = SourceSamples.UNKNOWN


def make_header(
    model: Autoencoder,
    *,
    sample_rate: int,
    channels: int,
    angles: tuple[int, ...],
    step: int,
    options: CompressOptions,
    source: SourceInfo,
) -> Header:
    """The header of a file that ``model`` makes.

    Raises:
        ModelError: the model's shape is beyond what a file can state.
        OptionError: the gain or the length of packets is out of range.
    """
    if not -MAX_GAIN_DB <= options.gain_db <= MAX_GAIN_DB:
        raise OptionError(f"a gain of {options.gain_db} dB: give {-MAX_GAIN_DB:g} to {MAX_GAIN_DB:g}")
    longest = MAX_PACKET_FRAMES * model.hop_length / model.sample_rate
    if not 0 < options.packet_seconds <= longest:
        raise OptionError(f"packets of {options.packet_seconds} s: give more than 0 and at most {longest:g}")
    name = "".join(filter(str.isprintable, model.name))
    header = Header(
        fingerprint=bytes.fromhex(fingerprint(model))[:FINGERPRINT_BYTES],
        tables=tables_digest(require_tables(model)),
        model=name.encode()[:MAX_NAME_BYTES].decode(errors="ignore"),
        native_rate=model.sample_rate,
        sample_rate=sample_rate,
        channels=channels,
        hop_length=model.hop_length,
        delay=model.decoder_latency,
        packet_frames=max(1, round(options.packet_seconds * model.sample_rate / model.hop_length)),
        quality_step=step,
        gain_step=round(options.gain_db * STEPS_PER_DECIBEL),
        samples=source.samples,
        angles=angles,
        salt=source.salt,
        source_samples=source.source_samples,
    )
    try:
        Header.from_bytes(header.to_bytes(), header.version)
    except FormatError as error:
        raise ModelError(f"model {model.name} can't make files: {error}") from error
    return header


@final
class PacketEncoder:
    """Latents to packets. A packet is complete when one more frame is known, because the last one tells the length."""

    def __init__(self, model: Autoencoder, header: Header):
        self._bottleneck, self._header = model.bottleneck, header
        self._coder = PacketCoder(require_tables(model).at(header.quality_step))
        self._waiting = np.zeros((header.channels, 0, model.bottleneck.codebooks), np.int32)
        self._checksum = self._packets = 0

    def push(self, z: Tensor) -> Iterator[Packet]:
        """Take latents ``(c, n, d)``; yield the packets that are complete."""
        with torch.inference_mode(), threads(1):
            codes = self._bottleneck.quantise(z, self._header.quality).cpu().numpy()
        self._waiting = np.concatenate((self._waiting, codes.clip(-_LARGEST_CODE, _LARGEST_CODE)), axis=1)
        size = self._header.packet_frames
        while self._waiting.shape[1] > size:
            full, self._waiting = self._waiting[:, :size], self._waiting[:, size:]
            self._checksum = codes_checksum(full, self._checksum)
            yield Packet(self._packets, size, self._coder.encode(full), salt=self._header.salt)
            self._packets += 1

    def finish(self, samples: int) -> Packet:
        """The last packet, of a sound of ``samples`` samples per channel."""
        self._checksum = codes_checksum(self._waiting, self._checksum)
        end = StreamEnd(samples, self._checksum)
        payload = self._coder.encode(self._waiting)
        return Packet(self._packets, self._waiting.shape[1], payload, end, salt=self._header.salt)


@final
class SoundEncoder:
    """A sound's blocks to packets."""

    def __init__(self, model: Autoencoder, header: Header):
        self._latents, self._packets = LatentEncoder(model, header), PacketEncoder(model, header)

    def push(self, block: np.ndarray) -> Iterator[Packet]:
        """Take audio ``(c, t)`` at the sound's rate; yield the packets that are complete."""
        return self._packets.push(self._latents.push(block))

    def finish(self) -> Iterator[Packet]:
        """Yield the rest; the last packet has its ``end``."""
        yield from self._packets.push(self._latents.finish())
        yield self._packets.finish(self._latents.samples)


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
        self._coded: dict[int, tuple[Packet, ...]] = {}
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

    def size(self, step: int) -> float:
        """Size of the file in bytes: exact for a short sound, else an estimate."""
        if self.exact:
            return self._bytes(self.packets(step))
        header = self._header
        packets = (self._packets(step, [z[:, : header.packet_frames]]) for z in self._latents)
        empty = self._bytes([])
        typical = sum(self._bytes(excerpt) for excerpt in packets) / len(self._latents) - empty
        return empty + typical * header.frames(self.samples) / header.packet_frames

    def packets(self, step: int) -> Sequence[Packet]:
        """The packets of a sound that the excerpts were the whole of; they are coded once."""
        assert self.exact
        if step not in self._coded:
            self._coded[step] = tuple(self._packets(step, self._latents))
        return self._coded[step]

    def highest_step(self, limit: float) -> int:
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
            tried.append(SizedStep(step, self.size(step)))
            if tried[-1].bytes <= limit:
                low = step
            else:
                high = step - 1
        return low

    def _packets(self, step: int, latents: list[Tensor]) -> Iterator[Packet]:
        encoder = PacketEncoder(self._model, replace(self._header, quality_step=step))
        for z in latents:
            yield from encoder.push(z)
        yield encoder.finish(self.samples)

    def _bytes(self, packets: Iterable[Packet]) -> int:
        """What a file of such packets takes."""
        writer = PacketWriter(BytesIO(), self._header, self._tags, seekable=True)
        for packet in packets:
            writer.write(packet)
        return writer.size

"""A model's latents to packets."""

from collections.abc import Iterator
from typing import NamedTuple, final

import numpy as np
import torch
from torch import Tensor

from auricle.codec.coding.channel_fit import ChannelFit
from auricle.codec.coding.entropy_coder import PacketCoder, codes_checksum, tables_digest
from auricle.codec.coding.network_stream import LatentEncoder
from auricle.codec.format.container import Packet, StreamEnd
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
from auricle.errors import FormatError, ModelError, OptionError
from auricle.model import Autoencoder, fingerprint
from auricle.model.arrays import rounded_quality
from auricle.model.bottleneck import Tables
from auricle.options.coding import CompressOptions
from auricle.stream import threads

_LARGEST_CODE = 1 << 19


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


class Rounding(NamedTuple):
    """How latents become codes.

    Attributes:
        step: of the quality dial, which a file's header states.
        deadzone: how much farther from zero than halfway a value must lie to become the larger of two codes, in steps
            between codes. No file states it: a decoder takes whatever codes there are.
    """

    step: int
    deadzone: float = 0.0


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
    fit: ChannelFit,
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
        angles=fit.angles,
        salt=source.salt,
        source_samples=source.source_samples,
        coherence_step=fit.coherence_step,
    )
    try:
        Header.from_bytes(header.to_bytes(), header.version)
    except FormatError as error:
        raise ModelError(f"model {model.name} can't make files: {error}") from error
    return header


@final
class PacketEncoder:
    """Latents to packets. A packet is complete when one more frame is known, because the last one tells the length."""

    def __init__(self, model: Autoencoder, header: Header, deadzone: float = 0.0):
        self._bottleneck, self._header, self._deadzone = model.bottleneck, header, deadzone
        self._coder = PacketCoder(require_tables(model).at(header.quality_step))
        self._waiting = np.zeros((header.channels, 0, model.bottleneck.codebooks), np.int32)
        self._checksum = self._packets = 0

    def push(self, z: Tensor) -> Iterator[Packet]:
        """Take latents ``(c, n, d)``; yield the packets that are complete."""
        with torch.inference_mode(), threads(1):
            codes = self._bottleneck.quantise_sparsely(z, self._header.quality, self._deadzone).cpu().numpy()
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

    def __init__(self, model: Autoencoder, header: Header, deadzone: float = 0.0):
        self._latents, self._packets = LatentEncoder(model, header), PacketEncoder(model, header, deadzone)

    def push(self, block: np.ndarray) -> Iterator[Packet]:
        """Take audio ``(c, t)`` at the sound's rate; yield the packets that are complete."""
        return self._packets.push(self._latents.push(block))

    def finish(self) -> Iterator[Packet]:
        """Yield the rest; the last packet has its ``end``."""
        yield from self._packets.push(self._latents.finish())
        yield self._packets.finish(self._latents.samples)

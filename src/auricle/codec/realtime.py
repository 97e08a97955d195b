"""Packets for networks: an encoder and a decoder that take sound and packets as they come, and bear losses."""

import os
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import final

import numpy as np

from auricle.audio.samples import float_samples
from auricle.codec.coding.channel_fit import ChannelFit
from auricle.codec.coding.decoder import PacketDecoder, check_header, find_model
from auricle.codec.coding.encoder import SoundEncoder, SourceInfo, make_header, quality_step
from auricle.codec.format.channel_rotation import default_angles
from auricle.codec.format.container import Packet, PacketReader, header_bytes
from auricle.codec.format.header import MAX_CHANNELS, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, SALT_BYTES, Header, SampleSpan
from auricle.errors import AudioError, FormatError, OptionError
from auricle.model import Autoencoder, load
from auricle.options.coding import CompressOptions
from auricle.options.field_types import check_arguments


@final
class Encoder:
    """Sound to packets, block by block. ``header_bytes`` and all packets' bytes in a row are an .aur file.

    Args:
        model: a model, a shipped model's name or a model file.
        sample_rate: of the sound in Hz.
        channels: 1 to 8.
        quality: where the dial stands, in the middle by default.
        packet_seconds: length of a packet. Short ones come soon and lose little when they are lost; each begins with an
            empty past, which costs bits.
        gain_db: decibels to raise the sound by before coding; the decoder lowers it again.

    Attributes:
        header: what a decoder must know.
        header_bytes: the same as bytes: the beginning of a file.

    `auricle.codec.info.latency_seconds` of the header and the encoder's look-ahead tell how long sound is under way.

    Raises:
        ModelError: the model is unknown or can't compress.
        OptionError: a choice is out of range.
    """

    @check_arguments("sample_rate")
    def __init__(
        self,
        model: Autoencoder | Path | str,
        *,
        sample_rate: int,
        channels: int = 1,
        quality: float | None = None,
        packet_seconds: float = 0.1,
        gain_db: float = 0.0,
    ):
        is_rate = isinstance(sample_rate, int | np.integer) and MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE
        if not (is_rate and 1 <= channels <= MAX_CHANNELS):
            raise OptionError(
                f"{channels} channels at {sample_rate} Hz: give 1 to {MAX_CHANNELS} channels and "
                f"an integer from {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz"
            )
        loaded = model if isinstance(model, Autoencoder) else load(model)
        self.header = make_header(
            loaded,
            sample_rate=sample_rate,
            channels=channels,
            fit=ChannelFit(default_angles(channels), 0),
            step=quality_step(loaded, quality),
            options=CompressOptions(gain_db, packet_seconds),
            source=SourceInfo(os.urandom(SALT_BYTES)),
        )
        self.header_bytes = header_bytes(self.header)
        self._sound = SoundEncoder(loaded, self.header)
        self._finished = False

    def push(self, block: np.ndarray) -> list[Packet]:
        """Take float audio ``(c, t)``, any t; return the packets that are complete.

        Raises:
            AudioError: the block has another number of channels, holds no floats, or a sample that is not finite.
            OptionError: the encoder is finished.
        """
        self._check_open()
        samples = float_samples(block, "a block")
        if samples.ndim != 2 or samples.shape[0] != self.header.channels:
            raise AudioError(f"a block of shape {samples.shape}: give ({self.header.channels}, t)")
        if not np.isfinite(samples).all():
            raise AudioError("a block holds NaN or infinite samples: mend them first")
        return list(self._sound.push(samples))

    def finish(self) -> list[Packet]:
        """Return the rest; the last packet has its ``end``.

        Raises:
            OptionError: it has been finished already.
        """
        self._check_open()
        self._finished = True
        return list(self._sound.finish())

    def _check_open(self) -> None:
        if self._finished:
            raise OptionError("this encoder is finished: make a new one for the next sound")


@final
class Decoder:
    """Packets to sound, in order; what is missing is concealed.

    Args:
        header: the encoder's, or its bytes.
        model: the model that made the packets; by default the shipped one that the header names.
        max_loss_seconds: longest loss that is concealed. A packet from farther ahead is an error, not an hour of work.

    Raises:
        FormatError: the header is damaged or contradicts the model.
        ModelError: the model is unknown or not the one that made the packets.
    """

    @check_arguments()
    def __init__(
        self,
        header: bytes | Header,
        model: Autoencoder | Path | str | None = None,
        *,
        max_loss_seconds: float = 10.0,
    ):
        self.header = header if isinstance(header, Header) else _parse_header(header)
        loaded = find_model("the stream", self.header, model)
        check_header("the stream", self.header, loaded)
        self._decoder = PacketDecoder(loaded, self.header, "the stream", strict=False)
        self._max_loss_packets = max_loss_seconds / self.header.packet_seconds

    @property
    def lost(self) -> tuple[SampleSpan, ...]:
        """Spans of the sound that were lost so far, in samples per channel."""
        return tuple(self._decoder.lost)

    @property
    def position(self) -> int:
        """Samples per channel that have come out."""
        return self._decoder.position

    @check_arguments()
    def push(self, packet: Packet) -> np.ndarray:
        """Take a packet; return the audio float32 ``(c, t)`` that is ready.

        Packets that were left out before it are concealed. One that comes late or twice is ignored, one whose bytes
        are not a code stream counts as lost.

        Raises:
            FormatError: the packet is so far ahead that more would be lost than ``max_loss_seconds``; it is left out.
        """
        missing = packet.sequence - self._decoder.expected
        if missing < 0 or self._decoder.ended:
            return self._joined(())
        lost_packets = missing + (packet.count if packet.payload is None else 0)
        if lost_packets > max(1.0, self._max_loss_packets):
            raise FormatError(
                f"packet {packet.sequence} came where {self._decoder.expected} was due: it is damaged or a stranger's; "
                "begin a new decoder if the stream went on without you"
            )
        frames = missing * self.header.packet_frames
        return self._joined((*self._decoder.conceal(frames), *self._decoder.blocks([packet])))

    @check_arguments()
    def conceal(self, packets: int = 1) -> np.ndarray:
        """Give up waiting for so many packets; return the audio ``(c, t)`` that stands for them: none after the last
        packet, which says where the sound ends.

        Raises:
            OptionError: the number is negative, or stands for more than ``max_loss_seconds``.
        """
        if not 0 <= packets <= max(1.0, self._max_loss_packets):
            raise OptionError(f"{packets} lost packets: give 0 to {int(max(1.0, self._max_loss_packets))}")
        if self._decoder.ended:
            return self._joined(())
        return self._joined(self._decoder.conceal(packets * self.header.packet_frames))

    def _joined(self, blocks: Iterable[np.ndarray]) -> np.ndarray:
        return np.concatenate([np.zeros((self.header.channels, 0), np.float32), *blocks], axis=1)


def _parse_header(data: bytes) -> Header:
    file = BytesIO(data)
    header = PacketReader(file, "the header").header
    if file.read(1):
        raise FormatError("the header is not what an encoder made: hand on its bytes as they are")
    return header

"""The header of an .aur file: everything but the sound. ``docs/format.md`` is the norm."""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import NamedTuple, final

from auricle.codec.format.channel_rotation import angle_count
from auricle.codec.format.fields import Fields, rate_bytes, varint
from auricle.errors import FormatError

STEPS_PER_LEVEL = 8
"""Quality is stored in steps of an eighth."""
STEPS_PER_DECIBEL = 2
"""Gain is stored in half decibels."""
COHERENCE_STEPS = 255
"""A coherence of 1."""
FINGERPRINT_BYTES = 8
TABLES_BYTES = 4
MAX_NAME_BYTES = 64
MAX_CHANNELS = 8
MIN_SAMPLE_RATE, MAX_SAMPLE_RATE = 8_000, 192_000
MIN_NATIVE_RATE = 4_000
MAX_HOP_LENGTH = 1 << 16
MAX_DELAY = 1 << 20
MAX_PACKET_FRAMES = 1 << 12
MAX_RUN_FRAMES = 128
"""Most frames per run of the network: more gain little speed, and a pipe waits for them."""
MAX_GAIN_DB = 63.5
SAMPLES_BYTES = 5
SALT_BYTES = 4
MAX_SAMPLES = (1 << 8 * SAMPLES_BYTES) - 2
_UNKNOWN = MAX_SAMPLES + 1


class ClaimError(FormatError):
    """What a file says of its length is contradicted by its packets or beyond its reader's limits: no damage does that.

    The message says what to do.
    """


@final
class SourceSamples(IntEnum):
    """What the samples of the sound's source were, so that it can come back in the same."""

    UNKNOWN = 0
    PCM_16 = 16
    PCM_24 = 24
    FLOAT = 32


class SampleSpan(NamedTuple):
    """Samples per channel, at the sound's own rate, from ``first`` to just before ``stop``."""

    first: int
    stop: int


@final
@dataclass(frozen=True)
class Header:
    """What a decoder must know before the first packet.

    Attributes:
        fingerprint: first 8 bytes of the SHA-256 that names what the model decodes to.
        tables: first 4 bytes of the SHA-256 of the integer tables: what the codes can be read with.
        model: the model's short name, for people and for finding shipped models.
        native_rate: the model's sample rate in Hz.
        sample_rate: the sound's own, in Hz.
        channels: 1 to 8.
        hop_length: samples at the native rate per frame.
        delay: samples at the native rate by which the model's decoder lags its frames.
        packet_frames: frames in each packet but the last.
        quality_step: quality times 8.
        gain_step: decibels, times 2, by which the sound was raised before coding; a decoder lowers it again.
        samples: per channel, at the sound's rate; None where the writer did not know (a pipe).
        angles: of the channel rotation.
        salt: 4 bytes that go into the checksum of each packet, so that another file's are noticed; empty in format
            version 1, which had none.
        source_samples: what the source's samples were; not known in version 1.
        coherence_step: share of bins, in 255ths, in which channels take the noise of the first one; 0 in version 1.
    """

    fingerprint: bytes
    tables: bytes
    model: str
    native_rate: int
    sample_rate: int
    channels: int
    hop_length: int
    delay: int
    packet_frames: int
    quality_step: int
    gain_step: int
    samples: int | None
    angles: tuple[int, ...]
    salt: bytes = b""
    source_samples: SourceSamples = SourceSamples.UNKNOWN
    coherence_step: int = 0

    @property
    def version(self) -> int:
        """Of the format, as its file states it."""
        return 2 if self.salt else 1

    @property
    def quality(self) -> float:
        """Where the quality dial stands."""
        return self.quality_step / STEPS_PER_LEVEL

    @property
    def gain_db(self) -> float:
        """Decibels by which the sound was raised before coding."""
        return self.gain_step / STEPS_PER_DECIBEL

    @property
    def coherence(self) -> float:
        """Of the noise of all channels with that of the first one, from 0 to 1."""
        return self.coherence_step / COHERENCE_STEPS

    @property
    def run_frames(self) -> int:
        """Frames per run of the network, the same for a whole file: so codes do not depend on how a sound arrives.

        A packet is a few runs of nearly equal length; where it is no whole number of them, runs go on in the next one.
        """
        return -(-self.packet_frames // -(-self.packet_frames // MAX_RUN_FRAMES))

    @property
    def packet_seconds(self) -> float:
        """Length of a full packet."""
        return self.packet_frames * self.hop_length / self.native_rate

    def frames(self, samples: int) -> int:
        """Frames that a sound of so many samples at its own rate is coded in."""
        native = -(-samples * self.native_rate // self.sample_rate)
        return -(-(native + self.delay) // self.hop_length) if samples else 0

    def last_packet_frames(self, samples: int, sequence: int) -> int:
        """Frames of the last packet, which is number ``sequence``, of a sound of so many samples.

        Raises:
            ClaimError: a sound of that length does not end in this packet.
        """
        frames = self.frames(samples) - sequence * self.packet_frames
        if not (1 <= frames <= self.packet_frames or (frames == 0 and samples == 0)):
            raise ClaimError(f"{samples} samples do not fit its {sequence + 1} packets: get the file again")
        return frames

    def span(self, first: int, stop: int) -> SampleSpan:
        """Samples that frames from ``first`` to just before ``stop`` stand for: they come out in decoding these."""
        return SampleSpan(self._sample(first), self._sample(stop))

    def _sample(self, frame: int) -> int:
        native = max(0, frame * self.hop_length - self.delay)
        sample = native * self.sample_rate // self.native_rate
        return sample if self.samples is None else min(sample, self.samples)

    def to_bytes(self) -> bytes:
        name = self.model.encode()[:MAX_NAME_BYTES].decode(errors="ignore").encode()
        return b"".join(
            (
                self.fingerprint,
                self.tables,
                bytes([len(name)]),
                name,
                rate_bytes(self.native_rate),
                rate_bytes(self.sample_rate),
                bytes([self.channels]),
                varint(self.hop_length),
                varint(self.delay),
                varint(self.packet_frames),
                bytes([self.quality_step]),
                self.gain_step.to_bytes(1, "little", signed=True),
                (_UNKNOWN if self.samples is None else self.samples).to_bytes(SAMPLES_BYTES, "little"),
                *(angle.to_bytes(2, "little", signed=True) for angle in self.angles),
                *((self.salt, bytes([self.source_samples])) if self.salt else ()),
                *((bytes([self.coherence_step]),) if self.salt and self.coherence_step else ()),
            )
        )

    @staticmethod
    def from_bytes(data: bytes, version: int | None) -> "Header":
        """Read the body of a header; bytes after the known fields are left to later versions.

        Args:
            data: the body.
            version: of the format; None where it is not stated: it is 2 if anything follows the fields of version 1.

        Raises:
            FormatError: a field is missing or out of its range.
        """
        fields = Fields(data)
        fingerprint, tables = fields.read(FINGERPRINT_BYTES), fields.read(TABLES_BYTES)
        name = _parse_name(fields.read(_within("model name length", fields.number(1), 0, MAX_NAME_BYTES)))
        native_rate = _within("native rate", fields.rate(MAX_SAMPLE_RATE), MIN_NATIVE_RATE, MAX_SAMPLE_RATE)
        sample_rate = _within("sample rate", fields.rate(MAX_SAMPLE_RATE), MIN_SAMPLE_RATE, MAX_SAMPLE_RATE)
        channels = _within("number of channels", fields.number(1), 1, MAX_CHANNELS)
        header = Header(
            fingerprint,
            tables,
            name,
            native_rate,
            sample_rate,
            channels,
            hop_length=_within("hop length", fields.varint(MAX_HOP_LENGTH), 1, MAX_HOP_LENGTH),
            delay=fields.varint(MAX_DELAY),
            packet_frames=_within("packet length", fields.varint(MAX_PACKET_FRAMES), 1, MAX_PACKET_FRAMES),
            quality_step=fields.number(1),
            gain_step=fields.number(1, signed=True),
            samples=None if (samples := fields.number(SAMPLES_BYTES)) == _UNKNOWN else samples,
            angles=tuple(fields.number(2, signed=True) for _ in range(angle_count(channels))),
        )
        if version == 1 or (version is None and not fields.left):
            return header
        salt, source_samples = fields.read(SALT_BYTES), _parse_source_samples(fields.number(1))
        coherence_step = fields.number(1) if fields.left else 0
        return replace(header, salt=salt, source_samples=source_samples, coherence_step=coherence_step)


def _parse_source_samples(value: int) -> SourceSamples:
    return SourceSamples(value) if value in list(SourceSamples) else SourceSamples.UNKNOWN


def _within(name: str, value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise FormatError(f"its {name} is {value}, not {low} to {high}")
    return value


def _parse_name(data: bytes) -> str:
    try:
        name = data.decode()
    except UnicodeDecodeError as error:
        raise FormatError("its model name is not UTF-8") from error
    if not name.isprintable():
        raise FormatError("its model name holds control characters")
    return name

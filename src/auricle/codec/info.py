"""What an .aur file says of itself, read and checked without the model."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

from auricle.codec.format.container import PacketReader, open_file
from auricle.codec.format.header import Header
from auricle.open_files import FileSource, local_file


@final
@dataclass(frozen=True)
class AurInfo:
    """Everything that an .aur file tells.

    Attributes:
        path: the file; of an open one its name.
        bytes: its size.
        version: of the format.
        model: name of the model that made it.
        fingerprint: the model's, its first 16 hexadecimal digits.
        tables: first 8 hexadecimal digits of the SHA-256 of the tables that its codes are read with.
        native_rate: the model's sample rate in Hz.
        sample_rate: the sound's, in Hz.
        channels: of the sound.
        samples: per channel, at ``sample_rate``.
        quality: where the quality dial stood.
        gain_db: decibels by which the sound was raised before coding.
        packets: how many.
        lost_packets: how many of them are lost: the file has been repaired.
        packet_seconds: length of a packet.
        latency_seconds: longest time from a moment of the sound to its coming out again, for one who listens while
            the file is being made: a packet, the network's pieces, and the decoder's delay.
        coded_bytes: entropy-coded bytes; the rest of ``bytes`` is overhead.
        tags: title, artist and other words about the sound.
    """

    path: Path
    bytes: int
    version: int
    model: str
    fingerprint: str
    tables: str
    native_rate: int
    sample_rate: int
    channels: int
    samples: int
    quality: float
    gain_db: float
    packets: int
    lost_packets: int
    packet_seconds: float
    latency_seconds: float
    coded_bytes: int
    tags: Mapping[str, str]

    @property
    def seconds(self) -> float:
        """Length of the sound."""
        return self.samples / self.sample_rate

    @property
    def kbps(self) -> float:
        """The whole file's kilobits per second, all channels together; 0 for a sound of no samples."""
        return bitrate(self.bytes, self.seconds)


def bitrate(size: int, seconds: float) -> float:
    """Kilobits per second of ``size`` bytes; 0 for no time."""
    return 8 * size / 1000 / seconds if seconds else 0.0


def latency_seconds(header: Header) -> float:
    """Longest time from a moment of the sound to its coming out of a decoder that is fed at once.

    A packet leaves the encoder when its frames and one more have run, in whole runs of the network; its first moment
    has waited longest. Where packets are no whole number of runs, the decoder waits up to a run too. It lags by the
    header's delay. What the encoder looks ahead comes on top; for one that looks more than a frame ahead, in packets
    that are no whole number of runs, it may be a run more.
    """
    run_frames = header.run_frames
    runs = -(-(header.packet_frames + 1) // run_frames) + (header.packet_frames % run_frames > 0)
    return (runs * run_frames * header.hop_length + header.delay) / header.native_rate


def info(source: FileSource) -> AurInfo:
    """Read an .aur file, by its path or open, from front to back and check all its checksums.

    Raises:
        FormatError: it is missing, not an .aur file, damaged or cut short.
    """
    with local_file(source) as file:
        return replace(_info(file.path), path=file.name)


def _info(path: Path) -> AurInfo:
    samples = coded = packets = lost = 0
    with open_file(path) as file:
        reader = PacketReader(file, path)
        for packet in reader.packets():
            packets += packet.count
            lost += packet.count if packet.payload is None else 0
            coded += len(packet.payload or b"")
            samples = packet.end.samples if packet.end else 0
        size = reader.size
    header = reader.header
    return AurInfo(
        path,
        size,
        reader.header.version,
        header.model,
        header.fingerprint.hex(),
        header.tables.hex(),
        header.native_rate,
        header.sample_rate,
        header.channels,
        samples,
        header.quality,
        header.gain_db,
        packets,
        lost,
        header.packet_seconds,
        latency_seconds(header),
        coded,
        dict(reader.tags),
    )

"""What an .aur file says of itself, read and checked without the model."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

from auricle.codec.container import VERSION, Reader, open_file


@final
@dataclass(frozen=True)
class AurInfo:
    """Everything that an .aur file tells.

    Attributes:
        path: the file.
        bytes: its size.
        version: of the format.
        model: name of the model that made it.
        fingerprint: the model's, its first 32 hexadecimal digits.
        native_rate: the model's sample rate in Hz.
        sample_rate: the sound's, in Hz.
        channels: of the sound.
        samples: per channel, at ``sample_rate``.
        quality: where the quality dial stood.
        packets: how many.
        packet_seconds: length of a packet.
        coded_bytes: entropy-coded bytes; the rest of ``bytes`` is overhead.
    """

    path: Path
    bytes: int
    version: int
    model: str
    fingerprint: str
    native_rate: int
    sample_rate: int
    channels: int
    samples: int
    quality: float
    packets: int
    packet_seconds: float
    coded_bytes: int

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


def info(path: Path | str) -> AurInfo:
    """Read an .aur file from front to back and check all its checksums.

    Raises:
        FormatError: it is missing, not an .aur file, damaged or cut short.
    """
    path = Path(path)
    samples = coded = packets = 0
    with open_file(path) as file:
        reader = Reader(file, path)
        for packet in reader.packets():
            packets += 1
            coded += len(packet.payload)
            samples = packet.end.samples if packet.end else 0
        size = file.tell()
    header = reader.header
    return AurInfo(
        path,
        size,
        int(VERSION),
        header.model,
        header.fingerprint.hex(),
        header.native_rate,
        header.sample_rate,
        header.channels,
        samples,
        header.quality,
        packets,
        header.packet_frames * header.hop_length / header.native_rate,
        coded,
    )

"""Tell whether an .aur file is what was written."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, final

from auricle.codec.claims import check_packet_claims
from auricle.codec.format.container import Packet, PacketReader, open_file
from auricle.codec.format.header import ClaimError, Header, SampleSpan
from auricle.codec.format.seek_table import PacketOffsets, find_table
from auricle.errors import FormatError
from auricle.open_files import FileSource, local_file
from auricle.options.coding import ReadLimits
from auricle.options.field_types import check_arguments

if TYPE_CHECKING:
    from auricle.model import Autoencoder


@final
@dataclass(frozen=True)
class VerifyResult:
    """A file whose every byte is as it was written.

    Attributes:
        path: the file; of an open one its name.
        bytes: its size.
        packets: how many, without lost ones.
        samples: length of the sound, per channel.
        sample_rate: in Hz.
        lost: spans in samples that a repair has marked as lost.
        codes: whether the codes were decoded too and are those that were written.
        seek_table: whether there is a seek table; it lists every packet where it stands.
        model: what the codes were read with: name, fingerprint and file of the model; empty where none was given.
        unseen: what can't be told, in words; empty where the codes were read, and from format version 2 on.
    """

    path: Path
    bytes: int
    packets: int
    samples: int
    sample_rate: int
    lost: tuple[SampleSpan, ...]
    codes: bool
    seek_table: bool
    model: str
    unseen: str


@check_arguments("source")
def verify(
    source: FileSource, *, model: "Autoencoder | Path | str | None" = None, limits: ReadLimits = ReadLimits()
) -> VerifyResult:
    """Check every byte of an .aur file by its checksums. No model is needed; any single wrong bit is found.

    A packet that was taken from another file is found by its checksum, which holds the file's salt. Packets of format
    version 1 have none: there it is found where the seek table shows it (by another size), and with a model by the hash
    of the codes; what can't be told is said.

    Args:
        source: the file: its path, or an open one (an upload, a pipe), which is left where it stood if it can seek.
        model: the model that made it: then the codes are decoded as well, and compared with the hash of those written.
        limits: what a file may claim, as in decoding.

    Raises:
        FormatError: it is missing, not an .aur file, damaged or cut short, holds a packet of another file, or claims
            more than the limits allow.
        ModelError: the model is not the one that made the file.
    """
    with local_file(source) as file:
        return replace(_verify(file.path, model, limits), path=file.name)


def _verify(path: Path, model: "Autoencoder | Path | str | None", limits: ReadLimits) -> VerifyResult:
    with open_file(path) as file:
        reader = PacketReader(file, path)
        checker = None if model is None else _CodeChecker(reader, model)
        lost: list[SampleSpan] = []
        count = samples = 0
        offsets, size = PacketOffsets(), path.stat().st_size
        for packet in reader.packets():
            begin = packet.sequence * reader.header.packet_frames
            check_packet_claims(reader, begin + packet.frames, size, limits)
            offsets.add(reader.offset if packet.has_place else 0, packet.count)
            if packet.payload is None:
                lost.append(reader.header.span(begin, begin + packet.frames))
            else:
                count += 1
            if checker is not None:
                checker.check(packet)
            samples = packet.end.samples if packet.end else 0
        has_table = _check_table(file, reader.name, reader.header, offsets)
    spans = tuple(SampleSpan(first, min(stop, samples)) for first, stop in lost)
    codes = checker is not None and not lost
    sealed = codes or reader.header.version > 1
    unseen = "" if sealed else _unseen(has_table=has_table, has_lost=bool(lost))
    model_name = "" if checker is None else checker.model
    rate = reader.header.sample_rate
    return VerifyResult(path, size, count, samples, rate, spans, codes, has_table, model_name, unseen)


def _check_table(file: BinaryIO, name: str, header: Header, offsets: PacketOffsets) -> bool:
    """Whether there is a seek table at the end of a file; it lists these packets.

    Raises:
        ClaimError: it lists others.
    """
    table = find_table(file)
    if table is None:
        return False
    if table.header != header:
        raise ClaimError(
            f"{name}: its seek table repeats another header: one of them is another file's; `auricle repair` makes a "
            "new table if the sound is right"
        )
    if table != offsets.table(header):
        raise ClaimError(
            f"{name}: its seek table lists other packets: some are another file's, or the table is; `auricle repair` "
            "makes a new one if the sound is right"
        )
    return True


def _unseen(*, has_table: bool, has_lost: bool) -> str:
    if has_lost:
        return "a packet of another file: where packets are lost, there is no hash of the codes to compare with"
    same = "number and size" if has_table else "number"
    return f"a packet of another file with the same {same}: --model finds it by the hash of the codes"


@final
class _CodeChecker:
    """Decodes the codes of a file's packets and compares their hash.

    Attributes:
        model: name, fingerprint and file of the model that reads them.
    """

    def __init__(self, reader: PacketReader, model: "Autoencoder | Path | str"):
        from auricle.codec.coding.decoder import check_header, describe_model, find_model  # loads torch
        from auricle.codec.coding.encoder import require_tables
        from auricle.codec.coding.entropy_coder import PacketCoder

        loaded = find_model(reader.name, reader.header, model, any_decoder=True)
        check_header(reader.name, reader.header, loaded)
        self.model = describe_model(model, loaded)
        self._reader, self._lost, self._checksum = reader, False, 0
        self._coder = PacketCoder(require_tables(loaded).at(reader.header.quality_step))

    def check(self, packet: Packet) -> None:
        """Take the next packet.

        Raises:
            FormatError: its bytes are no codes, or it is the last one and the codes are not those that were written.
        """
        from auricle.codec.coding.entropy_coder import codes_checksum

        if packet.payload is None:
            self._lost = True
            return
        try:
            (codes,) = self._coder.decode([packet.payload], self._reader.header.channels, packet.frames)
        except FormatError as error:
            raise FormatError(
                f"{self._reader.name}: packet {packet.sequence}, read with {self.model}: {error}; get the file again"
            ) from error
        self._checksum = codes_checksum(codes, self._checksum)
        if packet.end is not None and not self._lost and packet.end.codes_checksum != self._checksum:
            raise FormatError(
                f"{self._reader.name}: its codes, read with {self.model}, are not those that were written: a packet is "
                "damaged or another file's, get the file again"
            )

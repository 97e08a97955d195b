"""Packets to sound, with the model that made them."""

from collections.abc import Iterator
from itertools import groupby, islice
from pathlib import Path

import numpy as np

from auricle.audio import AudioWriter
from auricle.codec.coder import PacketCoder, codes_checksum
from auricle.codec.compress import Progress
from auricle.codec.container import Packet, Reader, open_file
from auricle.codec.encoding import tables_of
from auricle.codec.header import FINGERPRINT_BYTES, Header
from auricle.codec.info import AurInfo
from auricle.codec.streams import SoundDecoder
from auricle.errors import FormatError, ModelError
from auricle.model import Autoencoder, fingerprint, load, shipped

_SIDE_BY_SIDE = 8


def find_model(source: Path, about: AurInfo, model: Autoencoder | Path | str | None) -> Autoencoder:
    """The model that made a file: the one given, or the shipped one that the file names.

    A name in a file is never taken for a path: a stranger's file can't choose what is loaded.

    Raises:
        ModelError: no shipped model has that name, or the model's fingerprint is not the file's.
    """
    if model is None:
        if about.model not in shipped():
            raise ModelError(
                f"{source} was made with model {about.model!r} (fingerprint {about.fingerprint}), "
                "which is not shipped: give its file with --model"
            )
        model = shipped()[about.model]
    loaded = model if isinstance(model, Autoencoder) else load(model)
    found, *older = (name[: 2 * FINGERPRINT_BYTES] for name in (fingerprint(loaded), *loaded.info.decodes))
    if about.fingerprint not in (found, *older):
        raise ModelError(
            f"{source} was made with model {about.model!r} of fingerprint {about.fingerprint}, "
            f"model {loaded.name!r} has {found}: give the model that made it with --model"
        )
    return loaded


def decode_file(source: Path, target: Path, model: Autoencoder, seconds: float, on_progress: Progress | None) -> None:
    """Decode a file that ``model`` made into an audio file.

    Raises:
        FormatError: the file is damaged.
        OptionError: the target's suffix is not a known format.
        OutputError: the target can't be written.
    """
    with open_file(source) as file:
        reader = Reader(file, source)
        header = reader.header
        _check_header(source, header, model)
        decoder = SoundDecoder(model, header)
        with AudioWriter(target, header.sample_rate, header.channels) as writer:
            for packet, codes in _decoded(reader, PacketCoder(tables_of(model).at(header.quality_step)), source):
                end = packet.end
                writer.write(decoder.finish(codes, end.samples) if end else decoder.push(codes))
                if on_progress:
                    on_progress(writer.frames / header.sample_rate, seconds)


def _decoded(reader: Reader, coder: PacketCoder, source: Path) -> Iterator[tuple[Packet, np.ndarray]]:
    """Packets with their codes ``(c, n, k)``; several are decoded side by side, which costs far less time."""
    checksum = 0
    packets = reader.packets()
    while group := list(islice(packets, _SIDE_BY_SIDE)):
        for frames, run in groupby(group, lambda packet: packet.frames):
            alike = list(run)
            try:
                codes = coder.decode([packet.payload for packet in alike], reader.header.channels, frames)
            except FormatError as error:
                raise FormatError(f"{source}, near packet {alike[0].sequence}: {error}") from error
            for packet, part in zip(alike, codes, strict=True):
                checksum = codes_checksum(part, checksum)
                if packet.end and packet.end.codes_checksum != checksum:
                    raise FormatError(f"{source}: its codes are not those that were written: get it again")
                yield packet, part


def _check_header(source: Path, header: Header, model: Autoencoder) -> None:
    stated = header.native_rate, header.hop_length, header.delay
    if stated != (model.sample_rate, model.hop_length, model.decoder_latency):
        raise FormatError(f"{source}: its header contradicts model {model.name!r}: the file is damaged")
    last = tables_of(model).last_step
    if header.quality_step > last:
        raise FormatError(f"{source}: its quality step is {header.quality_step}, its model's last is {last}")

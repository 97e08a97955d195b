"""Packets to sound, with the model that made them."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import final

import numpy as np

from auricle.codec.coding.encoder import require_tables
from auricle.codec.coding.entropy_coder import PacketCoder, codes_checksum, tables_digest
from auricle.codec.coding.network_stream import SoundDecoder
from auricle.codec.format.container import Packet
from auricle.codec.format.header import FINGERPRINT_BYTES, Header, SampleSpan
from auricle.codec.playback import Playback, SoundWriter
from auricle.errors import FormatError, ModelError, OptionError
from auricle.model import Autoencoder, earlier, fingerprint, load, shipped
from auricle.progress import OnProgress, Progress

_MAX_CONCEALED_FRAMES = 256


def find_model(
    source: str | Path, header: Header, model: Autoencoder | Path | str | None, *, any_decoder: bool = False
) -> Autoencoder:
    """The model that made a file: the one given, or the shipped one that the file names, also if it was replaced since.

    A name in a file is never taken for a path: a stranger's file can't choose what is loaded.

    Args:
        source: the file's name, for messages.
        header: of the file.
        model: a model, a shipped model's name, a model file, or None.
        any_decoder: take another model too, if its tables read the file's codes.

    Raises:
        ModelError: no shipped model has that name, or the model's fingerprint is not the file's.
    """
    file_digits = header.fingerprint.hex()
    if model is None:
        model = earlier().get(file_digits, shipped().get(header.model))
        if model is None:
            raise ModelError(
                f"{source} was made with model {header.model!r} (fingerprint {file_digits}), "
                "which is not shipped: give its file with --model"
            )
    loaded = model if isinstance(model, Autoencoder) else load(model)
    digits, *earlier_digits = (name[: 2 * FINGERPRINT_BYTES] for name in (fingerprint(loaded), *loaded.info.decodes))
    if file_digits in (digits, *earlier_digits):
        return loaded
    message = (
        f"{source} was made with model {header.model!r} (fingerprint {file_digits}), not with "
        f"{describe_model(model, loaded)}: {_advice(header)}"
    )
    if tables_digest(require_tables(loaded)) != header.tables:
        raise ModelError(message)
    if not any_decoder:
        raise ModelError(f"{message}, or allow this one with --any-decoder: its tables can read the file")
    return loaded


def describe_model(model: Autoencoder | Path | str, loaded: Autoencoder) -> str:
    """A model as messages name it: its name, the fingerprint that its files carry, and the file that was given."""
    place = "" if isinstance(model, Autoencoder) or str(model) in shipped() else f", file {model}"
    return f"model {loaded.name!r} (fingerprint {fingerprint(loaded)[: 2 * FINGERPRINT_BYTES]}{place})"


def _advice(header: Header) -> str:
    """What to do where another model was given."""
    digits, shipped_path = header.fingerprint.hex(), shipped().get(header.model)
    if digits in earlier() or (shipped_path is not None and fingerprint(load(shipped_path)).startswith(digits)):
        return "leave --model out"
    return "give the model that made it with --model"


def check_header(source: str | Path, header: Header, model: Autoencoder) -> None:
    """Refuse a header that contradicts the model.

    Raises:
        FormatError: it does.
    """
    tables = require_tables(model)
    expected = model.sample_rate, model.hop_length, model.decoder_latency, tables_digest(tables)
    if (header.native_rate, header.hop_length, header.delay, header.tables) != expected:
        raise FormatError(f"{source}: its header contradicts model {model.name!r}: the file is damaged")
    last = tables.last_step
    if header.quality_step > last:
        raise FormatError(f"{source}: its quality step is {header.quality_step}, its model's last is {last}")


@final
class PacketDecoder:
    """Packets of a file in order, lost ones among them, to blocks of sound.

    Args:
        model: the one that made the file.
        header: of the file.
        name: what to call the file in messages.
        first: number of the packet that comes first.
        strict: refuse bytes that are not a code stream and codes that are not those written; else they count as lost.
        run_frames: frames per run of the network; by default as short as for a pipe.

    Attributes:
        expected: number of the packet that comes next.
        lost: spans of the sound that were lost and concealed.
        ended: whether the last packet has come.
    """

    def __init__(
        self,
        model: Autoencoder,
        header: Header,
        name: str | Path,
        *,
        first: int = 0,
        strict: bool = True,
        run_frames: int | None = None,
    ):
        self._header, self._name, self._strict = header, name, strict
        self._coder = PacketCoder(require_tables(model).at(header.quality_step))
        self._sound = SoundDecoder(model, header, first * header.packet_frames, run_frames)
        self._checksum: int | None = None if first else 0
        self.expected = first
        self.lost: list[SampleSpan] = []
        self.ended = False

    @property
    def position(self) -> int:
        """Sample of the sound that the next block begins with."""
        return self._sound.position

    def blocks(self, packets: Iterable[Packet]) -> Iterator[np.ndarray]:
        """Yield audio ``(c, t)`` of packets that follow one another; several are decoded side by side, which costs
        far less time.

        Raises:
            FormatError: a packet's bytes are not a code stream, or the codes are not those that were written.
        """
        for (frames, has_payload), packet_run in groupby(
            packets, lambda packet: (packet.frames, packet.payload is not None)
        ):
            group = list(packet_run)
            if not has_payload:
                for packet in group:
                    yield from self._conceal(packet)
                continue
            for packet, codes in zip(group, self._codes(group, frames), strict=True):
                yield from self._conceal(packet) if codes is None else (self._play(packet, codes),)

    def conceal(self, frames: int) -> Iterator[np.ndarray]:
        """Yield audio for frames that are lost, a whole number of packets."""
        if frames == 0:
            return
        self._checksum = None
        remaining = frames
        while remaining > 0:
            count = min(remaining, _MAX_CONCEALED_FRAMES)
            yield self._sound.conceal(count)
            remaining -= count
        self._lost(frames // self._header.packet_frames)

    def _conceal(self, packet: Packet) -> Iterator[np.ndarray]:
        if packet.end is None:
            yield from self.conceal(packet.frames)
            return
        self._lost(1)
        self.ended = True
        yield self._sound.finish(None, packet.frames, packet.end.samples)

    def _lost(self, packets: int) -> None:
        size = self._header.packet_frames
        self.lost.append(self._header.span(self.expected * size, (self.expected + packets) * size))
        self.expected += packets

    def _play(self, packet: Packet, codes: np.ndarray) -> np.ndarray:
        if self._checksum is not None:
            self._checksum = codes_checksum(codes, self._checksum)
        self.expected += 1
        if packet.end is None:
            return self._sound.push(codes)
        if self._strict and self._checksum not in (None, packet.end.codes_checksum):
            raise FormatError(
                f"{self._name}: its codes are not those that were written: a packet is damaged or another file's, get "
                "the file again"
            )
        self.ended = True
        return self._sound.finish(codes, packet.frames, packet.end.samples)

    def _codes(self, group: list[Packet], frames: int) -> Iterable[np.ndarray | None]:
        payloads = [packet.payload or b"" for packet in group]
        try:
            return self._coder.decode(payloads, self._header.channels, frames)
        except FormatError as error:
            if self._strict:
                raise FormatError(f"{self._name}, near packet {group[0].sequence}: {error}") from error
        if len(group) == 1:
            return [None]
        return [codes for packet in group for codes in self._codes([packet], frames)]


def play(
    playback: Playback, model: Autoencoder, writer: SoundWriter, on_progress: OnProgress
) -> tuple[SampleSpan, ...]:
    """Decode a playback into a writer; return the spans that were lost.

    Raises:
        FormatError: the file is damaged; what was written before is good.
        OptionError: the sound ends before the part begins.
        OutputError: the writer can't write.
    """
    decoder = PacketDecoder(
        model, playback.header, playback.name, first=playback.sequence, run_frames=playback.run_frames
    )
    first, rate = playback.first, playback.header.sample_rate
    for group in playback.groups:
        for block in decoder.blocks(group):
            begin = decoder.position - block.shape[1]
            stop = decoder.position if playback.stop is None else playback.stop
            writer.write(block[:, max(0, first - begin) : max(0, stop - begin)])
            on_progress(Progress("decompressing", writer.frames / rate, playback.seconds, "s"))
        if playback.stop is not None and decoder.position >= playback.stop:
            break
    if first > 0 and writer.frames == 0:
        raise OptionError(f"a part from {first / rate:g} s on: {playback.name} is {decoder.position / rate:g} s long")
    return tuple(span for span in decoder.lost if span.stop > first and span.first < (playback.stop or span.stop))

"""A model's latents to an .aur file, and how large that file is at each step of the quality dial."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, final

import numpy as np
import torch
from torch import Tensor

from auricle.codec.coder import PacketCoder, codes_checksum
from auricle.codec.container import End, Writer
from auricle.codec.header import (
    FINGERPRINT_BYTES,
    MAX_NAME_BYTES,
    MAX_PACKET_FRAMES,
    Header,
)
from auricle.codec.sampling import is_short, stretches
from auricle.codec.streams import LatentEncoder
from auricle.errors import FormatError, ModelError
from auricle.model import Autoencoder, fingerprint
from auricle.model.bottleneck import Tables

PACKET_SECONDS = 4.0
_LARGEST_CODE = 1 << 19


def tables_of(model: Autoencoder) -> Tables:
    """The integer tables that files are coded with.

    Raises:
        ModelError: the model has none.
    """
    if model.tables is not None:
        return model.tables
    if model.bottleneck.codebooks == 0:
        raise ModelError(f"model {model.name} has a continuous bottleneck and can't compress: use one with 'entropy'")
    raise ModelError(f"model {model.name} has no probability tables yet: finish its training first")


def header_for(model: Autoencoder, *, sample_rate: int, channels: int, angles: tuple[int, ...], step: int) -> Header:
    """The header of a file that ``model`` makes.

    Raises:
        ModelError: the model's shape is beyond what a file can state.
    """
    name = "".join(letter for letter in model.name if letter.isprintable())
    frames = round(PACKET_SECONDS * model.sample_rate / model.hop_length)
    header = Header(
        bytes.fromhex(fingerprint(model))[:FINGERPRINT_BYTES],
        name.encode()[:MAX_NAME_BYTES].decode(errors="ignore"),
        model.sample_rate,
        sample_rate,
        channels,
        model.hop_length,
        model.decoder_latency,
        min(max(1, frames), MAX_PACKET_FRAMES),
        step,
        angles,
    )
    try:
        Header.from_bytes(header.to_bytes())
    except FormatError as error:
        raise ModelError(f"model {model.name} can't make files: {error}") from error
    return header


@final
class FileEncoder:
    """Writes latents as an .aur file."""

    def __init__(self, model: Autoencoder, header: Header, file: BinaryIO):
        self._model, self._header = model, header
        self._coder = PacketCoder(tables_of(model).at(header.quality_step))
        self._writer = Writer(file, header)
        self._waiting = np.zeros((header.channels, 0, model.bottleneck.codebooks), np.int32)
        self._checksum = 0

    def push(self, z: Tensor) -> None:
        """Take latents ``(c, n, d)``; write the packets that are full."""
        with torch.inference_mode():
            codes = self._model.bottleneck.quantise(z, self._header.quality).cpu().numpy()
        self._waiting = np.concatenate((self._waiting, codes.clip(-_LARGEST_CODE, _LARGEST_CODE)), axis=1)
        size = self._header.packet_frames
        while self._waiting.shape[1] > size:
            full, self._waiting = self._waiting[:, :size], self._waiting[:, size:]
            self._writer.packet(self._code(full))

    def finish(self, samples: int) -> None:
        """Write the last packet, of a sound of ``samples`` samples per channel."""
        payload = self._code(self._waiting)
        self._writer.finish(payload, End(samples, self._checksum))

    def _code(self, codes: np.ndarray) -> bytes:
        self._checksum = codes_checksum(codes, self._checksum)
        return self._coder.encode(codes)


@final
class RateMeter:
    """Tells how large a file becomes at a quality step.

    The encoder's latents do not depend on the quality, so they are made once: of the whole sound if it is short, else
    of stretches.

    Raises:
        AudioError: the file can't be read.
    """

    def __init__(self, model: Autoencoder, header: Header, source: Path, samples: int):
        self._model, self._header = model, header
        self.exact = is_short(samples, header.sample_rate)
        self._latents: list[Tensor] = []
        encoder, parts, seen = LatentEncoder(model, header), [], 0
        for piece in stretches(source, samples):
            parts.append(encoder.push(piece.audio))
            seen += piece.audio.shape[1]
            if piece.last:
                self._latents.append(torch.cat([*parts, encoder.finish()], dim=1))
                encoder, parts = LatentEncoder(model, header), []
        if parts:
            self._latents.append(torch.cat([*parts, encoder.finish()], dim=1))
        self._samples = seen if self.exact else samples

    def size(self, step: int) -> float:
        """Size of the file: exact for a short sound, else an estimate."""
        if self.exact:
            return len(self.file(step))
        header = self._header
        empty = len(self._encoded(step, [], 0))
        packets = [self._encoded(step, [z[:, : header.packet_frames]], self._samples) for z in self._latents]
        typical = sum(map(len, packets)) / len(packets) - empty
        return empty + typical * header.frames(self._samples) / header.packet_frames

    def file(self, step: int) -> bytes:
        """The whole file of a short sound."""
        assert self.exact
        return self._encoded(step, self._latents, self._samples)

    def highest_step(self, limit: float) -> int:
        """Highest step whose file has at most ``limit`` bytes, or 0."""
        low, high = 0, tables_of(self._model).last_step
        while low < high:
            middle = (low + high + 1) // 2
            if self.size(middle) <= limit:
                low = middle
            else:
                high = middle - 1
        return low

    def _encoded(self, step: int, latents: list[Tensor], samples: int) -> bytes:
        file = BytesIO()
        encoder = FileEncoder(self._model, replace(self._header, quality_step=step), file)
        for z in latents:
            encoder.push(z)
        encoder.finish(samples)
        return file.getvalue()

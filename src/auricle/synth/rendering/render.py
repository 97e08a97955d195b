"""Files to latents and latents to sound, block by block."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar, final

import numpy as np
import torch
from torch import Tensor

from auricle.audio import AudioReader, HeldAudio, Resampler, source_path
from auricle.errors import AudioError
from auricle.model import Autoencoder
from auricle.stream import Stream
from auricle.synth.rendering.level import SoundLevel
from auricle.synth.rendering.mid_side import rotate, to_decoder_input, unrotate

AudioOrLatents = TypeVar("AudioOrLatents", np.ndarray, Tensor)
_CHUNK_SECONDS = 0.5


def chunk_frames(model: Autoencoder) -> int:
    """Latent frames of half a second: what networks run on at once."""
    return max(1, round(_CHUNK_SECONDS * model.sample_rate / model.hop_length))


@final
class LatentReader:
    """Reads a file once and gives its latents; memory stays flat.

    Two channels become mid and side, as everywhere in synthesis; of more channels each is taken for itself.

    Args:
        source: an audio file or a sound in memory, of any rate, length and channels.
        model: what encodes.
        channels: 1 or 2: what the sound is mixed to, or a lone channel doubled to; by default its own.

    Attributes:
        path: of the file; of a sound in memory its name.
        sample_rate: of the file, in Hz.
        channels: that come out.
        promised: samples that its header promises, 0 where only reading can tell.
        samples: read so far, per channel, at the file's rate.
        ended: whether those are all.
        native: the same at the model's rate.
        level: of what was read, with its own channels.

    Raises:
        AudioError: it can't be read, or holds no samples.
    """

    def __init__(self, source: Path | HeldAudio, model: Autoencoder, channels: int | None = None):
        self.path, self._source, self._model = source_path(source), source, model
        with AudioReader(source) as reader:
            self.sample_rate, self.promised = reader.sample_rate, reader.frames
            self.channels = reader.channels if channels is None else channels
        self.level = SoundLevel()
        self.samples = self.native = 0
        self.ended = False

    @torch.inference_mode()
    def __iter__(self) -> Iterator[Tensor]:
        """Latents ``(c, n, d)``; in all ``model.frames(native)``."""
        model = self._model
        resampler = Resampler(self.sample_rate, model.sample_rate, self.channels)
        stream = Stream(model.encoder, batch=self.channels, chunk=chunk_frames(model) * model.encoder.block)
        with AudioReader(self._source) as reader:
            for block in reader.blocks(reader.sample_rate):
                self.samples += block.shape[1]
                block = self.level.add(block)
                if self.channels <= 2:
                    block = rotate(torch.from_numpy(block), self.channels).numpy()
                yield stream.push(self._column(resampler.push(block)))
        if self.samples == 0:
            raise AudioError(f"{self.path} holds no samples: name another sound")
        self.ended = True
        yield stream.push(self._column(resampler.flush()))
        missing = model.frames(self.native) * model.hop_length - self.native
        yield stream.push(torch.zeros(self.channels, missing, 1))
        yield stream.flush()

    def _column(self, native: np.ndarray) -> Tensor:
        self.native += native.shape[1]
        return torch.from_numpy(native).unsqueeze(2)

    def latents(self) -> Tensor:
        """All latents ``(c, n, d)``, in memory.

        Raises:
            AudioError: as reading.
        """
        return torch.cat(list(self), dim=1)


@torch.inference_mode()
def decode_blocks(
    model: Autoencoder,
    latents: Iterable[Tensor],
    samples: int | None = None,
    *,
    quality: float | None = None,
    chunk: int | None = None,
) -> Iterator[np.ndarray]:
    """Decode latents ``(c, n, d)`` in pieces of any length into audio float32 ``(c, t)`` at the model's rate.

    Args:
        model: what decodes.
        latents: as the model's encoder gives them, two channels as middle and side.
        samples: in all, at most what the latents carry; None for all that they carry.
        quality: round them to the grid of the model's quantiser at this quality; None rounds nothing that can be left.
        chunk: latent frames to decode at once; those of half a second by default.
    """
    stream, remaining = None, samples
    for piece in latents:
        if stream is None:
            frames = chunk_frames(model) if chunk is None else chunk
            stream = Stream(model.decoder, batch=len(piece), chunk=frames * model.decoder.block)
        audio = stream.push(to_decoder_input(model, piece, quality))
        yield from _unrotated_block(audio, remaining)
        remaining = None if remaining is None else max(0, remaining - audio.shape[1])
    if stream is not None and remaining != 0:
        audio = stream.flush()
        # Without a length, the part that the decoder could only guess for want of later latents is left out.
        yield from _unrotated_block(audio, audio.shape[1] - model.decoder_latency if remaining is None else remaining)


@torch.inference_mode()
def decode_together(model: Autoencoder, z: Tensor, *, quality: float | None = None) -> np.ndarray:
    """Decode short sounds side by side: latents ``(b, c, n, d)`` into all audio that they carry, float32 ``(b, c, t)``.

    Arguments as in `decode_blocks`; one pass of the decoder takes half the time of one for each sound.
    """
    decoded = model.decoder(to_decoder_input(model, z.flatten(0, 1), quality)).squeeze(2)[:, model.decoder_latency :]
    sounds = decoded.unflatten(0, z.shape[:2])
    return torch.stack([unrotate(sound) for sound in sounds]).numpy()


def snap_quality(model: Autoencoder, *, snap: bool) -> float | None:
    """The quality to round latents at: the highest, or None where they are not to be rounded."""
    return model.bottleneck.quality_levels - 1.0 if snap else None


def _unrotated_block(audio: Tensor, samples: int | None) -> Iterator[np.ndarray]:
    if audio.shape[1] and samples != 0:
        audio = audio.squeeze(2)[:, :samples]
        yield (unrotate(audio) if len(audio) <= 2 else audio).numpy()


def shortened(pieces: Iterable[AudioOrLatents], length: int) -> Iterator[AudioOrLatents]:
    """Audio ``(c, t)`` or latents ``(c, n, d)`` in pieces, up to ``length`` samples or frames; no more is asked for."""
    remaining = length
    for piece in pieces:
        yield piece[:, :remaining]
        remaining -= piece.shape[1]
        if remaining <= 0:
            return


def concatenate_blocks(blocks: Iterable[np.ndarray]) -> np.ndarray:
    """Blocks ``(c, t)`` put together."""
    return np.concatenate(list(blocks), axis=1)

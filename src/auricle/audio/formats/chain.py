"""Ogg files that are joined from several recordings, each of which may have another rate and number of channels.

Source: RFC 3533 (Ogg version 0), section 4: "chaining".
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import final

import numpy as np

from auricle.audio.formats import ogg
from auricle.audio.formats.base import AudioDecoder, Span
from auricle.audio.formats.pyav import AvDecoder
from auricle.audio.formats.sndfile import NotForSndfileError, SndfileDecoder
from auricle.audio.resample import Resampler, resampled_length
from auricle.errors import AudioError

_BLOCK_SECONDS = 1


@final
class ChainDecoder(AudioDecoder):
    """Recordings one after the other, as the first one is: others are converted to its rate and channels, and said so.

    Args:
        path: the file.
        links: first byte of each recording, at least one.

    Raises:
        AudioError: one of them can't be read, or has other channels that can't be made those of the first.
        OSError: the file can't be read.
    """

    def __init__(self, path: Path, links: Sequence[int]) -> None:
        self._spans = list(pairwise((*links, path.stat().st_size)))
        self._open: AudioDecoder = _open_link(path, self._spans[0])
        first, frames, differing, is_exact = self._open.info, 0, 0, True
        for span in self._spans:
            decoder = _open_link(path, span)
            decoder.close()
            info = decoder.info
            _check_channels(path, info.channels, first.channels, frames / first.sample_rate)
            differing += (info.sample_rate, info.channels) != (first.sample_rate, first.channels)
            is_exact &= info.exact
            frames += resampled_length(info.frames, info.sample_rate, first.sample_rate)
        super().__init__(replace(first, frames=frames, exact=is_exact), 0 if is_exact else None, self._open.tags)
        self.warnings += ogg.end_warnings(path)
        if differing:
            self.warnings.append(
                f"{differing} of the {len(links)} recordings that it is joined from have another sample rate or number "
                f"of channels than the first: they are converted to {first.sample_rate} Hz, {first.channels} channels"
            )
        self._blocks, self._rest = self._converted(), np.zeros((0, first.channels), np.float32)

    def damage(self) -> str | None:
        """Ogg pages that are missing or damaged; see `AudioDecoder.damage`."""
        return ogg.damage(self.info.path)

    def read(self, size: int) -> np.ndarray:
        parts, count = [self._rest], len(self._rest)
        while count < size and (block := next(self._blocks, None)) is not None:
            parts.append(block)
            count += len(block)
        joined = np.concatenate(parts)
        self._rest = joined[size:]
        return joined[:size]

    def _converted(self) -> Iterator[np.ndarray]:
        """Blocks ``(t, c)`` of all recordings."""
        for span in self._spans:
            self._open.close()
            decoder = self._open = _open_link(self.info.path, span)
            info = decoder.info
            resampler = Resampler(info.sample_rate, self.info.sample_rate, self.info.channels)
            while len(block := decoder.read(_BLOCK_SECONDS * info.sample_rate)):
                yield resampler.push(_with_channels(block.T, self.info.channels)).T
            yield resampler.flush().T

    def close(self) -> None:
        self._open.close()


def open_chain(path: Path) -> ChainDecoder | None:
    """A decoder of an Ogg file that is joined from several recordings; None of any other file.

    Raises:
        AudioError: as `ChainDecoder`.
        OSError: the file can't be read.
    """
    links = ogg.links(path)
    return ChainDecoder(path, links) if len(links) > 1 else None


def _open_link(path: Path, span: Span) -> AudioDecoder:
    try:
        return SndfileDecoder(path, span)
    except NotForSndfileError:
        return AvDecoder(path, span=span)


def _check_channels(path: Path, channels: int, first: int, start: float) -> None:
    if channels != first and 1 not in (channels, first):
        raise AudioError(
            f"{path} changes its number of channels after {start:.3f} s (from {first} to {channels}): cut it there, or "
            "convert it to WAV first"
        )


def _with_channels(block: np.ndarray, channels: int) -> np.ndarray:
    """One channel ``(c, t)`` to all of several, or the mean of several to one."""
    if len(block) == channels:
        return block
    return np.repeat(block, channels, axis=0) if len(block) == 1 else block.mean(axis=0, keepdims=True)

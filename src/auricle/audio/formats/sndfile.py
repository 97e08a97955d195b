"""Decoding with libsndfile: coded WAV, Ogg Vorbis and Opus, AIFF, AU, CAF and more."""

import os
from collections.abc import Iterable
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, cast, final

import numpy as np
import soundfile

from auricle.audio.formats import ogg
from auricle.audio.formats.base import AudioDecoder, AudioInfo, FileSpan, Span
from auricle.audio.formats.pyav import metadata
from auricle.audio.tags import clean_tags
from auricle.errors import AudioError

_UNRECOGNISED = 1  # libsndfile's SF_ERR_UNRECOGNISED_FORMAT
_UNSUPPORTED = 4  # libsndfile's SF_ERR_UNSUPPORTED_ENCODING
_UNKNOWN_LENGTH = 2**62
_ESTIMATED = frozenset({"MP3", "VOC", "FLAC"})
"""Formats whose length libsndfile guesses, or believes though there may be more: FFmpeg reads them to their end."""
_REPLACED = "\ufffd"
_BITS = MappingProxyType(
    {"PCM_S8": 16, "PCM_U8": 16, "PCM_16": 16, "ALAC_16": 16}
    | {"PCM_24": 24, "PCM_32": 24, "ALAC_20": 24, "ALAC_24": 24, "ALAC_32": 24}
    | {"FLOAT": 32, "DOUBLE": 32}
)
"""Of a sample, as `AudioInfo.bits` has them."""


class NotForSndfileError(Exception):
    """libsndfile does not read this file, or guesses its length; another decoder may.

    Attributes:
        damage: why not, where libsndfile knows the format.
    """

    def __init__(self, reason: str, *, is_recognised: bool = False) -> None:
        super().__init__(reason)
        self.damage = reason if is_recognised else None


@final
class _UnseekableFile(soundfile.SoundFile):
    """A file read from start to end. soundfile seeks after each block if it can, which changes what Opus decodes."""

    def seekable(self) -> bool:
        """Return False, so that no seek is tried."""
        return False


@final
class SndfileDecoder(AudioDecoder):
    """A file opened by libsndfile.

    Args:
        path: the file.
        span: read this part of it.

    Raises:
        NotForSndfileError: libsndfile refuses it, or does not know its length.
        OSError: the file can't be read.
    """

    def __init__(self, path: Path, span: Span | None = None) -> None:
        with path.open("rb") as file:  # by its descriptor: libsndfile looks at some names, too
            try:
                self._file = _UnseekableFile(
                    os.dup(file.fileno()) if span is None else cast("BinaryIO", FileSpan(path, span)),
                    closefd=span is None,
                )
            except soundfile.LibsndfileError as error:
                is_recognised = error.code not in (_UNRECOGNISED, _UNSUPPORTED)
                raise NotForSndfileError(_reason(error), is_recognised=is_recognised) from error
            except (TypeError, ValueError) as error:  # soundfile's own complaint about headerless formats
                raise NotForSndfileError(str(error)) from error
        try:
            super().__init__(self._header(path), 0, clean_tags(self._tags(path)))
        except BaseException:
            self._file.close()
            raise
        self._frames_left = self.info.frames
        if self.info.format == "OGG" and span is None:
            self.warnings += ogg.end_warnings(path)

    def _header(self, path: Path) -> AudioInfo:
        file = self._file
        if file.frames >= _UNKNOWN_LENGTH or file.format in _ESTIMATED or file.subtype.startswith("MPEG"):
            raise NotForSndfileError("its header gives no length")
        bits = _BITS.get(file.subtype, 0)
        return AudioInfo(path, file.samplerate, file.channels, file.frames, file.format, bits=bits)

    def _tags(self, path: Path) -> Iterable[tuple[str, str]]:
        tags = self._file.copy_metadata()
        if any(_REPLACED in text for text in tags.values()):  # soundfile keeps no byte that is not UTF-8, FFmpeg does
            yield from metadata(path)
        yield from tags.items()
        if self._file.format == "OGG":  # libsndfile knows only some names there
            yield from metadata(path)

    def damage(self) -> str | None:
        """Ogg pages that are missing or damaged; see `AudioDecoder.damage`."""
        return ogg.damage(self.info.path) if self.info.format == "OGG" else None

    def read(self, size: int) -> np.ndarray:
        if self._frames_left == 0:
            return np.zeros((0, self.info.channels), np.float32)
        try:
            block = self._file.read(min(size, self._frames_left), dtype="float32", always_2d=True)
        except (soundfile.LibsndfileError, RuntimeError) as error:
            raise AudioError(f"{self.info.path} is damaged ({_reason(error)}): replace it") from error
        self._frames_left -= len(block)
        return block

    def close(self) -> None:
        self._file.close()


def _reason(error: Exception) -> str:
    """Libsndfile's words without the path, which our own message names, and without its line breaks."""
    text = str(error) if not isinstance(error, soundfile.LibsndfileError) else error.error_string
    return " ".join(text.removeprefix("Error : ").split()).rstrip(". ") or "no reason given"

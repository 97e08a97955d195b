"""Decoding with libsndfile: WAV, FLAC, Ogg Vorbis and Opus, MP3, AIFF, AU, CAF and more."""

from pathlib import Path
from typing import final

import numpy as np
import soundfile

from auricle.audio.formats import ogg
from auricle.audio.formats.base import AudioDecoder, AudioInfo
from auricle.audio.formats.truncation import flac_is_empty, mp3_has_length, truncation
from auricle.audio.tags import clean_tags
from auricle.errors import AudioError

_UNRECOGNISED = 1  # libsndfile's SF_ERR_UNRECOGNISED_FORMAT
_UNSUPPORTED = 4  # libsndfile's SF_ERR_UNSUPPORTED_ENCODING
_UNKNOWN_LENGTH = 2**62
_MP3_TOLERANCE = 4 * 1152  # encoder delay and padding are counted differently by different encoders


class NotForSndfileError(Exception):
    """libsndfile does not know this format; another decoder may."""


@final
class _UnseekableFile(soundfile.SoundFile):
    """A file read from start to end. soundfile seeks after each block if it can, which changes what Opus decodes."""

    def seekable(self) -> bool:
        """Return False, so that no seek is tried."""
        return False


@final
class SndfileDecoder(AudioDecoder):
    """A file opened by libsndfile.

    Raises:
        NotForSndfileError: the format is not one of libsndfile's.
        AudioError: the format is, but the file is damaged.
        OSError: the file can't be read.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = _UnseekableFile(path)
        except soundfile.LibsndfileError as error:
            if error.code in (_UNRECOGNISED, _UNSUPPORTED):
                raise NotForSndfileError(error.error_string) from error
            raise AudioError(f"{path} is damaged ({_reason(error)}): replace it") from error
        except (TypeError, ValueError) as error:  # soundfile's own complaint about headerless formats
            raise NotForSndfileError(str(error)) from error
        try:
            super().__init__(self._header(path), self._tolerance(path), clean_tags(self._file.copy_metadata().items()))
        except BaseException:
            self._file.close()
            raise

    def _header(self, path: Path) -> AudioInfo:
        file = self._file
        if file.frames >= _UNKNOWN_LENGTH:
            if flac_is_empty(path):
                return AudioInfo(path, file.samplerate, file.channels, 0, file.format)
            raise NotForSndfileError("its header gives no length")
        if file.format == "OGG" and ogg.is_chained(path):
            raise NotForSndfileError("it is a chain of several Ogg streams")
        cut = truncation(path)
        if cut is not None:
            raise AudioError(f"{path} is cut short ({cut}): replace it, or convert it with a tool that repairs it")
        return AudioInfo(path, file.samplerate, file.channels, file.frames, file.format, file.format != "MP3")

    def _tolerance(self, path: Path) -> int | None:
        if self._file.format != "MP3":
            return 0
        return _MP3_TOLERANCE if mp3_has_length(path) else None

    def damage(self) -> str | None:
        """Ogg pages that are missing or damaged; see `AudioDecoder.damage`."""
        return ogg.damage(self.info.path) if self.info.format == "OGG" else None

    def read(self, size: int) -> np.ndarray:
        if self.info.frames == 0 and self.info.exact:
            return np.zeros((0, self.info.channels), np.float32)
        try:
            return self._file.read(size, dtype="float32", always_2d=True)
        except (soundfile.LibsndfileError, RuntimeError) as error:
            raise AudioError(f"{self.info.path} is damaged ({_reason(error)}): replace it") from error

    def close(self) -> None:
        self._file.close()


def _reason(error: Exception) -> str:
    """Libsndfile's words without the path, which our own message names, and without its line breaks."""
    text = str(error) if not isinstance(error, soundfile.LibsndfileError) else error.error_string
    return " ".join(text.removeprefix("Error : ").split()).rstrip(". ") or "no reason given"

"""Decoding with PyAV (FFmpeg): every format that libsndfile does not read."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast, final

import numpy as np

from auricle.audio.formats import ogg
from auricle.audio.formats.base import AudioDecoder, AudioInfo
from auricle.audio.tags import clean_tags
from auricle.errors import AudioError

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer

# Containers whose index states the length; in others FFmpeg guesses it from the bitrate.
_STATED_LENGTH = frozenset(
    {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "asf", "wv", "tta", "ape", "mpc8", "dsf", "tak"}
)
_NESTED = frozenset({"hls", "concat", "dash", "imf", "sdp"})  # lists of other files, which a stranger may not choose
_TOLERANCE_SECONDS = 0.1  # priming and padding of lossy formats are counted differently by different writers


class Readable(Protocol):
    """A stream of bytes that has no way back."""

    def read(self, size: int) -> bytes:
        """The next bytes, none at the end."""
        ...


@final
class AvDecoder(AudioDecoder):
    """A file opened by PyAV; its first audio stream is read.

    Args:
        path: the file, or what messages call the stream.
        stream: read this FLAC stream instead.
        frames: samples per channel that the stream promises, 0 if unknown.

    Raises:
        AudioError: FFmpeg can't open the file, or finds no audio in it.
    """

    def __init__(self, path: Path, stream: Readable | None = None, frames: int = 0) -> None:
        from av.audio.fifo import AudioFifo
        from av.audio.resampler import AudioResampler
        from av.error import FFmpegError

        self._failure = (FFmpegError, ValueError, MemoryError)
        try:
            self._container = _open(path, stream)
        except self._failure as error:
            raise AudioError(
                f"{path} is not audio that Auricle can read ({_reason(error)}): replace it, "
                "or convert it to WAV or FLAC"
            ) from error
        try:
            sound = self._audio_stream(path)
            info = self._header(path, sound)
        except AudioError:
            self._container.close()
            raise
        states_length = self._container.format.name in _STATED_LENGTH
        tolerance = int(_TOLERANCE_SECONDS * info.sample_rate) if states_length else None
        if stream is not None:
            info = replace(info, frames=frames, exact=frames > 0)
            tolerance = 0 if frames else None
        tags = [*self._container.metadata.items(), *sound.metadata.items()]
        super().__init__(info, tolerance, clean_tags(tags))
        self._frames = self._container.decode(sound)
        self._planar = AudioResampler(format="fltp", rate=info.sample_rate)
        self._fifo = AudioFifo()
        self._ended = False

    def _audio_stream(self, path: Path) -> "AudioStream":
        streams = self._container.streams.audio
        if self._container.format.name.split(",")[0] in _NESTED:
            raise AudioError(f"{path} is a list of other files, not a sound: name one of them")
        # FFmpeg names streams of codecs that it can't decode, too: they have no context.
        if not streams or streams[0].codec_context is None or not streams[0].codec_context.sample_rate:
            raise AudioError(f"{path} holds no audio that Auricle can read: convert it to WAV or FLAC first")
        streams[0].codec_context.options = {"err_detect": "crccheck+bitstream+buffer+explode"}
        return streams[0]

    def _header(self, path: Path, stream: "AudioStream") -> AudioInfo:
        context = stream.codec_context
        seconds = self._duration(stream.duration, stream.time_base)
        frames = 0 if seconds is None else max(0, round(seconds * context.sample_rate))
        name = self._container.format.name.split(",")[0].upper()
        return AudioInfo(path, context.sample_rate, context.channels, frames, name, exact=False)

    def _duration(self, ticks: int | None, base: Fraction | None) -> Fraction | None:
        if ticks is not None and base is not None:
            return ticks * base
        microseconds = self._container.duration  # microseconds
        return None if microseconds is None else Fraction(microseconds, 1_000_000)

    def damage(self) -> str | None:
        """Ogg pages that are missing or damaged; see `AudioDecoder.damage`."""
        return ogg.damage(self.info.path) if self.info.format == "OGG" else None

    def read(self, size: int) -> np.ndarray:
        try:
            while not self._ended and self._fifo.samples < size:
                self._decode_some()
            frame = self._fifo.read(min(size, self._fifo.samples)) if self._fifo.samples else None
        except self._failure as error:
            raise AudioError(f"{self.info.path} is damaged ({_reason(error)}): replace it") from error
        if frame is None:
            return np.zeros((0, self.info.channels), np.float32)
        block = frame.to_ndarray().T.astype(np.float32, copy=False)
        if block.shape[1] != self.info.channels:
            raise AudioError(f"{self.info.path} changes its number of channels half-way: convert it to WAV first")
        return block

    def _decode_some(self) -> None:
        frame = next(self._frames, None)
        self._ended = frame is None
        for planar in self._planar.resample(frame):
            planar.pts = None  # gaps in time stamps are no gaps in the samples
            self._fifo.write(planar)

    def close(self) -> None:
        self._container.close()


def _open(path: Path, stream: Readable | None) -> "InputContainer":
    import av

    if stream is not None:
        return cast("InputContainer", av.open(stream, format="flac", metadata_errors="ignore"))
    # A bare path may look like a protocol ("a: b.m4a"); a playlist must not reach the network.
    return av.open(f"file:{path}", metadata_errors="ignore", options={"protocol_whitelist": "file"})


def _reason(error: Exception) -> str:
    words = [part for part in error.args if isinstance(part, str)]  # FFmpeg's errors: number, words, file
    return " ".join(words[0].split()) if words else type(error).__name__

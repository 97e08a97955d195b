"""Decoding with PyAV (FFmpeg): FLAC, MP3, and every format that libsndfile does not read or only estimates.

The content says what a file is, whatever its name; only where FFmpeg does not know the content is the suffix asked.
"""

import ctypes
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, cast, final

import numpy as np

from auricle.audio.formats import mpeg, ogg
from auricle.audio.formats.base import MAX_CHANNELS, AudioDecoder, AudioInfo, FileSpan, Span
from auricle.audio.tags import clean_tags
from auricle.errors import AudioError

if TYPE_CHECKING:
    from av.audio.codeccontext import AudioCodecContext
    from av.audio.frame import AudioFrame
    from av.audio.layout import AudioLayout
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet

_PADDING_SECONDS = 0.1  # priming and padding of lossy formats are counted differently by different writers
_PROMISES: Mapping[str, float] = MappingProxyType(
    {
        **dict.fromkeys(("mov", "matroska", "asf", "wv", "tta", "ape", "mpc", "mpc8", "dsf", "tak"), _PADDING_SECONDS),
        **dict.fromkeys(("wav", "w64", "aiff", "au", "caf", "iff", "ast", "sox"), _PADDING_SECONDS),
        **dict.fromkeys(("avi", "flv"), 1.0),  # in frames of the longest stream
    }
)
"""Containers that state their length, and by how many seconds too much; in others FFmpeg guesses it."""
_LOSSLESS = frozenset({"alac", "flac", "tta", "wavpack", "ape", "tak", "mlp", "truehd"})
_SKIP_MANUAL = 1 << 29  # FFmpeg's AV_CODEC_FLAG2_SKIP_MANUAL: leave priming and padding in
_NESTED = frozenset({"hls", "concat", "dash", "imf", "sdp"})  # lists of other files, which a stranger may not choose
_HEADERLESS = MappingProxyType({".g722": "g722"})  # only the name says what they are
_MPEG_AUDIO = "mp3"  # FFmpeg's name of MPEG-1 and 2 audio without a container, of any layer


class Readable(Protocol):
    """A stream of bytes that has no way back."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, none at the end."""
        ...

    def close(self) -> None: ...


@final
class AvDecoder(AudioDecoder):
    """A sound opened by PyAV; its first audio stream is read.

    Args:
        path: the file, or what messages call the stream.
        flac: read this FLAC stream instead; it is closed with the decoder.
        frames: samples per channel that the stream promises, 0 if unknown.
        span: read this part of the file, first byte and the one behind the last.

    Raises:
        AudioError: FFmpeg can't open the file, or finds no audio in it.
        OSError: the file can't be read.
    """

    def __init__(self, path: Path, flac: Readable | None = None, frames: int = 0, *, span: Span | None = None) -> None:
        _import_pyav()
        from av.audio.fifo import AudioFifo
        from av.audio.resampler import AudioResampler
        from av.error import FFmpegError, PatchWelcomeError

        self._failure, self._unsupported = (FFmpegError, ValueError, MemoryError, IndexError), PatchWelcomeError
        self._container: InputContainer | None = None
        self._span = span
        self._stream: Readable = flac or FileSpan(path, span)
        try:
            self._container = _open(self._stream, path, is_flac=flac is not None, failure=self._failure)
            sound = self._audio_stream(path)
            self._format = self._container.format.name.split(",")[0]
            info, tolerance = self._header(path, sound)
            if flac is not None:
                info, tolerance = replace(info, frames=frames, exact=frames > 0), 0 if frames else None
            super().__init__(info, tolerance, clean_tags([*self._container.metadata.items(), *sound.metadata.items()]))
            if flac is None and tolerance is None:
                self._count_frames()
            elif self._format == _MPEG_AUDIO and (missing := mpeg.missing_bytes(path)):
                self.warnings.append(f"{missing} bytes fewer are there than its tag says: its end may be missing")
        except BaseException:
            self.close()
            raise
        self._frames = self._decoded(sound)
        # Interleaved: PyAV reads beyond the planes of a planar frame of eight channels.
        self._interleave = AudioResampler(format="flt", rate=info.sample_rate).resample
        self._fifo, self._ended, self._surplus = AudioFifo(), False, 0

    def _count_frames(self) -> None:
        """Replace a length that FFmpeg guesses from the bitrate."""
        path = self.info.path
        if self._format != _MPEG_AUDIO:
            self.info = replace(
                self.info, frames=round(_packet_seconds(path, self._span, self._failure) * self.info.sample_rate)
            )
            return
        scan = mpeg.scan(path)
        self.info = replace(self.info, frames=scan.samples)
        self.warnings += scan.warnings

    def _audio_stream(self, path: Path) -> "AudioStream":
        assert self._container is not None
        streams = self._container.streams.audio
        if self._container.format.name.split(",")[0] in _NESTED:
            raise AudioError(f"{path} is a list of other files, not a sound: name one of them")
        # FFmpeg names streams of codecs that it can't decode, too: they have no context.
        if not streams or streams[0].codec_context is None or not streams[0].codec_context.sample_rate:
            raise AudioError(f"{path} holds no audio that Auricle can read: convert it to WAV or FLAC first")
        if self._container.format.name == "caf" and streams[0].codec_context.name in _LOSSLESS:
            # FFmpeg cuts padding from the last frame, which these codecs have left out already.
            streams[0].codec_context.flags2 |= _SKIP_MANUAL
        streams[0].codec_context.options = {"err_detect": "crccheck+bitstream+buffer+explode"}
        return streams[0]

    def _header(self, path: Path, stream: "AudioStream") -> tuple[AudioInfo, int | None]:
        """The header, and by how many samples it may promise too much."""
        context = stream.codec_context
        channels = _usual_channels(context)
        seconds = self._duration(stream.duration, stream.time_base)
        frames = 0 if seconds is None else max(0, round(seconds * context.sample_rate))
        info = AudioInfo(
            path, context.sample_rate, channels, frames, self._format.upper(), exact=False, bits=_bits(context)
        )
        in_samples = stream.time_base is not None and stream.time_base * context.sample_rate == 1
        if in_samples and stream.duration and self._format in _PROMISES and context.codec.name in _LOSSLESS:
            return info, 0
        if self._format == _MPEG_AUDIO:
            return info, mpeg.LENGTH_TOLERANCE if frames and mpeg.missing_bytes(path) is not None else None
        padding = _PROMISES.get(self._format)
        return info, None if padding is None or not frames else int(padding * context.sample_rate)

    def _duration(self, ticks: int | None, base: Fraction | None) -> Fraction | None:
        if ticks is not None and base is not None:
            return ticks * base
        assert self._container is not None
        microseconds = self._container.duration  # microseconds
        return None if microseconds is None else Fraction(microseconds, 1_000_000)

    def damage(self) -> str | None:
        """Ogg pages that are missing or damaged; see `AudioDecoder.damage`."""
        return ogg.damage(self.info.path) if self._format == "ogg" else None

    def read(self, size: int) -> np.ndarray:
        try:
            while not self._ended and self._fifo.samples - self._surplus < size:
                self._decode_some()
            ready = min(size, self._fifo.samples - self._surplus)
            frame = self._fifo.read(ready) if ready > 0 else None
        except self._unsupported as error:
            raise AudioError(
                f"{self.info.path} holds something that FFmpeg can't decode, such as a change of its sample rate or "
                "channels half-way: cut it there, or convert it to WAV first"
            ) from error
        except self._failure as error:
            raise self._damaged(_reason(error)) from error
        if frame is None:
            return np.zeros((0, self.info.channels), np.float32)
        return frame.to_ndarray().reshape(-1, self.info.channels).astype(np.float32, copy=False)

    def _decode_some(self) -> None:
        frame = next(self._frames, None)
        self._ended = frame is None
        for interleaved in self._interleave(frame):
            interleaved.pts = None  # gaps in time stamps are no gaps in the samples
            self._fifo.write(interleaved)

    def _decoded(self, stream: "AudioStream") -> "Iterator[AudioFrame]":
        """Decoded frames. Before the last one comes, it is clear how much of it is padding."""
        assert self._container is not None
        last: tuple[AudioFrame, Packet] | None = None
        for packet in self._container.demux(stream):
            for frame in self._decode(packet):
                self._check(frame, last[0] if last else None)
                if last:
                    yield last[0]
                last = frame, packet
        if last:
            self._surplus = self._padding(*last)
            yield last[0]
        if self._format == _MPEG_AUDIO and self.tolerance is not None:  # what is missing may be less than it allows
            with suppress(OSError):  # the file is gone by now
                self.warnings += mpeg.scan(self.info.path).warnings

    def _decode(self, packet: "Packet") -> "list[AudioFrame]":
        try:
            frames = cast("list[AudioFrame]", packet.decode())
            _refuse_unusual(frames, self.info.path)
            return frames
        except self._failure:
            data = bytes(packet)
            if self._format != _MPEG_AUDIO or mpeg.parse_frame(data[:4]) is not None:
                raise
            # A tag between files that were joined, which hides a frame; or junk, of which `warnings` tells.
            frame = data[mpeg.tag_bytes(data, 0) :]
            return self._decode_bytes(packet, frame) if mpeg.parse_frame(frame[:4]) else []

    def _decode_bytes(self, packet: "Packet", data: bytes) -> "list[AudioFrame]":
        from av.packet import Packet

        return cast("list[AudioFrame]", packet.stream.codec_context.decode(Packet(data)))  # type: ignore[attr-defined]

    def _padding(self, frame: "AudioFrame", packet: "Packet") -> int:
        """How many samples of the last frame lie behind its packet's end: MPEG-4 states the length so."""
        if self._format != "mov" or packet.time_base is None or not packet.duration:
            return 0
        return max(0, frame.samples - round(packet.duration * packet.time_base * frame.sample_rate))

    def _check(self, frame: "AudioFrame", previous: "AudioFrame | None") -> None:
        for name, now, before in (
            ("sample rate", frame.sample_rate, self.info.sample_rate),
            ("number of channels", frame.layout.nb_channels, self.info.channels),
        ):
            if now != before:
                raise AudioError(
                    f"{self.info.path} changes its {name} half-way (from {before} to {now}): cut it there, "
                    "or convert it to WAV first"
                )
        if self._format != "flac" or previous is None or frame.pts is None or previous.pts is None:
            return
        missing = frame.pts - previous.pts - previous.samples  # FLAC numbers its frames; others have true gaps
        if missing > 0:
            raise self._damaged(f"{missing} samples are missing at {frame.pts / self.info.sample_rate:.3f} s")

    def _damaged(self, reason: str) -> AudioError:
        return AudioError(f"{self.info.path} is damaged ({reason}): replace it")

    def close(self) -> None:
        if self._container is not None:
            self._container.close()
        self._stream.close()


def _import_pyav() -> None:
    """Import PyAV as a whole, to be called before a part of it is imported.

    A thread that imports a part first holds what another needs that imports the whole: Python then gives both of them
    halves of modules, and the import fails.
    """
    import_module("av")


def _open(stream: Readable, path: Path, *, is_flac: bool, failure: tuple[type[Exception], ...]) -> "InputContainer":
    import av

    def opened(format: str | None) -> "InputContainer":
        # A playlist must not reach the network.
        options = {"protocol_whitelist": "file"}
        container = av.open(stream, format=format, options=options, metadata_errors="surrogateescape")
        return cast("InputContainer", container)

    try:
        try:
            return opened("flac" if is_flac else None)
        except failure:
            headerless = _HEADERLESS.get(path.suffix.lower())
            if headerless is None:
                raise
            return opened(headerless)
    except failure as error:
        raise AudioError(
            f"{path} is not audio that Auricle can read ({_reason(error)}): replace it, or convert it to WAV or FLAC"
        ) from error


def metadata(path: Path) -> list[tuple[str, str]]:
    """Names and values that a file's first audio stream and its container state; none where FFmpeg can't open it.

    Raises:
        OSError: the file can't be read.
    """
    _import_pyav()
    from av.error import FFmpegError

    failure = (FFmpegError, ValueError, MemoryError)
    file = FileSpan(path)
    try:
        with _open(file, path, is_flac=False, failure=failure) as container:
            return [*container.metadata.items(), *container.streams.audio[0].metadata.items()]
    except (AudioError, IndexError):
        return []
    finally:
        file.close()


def _packet_seconds(path: Path, span: Span | None, failure: tuple[type[Exception], ...]) -> float:
    """Length of all packets of the first audio stream, up to the first that can't be read."""
    file, seconds = FileSpan(path, span), Fraction(0)
    try:
        with _open(file, path, is_flac=False, failure=failure) as container:
            for packet in container.demux(container.streams.audio[0]):
                seconds += (packet.duration or 0) * (packet.time_base or 0)
    except failure:
        pass  # decoding will say where
    finally:
        file.close()
    return float(seconds)


def _usual_channels(context: "AudioCodecContext") -> int:
    """How many channels there are. What a file says of unusual places of them is replaced by the usual places.

    PyAV 18 frees such a list of places once for each of its objects that refers to it, which ends the process: here one
    object does, and the decoder then knows of none.
    """
    layout = context.layout
    if _is_unusual(layout):
        context.layout = f"{layout.nb_channels}c" if layout.nb_channels <= MAX_CHANNELS else "stereo"
    return layout.nb_channels


def _refuse_unusual(frames: "list[AudioFrame]", path: Path) -> None:
    """Refuse frames of a decoder that insists on unusual places of its channels; see `_usual_channels`.

    Raises:
        AudioError: there are such.
    """
    unusual = [frame.layout for frame in frames if _is_unusual(frame.layout)]
    for layout in unusual:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(layout))  # never freed: its frame frees what it refers to
    if unusual:
        raise AudioError(
            f"{path} has its channels in an order that can't be read ({unusual[0].name}): convert it to WAV first"
        )


def _is_unusual(layout: "AudioLayout") -> bool:
    return "(" in layout.name or layout.name.startswith("ambisonic")


def _reason(error: Exception) -> str:
    words = [part for part in error.args if isinstance(part, str)]  # FFmpeg's errors: number, words, file
    return " ".join(words[0].split()) if words else type(error).__name__


def _bits(context: "AudioCodecContext") -> int:
    """As `AudioInfo.bits` has them: those of lossless codecs, by the format that they decode to."""
    if context.codec.name not in _LOSSLESS and not context.codec.name.startswith("pcm_"):
        return 0
    if context.format is None:  # the file is cut before it tells
        return 0
    return {"s16": 16, "u8": 16, "s32": 24, "flt": 32, "dbl": 32}.get(context.format.name.removesuffix("p"), 0)

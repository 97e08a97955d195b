"""Decompress an .aur file into an audio file, packet by packet."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, final

import numpy as np

from auricle.atomic import atomic_write
from auricle.audio import AudioWriter, WavStreamWriter, writable_format
from auricle.audio.suffixes import subtype_of_bits, subtype_of_source
from auricle.codec.format.header import SampleSpan
from auricle.codec.playback import Part, Playback, SoundWriter, open_playback
from auricle.codec.targets import check_target, refuse_same_file
from auricle.errors import OptionError
from auricle.open_files import FileSource
from auricle.options.coding import DecompressOptions
from auricle.options.field_types import check_arguments
from auricle.progress import OnProgress, ignore_progress

if TYPE_CHECKING:
    from auricle.model import Autoencoder

_LONGEST_SECONDS = 1e9
_PIPE = Path("-.wav")
_KEEPS_PEAKS = "FLOAT"


@final
@dataclass(frozen=True)
class DecompressResult:
    """The sound that `decompress` wrote.

    Attributes:
        path: its file; None for a pipe.
        seconds: its length.
        sample_rate: in Hz.
        channels: how many.
        samples: per channel.
        lost: spans of the whole sound, in samples, that the file has lost; they are faded out.
        peak: largest magnitude of a sample as it was decoded, 1 at full scale. Beyond that it was clipped, except in a
            WAV of floats.
        clipped: samples, of all channels together, that were.
    """

    path: Path | None
    seconds: float
    sample_rate: int
    channels: int
    samples: int
    lost: tuple[SampleSpan, ...]
    peak: float
    clipped: int


@final
class _PeakMeter:
    """A writer that keeps how loud the sound was before the file clips it.

    Decoders overshoot: they make noise of the right level, whose peaks are higher than those of a mastered recording.
    """

    def __init__(self, writer: SoundWriter, *, clips: bool):
        self._writer, self._clips = writer, clips
        self.peak, self.clipped = 0.0, 0

    @property
    def frames(self) -> int:
        """Samples per channel written so far."""
        return self._writer.frames

    def write(self, block: np.ndarray) -> None:
        """Append float ``(c, t)``."""
        magnitudes = np.abs(block)
        self.peak = max(self.peak, float(magnitudes.max(initial=0.0)))
        self.clipped += int((magnitudes > 1.0).sum()) if self._clips else 0
        self._writer.write(block)


@check_arguments("source")
def decompress(
    source: FileSource,
    target: Path | str | BinaryIO,
    *,
    model: "Autoencoder | Path | str | None" = None,
    start: float | None = None,
    stop: float | None = None,
    options: DecompressOptions = DecompressOptions(),
    force: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> DecompressResult:
    """Decompress an .aur file. Memory stays flat.

    A whole file is checked before anything is decoded. Of a part (``start``, ``stop``) only the packets that it needs
    are read, and of a pipe each packet as it comes: what came before a damaged one has been written and is good.

    Args:
        source: an .aur file, or an open one or pipe to read one from.
        target: the audio file to write; its suffix (.wav, .flac, .ogg, .opus, .mp3) chooses the format. Or a
            pipe: a WAV file goes into it.
        model: the model that made the file, or its file; by default the shipped one that the file names.
        start: second of the sound to begin at.
        stop: second of the sound to end before.
        options: whether a model with another decoder will do, what the file may claim, and the bits of a sample.
        force: replace ``target``.
        on_progress: called with the seconds that are decoded.

    Raises:
        FormatError: the source is not an .aur file, is damaged, or claims more sound than the limits allow.
        ModelError: the model is unknown, or not the one that made the file.
        OptionError: the target's suffix is not a known format, or the part is empty.
        OutputError: the target can't be written.
    """
    first, last = 0.0 if start is None else start, float("inf") if stop is None else stop
    if not (0 <= first < min(last, _LONGEST_SECONDS)):
        raise OptionError(f"a part from {first:g} s to {last:g} s: give a start from 0 on and a later end")
    last = last if last < _LONGEST_SECONDS else float("inf")
    refuse_same_file(source, target)
    if isinstance(target, Path | str):
        writable_format(Path(target))
    target_path = Path(target) if isinstance(target, Path | str) else _PIPE
    subtype = subtype_of_bits(target_path, options.bits)
    check_target(target, force=force)
    with ExitStack() as resources:
        playback = resources.enter_context(open_playback(source, options.limits, Part(first, last)))
        from auricle.codec.coding.decoder import check_header, find_model, play  # loads torch

        header = playback.header
        loaded = find_model(playback.name, header, model, any_decoder=options.any_decoder)
        check_header(playback.name, header, loaded)
        subtype = subtype or subtype_of_source(target_path, header.source_samples)
        writer = resources.enter_context(_writer(target, playback, subtype, force=force))
        meter = _PeakMeter(writer, clips=subtype != _KEEPS_PEAKS)
        lost = play(playback, loaded, meter, on_progress)
    path, rate = Path(target) if isinstance(target, Path | str) else None, header.sample_rate
    return DecompressResult(
        path, meter.frames / rate, rate, header.channels, meter.frames, lost, meter.peak, meter.clipped
    )


@contextmanager
def _writer(
    target: Path | str | BinaryIO, playback: Playback, subtype: str | None, *, force: bool
) -> Iterator[SoundWriter]:
    rate, channels = playback.header.sample_rate, playback.header.channels
    if isinstance(target, Path | str):
        with (
            atomic_write(Path(target), force=force) as temporary,
            AudioWriter(temporary, rate, channels, subtype, tags=playback.tags) as writer,
        ):
            yield writer
    else:
        with WavStreamWriter(target, rate, channels, subtype or "PCM_16", frames=playback.samples) as writer:
            yield writer

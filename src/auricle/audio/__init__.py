"""Files and samples: read, write, blocks, resampling. Audio is float32 ``(c, t)`` in -1..1."""

from auricle.audio.formats.array import HeldAudio
from auricle.audio.formats.base import AudioInfo
from auricle.audio.reader import AudioReader, AudioSource, info, read, rereadable, source_path, tags
from auricle.audio.resample import Resampler, resample, resampled_length
from auricle.audio.samples import MAX_PEAK, check_samples
from auricle.audio.sandbox.limits import TRUSTED_LIMITS, UNTRUSTED_LIMITS, AudioLimits
from auricle.audio.suffixes import is_audio_name, writable_format
from auricle.audio.tags import MAX_TAG_BYTES, MAX_TAGS, clean_tags
from auricle.audio.wav_writer import WavStreamWriter
from auricle.audio.writer import AudioWriter

__all__ = [
    "MAX_PEAK",
    "MAX_TAGS",
    "MAX_TAG_BYTES",
    "TRUSTED_LIMITS",
    "UNTRUSTED_LIMITS",
    "AudioInfo",
    "AudioLimits",
    "AudioReader",
    "AudioSource",
    "AudioWriter",
    "HeldAudio",
    "Resampler",
    "WavStreamWriter",
    "check_samples",
    "clean_tags",
    "info",
    "is_audio_name",
    "read",
    "rereadable",
    "resample",
    "resampled_length",
    "source_path",
    "tags",
    "writable_format",
]

"""Files and samples: read, write, blocks, resampling. Audio is float32 ``(c, t)`` in -1..1."""

from auricle.audio.files import AudioInfo, AudioReader, AudioWriter, info, is_audio_name, read
from auricle.audio.resample import Resampler, resample, resampled_length

__all__ = [
    "AudioInfo",
    "AudioReader",
    "AudioWriter",
    "Resampler",
    "info",
    "is_audio_name",
    "read",
    "resample",
    "resampled_length",
]

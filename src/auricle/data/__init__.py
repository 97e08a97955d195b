"""Corpora: find sounds, hold some out, decode them once, draw training crops."""

from auricle.data.cache import AudioCache
from auricle.data.crops import CropSampler
from auricle.data.decoded import DecodedSounds
from auricle.data.scan import Corpus, Rejected, Sound, scan, seconds_by_rate
from auricle.data.split import split

__all__ = [
    "AudioCache",
    "Corpus",
    "CropSampler",
    "DecodedSounds",
    "Rejected",
    "Sound",
    "scan",
    "seconds_by_rate",
    "split",
]

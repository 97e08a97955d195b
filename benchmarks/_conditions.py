"""Sounds under conditions, taken run_setting codecs and scored: what benchmarks/speech.py measures on.

All sounds are brought to one channel and one rate first, so that every codec gets the same samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import numpy as np

from auricle.audio import resample
from auricle.bench.codecs import AssetPaths, make_codec
from auricle.bench.codecs.auricle import AuricleCodec
from auricle.bench.codecs.base import Codec, DecodedSound
from auricle.bench.corpus import select_clips
from auricle.bench.scoring.bootstrap import bootstrap
from auricle.bench.scoring.clips import Clip
from auricle.bench.scoring.metrics import METRICS, Scores, score_sound, usable_metrics
from auricle.bench.scoring.results import Estimate
from auricle.bench.scoring.scorer import CodecAtSetting, at_setting, run_codec
from auricle.model import Autoencoder

RATE = 16_000
"""At which everything is coded and scored, in Hz."""

METRIC_NAMES = usable_metrics(("pesq", "stoi", "mel"), speech=True)
"""Metrics that are installed."""


@final
@dataclass(frozen=True)
class CodecSetting:
    """A codec at one setting, or none: then sounds stay as they are."""

    codec: str
    setting: str
    run: CodecAtSetting | None = None


@final
@dataclass(frozen=True, eq=False)
class DecodedClip:
    """What came back of a clip, float32 ``(1, t)``, in so many bytes; None where nothing is stored."""

    clip: Clip
    audio: np.ndarray
    bytes: int | None


@final
@dataclass(frozen=True, eq=False)
class ConditionResult:
    """Some clips after one setting, and what went wrong."""

    setting: CodecSetting
    clips: tuple[DecodedClip, ...]
    problems: tuple[str, ...] = ()

    @property
    def kbps(self) -> float | None:
        """Kilobits per second of all files together."""
        sizes = [clip.bytes for clip in self.clips if clip.bytes is not None]
        return 8e-3 * sum(sizes) / sum(clip.clip.seconds for clip in self.clips) if sizes else None


def codec_settings(
    model: Autoencoder, kbps: Sequence[float], opus: Sequence[float], lyra: Path | None
) -> tuple[list[CodecSetting], list[str]]:
    """Nothing, the model, and the peers that can run, each at its settings; and why others can't."""
    lyra_codec = make_codec("lyra", AssetPaths(lyra=lyra))
    codecs: list[tuple[Codec, Sequence[float]]] = [
        (AuricleCodec(model), kbps),
        (make_codec("opus"), opus),
        (lyra_codec, lyra_codec.setting_range.steps),
    ]
    settings, notes = [CodecSetting("original", "-")], []
    for codec, values in codecs:
        reason = codec.missing()
        if reason is not None:
            notes.append(f"{codec.name} was left out: {reason}")
            continue
        settings += [CodecSetting(codec.name, codec.setting_text(value), at_setting(codec, value)) for value in values]
    return settings, notes


def run_setting(setting: CodecSetting, clips: Sequence[Clip]) -> ConditionResult:
    """Take clips through a codec; one that it refuses is a problem and comes not back."""
    decoded_clips: list[DecodedClip] = []
    problems: list[str] = []
    for clip in clips:
        if setting.run is None:
            decoded_clips.append(DecodedClip(clip, clip.audio, None))
            continue
        match run_codec(clip, setting.run):
            case DecodedSound() as decoded:
                decoded_clips.append(DecodedClip(clip, decoded.audio, decoded.bytes))
            case failed:
                problems.append(f"{setting.codec} {setting.setting}, {clip.name}: {failed.problem}")
    return ConditionResult(setting, tuple(decoded_clips), tuple(problems))


def clips_of(folder: Path, files: int, seconds: float) -> list[Clip]:
    """One excerpt of each of so many files of a folder; which ones depends on their names alone.

    Raises:
        DataError: the folder is missing or nothing in it can be used.
    """
    return [native(clip) for clip in select_clips([folder], files=files, seconds=seconds, seed=0).clips]


def native(clip: Clip) -> Clip:
    """The mean of a clip's channels at 16 kHz."""
    mean = clip.audio.mean(axis=0, keepdims=True, dtype=np.float32)
    return Clip(clip.name, resample(mean, clip.sample_rate, RATE), RATE)


def noisy(clips: Sequence[Clip], noises: Sequence[Clip], snr: float) -> list[Clip]:
    """Add to each clip the noise of its place in the row, so many dB below it over its whole length.

    A noise that is shorter is repeated. A sum that would clip is amplified down to a peak of 1.
    """
    return [_mixed(clip, noises[index % len(noises)], snr) for index, clip in enumerate(clips)]


def _mixed(clip: Clip, noise: Clip, snr: float) -> Clip:
    length = clip.audio.shape[1]
    noise_audio = np.tile(noise.audio, -(-length // noise.audio.shape[1]))[:, :length]
    gain = np.sqrt(np.mean(clip.audio**2) / max(float(np.mean(noise_audio**2)), 1e-12)) * 10 ** (-snr / 20)
    mixture = clip.audio + np.float32(gain) * noise_audio
    return replace(clip, audio=(mixture / max(1.0, float(np.abs(mixture).max()))).astype(np.float32))


def at_peak(clip: Clip, dbfs: float) -> Clip:
    """A clip whose largest sample stands so many decibels from full scale."""
    peak = max(float(np.abs(clip.audio).max()), 1e-9)
    return replace(clip, audio=clip.audio * np.float32(10 ** (dbfs / 20) / peak))


def amplified(result: ConditionResult, decibels: float) -> ConditionResult:
    """The same clips and what came back of them, both louder by so much."""
    gain = np.float32(10 ** (decibels / 20))
    clips = (
        replace(clip, clip=replace(clip.clip, audio=clip.clip.audio * gain), audio=clip.audio * gain)
        for clip in result.clips
    )
    return replace(result, clips=tuple(clips))


def score_clips(result: ConditionResult) -> list[Scores]:
    """Every clip that came back, against itself before."""
    return [
        score_sound(clip.clip.audio, clip.audio, RATE, scoring_rate=RATE, speech=True, metrics=METRIC_NAMES)
        for clip in result.clips
    ]


def means(scores: Sequence[Scores]) -> dict[str, Estimate | None]:
    """Mean of each metric over the clips that it could judge, with its 95 % interval."""
    return {
        name: bootstrap([clip_scores.values[name] for clip_scores in scores if name in clip_scores.values])
        for name in METRIC_NAMES
    }


def estimate_text(estimate: Estimate | None, digits: int) -> str | None:
    """For tables."""
    return None if estimate is None else estimate.text(digits)


def metric_text(name: str, estimate: Estimate | None) -> str | None:
    """A metric's mean and interval with its usual digits."""
    return estimate_text(estimate, METRICS[name].digits)

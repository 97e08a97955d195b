"""Sounds whose timbre another one is to get: recorded ones, or some that a prior makes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from auricle.audio import HeldAudio, is_audio_name, read, resample, source_path
from auricle.data.scan import Rejected, scan
from auricle.errors import AudioError, DataError, OptionError
from auricle.options.synthesis import GenerationOptions
from auricle.progress import OnProgress, Progress, ignore_progress
from auricle.synth.generate import generate
from auricle.synth.harmonic.analysis import analyse
from auricle.synth.harmonic.morph import MOST_SECONDS
from auricle.synth.harmonic.timbre import Timbre
from auricle.synth.harmonic.transfer import with_timbre
from auricle.synth.priors.base import Prior
from auricle.synth.priors.file import names_prior
from auricle.synth.rendering.level import audible_gain, level_of
from auricle.synth.rendering.provenance import algorithm_provenance, model_provenance

_MOST_FILES = 64
_EXAMPLE_SECONDS, _TOTAL_SECONDS = 8.0, 60.0
_DRAWN = 16


@final
@dataclass(frozen=True, eq=False)
class TimbreExamples:
    """Where a timbre is taken from.

    Attributes:
        name: for messages and results.
        tags: of what is made of it.
        files: sound files; none where a prior makes them.
        rejected: files of the folder that can't be used, and why.
        prior: the prior.
    """

    name: str
    tags: Mapping[str, str]
    files: tuple[Path, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    prior: Prior | Path | str | None = None

    @property
    def count(self) -> int:
        """Sounds at most."""
        return _DRAWN if self.prior is not None else min(_MOST_FILES, len(self.files))

    def sounds(self, sample_rate: int, leave_out: Callable[[Rejected], None]) -> Iterator[np.ndarray]:
        """Sounds ``(1, t)`` of 8 s at most, a minute of them in all; ``leave_out`` is given files that do not decode.

        Raises:
            ModelError: no such prior.
        """
        seconds = 0.0
        for audio, rate in self._read(leave_out) if self.prior is None else self._drawn():
            cut = audio[:, : round(_EXAMPLE_SECONDS * rate)].mean(axis=0, keepdims=True)
            seconds += cut.shape[1] / rate
            yield resample(cut, rate, sample_rate)
            if seconds >= _TOTAL_SECONDS:
                return

    def _read(self, leave_out: Callable[[Rejected], None]) -> Iterator[tuple[np.ndarray, int]]:
        """Of many files some that lie evenly among all, and others in place of those that do not decode."""
        places = np.linspace(0, len(self.files) - 1, self.count).round().astype(int)
        others = np.setdiff1d(np.arange(len(self.files)), places)
        count = 0
        for place in (*np.random.default_rng(0).permutation(places), *others):
            try:
                sound = read(self.files[place])
            except AudioError as error:
                leave_out(Rejected(self.files[place], str(error)))
                continue
            yield sound
            count += 1
            if count == self.count:
                return

    def _drawn(self) -> Iterator[tuple[np.ndarray, int]]:
        assert self.prior is not None
        output = generate(self.prior, GenerationOptions(count=_DRAWN, seed=0))
        yield from ((sound.audio, output.sample_rate) for sound in output.sounds if sound.audio is not None)


def timbre_examples(onto: Prior | Path | str) -> TimbreExamples | None:
    """What a folder of sounds, a sound file or a prior stands for; None for what is none of them.

    Raises:
        DataError: the folder has no sounds.
    """
    if isinstance(onto, Prior) or names_prior(onto):
        name = onto.info.name if isinstance(onto, Prior) else Path(onto).name
        return TimbreExamples(name, model_provenance("transfer", {"prior": name}), prior=onto)
    path = Path(onto)
    if path.is_dir():
        corpus = scan(path)
        if not corpus.sounds:
            raise DataError(f"{path} holds no sounds: name a folder of sounds whose timbre is to be taken")
        files = tuple(sound.path for sound in corpus.sounds)
        return TimbreExamples(path.name, algorithm_provenance("transfer"), files, corpus.rejected)
    if is_audio_name(path):
        return TimbreExamples(path.name, algorithm_provenance("transfer"), (path,))
    return None


def learned_timbre(
    examples: TimbreExamples,
    sample_rate: int,
    leave_out: Callable[[Rejected], None],
    on_progress: OnProgress = ignore_progress,
) -> Timbre:
    """The timbre of examples, for sounds of a sample rate; ``leave_out`` is given files that do not decode.

    Raises:
        AudioError: none of them can be read, or nothing can be heard in them.
        ModelError: no such prior.
        MissingPackageError: the pitch tracker is not installed.
    """
    learned, reasons = [], []

    def note(file: Rejected) -> None:
        reasons.append(file.reason)
        leave_out(file)

    for sound in examples.sounds(sample_rate, note):
        learned.append((sound, analyse(sound, sample_rate)))
        on_progress(Progress("learning the timbre", len(learned), examples.count, "sounds"))
    if not learned and len(reasons) > 1:
        raise AudioError(
            f"none of {len(reasons)} sounds of {examples.name} can be read; the first problem: {reasons[0]}"
        )
    if not learned and reasons:
        raise AudioError(reasons[0])
    return Timbre(learned)


def transferred(source: Path | HeldAudio, convert: Callable[[np.ndarray, int], np.ndarray]) -> tuple[np.ndarray, float]:
    """A sound ``(c, t)`` at its own rate, as ``convert`` makes it of ``(1, t)`` and the rate, alike in all channels,
    and its gain.

    Raises:
        AudioError: it can't be read, is silent, or never changes.
        OptionError: it is too long.
        MissingPackageError: the pitch tracker is not installed.
    """
    audio, rate = read(source)
    level, name = level_of(audio), source_path(source)
    if level.silent:
        raise AudioError(f"{name} is silent: there is nothing to transfer, name another sound")
    if level.is_constant:
        raise AudioError(f"{name} holds nothing but direct current: there is nothing to transfer, name another sound")
    if audio.shape[1] > MOST_SECONDS * rate:
        raise OptionError(
            f"{name} lasts {audio.shape[1] / rate:.0f} s: up to {MOST_SECONDS:g} s get the timbre of other sounds, "
            "cut it, or transfer it onto a model"
        )
    mono = audio.mean(axis=0, keepdims=True)
    result = convert(mono, rate)
    gain = audible_gain(level, level_of(result))
    return np.repeat(result * np.float32(gain), len(audio), axis=0), gain


def timbre_conversion(timbre_at: Callable[[int], Timbre]) -> Callable[[np.ndarray, int], np.ndarray]:
    """What gives a sound ``(1, t)`` of a rate a timbre of that rate."""
    return lambda mono, rate: with_timbre(mono, analyse(mono, rate), timbre_at(rate))

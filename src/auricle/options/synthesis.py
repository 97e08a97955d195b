"""Options of making sounds."""

import secrets
from dataclasses import dataclass
from math import isfinite
from typing import Literal, final

from auricle.errors import OptionError
from auricle.options.coding import Bits
from auricle.options.field_types import brief_repr, check_fields
from auricle.options.sources import SoundSource

MAX_SOUNDS = 100_000
"""Sounds that one call makes at most."""
MAX_SECONDS = 12 * 3600.0
MAX_MORPHS = 1000
MAX_NOTE_SECONDS = 60.0
_MAX_SEED = 2**63 - 1
_RANDOM_SEEDS = 10**9
_MAX_STEPS = 1000
_SAMPLING, _NOTE_SAMPLING = (2.0, 1.0), (1.0, 0.25)
"""Guidance and temperature that are usual."""
_STRENGTH, _MORPHS = 0.5, 5
_QUIETEST_DB = -50.0
_LOOP_SECONDS = 0.25, 600.0
GAP_SECONDS = 0.05, 60.0
"""The shortest and the longest gap that is filled."""

SoundFormat = Literal["wav", "flac", "ogg", "opus", "mp3"]
"""Formats of sound files, by their suffixes."""


@final
@dataclass(frozen=True)
class SoundFileOptions:
    """In which form sounds are written.

    Attributes:
        rate: in Hz; by default the model's, of a transfer the sound's, or the next that the format holds.
        bits: of each sample of a .wav or .flac: 16, 24 or float (.wav only); 16 by default.
        format: wav, flac, ogg, opus or mp3; by default that of a file's name, wav in a folder.
    """

    rate: int | None = None
    bits: Bits | None = None
    format: SoundFormat | None = None


@final
@dataclass(frozen=True)
class SamplingOptions:
    """How sounds are drawn from a prior.

    Attributes:
        guidance: how much the class is exaggerated (flows): 1 as learned, 2 to 4 clearer and less varied. Without a
            class it does nothing. By default 2, of notes 1.
        steps: of the integration from noise to latents (flows); more are slower and finer. By default 3, or 4 for
            priors of older versions.
        temperature: spread of the random numbers: less than 1 is more typical, more than 1 wilder. By default what the
            prior says, else 1, of notes .25: what varies from frame to frame in them is mostly noise.

    Raises:
        OptionError: a number is out of range.
    """

    guidance: float | None = None
    steps: int | None = None
    temperature: float | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        if self.guidance is not None and not 0 <= self.guidance <= 100:
            raise OptionError(f"guidance {self.guidance:g}: give 0 to 100, 1 is as learned")
        if self.steps is not None and not 1 <= self.steps <= _MAX_STEPS:
            raise OptionError(f"{self.steps} steps: give 1 to {_MAX_STEPS}")
        if self.temperature is not None and not 0 <= self.temperature <= 10:
            raise OptionError(f"temperature {self.temperature:g}: give 0 to 10, 1 is as learned")

    def resolved(self, *, notes: bool, temperature: float | None = None) -> "ResolvedSampling":
        """With what is usual where nothing was asked for.

        Args:
            notes: whether the prior makes notes.
            temperature: that is usual for the prior; None for what is usual for all.
        """
        guidance, usual = _NOTE_SAMPLING if notes else _SAMPLING
        candidates = (self.temperature, temperature, usual)
        return ResolvedSampling(
            guidance if self.guidance is None else self.guidance,
            self.steps,
            next(value for value in candidates if value is not None),
        )


@final
@dataclass(frozen=True)
class ResolvedSampling:
    """How sounds are drawn from a prior, its fields as in `SamplingOptions`; ``steps`` None is what the prior takes."""

    guidance: float
    steps: int | None
    temperature: float


@dataclass(frozen=True)
class GenerationOptions:
    """Which sounds a prior is to make. At most one of ``like``, ``after``, ``between`` and ``loop`` is given.

    Attributes:
        label: one of the prior's classes in upper or lower case, or several with commas between them; any without it.
        count: how many sounds, of each class.
        seconds: how long; by default as long as a sound that the prior learned from, without silence at the end.
        level: the largest sample in dB below full scale, -50 to 0; by default that of a sound that the prior learned
            from.
        seed: the same seed gives the same sounds; without one each run has its own, which is told.
        like: make variations of this sound, as long as it is: a file, an open one, or ``(audio, sample_rate)``.
        strength: how far from it, 0 (the sound as the model rebuilds it) to 1 (a new one); of a gap, how far from a
            crossfade. By default 0.5.
        after: go on from the end of this sound, given as ``like`` is, for so many seconds (4 by default). The result
            begins with the sound as the model rebuilds it.
        between: fill so many seconds (0.25 by default) between the end of one sound and the beginning of another, both
            given as ``like`` is. The result is the first sound, what was made, and the second sound.
        loop: make loops of exactly so many seconds, whose end goes on to their beginning; their seam is measured.
        snap: round latents to the grid of the model's quantiser.

    Raises:
        OptionError: a number is out of range, or options exclude each other.
    """

    label: str | None = None
    count: int = 1
    seconds: float | None = None
    level: float | None = None
    seed: int | None = None
    like: SoundSource | None = None
    strength: float | None = None
    after: SoundSource | None = None
    between: tuple[SoundSource, SoundSource] | None = None
    loop: bool = False
    snap: bool = False

    def __post_init__(self) -> None:
        check_fields(self)
        check_count(self.count)
        if self.between is not None and not (isinstance(self.between, tuple | list) and len(self.between) == 2):
            raise OptionError(f"between {brief_repr(self.between)}: give two sounds, before the gap and after it")
        if len(self.modes) > 1:
            raise OptionError(f"{' and '.join(self.modes)} exclude each other: ask for one of them")
        if self.like is not None and self.seconds is not None:
            raise OptionError("a variation is as long as its sound: leave the seconds out")
        if self.level is not None and not _QUIETEST_DB <= self.level <= 0:
            raise OptionError(f"a level of {self.level:g} dB: give {_QUIETEST_DB:g} to 0")
        if self.strength is not None and self.like is None and self.between is None:
            raise OptionError("a strength is of a variation or a gap: name a sound to vary (like), or two (between)")
        if not 0 <= self.resolved_strength <= 1:
            raise OptionError(f"strength {self.strength:g}: give 0 (the sound itself) to 1 (a new one)")
        check_seed(self.seed)

    def resolve_seed(self) -> int:
        """The seed that was given, or one that nobody has had."""
        return resolve_seed(self.seed)

    @property
    def resolved_strength(self) -> float:
        """The strength that was given, or what is usual."""
        return _STRENGTH if self.strength is None else self.strength

    @property
    def modes(self) -> tuple[str, ...]:
        """What is asked for beside new sounds, by the command line's names."""
        is_requested_by_mode = {
            "like": self.like is not None,
            "continue": self.after is not None,
            "between": self.between is not None,
            "loop": self.loop,
        }
        return tuple(name for name, is_requested in is_requested_by_mode.items() if is_requested)

    def check_length(self) -> None:
        """Refuse lengths that a finished sound can't have.

        Raises:
            OptionError: with the range.
        """
        seconds = self.seconds
        if seconds is None:
            return
        if not (isfinite(seconds) and 0 < seconds <= MAX_SECONDS):
            raise OptionError(f"a sound of {seconds:g} s: give more than 0 and at most {MAX_SECONDS:g}")
        shortest, longest = GAP_SECONDS
        if self.between is not None and not shortest <= seconds <= longest:
            raise OptionError(f"a gap of {seconds:g} s: give {shortest:g} to {longest:g}")
        shortest, longest = _LOOP_SECONDS
        if self.loop and not shortest <= seconds <= longest:
            raise OptionError(f"a loop of {seconds:g} s: give {shortest:g} to {longest:g}")

    def check_stream(self) -> None:
        """Refuse what a stream without end can't be.

        Raises:
            OptionError: it is not one new sound, or has no length.
        """
        if self.count != 1 or self.modes:
            raise OptionError("a stream is one new sound: leave out -n, --like, --continue, --between and --loop")
        if self.level is not None:
            raise OptionError("the level of a stream is not known before its end: leave --level out")
        if self.seconds is not None and not (isfinite(self.seconds) and self.seconds > 0):
            raise OptionError(f"a stream of {self.seconds:g} s: give more than 0, or leave the seconds out")


@dataclass(frozen=True)
class MorphOptions:
    """Which sounds between two sounds are made.

    Attributes:
        count: how many sounds, with both ends; their levels go evenly from one to the other's. By default 5.
        within: make one sound that crosses from the first to the second while it lasts, and ends as the second does.
        crossfade: mix both in a model's latent space, so that both are heard at once, each with its pitch.
        align: of crossfades, warp time so that what is alike in both meets (dynamic time warping of latents); other
            morphs always do.
        snap: of crossfades, round latents to the grid of the model's quantiser.

    Raises:
        OptionError: the count is out of range, or options of crossfades are asked for without one.
    """

    count: int | None = None
    within: bool = False
    crossfade: bool = False
    align: bool = False
    snap: bool = False

    def __post_init__(self) -> None:
        check_fields(self)
        if not self.crossfade and (self.align or self.snap):
            raise OptionError("align and snap are for crossfades: leave them out, or ask for a crossfade as well")
        if self.within and self.count is not None:
            raise OptionError("within makes one sound: leave the count out, or within")
        if not self.within and not 2 <= self.sounds <= MAX_MORPHS:
            raise OptionError(f"a morph of {self.sounds} sounds: give 2 to {MAX_MORPHS}")

    @property
    def sounds(self) -> int:
        """How many are made."""
        return 1 if self.within else _MORPHS if self.count is None else self.count


@final
@dataclass(frozen=True)
class NoteOptions:
    """Which notes a playable set has.

    Attributes:
        note: one or more, as ``C4``, ``C3..C5`` or ``C3,E3,G3``; C4 is middle C, MIDI number 60.
        velocity: 1 to 127, or a range of them: there is a layer for each dynamic that was recorded or learned. A prior
            that is asked for one velocity makes that one.
        label: of a prior, the class; by default that of which it learned most notes.
        seconds: of a prior, how long each note is; by default as long as notes near it that it learned from.
        seed: of a prior, the same seed gives the same notes; without one each run has its own, which is told.

    Raises:
        OptionError: the length or the seed is out of range.
    """

    note: str
    velocity: str = "1..127"
    label: str | None = None
    seconds: float | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        if self.seconds is not None and not 0 < self.seconds <= MAX_NOTE_SECONDS:
            raise OptionError(f"notes of {self.seconds:g} s: give more than 0 and at most {MAX_NOTE_SECONDS:g}")
        check_seed(self.seed)

    def resolve_seed(self) -> int:
        """The seed that was given, or one that nobody has had."""
        return resolve_seed(self.seed)


def check_count(count: int) -> None:
    """Refuse counts that nobody wants.

    Raises:
        OptionError: not 1 to 100000.
    """
    if not 1 <= count <= MAX_SOUNDS:
        raise OptionError(f"{count} sounds: ask for 1 to {MAX_SOUNDS}")


def check_seed(seed: int | None) -> None:
    """Refuse a seed that generators don't take; None is none.

    Raises:
        OptionError: with the value and the range.
    """
    if seed is not None and not 0 <= seed <= _MAX_SEED:
        raise OptionError(f"seed {seed}: give 0 to {_MAX_SEED}")


def resolve_seed(seed: int | None) -> int:
    """The seed, or, for None, one that nobody has had."""
    return secrets.randbelow(_RANDOM_SEEDS) if seed is None else seed

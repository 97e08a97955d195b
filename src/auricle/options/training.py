"""Options of training: of an autoencoder, of a prior, and of what they run on."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

from auricle.errors import OptionError
from auricle.options.field_types import check_fields

PRECISIONS = ("auto", "float32", "bf16")
NO_TRACKERS = "none"
_LARGEST_SEED, _LARGEST_BATCH, _LARGEST_ACCUMULATE = 2**31, 4096, 4096


@final
@dataclass(frozen=True)
class DeviceConfig:
    """What each process of a run computes on.

    Attributes:
        precision: auto, float32 or bf16; auto takes bfloat16 where the device has instructions for it: most GPUs, and
            CPUs with AVX512-BF16 or AMX.
        accumulate: parts of a step whose gradients are averaged, one after the other.
        cpu: stay on the CPU although there is a GPU.
        threads: CPU threads; all by default.

    Raises:
        OptionError: an unknown precision, or a number out of range.
    """

    precision: str = "auto"
    accumulate: int = 1
    cpu: bool = False
    threads: int | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        if self.precision not in PRECISIONS:
            raise OptionError(f"precision {self.precision!r} is unknown: choose one of {', '.join(PRECISIONS)}")
        if not 1 <= self.accumulate <= _LARGEST_ACCUMULATE:
            raise OptionError(f"{self.accumulate} parts of a step: use 1 to {_LARGEST_ACCUMULATE}")
        if self.threads is not None and self.threads < 1:
            raise OptionError(f"--threads {self.threads}: nothing can be computed, use 1 or more")


@final
@dataclass(frozen=True)
class TrainingOptions:
    """How an autoencoder is trained.

    Attributes:
        preset: speech (16 kHz), music (44.1 kHz), live (44.1 kHz, 20 ms), conv (small, quick), mixed (CNN and RNN) or
            conv-lstm (literature's); by default that of the base, without one speech where at least half of the sounds'
            length is at 24 kHz or less, else music.
        size: of a new network: small, base or large.
        adversarial: last share of the budget, 0 to 1, in which only the decoder learns, sharpened by discriminators; 1
            keeps old files.
        labels: also learn to tell classes apart, one for each folder of sounds. Sounds without a label take part.
        labels_table: the same with the classes of a CSV file with the columns path and label.
        batch: crops per step and process; by default the preset's.
        seed: decides weights, crops and noise.
        trackers: curves and sounds besides run.html: tensorboard, any tracker that accelerate knows, several with
            commas, or none.
        resume: go on from the last checkpoint.

    Raises:
        OptionError: a number is out of range.
    """

    preset: str | None = None
    size: str = "base"
    adversarial: float = 0.0
    labels: bool = False
    labels_table: Path | None = None
    batch: int | None = None
    seed: int = 0
    trackers: str = "tensorboard"
    resume: bool = False

    def __post_init__(self) -> None:
        check_fields(self)
        check_seed(self.seed)
        check_batch(self.batch)
        if not 0 <= self.adversarial <= 1:
            raise OptionError(f"--adversarial {self.adversarial:g} is no share of the budget: use 0 to 1")


@final
@dataclass(frozen=True)
class PriorTrainingOptions:
    """How a prior is trained.

    Attributes:
        kind: flow (flow matching: one-shots, variations, loops) or recurrent (frame by frame, streams for ever); by
            default that of the base, without one flow.
        no_labels: learn no classes; by default there is one for each folder of sounds. Sounds without a label take
            part.
        labels_table: take the classes from a CSV file with the columns path and label.
        notes: learn which note each sound is, and how hard it is played, so that notes can be asked for: from names of
            files (piano-C4-mf.wav), or from measured pitch where they name none.
        notes_table: take the notes from a CSV file with the columns path, note and, if need be, velocity.
        base: go on from another prior of the same model: a shipped one's name or a file. Its kind and shape are
            kept, and what it knows of classes of the same names.
        channels: 1, or 2 for stereo.
        budget: how long to train: 90s, 20m, 2h, or a number of steps.
        batch: windows per step and process.
        temperature: at which sounds are drawn unless another is asked for; by default 1, of notes .25. Less than 1 is
            more typical: try some after a training.
        max_mel_distance: largest log-mel distance, in nepers, at which the model may rebuild these sounds.
        seed: decides weights, windows and noise.
        trackers: curves and sounds besides run.html: tensorboard, any tracker that accelerate knows, several with
            commas, or none.
        resume: go on from the last checkpoint.

    Raises:
        OptionError: a number is out of range, or labels are wanted and not wanted.
    """

    kind: str | None = None
    no_labels: bool = False
    labels_table: Path | None = None
    notes: bool = False
    notes_table: Path | None = None
    base: str | None = None
    channels: int = 1
    budget: str = "10m"
    batch: int | None = None
    temperature: float | None = None
    max_mel_distance: float = 1.0
    seed: int = 0
    trackers: str = "tensorboard"
    resume: bool = False

    def __post_init__(self) -> None:
        check_fields(self)
        check_seed(self.seed)
        check_batch(self.batch)
        if self.no_labels and self.labels_table is not None:
            raise OptionError(f"--no-labels and --labels-table {self.labels_table}: give one of the two")
        if self.kind == "recurrent" and (self.notes or self.notes_table is not None):
            raise OptionError("notes are learned by a flow, not by a recurrent prior: leave one of the two out")
        if self.channels not in (1, 2):
            raise OptionError(f"a prior of {self.channels} channels: use 1 or 2")
        if self.temperature is not None and not 0 < self.temperature <= 10:
            raise OptionError(f"a usual temperature of {self.temperature:g}: give more than 0, at most 10")
        if not self.max_mel_distance > 0:
            raise OptionError(f"a log-mel distance of {self.max_mel_distance:g} can't be reached: use a number above 0")


def check_seed(seed: int) -> None:
    """Refuse a seed that generators don't take.

    Raises:
        OptionError: with the value and the range.
    """
    if not 0 <= seed < _LARGEST_SEED:
        raise OptionError(f"seed {seed} is out of range: use 0 to {_LARGEST_SEED - 1}")


def check_batch(batch: int | None) -> None:
    """Refuse a batch that no run can use; None is the usual one.

    Raises:
        OptionError: with the value and the range.
    """
    if batch is not None and not 1 <= batch <= _LARGEST_BATCH:
        raise OptionError(f"a batch of {batch} crops: use 1 to {_LARGEST_BATCH}")


def tracker_names(trackers: str) -> tuple[str, ...]:
    """Names of trackers, out of ``tensorboard,wandb`` or ``none``."""
    names = (name.strip() for name in trackers.split(","))
    return tuple(name for name in names if name not in ("", NO_TRACKERS))

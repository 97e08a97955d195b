"""Options of telling sounds apart: of learning classes, of judging that, and of choosing what to label next."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, final

from auricle.errors import OptionError
from auricle.options.field_types import check_fields
from auricle.options.sources import SoundSource
from auricle.options.training import check_seed

_MAX_SEGMENTS = 32
_MAX_SUGGESTIONS = 10_000
_MAX_HITS = 10_000
_MAX_COPIES = 8


@dataclass(frozen=True)
class CacheOptions:
    """Where the features of sounds are kept for the next time.

    Attributes:
        cache: folder; by default below the user's cache folder.
        no_cache: neither read nor write it.
    """

    cache: Path | None = None
    no_cache: bool = False


FeatureKind = Literal["hearing", "latents"]


@dataclass(frozen=True)
class FeatureOptions(CacheOptions):
    """Which features of sounds are made, and where they are kept for the next time.

    Attributes:
        features: hearing (the latents, and patches of the spectrogram learned beside the model) or latents; by default
            hearing where the model has such a file.
        cache: folder; by default below the user's cache folder.
        no_cache: neither read nor write it.
    """

    features: FeatureKind | None = None


@dataclass(frozen=True)
class ClassifierOptions(FeatureOptions):
    """What a classifier learns from, and how.

    Attributes:
        labels_table: CSV with a header: path (relative to the folder), label, and optionally fold and group; by default
            each subfolder is a class.
        column: the table's column of labels.
        groups: the table's column of groups, such as speakers or recordings; without a table a regular expression that
            finds the group in a file's path. No group is ever on both sides where something is chosen or judged.
        probe: kernel (default; regression by likeness to known sounds), ridge or logistic (linear), mlp (a small
            network) or knn (nearest neighbours).
        segments: parts of a sound that are told apart; by default 8 where sounds are short, else 1.
        copies: altered copies of each sound that are learned from too, up to 8. No copy is ever judged.
        normalise_groups: compare each sound with others of its group: features are relative to the mean and deviation
            of their group (speaker normalisation). Groups must be known.
        seed: decides folds, what is held out, first weights and random encoders.
        features: hearing (the latents, and patches of the spectrogram learned beside the model) or latents; by default
            hearing where the model has such a file.
        cache: folder of features; by default below the user's cache folder.
        no_cache: neither read nor write it.

    Raises:
        OptionError: a number is out of range.
    """

    labels_table: Path | tuple[Path, ...] | None = None
    column: str = "label"
    groups: str | None = None
    probe: str | None = None
    segments: int | None = None
    copies: int = 0
    normalise_groups: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        check_fields(self)
        check_seed(self.seed)
        if self.segments is not None and not 1 <= self.segments <= _MAX_SEGMENTS:
            raise OptionError(f"{self.segments} segments of a sound: use 1 to {_MAX_SEGMENTS}")
        if not 0 <= self.copies <= _MAX_COPIES:
            raise OptionError(f"{self.copies} copies of each sound: use 0 to {_MAX_COPIES}")

    @property
    def label_files(self) -> tuple[Path, ...]:
        """All that ``labels_table`` names."""
        table = self.labels_table
        tables = () if table is None else table if isinstance(table, tuple | list) else (table,)
        return tuple(map(Path, tables))


@dataclass(frozen=True)
class FinetuneOptions(ClassifierOptions):
    """How an encoder is fine-tuned for classes: what it learns from, and for how long.

    Attributes:
        labels_table: CSV with a header: path (relative to the folder), label, and optionally group; by default each
            subfolder is a class.
        column: the table's column of labels.
        groups: the table's column of groups, such as speakers or recordings; without a table a regular expression that
            finds the group in a file's path. No group is ever on both sides where something is chosen.
        probe: ridge, the default here, is the only one that can be fine-tuned.
        segments: parts of a sound that are told apart; by default 8 where sounds are short, else 1.
        copies: refused: sounds are altered while they are learned from.
        normalise_groups: refused: an encoder learns from one sound at a time.
        seed: decides what is held out, first weights, crops and changes.
        features: hearing (the latents, and patches of the spectrogram learned beside the model) or latents; by default
            hearing where the model has such a file.
        cache: folder of features; by default below the user's cache folder.
        no_cache: neither read nor write it.
        budget: how long to fine-tune: 90s, 5m, or a number of steps.
        trackers: curves besides run.html: tensorboard, any tracker that accelerate knows, several with commas, or none.
        resume: go on with fine-tuning from the last checkpoint.

    Raises:
        OptionError: a number is out of range.
    """

    budget: str = "5m"
    trackers: str = "tensorboard"
    resume: bool = False


@final
@dataclass(frozen=True)
class CrossValidationOptions(ClassifierOptions):
    """How cross-validation judges classes.

    Attributes:
        labels_table: CSV with a header: path (relative to the folder), label, and optionally fold and group; by default
            each subfolder is a class.
        column: the table's column of labels.
        groups: the table's column of groups, such as speakers or recordings; without a table a regular expression that
            finds the group in a file's path. No group is ever on both sides.
        probe: kernel (default; regression by likeness to known sounds), ridge or logistic (linear), mlp (a small
            network) or knn (nearest neighbours).
        segments: parts of a sound that are told apart; by default 8 where sounds are short, else 1.
        copies: altered copies of each sound that are learned from too, up to 8; of sounds that are judged none are.
        normalise_groups: compare each sound with others of its group: features are relative to the mean and deviation
            of their group (speaker normalisation). Groups must be known.
        seed: decides folds, first weights and the random encoder.
        features: hearing (the latents, and patches of the spectrogram learned beside the model) or latents; by default
            hearing where the model has such a file.
        cache: folder of features; by default below the user's cache folder.
        no_cache: neither read nor write it.
        folds: esc10 (its official folds, from file names), a column of the table, or a number of folds.
        skip_baselines: do not compare with the majority class, MFCC and log-mel statistics and a random encoder.

    Raises:
        OptionError: a number is out of range.
    """

    folds: str | int = "5"
    skip_baselines: bool = False


@dataclass(frozen=True)
class DetectorOptions(ClassifierOptions):
    """How a classifier learns from events that were marked in long recordings.

    Attributes:
        labels_table: label files, which all have begin and end: CSV, label tracks of Audacity, selection tables of
            Raven. What is not marked in a recording that they speak of is the class nothing.
        column: the column of labels in label files with a header, if it is not called label, annotation or species.
        groups: refused: a recording, or a third of one, is never on both sides.
        probe: ridge (default) or logistic (linear), mlp (a small network), kernel (by likeness to known sounds) or knn
            (nearest neighbours).
        segments: refused: events are learned from window by window.
        copies: refused: see augment.
        normalise_groups: refused: events have no groups.
        seed: decides which windows of nothing are learned from, and first weights.
        held_out: label files of recordings that thresholds are chosen on and nothing is learned from; by default each
            third of the others in turn.
        precision: share of the detections that shall be right, for each class.
        false_alarms: detections an hour where nothing is that are allowed, of all classes together.
        augment: learn also from the events mixed into other background and into noise, 0 to 20 dB above it.
        window: seconds of a window; by default as the shorter events, 0.2 to 0.6 s.
        features: hearing (the latents, and patches of the spectrogram learned beside the model) or latents; by default
            hearing where the model has such a file.
        cache: refused: features of windows are not kept.
        no_cache: changes nothing.

    Raises:
        OptionError: a number is out of range.
    """

    held_out: tuple[Path, ...] = ()
    precision: float = 0.9
    false_alarms: float = 1.0
    augment: bool = False
    window: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.precision <= 1:
            raise OptionError(f"a precision of {self.precision:g}: give a share above 0 and up to 1, as 0.9")
        if not self.false_alarms > 0:
            raise OptionError(f"{self.false_alarms:g} false alarms an hour: give a number above 0")
        if self.window is not None and not 0.05 <= self.window <= 10:
            raise OptionError(f"windows of {self.window:g} s: give 0.05 to 10")


@final
@dataclass(frozen=True)
class DetectionOptions:
    """Which events of a long recording are reported.

    Attributes:
        max_novelty: leave out what is less like anything learned from than this: 1 is what a hundredth of the events
            that thresholds were chosen on exceed.
        any_length: also report what lasts more than three times as long as the longest event of its class that was
            marked; without it that is taken for a part of the place, as a river is beside short rain.

    Raises:
        OptionError: it is out of range.
    """

    max_novelty: float = 2.0
    any_length: bool = False

    def __post_init__(self) -> None:
        check_fields(self)
        if not self.max_novelty > 0:
            raise OptionError(f"a novelty of at most {self.max_novelty:g}: give a number above 0")


@dataclass(frozen=True)
class SuggestionOptions(FeatureOptions):
    """Which sounds have labels, and how many to propose next.

    Attributes:
        labels_table: CSV with a header: path (relative to the folder) and label of what is labelled already.
        column: the table's column of labels.
        count: how many sounds to propose.
        seed: decides how clusters begin.
        window: of long recordings: seconds of the stretches to propose, 1 to 30; labels then have begin and end. By
            default sounds are proposed as a whole.
        features: hearing (the latents, and patches of the spectrogram learned beside the model) or latents; by default
            hearing where the model has such a file.
        cache: folder of features; by default below the user's cache folder.
        no_cache: neither read nor write it.

    Raises:
        OptionError: a number is out of range.
    """

    labels_table: Path | None = None
    column: str = "label"
    count: int = 20
    seed: int = 0
    window: float | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        check_seed(self.seed)
        if self.window is not None and not 1 <= self.window <= 30:
            raise OptionError(f"stretches of {self.window:g} s: give 1 to 30")
        if not 1 <= self.count <= _MAX_SUGGESTIONS:
            raise OptionError(f"{self.count} sounds to label: ask for 1 to {_MAX_SUGGESTIONS}")


@dataclass(frozen=True)
class SearchOptions(FeatureOptions):
    """What a search looks for beside the query, and how many sounds it names.

    Attributes:
        count: how many sounds or windows to name.
        like: more examples: files, open ones, or ``(audio, sample_rate)``.
        unlike: counter-examples, named as ``like``: sounds that are near the examples but are not meant.
        at: second at which the moment begins that is meant, in an index of windows; by default the query as a whole.
        features: hearing (the latents, and patches of the spectrogram learned beside the model) or latents; by default
            hearing where the model has such a file, and for an index what it was made with.
        cache: folder of features and indexes; by default below the user's cache folder.
        no_cache: neither read nor write it.

    Raises:
        OptionError: a number is out of range.
    """

    count: int = 10
    like: tuple[SoundSource, ...] = ()
    unlike: tuple[SoundSource, ...] = ()
    at: float | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        if not 1 <= self.count <= _MAX_HITS:
            raise OptionError(f"the {self.count} nearest sounds: ask for 1 to {_MAX_HITS}")
        if self.at is not None and not self.at >= 0:
            raise OptionError(f"the moment {self.at:g} s: give 0 or more")


@final
@dataclass(frozen=True)
class IndexOptions:
    """What an index holds of a folder.

    Attributes:
        window: seconds of windows that have a row each, for long recordings; by default a whole sound has one row.
        hop: seconds from one window to the next; by default half a window.
        remove: take the sounds of this file or folder out of the index.
        force: make the index anew instead of bringing it up to date.
        features: hearing (the latents, and patches of the spectrogram learned beside the model) or latents; by default
            hearing where the model has such a file. An index keeps what it was made with.

    Raises:
        OptionError: a number is out of range.
    """

    window: float | None = None
    hop: float | None = None
    remove: bool = False
    force: bool = False
    features: FeatureKind | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        if self.window is not None and not 0.05 <= self.window <= 30:
            raise OptionError(f"windows of {self.window:g} s: give 0.05 to 30")
        if self.hop is not None and (self.window is None or not 0.01 <= self.hop <= self.window):
            raise OptionError(f"windows every {self.hop:g} s: name --window too, and a hop from 0.01 up to its length")

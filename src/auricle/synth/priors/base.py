"""What every prior offers: a distribution over the latents of one autoencoder, from which new sound is drawn."""

from abc import ABC, abstractmethod
from typing import Self, final

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from auricle.data.labels import MAX_CLASS_NAME
from auricle.errors import ModelError, OptionError
from auricle.model import Autoencoder, fingerprint
from auricle.model.files.tensor_file import short_digest
from auricle.model.registry import Frozen, RegisteredConfig
from auricle.options.synthesis import ResolvedSampling, SamplingOptions

NO_CLASS = -1
MAX_PRIOR_CLASSES = 4096
MAX_EXAMPLES = 4096
_LISTED = 20


@final
class PriorInfo(Frozen):
    """Where a prior comes from; it changes nothing about how the prior works."""

    name: str = Field(default="unnamed", max_length=64, description="short name")
    description: str = Field(default="", description="what it is for")
    licence: str = Field(default="", description="licence of the weights")
    data: str = Field(default="", description="what it was trained on, with licences")
    training: dict[str, str | int | float] = Field(default={}, description="steps, hours, commands")
    metrics: dict[str, str | int | float] = Field(default={}, description="figures on held-out sounds")


@final
class Origin(Frozen):
    """The autoencoder whose latents a prior makes, and the classes it knows."""

    fingerprint: str = Field(pattern="^[0-9a-f]{64}$", description="of the autoencoder")
    model: str = Field(default="unnamed", max_length=64, description="name of the autoencoder")
    sample_rate: int = Field(ge=4000, le=192000, description="in Hz")
    hop_length: int = Field(ge=1, le=1 << 17, description="samples per latent frame")
    latent_dim: int = Field(ge=1, le=4096, description="features of a latent frame")
    channels: int = Field(default=1, ge=1, le=2, description="1, or 2 for stereo, as middle and side")
    classes: tuple[str, ...] = Field(default=(), max_length=MAX_PRIOR_CLASSES, description="names of the classes")

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("two classes have the same name")
        if not all(name and name.isprintable() and len(name) <= MAX_CLASS_NAME for name in self.classes):
            raise ValueError(f"a class has no name, or one of over {MAX_CLASS_NAME} or unprintable characters")
        return self

    @property
    def frame_rate(self) -> float:
        """Latent frames a second."""
        return self.sample_rate / self.hop_length

    @property
    def features(self) -> int:
        """Values per frame: those of all channels side by side."""
        return self.channels * self.latent_dim

    @staticmethod
    def of(model: Autoencoder, channels: int, classes: tuple[str, ...]) -> "Origin":
        """Describe an autoencoder."""
        return Origin(
            fingerprint=fingerprint(model),
            model=model.name,
            sample_rate=model.sample_rate,
            hop_length=model.hop_length,
            latent_dim=model.latent_dim,
            channels=channels,
            classes=classes,
        )


class PriorConfig(RegisteredConfig):
    """A kind of prior and its shape."""

    window: int = Field(default=64, ge=2, le=4096, description="frames that are learned in one piece")
    unlabelled: float = Field(
        default=0.1, ge=0, le=1, description="share of sounds that are learned as if they had no class (guidance)"
    )
    examples: int = Field(
        default=0, ge=0, le=MAX_EXAMPLES, description="training sounds whose lengths and levels are told; 0 tells none"
    )
    notes: bool = Field(
        default=False, description="whether notes and velocities are told, and notes learned at pitches that fit frames"
    )
    attacks: bool = Field(
        default=False, description="whether it is known how fast the training sounds rise; never of notes"
    )

    temperature: float | None = Field(
        default=None,
        gt=0,
        le=10,
        description="spread of the random numbers that sounds are drawn with unless another is asked for; null for 1, "
        "of notes .25",
    )

    @property
    def size_columns(self) -> int:
        """What is told of a sound: seconds and level, and of notes their number and velocity."""
        return 4 if self.notes else 2

    @property
    def table_columns(self) -> int:
        """What the table of the training sounds holds of each: its class, what is told, and its attack if known."""
        return 1 + self.size_columns + self.attacks

    @abstractmethod
    def build(self, origin: Origin, info: PriorInfo | None = None) -> "Prior":
        """The module."""


class Prior(nn.Module, ABC):
    """A distribution over sequences of frames ``(b, n, features)``, standardised: zero mean, unit variance.

    Latents are the encoder's output; the features of a frame are the latents of its channels side by side (middle and
    side where there are two). Classes are numbers, -1 for none.

    Attributes:
        config: its shape.
        origin: the autoencoder it belongs to, and its classes.
        info: where it comes from.
        mean: ``(features,)`` subtracted from latents.
        deviation: ``(features,)`` by which they are then divided.
        silence: ``(features,)`` one frame of the latents of endless silence, not standardised.
        sizes: ``(examples, 3)`` class (-1 for none), seconds and level in dB of training sounds; where attacks are
            known ``(examples, 4)`` with that in seconds, where notes are told ``(examples, 5)`` with note and velocity;
            None where sizes are not told.
        takes_prefix: whether it was trained to go on from given first frames of a window.
    """

    takes_prefix: bool = False
    mean: Tensor
    deviation: Tensor
    silence: Tensor
    sizes: Tensor | None

    def __init__(self, config: PriorConfig, origin: Origin, info: PriorInfo | None = None):
        super().__init__()
        self.config, self.origin, self.info = config, origin, info or PriorInfo()
        self.register_buffer("mean", torch.zeros(origin.features))
        self.register_buffer("deviation", torch.ones(origin.features))
        self.register_buffer("silence", torch.zeros(origin.features))
        self.register_buffer("sizes", torch.zeros(config.examples, config.table_columns) if config.examples else None)

    @abstractmethod
    def loss(
        self, x: Tensor, before: Tensor, label: Tensor, begin: Tensor, size: Tensor | None = None
    ) -> dict[str, Tensor]:
        """What training minimises, per item; draws from torch's global generator.

        Args:
            x: ``(b, n, features)`` standardised, n at most :attr:`window`.
            before: ``(b, features)`` standardised, the frame before the first one; anything where ``begin`` is true.
            label: ``(b,)`` int64, -1 for none.
            begin: ``(b,)`` bool, true where the first frame is the first one of a sound.
            size: ``(b, 2)`` seconds from the first frame to the sound's end, and its level in dB; ``(b, 4)`` with note
                and velocity where notes are told. NaN is not told.

        Returns:
            ``loss`` ``(b,)``, and further terms to watch.
        """

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, empty where it knows none."""
        return self.origin.classes

    @property
    def fingerprint(self) -> str:
        """Of the autoencoder it belongs to."""
        return self.origin.fingerprint

    @property
    def features(self) -> int:
        """Values per frame."""
        return self.origin.features

    @property
    def channels(self) -> int:
        """Of the sound: 1 or 2."""
        return self.origin.channels

    @property
    def sample_rate(self) -> int:
        """In Hz."""
        return self.origin.sample_rate

    @property
    def hop_length(self) -> int:
        """Samples per frame."""
        return self.origin.hop_length

    @property
    def latent_dim(self) -> int:
        """Features of one channel's latent frame."""
        return self.origin.latent_dim

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return self.origin.frame_rate

    @property
    def window(self) -> int:
        """Frames that were learned in one piece."""
        return self.config.window

    def standardise(self, z: Tensor) -> Tensor:
        """Latents ``(..., features)`` to zero mean and unit variance."""
        return (z - self.mean) / self.deviation

    def restore(self, x: Tensor) -> Tensor:
        """Undo :meth:`standardise`."""
        return x * self.deviation + self.mean

    @torch.no_grad()
    def fit_scale(self, mean: Tensor, deviation: Tensor, silence: Tensor) -> None:
        """Set the buffers from statistics ``(features,)`` of latents. Features that hardly vary are not blown up."""
        self.mean.copy_(mean)
        self.deviation.copy_(deviation.clamp(min=1e-2 * float(deviation.max()) + 1e-8))
        self.silence.copy_(silence)

    @torch.no_grad()
    def fit_sizes(self, sizes: Tensor) -> None:
        """Set the table of the training sounds, with the columns of ``sizes``."""
        assert self.sizes is not None
        self.sizes.copy_(sizes)

    def sampling(self, options: SamplingOptions) -> ResolvedSampling:
        """How sounds are drawn: as is asked for, else as is usual for this prior."""
        return options.resolved(notes=self.config.notes, temperature=self.config.temperature)

    def label(self, name: str | None) -> int:
        """Number of a class, whose name may be written in upper or lower case; -1 for None.

        Raises:
            OptionError: no such class; the message lists them.
        """
        if name is None:
            return NO_CLASS
        if (index := self._class_index(name)) is not None:
            return index
        if not self.classes:
            raise OptionError(f"class {name!r}: the prior {self.info.name!r} was trained without classes, leave it out")
        classes = ", ".join(self.classes[:_LISTED]) + (", ..." if len(self.classes) > _LISTED else "")
        raise OptionError(f"class {name!r} is unknown to the prior {self.info.name!r}: choose one of {classes}")

    def labels(self, names: str | None) -> tuple[int, ...]:
        """Numbers of one or more classes, with commas between their names, none twice; only -1 for None.

        Raises:
            OptionError: no such class; the message lists them.
        """
        if names is None or self._class_index(names) is not None:
            return (self.label(names),)
        parts = [name.strip() for name in names.split(",")]
        if not all(parts):
            raise OptionError(f"classes {names!r}: a name between two commas, or before or behind one, is empty")
        return tuple(dict.fromkeys(map(self.label, parts)))

    def class_name(self, label: int) -> str | None:
        """Name of the class of a number; None for -1."""
        return None if label == NO_CLASS else self.classes[label]

    def _class_index(self, name: str) -> int | None:
        if name in self.classes:
            return self.classes.index(name)
        folded = [class_name.casefold() for class_name in self.classes]
        return folded.index(name.casefold()) if folded.count(name.casefold()) == 1 else None

    def require(self, model: Autoencoder) -> None:
        """Make sure that ``model`` is the autoencoder that this prior was trained on.

        Raises:
            ModelError: it is another one; the message names both fingerprints.
        """
        actual = fingerprint(model)
        if actual != self.fingerprint:
            raise ModelError(
                f"the prior {self.info.name!r} makes latents of the model {self.origin.model!r} (fingerprint "
                f"{short_digest(self.fingerprint)}), not of {model.name!r} ({short_digest(actual)}): name the model "
                "that it was trained on"
            )

    def drop_labels(self, label: Tensor) -> Tensor:
        """Labels of which the configured share is forgotten, as numbers of rows: those without a class come last."""
        if self.training and self.config.unlabelled:
            forgotten = torch.rand(label.shape, device=label.device) < self.config.unlabelled
            label = torch.where(forgotten, NO_CLASS, label)
        return self._rows(label)

    def _rows(self, label: Tensor) -> Tensor:
        """Rows of a table with one more row than classes; the last one stands for no class."""
        return torch.where(label < 0, len(self.classes), label)

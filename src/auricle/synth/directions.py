"""Principal directions of a latent space: along which sounds of a folder differ most."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from auricle.data.scan import Rejected, scan
from auricle.errors import AudioError, DataError, ModelError, OptionError
from auricle.model import Autoencoder, fingerprint
from auricle.model.files.file import model_for
from auricle.model.files.tensor_file import short_digest
from auricle.model.registry import Frozen
from auricle.options.field_types import check_arguments
from auricle.progress import OnProgress, Progress, ignore_progress
from auricle.synth.descriptors import OPPOSITES, describe, direction_words, name_directions
from auricle.synth.latent_files import load_arrays, parse_metadata, save_arrays
from auricle.synth.rendering.render import LatentReader

_LIMIT = 10.0


@final
class _DirectionsMetadata(Frozen):
    kind: str = Field(default="principal directions", pattern="^principal directions$")
    model: str = Field(max_length=64)
    fingerprint: str = Field(pattern="^[0-9a-f]{64}$")
    sounds: int = Field(ge=2)
    names: tuple[str, ...] = Field(default=(), max_length=4096)


@final
@dataclass(frozen=True, eq=False)
class Directions:
    """Orthogonal directions, the one along which sounds differ most first.

    Each sound is one point: the mean of its latent frames over time and channels, of two channels that of the middle.

    Attributes:
        mean: float32 ``(d,)`` of all sounds.
        axes: float32 ``(k, d)``, unit vectors. Their sign makes the largest component positive.
        deviations: float32 ``(k,)`` standard deviation of the sounds along each.
        shares: float32 ``(k,)`` of the variance between sounds.
        sounds: how many they come from.
        model: name and fingerprint of the autoencoder.
        names: what each does, such as ``brighter``; "" where no word fits.
        rejected: sounds that could not be read.
    """

    mean: np.ndarray
    axes: np.ndarray
    deviations: np.ndarray
    shares: np.ndarray
    sounds: int
    model: tuple[str, str]
    names: tuple[str, ...] = ()
    rejected: tuple[Rejected, ...] = ()

    @property
    def titles(self) -> tuple[str, ...]:
        """What each is called: ``PC1``, and the word for what it does."""
        return tuple(f"PC{number} {word}".rstrip() for number, word in enumerate(self.words, 1))

    @property
    def words(self) -> tuple[str, ...]:
        """The word for what each does, "" where there is none."""
        return self.names or ("",) * len(self.axes)

    def places(self, z: Tensor) -> np.ndarray:
        """Where a sound's latents ``(c, n, d)`` lie, ``(k,)`` in standard deviations."""
        point = placing_channels(z).mean((0, 1)).numpy() - self.mean
        return self.axes @ point / np.maximum(self.deviations, 1e-9)

    def offset(self, shifts: Mapping[int, float]) -> np.ndarray:
        """What to add to latents, ``(d,)``, to move by so many standard deviations along directions (from 0)."""
        amounts = np.zeros_like(self.deviations)
        for index, amount in shifts.items():
            amounts[index] = amount
        return (amounts * self.deviations) @ self.axes

    def require(self, model: Autoencoder) -> None:
        """Make sure that they belong to ``model``.

        Raises:
            ModelError: they belong to another one.
        """
        name, expected = self.model
        if fingerprint(model) != expected:
            raise ModelError(
                f"the directions are those of the model {name!r} (fingerprint {short_digest(expected)}), not of "
                f"{model.name!r} ({short_digest(fingerprint(model))}): name the model they were made with"
            )
        if len(self.mean) != model.latent_dim:
            raise ModelError(f"the directions have {len(self.mean)} features, {name!r} has {model.latent_dim}: damaged")

    @check_arguments()
    def save(self, path: Path | str, *, force: bool = False) -> None:
        """Write .npz or .safetensors.

        Raises:
            OptionError: another suffix.
            OutputError: the file exists and ``force`` is false, or can't be written.
        """
        arrays = {name: getattr(self, name) for name in ("mean", "axes", "deviations", "shares")}
        metadata = _DirectionsMetadata(
            model=self.model[0], fingerprint=self.model[1], sounds=self.sounds, names=self.names
        )
        save_arrays(arrays, metadata.model_dump_json(), Path(path), force=force)

    @staticmethod
    @check_arguments()
    def load(path: Path | str) -> "Directions":
        """Read them back.

        Raises:
            OptionError: a suffix other than .npz and .safetensors.
            ModelError: the file is damaged, or holds something else.
        """
        path = Path(path)
        arrays, text = load_arrays(path)
        if set(arrays) != {"mean", "axes", "deviations", "shares"} or text is None:
            raise ModelError(
                f"{path} holds no principal directions: make them with `auricle latents FOLDER {path.name}`"
            )
        metadata: Any = parse_metadata(path, text, _DirectionsMetadata)
        k, d = (*arrays["axes"].shape, 0, 0)[:2]
        shapes = {"mean": (d,), "axes": (k, d), "deviations": (k,), "shares": (k,)}
        if any(arrays[name].shape != shape or arrays[name].dtype != np.float32 for name, shape in shapes.items()):
            raise ModelError(f"{path} holds arrays of the wrong shapes: make the directions again")
        if not all(np.isfinite(value).all() for value in arrays.values()):
            raise ModelError(f"{path} holds values that are not finite: make the directions again")
        if metadata.names and (len(metadata.names) != k or not set(metadata.names) <= {"", *OPPOSITES}):
            raise ModelError(f"{path} holds names of directions that there are not: make the directions again")
        parts = (arrays[name] for name in shapes)
        model = metadata.model, metadata.fingerprint
        return Directions(*parts, sounds=metadata.sounds, model=model, names=metadata.names)


@check_arguments()
def principal_directions(
    folder: Path | str,
    model: Autoencoder | Path | str | None = None,
    *,
    count: int = 8,
    on_progress: OnProgress = ignore_progress,
) -> Directions:
    """Find the directions along which the sounds of a folder differ most (principal component analysis).

    A direction gets the name of the measured descriptor that it goes with best (`auricle.synth.descriptors`), if their
    correlation over the sounds is .6 or more, and then points to more of it.

    Args:
        folder: of sounds.
        model: whose latent space; by default the shipped speech model for sounds up to 24 kHz, the music model above.
        count: how many directions; there must be more sounds than that.
        on_progress: is told how many sounds are read.

    Raises:
        OptionError: not from 1 to the latent's features.
        DataError: the folder holds no usable sounds, or no more than directions.
    """
    corpus = scan(folder)
    loaded = model_for(model, max(sound.sample_rate for sound in corpus.sounds))
    if not 1 <= count <= loaded.latent_dim:
        raise OptionError(f"{count} directions: give 1 to {loaded.latent_dim}, the features of the model's latent")
    _check_enough(folder, len(corpus.sounds), count)
    points, descriptors, rejected = [], [], list(corpus.rejected)
    for number, sound in enumerate(corpus.sounds, 1):
        try:
            point, described = _mean(LatentReader(sound.path, loaded)), describe(sound.path)
            points.append(point)
            descriptors.append(described)
        except AudioError as error:
            rejected.append(Rejected(sound.path, str(error)))
        on_progress(Progress("reading sounds", number, len(corpus.sounds), "sounds"))
    _check_enough(folder, len(points), count)
    stacked = np.stack(points).astype(np.float64)
    mean = stacked.mean(axis=0)
    _, singular_values, axes = np.linalg.svd(stacked - mean, full_matrices=False)
    axes *= np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
    names, signs = name_directions((stacked - mean) @ axes[:count].T, descriptors)
    axes[:count] *= signs[:, None]
    variance = np.square(singular_values) / (len(points) - 1)
    shares = variance / max(float(variance.sum()), 1e-30)
    arrays = (mean, axes[:count], np.sqrt(variance[:count]), shares[:count])
    return Directions(
        *(np.ascontiguousarray(part, np.float32) for part in arrays),
        sounds=len(points),
        model=(loaded.name, fingerprint(loaded)),
        names=tuple(names),
        rejected=tuple(rejected),
    )


def placing_channels(z: Tensor) -> Tensor:
    """Of latents ``(c, n, d)`` those that place a sound, and that a shift moves: of two channels the middle."""
    return z[:1] if len(z) == 2 else z


def _mean(reader: LatentReader) -> np.ndarray:
    total, frames = torch.zeros(0), 0
    for piece in map(placing_channels, reader):
        sums = piece.double().sum((0, 1))
        total = sums if not frames else total + sums
        frames += piece.shape[0] * piece.shape[1]
    return (total / max(1, frames)).numpy()


def _check_enough(folder: Path | str, sounds: int, count: int) -> None:
    if sounds <= count:
        number = "1 usable sound" if sounds == 1 else f"{sounds} usable sounds"
        raise DataError(
            f"{folder} holds {number}, too few for {count} principal directions: give more sounds than directions, "
            "or ask for fewer directions"
        )


def parse_shifts(texts: tuple[str, ...], directions: Directions) -> dict[int, float]:
    """What ``PC1=+2``, ``brighter=1`` or ``darker=1`` say: numbers of directions, from 0, and standard deviations.

    Raises:
        OptionError: it is not of this form, there is no such direction, it is named twice, or beyond 10 deviations.
    """
    if not isinstance(texts, Sequence) or not all(isinstance(text, str) for text in texts):
        raise OptionError(f"shifts {texts!r}: give texts such as 'PC1=+2'")
    shifts: dict[int, float] = {}
    words = direction_words(directions.words)
    for text in texts:
        match = re.fullmatch(r"([a-z]{1,20}|PC[1-9]\d{0,4})=([+-]?\d+(?:\.\d*)?)", text.strip(), re.IGNORECASE)
        if match is None:
            raise OptionError(f"a shift of {text!r}: write it as PC1=+2 (direction 1, 2 standard deviations up)")
        place = words.get(match[1].lower())
        if place is None:
            raise OptionError(f"there is no direction {match[1]}: there are {', '.join(directions.titles)}")
        index, amount = place[0], place[1] * float(match[2])
        if index in shifts or abs(amount) > _LIMIT:
            raise OptionError(f"a shift of {text!r}: name each direction once, with -{_LIMIT:g} to {_LIMIT:g}")
        shifts[index] = amount
    return shifts

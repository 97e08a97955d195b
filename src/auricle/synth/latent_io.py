"""Latents out and in, and moved along principal directions on the way."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

import torch
from torch import Tensor

from auricle.atomic import check_writable
from auricle.audio import info, writable_format
from auricle.errors import ModelError
from auricle.model import Autoencoder, fingerprint
from auricle.model.files.file import model_for
from auricle.synth.directions import Directions, heard, parse_shifts
from auricle.synth.latent_files import About, LatentFile, is_arrays_name, load_latents, save_latents
from auricle.synth.priors.loading import find_model
from auricle.synth.rendering.level import Limiter, decibels, limited
from auricle.synth.rendering.numbered_files import write_blocks
from auricle.synth.rendering.render import Listener, best, spoken

_CHANNELS: Mapping[int, str] = {1: "mono", 2: "middle and side"}
_MOST_CHANNELS = 8
_SHOWN = 16


@final
@dataclass(frozen=True, eq=False)
class Latents:
    """A sound as latents.

    Attributes:
        z: float32 ``(c, n, d)``; two channels are middle and side.
        samples: of the sound per channel, at the model's rate.
        model: the autoencoder.
    """

    z: Tensor
    samples: int
    model: Autoencoder

    @property
    def seconds(self) -> float:
        """Length of the sound."""
        return self.samples / self.model.sample_rate


@final
@dataclass(frozen=True)
class Spoken:
    """A sound that was made of latents.

    Attributes:
        path: its file.
        seconds: its length.
        sample_rate: in Hz.
        channels: how many.
        level_db: by how much its loudest place was turned down so that nothing clips.
    """

    path: Path
    seconds: float
    sample_rate: int
    channels: int
    level_db: float


def read_latents(source: Path | str, model: Autoencoder | Path | str | None = None) -> Latents:
    """Latents of a sound, or out of a file of latents (.npz, .safetensors).

    Args:
        source: an audio file, or a file of latents.
        model: the autoencoder; by default, of a sound, the shipped speech model up to 24 kHz and the music model above;
            of latents the one that made them, if it ships with Auricle or lies beside them.

    Raises:
        AudioError: the sound can't be read.
        ModelError: no such model, the latents are not this model's, or the file is damaged.
    """
    path = Path(source)
    if is_arrays_name(path):
        return _imported(path, model)
    loaded = model_for(model, info(path).sample_rate)
    listener = Listener(path, loaded)
    z = listener.latents()
    return Latents(z, listener.native, loaded)


def _imported(path: Path, model: Autoencoder | Path | str | None) -> Latents:
    stored = load_latents(path)
    if model is None and stored.about is not None:
        model = find_model(stored.about.model, stored.about.fingerprint, path.parent, str(path))
    if model is None:
        raise ModelError(f"{path} does not say which model its latents are of: name it with --model")
    loaded = model_for(model, 0)
    if stored.about is not None and fingerprint(loaded) != stored.about.fingerprint:
        raise ModelError(
            f"{path} holds latents of the model {stored.about.model!r} (fingerprint "
            f"{stored.about.fingerprint[:_SHOWN]}), not of {loaded.name!r} ({fingerprint(loaded)[:_SHOWN]}): "
            "name the model that made them"
        )
    channels, frames, features = stored.latents.shape
    carried = frames * loaded.hop_length - loaded.decoder_latency
    samples = carried if stored.about is None else stored.about.samples
    if features != loaded.latent_dim or not 1 <= channels <= _MOST_CHANNELS or not 1 <= samples <= carried:
        raise ModelError(
            f"{path} holds latents of shape {stored.latents.shape} for {samples} samples: {loaded.name!r} takes 1 to "
            f"{_MOST_CHANNELS} channels of {loaded.latent_dim} features, and {frames} frames carry {max(0, carried)}"
        )
    return Latents(torch.from_numpy(stored.latents), samples, loaded)


def export_latents(made: Latents, target: Path | str, *, force: bool = False) -> None:
    """Write latents to .npz or .safetensors: an array ``latents`` ``(c, n, d)`` and a text ``auricle`` (JSON).

    Raises:
        OptionError: another suffix.
        OutputError: the file exists and ``force`` is false, or can't be written.
    """
    model = made.model
    about = About(
        model=model.name,
        fingerprint=fingerprint(model),
        sample_rate=model.sample_rate,
        hop_length=model.hop_length,
        samples=made.samples,
        channels=_CHANNELS.get(len(made.z), "as in the sound"),
    )
    save_latents(LatentFile(made.z.numpy(), about), Path(target), force=force)


def shift_latents(made: Latents, directions: Directions, shifts: tuple[str, ...]) -> Latents:
    """Latents moved along principal directions, by standard deviations: ``("PC1=+2", "PC3=-1")``.

    Each frame is moved by as much as it differs from silence, at most by all of it: so silence stays silent. Of two
    channels the middle is moved, of more all are.

    Raises:
        ModelError: the directions are another model's.
        OptionError: a shift is malformed, or there is no such direction.
    """
    directions.require(made.model)
    offset = torch.from_numpy(directions.offset(parse_shifts(shifts, directions)))
    with torch.inference_mode():
        silence = made.model.encode(torch.zeros(1, made.model.sample_rate))[0, -1]
    away = (made.z - silence).norm(dim=2, keepdim=True)
    typical = away.square().mean(1, keepdim=True).sqrt().clamp(min=1e-9)
    moved = made.z.clone()
    heard(moved).add_(heard((away / typical).clamp(max=1.0)) * offset)
    return Latents(moved, made.samples, made.model)


def decode_latents(made: Latents, target: Path | str, *, snap: bool = False, force: bool = False) -> Spoken:
    """Write latents as sound (.wav, .flac, .ogg); what exceeds full scale is turned down.

    Args:
        made: from `read_latents` or `shift_latents`.
        target: the audio file.
        snap: round latents to the grid of the model's quantiser.
        force: replace a file.

    Raises:
        OptionError: another suffix.
        OutputError: the file exists and ``force`` is false, or can't be written.
    """
    path, (model, channels) = Path(target), (made.model, len(made.z))
    writable_format(path)
    check_writable(path, force=force)
    limiter = Limiter(channels, model.sample_rate)
    blocks = limited(spoken(model, _pieces(made.z), made.samples, quality=best(model, snap=snap)), limiter)
    write_blocks(path, blocks, model.sample_rate, channels, force=force)
    return Spoken(path, made.seconds, model.sample_rate, channels, decibels(limiter.reduction))


def _pieces(z: Tensor, frames: int = 512) -> Iterator[Tensor]:
    return iter(z.split(frames, dim=1))

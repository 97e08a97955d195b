"""Latents out and in, and moved along principal directions on the way."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

import torch
from torch import Tensor

from auricle.atomic import check_writable
from auricle.audio import AudioSource, info, rereadable, writable_format
from auricle.errors import ModelError
from auricle.model import Autoencoder, fingerprint
from auricle.model.files.file import model_for
from auricle.model.files.tensor_file import short_digest
from auricle.options.field_types import check_arguments
from auricle.synth.directions import Directions, parse_shifts, placing_channels
from auricle.synth.latent_files import LatentFile, LatentMetadata, is_arrays_name, load_latents, save_latents
from auricle.synth.priors.loading import find_model
from auricle.synth.rendering.destination import SoundTarget
from auricle.synth.rendering.level import accept_any
from auricle.synth.rendering.provenance import model_provenance
from auricle.synth.rendering.render import LatentReader, decode_blocks, snap_quality
from auricle.synth.rendering.result import finish_sound

_CHANNELS: Mapping[int, str] = {1: "mono", 2: "middle and side"}
_MOST_CHANNELS = 8
_PIECE = 512


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
class DecodedLatents:
    """A sound that was made of latents.

    Attributes:
        path: its file.
        seconds: its length.
        sample_rate: in Hz.
        channels: how many.
        level_db: by how much it was turned down so that nothing clips.
    """

    path: Path
    seconds: float
    sample_rate: int
    channels: int
    level_db: float


@check_arguments()
def read_latents(source: AudioSource, model: Autoencoder | Path | str | None = None) -> Latents:
    """Latents of a sound, or out of a file of latents (.npz, .safetensors).

    Args:
        source: an audio file, or a file of latents; or an open audio file, or ``(audio, sample_rate)``.
        model: the autoencoder; by default, of a sound, the shipped speech model up to 24 kHz and the music model above;
            of latents the one that made them, if it ships with Auricle or lies beside them.

    Raises:
        AudioError: the sound can't be read.
        ModelError: no such model, the latents are not this model's, or the file is damaged.
    """
    sound = rereadable(source)
    if isinstance(sound, Path) and is_arrays_name(sound):
        return _imported(sound, model)
    loaded = model_for(model, info(sound).sample_rate)
    reader = LatentReader(sound, loaded)
    z = reader.latents()
    return Latents(z, reader.native, loaded)


def _imported(path: Path, model: Autoencoder | Path | str | None) -> Latents:
    stored = load_latents(path)
    if model is None and stored.metadata is not None:
        model = find_model(stored.metadata.model, stored.metadata.fingerprint, path.parent, str(path))
    if model is None:
        raise ModelError(f"{path} does not say which model its latents are of: name it with --model")
    loaded = model_for(model, 0)
    if stored.metadata is not None and fingerprint(loaded) != stored.metadata.fingerprint:
        raise ModelError(
            f"{path} holds latents of the model {stored.metadata.model!r} (fingerprint "
            f"{short_digest(stored.metadata.fingerprint)}), not of {loaded.name!r} "
            f"({short_digest(fingerprint(loaded))}): name the model that made them"
        )
    channels, frames, features = stored.latents.shape
    carried = frames * loaded.hop_length - loaded.decoder_latency
    samples = carried if stored.metadata is None else stored.metadata.samples
    if features != loaded.latent_dim or not 1 <= channels <= _MOST_CHANNELS or not 1 <= samples <= carried:
        raise ModelError(
            f"{path} holds latents of shape {stored.latents.shape} for {samples} samples: {loaded.name!r} takes 1 to "
            f"{_MOST_CHANNELS} channels of {loaded.latent_dim} features, and {frames} frames carry {max(0, carried)}"
        )
    return Latents(torch.from_numpy(stored.latents), samples, loaded)


@check_arguments()
def export_latents(latents: Latents, target: Path | str, *, force: bool = False) -> None:
    """Write latents to .npz or .safetensors: an array ``latents`` ``(c, n, d)`` and a text ``auricle`` (JSON).

    Raises:
        OptionError: another suffix.
        OutputError: the file exists and ``force`` is false, or can't be written.
    """
    model = latents.model
    metadata = LatentMetadata(
        model=model.name,
        fingerprint=fingerprint(model),
        sample_rate=model.sample_rate,
        hop_length=model.hop_length,
        samples=latents.samples,
        channels=_CHANNELS.get(len(latents.z), "as in the sound"),
    )
    save_latents(LatentFile(latents.z.numpy(), metadata), Path(target), force=force)


@check_arguments()
def shift_latents(latents: Latents, directions: Directions, shifts: tuple[str, ...] | str) -> Latents:
    """Latents moved along principal directions, by standard deviations: ``("PC1=+2", "brighter=-1")``, or ``"PC1=+2"``.

    Each frame is moved the more, the more it differs from silence, which so stays silent; the mean over all frames
    moves as far as was asked for. Of two channels the middle is moved, of more all are.

    Raises:
        ModelError: the directions are another model's.
        OptionError: a shift is malformed, or there is no such direction.
    """
    directions.require(latents.model)
    named = (shifts,) if isinstance(shifts, str) else shifts
    offset = torch.from_numpy(directions.offset(parse_shifts(named, directions)))
    with torch.inference_mode():
        silence = latents.model.encode(torch.zeros(1, latents.model.sample_rate))[0, -1]
    distance = (latents.z - silence).norm(dim=2, keepdim=True)
    typical = distance.square().mean(1, keepdim=True).sqrt().clamp(min=1e-9)
    moved, share = latents.z.clone(), placing_channels((distance / typical).clamp(max=1.0))
    placing_channels(moved).add_(share / share.mean().clamp(min=1e-9) * offset)
    return Latents(moved, latents.samples, latents.model)


@check_arguments()
def decode_latents(latents: Latents, target: Path | str, *, snap: bool = False, force: bool = False) -> DecodedLatents:
    """Write latents as sound (.wav, .flac, .ogg), turned down as a whole if it would clip.

    Args:
        latents: from `read_latents` or `shift_latents`.
        target: the audio file.
        snap: round latents to the grid of the model's quantiser.
        force: replace a file.

    Raises:
        OptionError: another suffix.
        OutputError: the file exists and ``force`` is false, or can't be written.
    """
    path, (model, channels) = Path(target), (latents.model, len(latents.z))
    writable_format(path)
    check_writable(path, force=force)
    pieces = latents.z.split(_PIECE, dim=1)
    blocks = decode_blocks(model, pieces, latents.samples, quality=snap_quality(model, snap=snap))
    place = SoundTarget(path, model.sample_rate, tags=model_provenance("latents", {"model": model.name}), force=force)
    sound = finish_sound(blocks, (model.sample_rate, channels), place, cut_seconds=0.0, check_level=accept_any)
    return DecodedLatents(path, sound.seconds, model.sample_rate, channels, sound.level_db)

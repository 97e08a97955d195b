"""Sounds as an autoencoder gives them back."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import torch

from auricle.audio import resample
from auricle.bench.synthesis.sounds import Piece, several
from auricle.model import Autoencoder
from auricle.synth.rendering.mid_side import decoded

_AT_ONCE = 16


@torch.inference_mode()
def rebuilt(found: Iterable[Piece], model: Autoencoder) -> Iterator[Piece]:
    """Encode and decode each piece, at the bottleneck's best quality and without rounding: all a generator of latents
    could reach. Pieces come back at the model's rate.

    Args:
        found: read a few at a time.
        model: in eval mode.
    """
    device = next(model.parameters()).device
    for some in several(found, _AT_ONCE):
        native = [resample(piece.audio[None], piece.sample_rate, model.sample_rate)[0] for piece in some]
        longest = max(map(len, native))
        stacked = np.stack([np.pad(audio, (0, longest - len(audio))) for audio in native])
        z = model.encode(torch.from_numpy(stacked).to(device))
        # one by one through `decoded`, which takes channels for one sound: they would be rotated
        for piece, latent, audio in zip(some, z, native, strict=True):
            frames = latent[None, : model.frames(len(audio))]
            back = decoded(model, frames, len(audio))[0].cpu().numpy()
            yield replace(piece, audio=back, sample_rate=model.sample_rate)

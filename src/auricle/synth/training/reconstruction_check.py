"""Whether an autoencoder is good enough for these sounds: a prior can't make what its decoder can't say."""

from dataclasses import dataclass
from typing import final

import numpy as np
import torch

from auricle.data import DecodedSounds
from auricle.errors import ModelError
from auricle.metrics import mel_distance
from auricle.model import Autoencoder
from auricle.synth.rendering.mid_side import to_decoder_input

MAX_MEL_DISTANCE = 1.0
"""Mean log-mel distance in nepers from which on a reconstruction counts as poor."""
_SOUNDS, _SECONDS = 32, 3.0
_SILENCE = 1e-3


@final
@dataclass(frozen=True)
class ReconstructionScore:
    """What was measured: mean log-mel distance in nepers, and of how many sounds."""

    mel: float
    sounds: int

    def require(self, model: Autoencoder, limit: float) -> None:
        """Refuse an autoencoder that does not know these sounds.

        Raises:
            ModelError: the distance is above the limit; the message has both.
        """
        if self.mel > limit:
            raise ModelError(
                f"the model {model.name!r} rebuilds these sounds at a log-mel distance of {self.mel:.2f}, above the "
                f"limit of {limit:g}: train a model on them first (auricle train), or raise --max-mel-distance"
            )


@torch.inference_mode()
def check_reconstruction(model: Autoencoder, sounds: DecodedSounds) -> ReconstructionScore:
    """Encode and decode the beginnings of up to 32 sounds, spread over the corpus, as synthesis decodes them.

    Silent sounds are passed over; if all are, the distance is 0.
    """
    model.eval()
    distances = []
    for index in np.unique(np.linspace(0, len(sounds) - 1, _SOUNDS).round().astype(int)):
        length = min(int(sounds.lengths[index]), round(_SECONDS * model.sample_rate))
        audio = sounds.crop(int(index), 0, length).mean(0)
        if np.abs(audio).max() < _SILENCE:
            continue
        z = to_decoder_input(model, model.encode(torch.from_numpy(audio)[None]))
        decoded = model.decode_bottled(z, length)[0].numpy()
        finite = bool(np.isfinite(decoded).all())
        distances.append(mel_distance(audio, decoded, model.sample_rate) if finite else np.inf)
    return ReconstructionScore(float(np.mean(distances)) if distances else 0.0, len(distances))

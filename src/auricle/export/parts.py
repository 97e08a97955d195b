"""What a folder is written from."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

from auricle.model import Autoencoder
from auricle.synth.directions import Directions
from auricle.synth.priors.base import Prior


@final
@dataclass(frozen=True, eq=False)
class ExportParts:
    """A model, and what goes along.

    Attributes:
        model: the autoencoder.
        prior: of it.
        directions: in its latents.
        runtime: folder with the runtime of browsers; None for that of the package auricle-web.
    """

    model: Autoencoder
    prior: Prior | None = None
    directions: Directions | None = None
    runtime: Path | None = None

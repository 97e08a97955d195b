"""How sounds are drawn from a prior."""

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class SamplingOptions:
    """How sounds are drawn from a prior.

    Attributes:
        guidance: how much the class is exaggerated; 1 is as learned.
        steps: of the integration from noise to sound; each takes two passes of the network.
        temperature: spread of the random numbers; 1 is as learned, less is more typical and less varied.
    """

    guidance: float = 2.0
    steps: int = 4
    temperature: float = 1.0

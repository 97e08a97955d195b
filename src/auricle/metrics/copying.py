"""Whether generated sounds lie nearer to the training sounds than they should."""

from dataclasses import dataclass
from typing import final

import numpy as np

from auricle.errors import OptionError

SUSPECT = 0.01
"""A sound is suspect that lies nearer to a training sound than this share of held-out sounds does."""


@final
@dataclass(frozen=True)
class Copying:
    """Distances to the nearest training sound, of generated sounds beside held-out real ones.

    Attributes:
        nearer: probability that a generated sound lies nearer to the training sounds than a held-out one: 0.5 if the
            generator neither copies nor errs, 1 if it copies everything.
        threshold: the distance below which a sound is suspect.
        suspects: share of suspect generated sounds; of held-out ones it is 0.01.
    """

    nearer: float
    threshold: float
    suspects: float


def copying(generated: np.ndarray, held_out: np.ndarray) -> Copying:
    """Compare distances to the nearest training sound (after Meehan, Chaudhuri and Dasgupta, 2020).

    ``nearer`` is their rank statistic, without its normal approximation.

    Args:
        generated: ``(n,)``, n at least 1.
        held_out: ``(m,)`` of real sounds that nothing was trained on, m at least 1.

    Raises:
        OptionError: one of them is empty.
    """
    if not len(generated) or not len(held_out):
        raise OptionError("no distances to compare: give generated and held-out sounds")
    order = np.sort(held_out)
    above = len(order) - np.searchsorted(order, generated, side="right")
    alike = np.searchsorted(order, generated, side="right") - np.searchsorted(order, generated, side="left")
    threshold = float(np.quantile(order, SUSPECT))
    return Copying(
        nearer=float((above + alike / 2).mean() / len(order)),
        threshold=threshold,
        suspects=float((np.asarray(generated) < threshold).mean()),
    )

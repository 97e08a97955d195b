"""Parts of a sound, one after the other, that are told apart: how much each moment counts for each."""

import numpy as np


def part_weights(length: int, count: int, overlap: float = 0.0) -> np.ndarray:
    """Weights float32 ``(count, length)`` of moments for parts; each row adds up to 1.

    Args:
        length: moments, 1 or more.
        count: of the parts.
        overlap: 0 for equal parts apart, which share moments where there are fewer of them than parts; else each part
            is a triangle around its middle that reaches so many lengths of a part to either side. Then a sound that is
            a little slower at its beginning does not fall into other parts, as a word may.
    """
    if overlap:
        middles, moments = (np.arange(count) + 0.5) / count, (np.arange(length) + 0.5) / length
        away = np.abs(moments - middles[:, None]) * count
        weights = np.maximum(0, 1 - away / overlap) + 1e-6 * (away == away.min(axis=1, keepdims=True))
    else:
        edges = np.linspace(0, length, count + 1)
        starts = np.minimum(edges[:-1].astype(int), length - 1)[:, None]
        ends = np.maximum(starts + 1, np.ceil(edges[1:]).astype(int)[:, None])
        weights = ((np.arange(length) >= starts) & (np.arange(length) < ends)).astype(np.float64)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)

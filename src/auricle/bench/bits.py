"""Codes of a fixed number of bits as bytes."""

import numpy as np


def packed(codes: np.ndarray, bits: int) -> bytes:
    """Integers from 0 to ``2 ** bits - 1``, any shape, one after the other; zeros fill the last byte."""
    flat = codes.reshape(-1, 1).astype(np.int64)
    return np.packbits((flat >> np.arange(bits - 1, -1, -1)) & 1).tobytes()


def unpacked(data: bytes, bits: int, count: int) -> np.ndarray:
    """The inverse: int64 ``(count,)``."""
    flat = np.unpackbits(np.frombuffer(data, np.uint8), count=count * bits).reshape(count, bits)
    return flat.astype(np.int64) @ (1 << np.arange(bits - 1, -1, -1))

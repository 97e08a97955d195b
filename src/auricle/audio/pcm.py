"""Plain samples in bytes to float32, with libsndfile's arithmetic, so that a stream gives what a file gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import final

import numpy as np

_Convert = Callable[[bytes, str], np.ndarray]


def _unsigned(data: bytes, order: str) -> np.ndarray:
    return (np.frombuffer(data, np.uint8).astype(np.float32) - 128) * np.float32(1 / 128)


def _scaled(data: bytes, code: str, bits: int) -> np.ndarray:
    return np.frombuffer(data, code).astype(np.float32) * np.float32(2.0 ** (1 - bits))


def _three_bytes(data: bytes, order: str) -> np.ndarray:
    wide = np.zeros((len(data) // 3, 4), np.uint8)
    wide[:, slice(1, 4) if order == "<" else slice(0, 3)] = np.frombuffer(data, np.uint8).reshape(-1, 3)
    return _scaled(wide.tobytes(), f"{order}i4", 32)


def _float(code: str) -> _Convert:
    def convert(data: bytes, order: str) -> np.ndarray:
        with np.errstate(over="ignore"):  # an infinite sample is refused later, by name
            return np.frombuffer(data, order + code).astype(np.float32)

    return convert


_INTEGERS: Mapping[int, _Convert] = MappingProxyType(
    {
        8: lambda data, order: _scaled(data, "i1", 8),
        16: lambda data, order: _scaled(data, f"{order}i2", 16),
        24: _three_bytes,
        32: lambda data, order: _scaled(data, f"{order}i4", 32),
    }
)
_FLOATS: Mapping[int, _Convert] = MappingProxyType({32: _float("f4"), 64: _float("f8")})


@final
@dataclass(frozen=True)
class Pcm:
    """How samples lie in bytes: channel by channel within a frame."""

    channels: int
    bits: int
    order: str
    """``<`` or ``>``, as numpy names it."""
    convert: _Convert

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of each channel."""
        return self.channels * self.bits // 8

    def samples(self, data: bytes) -> np.ndarray:
        """Float32 ``(t, c)`` of the whole frames in ``data``; what is left of a last one is dropped."""
        whole = len(data) // self.frame_bytes * self.frame_bytes
        return self.convert(data[:whole], self.order).reshape(-1, self.channels)

    @staticmethod
    def of(channels: int, bits: int, *, floats: bool, order: str = "<", unsigned: bool = False) -> "Pcm | None":
        """The layout with these bits a sample; None where there is no such layout."""
        convert = _unsigned if unsigned and bits == 8 else (_FLOATS if floats else _INTEGERS).get(bits)
        return None if convert is None or (unsigned and floats) else Pcm(channels, bits, order, convert)

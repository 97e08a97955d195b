"""Front ends: from samples to frames of coefficients and back, exactly."""

from abc import abstractmethod
from collections.abc import Callable
from fractions import Fraction
from typing import final

import torch
from pydantic import Field, field_validator
from torch import Tensor

from auricle.dsp.mdct import imdct, mdct, sine_window, twiddle
from auricle.model.registry import RegisteredConfig
from auricle.stream import Layer, Serial, State, Stateless


class TransformConfig(RegisteredConfig):
    """A front end: how samples become frames of coefficients, and these samples again."""

    hop_length: int = Field(default=320, ge=1, le=8192, description="samples per frame")

    @property
    @abstractmethod
    def bins(self) -> int:
        """Coefficients per frame."""

    @property
    @abstractmethod
    def companding(self) -> float:
        """Exponent applied to coefficients' magnitudes, 1 for none."""

    @abstractmethod
    def analysis(self) -> Layer:
        """``(b, t, 1)`` to ``(b, t / hop, bins)``."""

    @abstractmethod
    def synthesis(self) -> Layer:
        """``(b, n, bins)`` to ``(b, n * hop, 1)``."""


@final
class LappedAnalysis(Layer):
    """Windowed frames of two hops, transformed. Frame n covers the hop before it and its own."""

    window: Tensor
    rotation: Tensor

    def __init__(self, hop_length: int, transform: Callable[[Tensor, Tensor], Tensor], rotation: Tensor):
        super().__init__()
        self.register_buffer("window", sine_window(hop_length), persistent=False)
        self.register_buffer("rotation", rotation, persistent=False)
        self.transform = transform
        self.hop_length = hop_length
        self.ratio, self.block = Fraction(1, hop_length), hop_length

    def initial_state(
        self, batch: int, *, device: torch.device | None = None, dtype: torch.dtype | None = None
    ) -> State:
        """The last hop of samples, zeros at first."""
        return (torch.zeros(batch, self.hop_length, device=device, dtype=dtype),)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """``(b, t, 1)`` to ``(b, t / hop, bins)``."""
        (past,) = state
        joined = torch.cat((past, x.squeeze(2)), dim=1)
        frames = joined.unfold(1, 2 * self.hop_length, self.hop_length) * self.window
        return self.transform(frames, self.rotation), (joined[:, joined.shape[1] - self.hop_length :],)


@final
class LappedSynthesis(Layer):
    """Inverse transform, window and overlap-add. The output lags by one hop."""

    window: Tensor
    rotation: Tensor

    def __init__(self, hop_length: int, inverse: Callable[[Tensor, Tensor], Tensor], rotation: Tensor):
        super().__init__()
        self.register_buffer("window", sine_window(hop_length), persistent=False)
        self.register_buffer("rotation", rotation, persistent=False)
        self.inverse = inverse
        self.hop_length = hop_length
        self.ratio, self.latency = Fraction(hop_length), hop_length

    def initial_state(
        self, batch: int, *, device: torch.device | None = None, dtype: torch.dtype | None = None
    ) -> State:
        """The half frame that waits for its overlap, zeros at first."""
        return (torch.zeros(batch, self.hop_length, device=device, dtype=dtype),)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """``(b, n, bins)`` to ``(b, n * hop, 1)``."""
        (tail,) = state
        frames = self.inverse(x, self.rotation) * self.window
        first, second = frames.split(self.hop_length, dim=2)
        samples = first + torch.cat((tail.unsqueeze(1), second[:, :-1]), dim=1)
        return samples.reshape(x.shape[0], -1, 1), (second[:, -1] if x.shape[1] else tail,)


def _rfft_pairs(frames: Tensor, _: Tensor) -> Tensor:
    spectrum = torch.fft.rfft(frames, norm="ortho")
    return torch.cat((spectrum.real, spectrum.imag), dim=-1)


def _irfft_pairs(pairs: Tensor, _: Tensor) -> Tensor:
    real, imaginary = pairs.chunk(2, dim=-1)
    return torch.fft.irfft(torch.complex(real, imaginary), norm="ortho")


@final
class MdctConfig(TransformConfig, kind="mdct"):
    """Modified discrete cosine transform: as many coefficients as samples."""

    exponent: float = Field(default=0.5, gt=0, le=1, description="companding of the coefficients")

    @field_validator("hop_length")
    @classmethod
    def _even(cls, value: int) -> int:
        if value % 2:
            raise ValueError(f"hop_length of an MDCT must be even, got {value}")
        return value

    @property
    def bins(self) -> int:
        """One per sample of the hop."""
        return self.hop_length

    @property
    def companding(self) -> float:
        return self.exponent

    def analysis(self) -> Layer:
        return LappedAnalysis(self.hop_length, mdct, twiddle(self.hop_length))

    def synthesis(self) -> Layer:
        return LappedSynthesis(self.hop_length, imdct, twiddle(self.hop_length))


@final
class StftConfig(TransformConfig, kind="stft"):
    """Short-time Fourier transform with half overlap: real parts, then imaginary parts."""

    exponent: float = Field(default=0.5, gt=0, le=1, description="companding of the coefficients")

    @property
    def bins(self) -> int:
        """Real and imaginary parts of ``hop + 1`` bins."""
        return 2 * (self.hop_length + 1)

    @property
    def companding(self) -> float:
        return self.exponent

    def analysis(self) -> Layer:
        return LappedAnalysis(self.hop_length, _rfft_pairs, torch.zeros(0))

    def synthesis(self) -> Layer:
        """Exact inverse on spectra that are one."""
        return LappedSynthesis(self.hop_length, _irfft_pairs, torch.zeros(0))


@final
class _Patch(Stateless):
    def __init__(self, hop_length: int):
        super().__init__()
        self._hop = hop_length
        self.ratio, self.block = Fraction(1, hop_length), hop_length

    def map(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], -1, self._hop)


@final
class _Unpatch(Stateless):
    def __init__(self, hop_length: int):
        super().__init__()
        self.ratio = Fraction(hop_length)

    def map(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], -1, 1)


@final
class PatchConfig(TransformConfig, kind="patch"):
    """Raw samples side by side, for time-domain models."""

    @property
    def bins(self) -> int:
        """The samples of a hop."""
        return self.hop_length

    @property
    def companding(self) -> float:
        return 1.0

    def analysis(self) -> Layer:
        return _Patch(self.hop_length)

    def synthesis(self) -> Layer:
        return _Unpatch(self.hop_length)


@final
class Compand(Stateless):
    """Compress magnitudes by a power and scale each bin to unit variance; ``expand`` is the exact inverse.

    The small ``knee`` keeps the slope at zero finite.
    """

    deviation: Tensor

    def __init__(self, bins: int, exponent: float, knee: float = 1e-4):
        super().__init__()
        self.register_buffer("deviation", torch.ones(bins))
        self._exponent, self._knee = exponent, knee

    def compress(self, x: Tensor) -> Tensor:
        """Companding alone, without the scale: ``(..., bins)``."""
        if self._exponent == 1.0:
            return x
        magnitude = (x.abs() + self._knee).pow(self._exponent) - self._knee**self._exponent
        return torch.copysign(magnitude, x)

    def map(self, x: Tensor) -> Tensor:
        """Coefficients ``(b, n, bins)`` to scaled, companded ones."""
        return self.compress(x) / self.deviation

    def expand(self, y: Tensor) -> Tensor:
        y = y * self.deviation
        if self._exponent == 1.0:
            return y
        magnitude = (y.abs() + self._knee**self._exponent).pow(1 / self._exponent) - self._knee
        return torch.copysign(magnitude, y)


@final
class Expand(Stateless):
    """The inverse of a :class:`Compand`, sharing its buffer."""

    def __init__(self, compand: Compand):
        super().__init__()
        self._compand = (compand,)  # in a tuple, because it is registered as a part of the encoder

    def map(self, x: Tensor) -> Tensor:
        """``(b, n, bins)`` to coefficients."""
        return self._compand[0].expand(x)


def front_end(config: TransformConfig) -> tuple[Serial, Compand, Serial]:
    """Analysis with companding, the companding itself, and the synthesis that undoes both."""
    compand = Compand(config.bins, config.companding)
    return (
        Serial([config.analysis(), compand]),
        compand,
        Serial([Expand(compand), config.synthesis()]),
    )

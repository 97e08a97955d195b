"""Levels of bands: what the ear wants of high frequencies where phases are too dear.

A linear map can't measure the level of noise, because signs of coefficients are random. So the encoder hears the
levels themselves, and the decoder fills bands with noise of the levels that it makes, as codecs do (Herre and Schulz,
Extending the MPEG-4 AAC Codec by Perceptual Noise Substitution, AES 1998). Axes: ``k`` bin, ``l`` band.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from auricle.model.harmonics import HarmonicSource
from auricle.stream import Delay, Layer, Serial, State, Stateless

FIRST_NOISE_LEVEL = 0.1
"""Of all bands in a network that has not learned; at 0 it would have no slope."""
_ROWS = 256
_SEED = 1729
_FAINTEST = 1e-3
SILENCE = _FAINTEST**0.5
"""What is taken off levels so that silence has the level 0."""
_MARK_STEPS = 3.7  # no simple fraction: latents are codes times gains, and should not lie on the border of two steps
_LARGEST_STEP = 1 << 20
_MARK_FACTOR = 2654435761  # of Knuth's multiplicative hash, 2^32 over the golden ratio
_REPEAT_STRIDE = 97
_BIN_FACTOR = 0x9E3779B1  # the same number
_SHARING_KEY = 0x27D4EB2F  # any other than a bin's
_WORD = (1 << 32) - 1
_SOFTPLUS_SHARPNESS = 20.0


def bands_above(edges: np.ndarray, features: int) -> int:
    """How many bands get a feature where ``features`` are shared by the lowest coefficients and the bands above."""
    above = np.arange(len(edges) - 1, 0, -1)
    fits = edges[:-1] >= features - above
    return min(int(above[fits.argmax()]), features) if fits.any() else 0


def _membership(edges: np.ndarray) -> np.ndarray:
    """Which bins a band holds: float32 ``(l, k)`` of zeros and ones."""
    bins = np.arange(edges[-1])
    return ((bins >= edges[:-1, None]) & (bins < edges[1:, None])).astype(np.float32)


@final
class BandLevels(Stateless):
    """Append to companded coefficients a level for each band, near the logarithm in what differences mean to the ear.

    Args:
        edges: of the bands ``(l + 1,)``, in bins.
        energies: the level is the fourth root of the root mean square of what was companded by a square root: the noise
            that the decoder makes of it has the energy of the band. Otherwise it is the square root of the mean
            companded magnitude, which says less: it strays from the energy by 2 dB from frame to frame.
    """

    mean: Tensor

    def __init__(self, edges: np.ndarray, *, energies: bool = False):
        super().__init__()
        shares = _membership(edges) / np.diff(edges)[:, None].astype(np.float32)
        self.register_buffer("mean", torch.from_numpy(shares), persistent=False)
        self._energies = energies

    def map(self, x: Tensor) -> Tensor:
        """``(b, n, k)`` to ``(b, n, k + l)``."""
        return torch.cat((x, self._levels(x)), dim=-1)

    def _levels(self, x: Tensor) -> Tensor:
        if not self._energies:
            return (F.linear(x.abs(), self.mean) + _FAINTEST).sqrt() - SILENCE
        energies = F.linear(x.square().square(), self.mean)
        return (energies + _FAINTEST**4).sqrt().sqrt().sqrt() - SILENCE


@final
class NoiseFill(Layer):
    """Fill the coefficients that ``body`` makes with noise of the levels that it makes beside them.

    The noise of a frame is a row of a fixed table, chosen by the latents: the same latents sound the same wherever
    decoding begins, and channels that differ get noise that differs. While latents stand still, rows follow one
    another, because one row again and again would buzz; there the noise depends on where decoding began. The numbers
    that choose it are frozen: with others, files would get other noise of the same level.

    Args:
        body: from latents to coefficients and levels ``(b, n, k + l)``; keeps the rate.
        edges: of the bands.
    """

    noise: Tensor
    membership: Tensor

    def __init__(self, body: Layer, edges: np.ndarray):
        super().__init__()
        assert body.ratio == 1, body.ratio
        self.body = body
        self._delay = Delay(1, body.latency)
        self._bins = int(edges[-1])
        self.block, self.latency = body.block, body.latency
        self.register_buffer("noise", _noise(self._bins), persistent=False)
        self.register_buffer("membership", torch.from_numpy(_membership(edges)), persistent=False)

    def initial_state(
        self, batch: int, *, device: torch.device | None = None, dtype: torch.dtype | None = None
    ) -> State:
        """The body's, the rows that wait for it, the mark of the last frame and how often it has come in a row."""
        return (
            self.body.initial_state(batch, device=device, dtype=dtype),
            self._delay.initial_state(batch, device=device, dtype=dtype),
            *_first_mark(batch, device),
        )

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """``(b, n, d)`` to ``(b, n, k)``."""
        body, waiting_rows, mark, times = state
        keys, mark, times = _frame_keys(x, mark, times)
        rows = (keys % _ROWS).unsqueeze(2).to(x.dtype)
        decoded, body = self.body.step(x, body)
        rows, waiting_rows = self._delay.step(rows, waiting_rows)
        coefficients, levels = decoded[..., : self._bins], decoded[..., self._bins :]
        amplitude = levels.relu().square() @ self.membership
        after = body, waiting_rows, mark, times % _ROWS
        return coefficients + amplitude * self.noise[rows.squeeze(2).long()], after


@final
class BandNoise(Layer):
    """Noise at the levels that ``body`` makes: added to the lowest coefficients, and nothing else above them.

    Signs of the noise are a hash of the frame's latents and the bin, so the same latents sound the same wherever
    decoding begins, and channels that differ get noise that differs. While latents stand still, a count of the frames
    goes into the hash, because one pattern again and again would buzz. Magnitudes are flat: a level is exact in each
    frame, and no waveform is repeated from hop to hop.

    Channels of one sound that are decoded side by side may share noise (`with_coherence`): then it comes from a place
    between the loudspeakers that their levels say, and not from all around.

    Args:
        body: from latents to the lowest coefficients and the levels of all bands ``(b, n, waveform_bins + l)``, and
            maybe more, which is passed on; keeps the rate.
        edges: of the bands ``(l + 1,)``, in bins.
        waveform_bins: how many coefficients the body makes; from there on there is noise alone.
        harmonics: what stands for noise where a voice sounds; None for noise alone.
        tells_pitch: whether the pitch and the share of harmonics come behind all else.
    """

    spread: Tensor
    bin_keys: Tensor

    def __init__(
        self,
        body: Layer,
        edges: np.ndarray,
        waveform_bins: int,
        harmonics: HarmonicSource | None = None,
        *,
        tells_pitch: bool = False,
    ):
        super().__init__()
        assert body.ratio == 1, body.ratio
        self.body, self.harmonics, self._tells_pitch = body, harmonics, tells_pitch
        self._waveform_bins, self._bands = waveform_bins, len(edges) - 1
        self.block, self.latency = body.block, body.latency
        self.register_buffer("spread", torch.from_numpy(_spread(edges, waveform_bins)), persistent=False)
        keys = (np.arange(int(edges[-1]), dtype=np.int64) * _BIN_FACTOR) & _WORD
        self.register_buffer("bin_keys", torch.from_numpy(keys), persistent=False)

    def initial_state(
        self, batch: int, *, device: torch.device | None = None, dtype: torch.dtype | None = None
    ) -> State:
        """The body's, the keys that wait for it, the mark of the last frame, how often it has come in a row, that of
        the harmonics, and the coherence ``(b, 1)``: of noise with that of the first item of the batch, here 0.
        """
        return (
            self.body.initial_state(batch, device=device, dtype=dtype),
            torch.zeros((batch, self.body.latency), device=device, dtype=torch.int64),
            *_first_mark(batch, device),
            () if self.harmonics is None else self.harmonics.initial_state(batch, device, dtype),
            torch.zeros((batch, 1), device=device, dtype=torch.float32),
        )

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """``(b, n, d)`` to ``(b, n, k)``, with what else the body makes behind it."""
        body, waiting_keys, mark, times, voice, coherence = state
        keys, mark, times = _frame_keys(x, mark, times)
        keys = torch.cat((waiting_keys, keys & _WORD), dim=1)
        decoded, body = self.body.step(x, body)
        keys, waiting_keys = keys[:, : x.shape[1]], keys[:, x.shape[1] :]
        coefficients, levels, others = decoded.tensor_split(
            (self._waveform_bins, self._waveform_bins + self._bands), dim=-1
        )
        amplitude = F.linear(_softplus(levels), self.spread).square()
        excitation = _shared(_signs(keys, self.bin_keys, amplitude.dtype), self.bin_keys, coherence)
        if self.harmonics is not None:
            excitation, pitch, voice = self.harmonics(x, excitation, voice)
            others = torch.cat((others, pitch), dim=-1) if self._tells_pitch else others
        noise = amplitude * excitation
        low = coefficients + noise[..., : self._waveform_bins]
        after = body, waiting_keys, mark, times & _WORD, voice, coherence
        return torch.cat((low, noise[..., self._waveform_bins :], others), dim=-1), after


def with_coherence(decoder: Serial, state: State, coherence: float) -> State:
    """The first state of a decoder whose batch is the channels of one sound.

    Args:
        decoder: a model's.
        state: before its first frame.
        coherence: share of bins, 0 to 1, in which all channels take the noise of the first one. Where a decoder makes
            none, nothing changes.
    """
    parts = zip(decoder.chain(), state, strict=True)
    return tuple(
        (*part[:-1], torch.full_like(part[-1], coherence)) if isinstance(layer, BandNoise) else part
        for layer, part in parts
    )


@contextmanager
def other_noise(decoder: nn.Module, salt: int) -> Iterator[None]:
    """While it lasts, a decoder with :class:`BandNoise` draws other signs and phases, of the same levels."""
    layers = [module for module in decoder.modules() if isinstance(module, BandNoise)]
    keys = [layer.bin_keys for layer in layers]
    sources = harmonic_sources(decoder)
    try:
        for layer in layers:
            layer.bin_keys = (layer.bin_keys + salt) & _WORD
        for source in sources:
            source.first_phase = source.first_phase + salt
        yield
    finally:
        for layer, key in zip(layers, keys, strict=True):
            layer.bin_keys = key
        for source in sources:
            source.first_phase = source.first_phase - salt


def harmonic_sources(decoder: nn.Module) -> list[HarmonicSource]:
    """Those of a decoder: one, or none."""
    return [module for module in decoder.modules() if isinstance(module, HarmonicSource)]


def _softplus(levels: Tensor) -> Tensor:
    """Levels that are never negative and never dead: nearly the identity above .1, and nearly 0 below -.2."""
    return F.softplus(_SOFTPLUS_SHARPNESS * levels) / _SOFTPLUS_SHARPNESS


def _spread(edges: np.ndarray, waveform_bins: int) -> np.ndarray:
    """Linear interpolation from centres of bands to bins, not across the border of the waveform: float32 ``(k, l)``.

    Below the border the noise is what the waveform lacks, above it all that there is: one says nothing of the other.
    """
    centres, bins = (edges[:-1] + edges[1:] - 1) / 2, np.arange(edges[-1])
    below = edges[:-1] < waveform_bins
    spread = np.zeros((len(bins), len(centres)), np.float32)
    for bands, members in ((below, bins < waveform_bins), (~below, bins >= waveform_bins)):
        for band, unit in zip(np.flatnonzero(bands), np.eye(bands.sum()), strict=True):
            spread[members, band] = np.interp(bins[members], centres[bands], unit)
    return spread


def _signs(keys: Tensor, bin_keys: Tensor, dtype: torch.dtype) -> Tensor:
    """-1 or 1 for each frame and bin, ``(b, n)`` and ``(k,)`` to ``(b, n, k)``."""
    return (((_hashed(keys.unsqueeze(2) + bin_keys) >> 15) & 2) - 1).to(dtype)


def _shared(signs: Tensor, bin_keys: Tensor, coherence: Tensor) -> Tensor:
    """Signs ``(b, n, k)``, in as many bins as ``coherence`` ``(b, 1)`` says those of the first item."""
    places = _hashed(bin_keys + _SHARING_KEY) >> 16
    return torch.where(places < coherence.unsqueeze(2) * (1 << 16), signs[:1], signs)


def _hashed(words: Tensor) -> Tensor:
    """The finaliser of MurmurHash3 without its last shift, of integers modulo 2^32."""
    words = words & _WORD
    words = ((words ^ (words >> 16)) * 0x85EBCA6B) & _WORD
    return ((words ^ (words >> 13)) * 0xC2B2AE35) & _WORD


def _noise(bins: int) -> Tensor:
    """Noise of mean magnitude 1, uniform from -2 to 2: float32 ``(row, k)``, the same everywhere."""
    raw = np.random.Philox(key=_SEED).random_raw(_ROWS * bins) >> np.uint64(40)
    uniform = raw.astype(np.float32) * np.float32(2.0**-24)
    return torch.from_numpy((4.0 * uniform - 2.0).reshape(_ROWS, bins))


def _first_mark(batch: int, device: torch.device | None) -> tuple[Tensor, Tensor]:
    """Before the first frame: a mark ``(b, 1)`` that no frame has, and 0 repeats of it."""
    mark = torch.full((batch, 1), -1, device=device, dtype=torch.int64)
    return mark, torch.zeros((batch, 1), device=device, dtype=torch.int64)


def _frame_keys(z: Tensor, mark: Tensor, times: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What the noise of each frame of latents ``(b, n, d)`` is chosen by, ``(b, n)``: its mark, and how often that came
    before in a row. Then the last mark and its repeats, ``(b, 1)``, of which ``mark`` and ``times`` are those before.
    """
    marks = torch.cat((mark, _marks(z)), dim=1)
    repeats = _repeats(marks, times)
    return marks[:, 1:] + _REPEAT_STRIDE * repeats, marks[:, -1:], repeats[:, -1:]


def _marks(z: Tensor) -> Tensor:
    """A number for each frame of latents ``(b, n, d)``, so coarse that rounding hardly changes it: ``(b, n)``.

    That unlike frames may have the same one, and that products may overflow, does no harm.
    """
    weights = torch.arange(z.shape[2], device=z.device) * 2 + 1
    coarse = (z.detach() * _MARK_STEPS).round().clamp(-_LARGEST_STEP, _LARGEST_STEP).long()
    return ((coarse * weights).sum(-1) * _MARK_FACTOR) >> 16


def _repeats(marks: Tensor, times: Tensor) -> Tensor:
    """How often a mark came again, of marks ``(b, 1 + n)``: ``(b, n)``; ``times`` ``(b, 1)`` is that of the first."""
    fresh = marks[:, 1:] != marks[:, :-1]
    places = torch.arange(1, marks.shape[1], device=marks.device)
    last = torch.where(fresh, places, 0).cummax(dim=1).values
    return places - last + torch.where(last == 0, times, 0)

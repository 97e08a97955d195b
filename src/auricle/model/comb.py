"""A comb filter for voices: what lies between harmonics is made quieter.

What rounding adds to a decoded voice has no pitch, and is heard as roughness between its harmonics. A sound mixed with
itself one period before keeps what repeats and loses up to half of the power of what does not (long-term postfilter:
Chen and Gersho, Adaptive Postfiltering for Quality Enhancement of Coded Speech, 1995).
"""

from math import ceil
from typing import final

import numpy as np
import torch
from torch import Tensor, nn

from auricle.model.harmonics import LOWEST_HZ
from auricle.stream import State


@final
class PitchComb(nn.Module):
    """Mix a signal with itself one period before, as much as there is of a voice.

    Pitch and share go evenly from where one hop ends to where the next does. They come a hop before the signal, which
    lags as what a lapped transform gives.

    Args:
        strength: share of the period before where all is a voice, below 1; at .5 what does not repeat loses half of
            its power.
        hop_length: samples of a hop.
        sample_rate: in Hz.
    """

    places: Tensor

    def __init__(self, strength: float, hop_length: int, sample_rate: int):
        super().__init__()
        self._strength, self._hop, self._rate = strength, hop_length, sample_rate
        self._longest = ceil(sample_rate / LOWEST_HZ) + 1
        self.register_buffer(
            "places", torch.from_numpy(np.arange(1, hop_length + 1, dtype=np.float32)), persistent=False
        )

    def initial_state(self, batch: int, device: torch.device | None, dtype: torch.dtype | None) -> State:
        """The samples that a period reaches back, and pitch and share of the last two hops, at first no voice."""
        return (
            torch.zeros((batch, self._longest), device=device, dtype=dtype),
            torch.full((batch, 2), LOWEST_HZ, device=device, dtype=torch.float32),
            torch.zeros((batch, 2), device=device, dtype=torch.float32),
        )

    def forward(self, audio: Tensor, voice: Tensor, state: State) -> tuple[Tensor, State]:
        """Filter signals ``(b, n * hop)``; pitch in Hz and share ``(b, n, 2)`` are those where the hops after end."""
        past, *lasts = state
        joined = torch.cat((past, audio), dim=1)
        tracks = [torch.cat(pair, dim=1) for pair in zip(lasts, voice.unbind(2), strict=True)]
        hertz, share = (self._evenly(track) for track in tracks)
        back = self.places + (self._longest - 1) - self._rate / hertz
        whole = back.floor()
        hops = torch.arange(voice.shape[1], device=audio.device).unsqueeze(1) * self._hop
        index = (whole.long() + hops).flatten(1)
        earlier, later = joined.gather(1, index), joined.gather(1, index + 1)
        before = torch.lerp(earlier, later, (back - whole).flatten(1).to(audio.dtype))
        filtered = audio + (self._strength * share).flatten(1).to(audio.dtype) * (before - audio)
        return filtered, (joined[:, joined.shape[1] - self._longest :], *(track[:, -2:] for track in tracks))

    def _evenly(self, track: Tensor) -> Tensor:
        """Values in each sample ``(b, n, hop)``, of those where hops end ``(b, n + 2)``: the last hop is to come."""
        starts, ends = track[:, :-2].unsqueeze(2), track[:, 1:-1].unsqueeze(2)
        return starts + (ends - starts) * (self.places / self._hop)

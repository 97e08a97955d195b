"""How well a decoder with harmonics reads pitch and voicing out of the latents."""

from typing import NamedTuple, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from auricle.model.harmonics import PITCH_CLASSES, pitch_class

_WINDOW_SECONDS = 0.064
_LOWEST_HZ, _HIGHEST_HZ = 58.0, 480.0
_CLASS_GAIN = 1e-3  # for each class up: a tie is no tie of octaves
_REACH = 3  # frames on both sides that have a say in which octave it is
_LOUDNESS_EXPONENT = 0.25
_VOICED = 0.6
_FAINT_SHARE, _FAINT_POWER = 1e-3, 1e-6  # of the loudest frame, and of full scale: no voice below
_FAINTEST = 1e-7
_BLUR = 0.6  # of a class
_VOICING_WEIGHT = 2.0


class Voice(NamedTuple):
    """What a recording's voice does where each hop ends.

    Attributes:
        hertz: its pitch ``(b, n)``, any where there is no voice.
        voiced: whether there is one ``(b, n)``.
    """

    hertz: Tensor
    voiced: Tensor


def uses_harmonics(levels: int, quality: Tensor, share: float) -> Tensor:
    """Whether sounds of this quality ``(b,)`` want harmonics: in a share of the dial, where phases are dear."""
    return quality <= (levels - 1) * share


@final
class VoiceLoss(nn.Module):
    """Cross-entropies of the scores of pitches, where a recording has one, and of the score of its being wanted.

    The pitch is that of the highest peak of a windowed frame's autocorrelation, divided by the window's, with a cost
    for low pitches (Boersma, Accurate short-term analysis of the fundamental frequency, 1993). Frames around it decide
    with it about where to look for the peak, the louder the more.
    """

    def __init__(self, sample_rate: int, hop_length: int):
        super().__init__()
        self._hop, self._rate = hop_length, sample_rate
        window = torch.hann_window(round(_WINDOW_SECONDS * sample_rate / 2) * 2)
        self._fft = 1 << (2 * len(window) - 1).bit_length()
        self._first, self._last = round(self._rate / _HIGHEST_HZ) - 1, round(self._rate / _LOWEST_HZ) + 1
        own = self._correlations(window)
        lags = torch.arange(self._first, self._last + 1)
        classes = pitch_class(self._rate / lags).round().long()
        share = _REACH + 1.0 - torch.arange(-_REACH, _REACH + 1).abs()
        self.window = nn.Parameter(window, requires_grad=False)
        self.own = nn.Parameter(own[self._first : self._last + 1] / own[0], requires_grad=False)
        self.classes = nn.Parameter(classes, requires_grad=False)
        self.share = nn.Parameter((share / share.sum())[None, None], requires_grad=False)

    def forward(self, scores: Tensor, reference: Tensor, with_harmonics: Tensor) -> Tensor:
        """Scores ``(b, n, p + 1)`` and the recording ``(b, t)``, n hops or more, to a value of each ``(b,)``.

        Args:
            scores: as a decoder with harmonics reads them.
            reference: what was coded.
            with_harmonics: whether harmonics are wanted for a voice ``(b,)``; where phases are coded they are not.
        """
        voice = self.voice(reference[:, : scores.shape[1] * self._hop])
        classes = torch.arange(PITCH_CLASSES, device=scores.device)
        likely = (-((classes - pitch_class(voice.hertz).unsqueeze(2)) / _BLUR).square() / 2).softmax(dim=-1)
        pitch = -(likely * scores[..., :-1].log_softmax(dim=-1)).sum(-1)
        voiced = voice.voiced.to(scores.dtype)
        whole = voiced * F.pad(voiced, (1, 0))[:, :-1]  # a frame begins where the one before it ends
        weight = with_harmonics.to(whole.dtype)
        harmonic = whole * weight.unsqueeze(1)
        voicing = F.binary_cross_entropy_with_logits(scores[..., -1], harmonic, reduction="none").mean(1)
        return weight * (pitch * voiced).sum(1) / voiced.sum(1).clamp(min=1.0) + _VOICING_WEIGHT * voicing

    @torch.no_grad()
    def voice(self, audio: Tensor) -> Voice:
        """Of a recording ``(b, t)``, n whole hops."""
        size = len(self.window)
        padded = F.pad(audio.float(), (size // 2 - self._hop, size // 2))
        frames = padded.unfold(1, size, self._hop)
        full = self._correlations((frames - frames.mean(-1, keepdim=True)) * self.window)
        energy = full[..., 0]
        values = full[..., self._first : self._last + 1] / (energy + _FAINTEST).unsqueeze(2) / self.own
        near = (self.classes - self._likely_class(values, energy).unsqueeze(2)).abs() <= 1
        near[..., 0] = near[..., -1] = False
        best = torch.where(near, values, -2.0).argmax(dim=-1, keepdim=True).clamp(min=1)
        before, peak, after = (values.gather(-1, best + shift).squeeze(-1) for shift in (-1, 0, 1))
        bend = (before - 2 * peak + after).clamp(max=-_FAINTEST)
        lag = best.squeeze(-1) + self._first + ((before - after) / (2 * bend)).clamp(-0.5, 0.5)
        faint = _FAINT_POWER * self.window.square().sum()
        loud = energy > (_FAINT_SHARE * energy.amax(dim=1, keepdim=True)).clamp(min=float(faint))
        return Voice(self._rate / lag, (peak > _VOICED) & loud)

    def _correlations(self, frames: Tensor) -> Tensor:
        """Autocorrelation ``(..., lag)``."""
        return torch.fft.irfft(torch.fft.rfft(frames, self._fft).abs().square(), self._fft)

    def _likely_class(self, values: Tensor, energy: Tensor) -> Tensor:
        """Class of pitch ``(b, n)`` in which normalised autocorrelations ``(b, n, lag)`` are highest around a frame."""
        batch, count, _ = values.shape
        floor = values.new_full((batch, count, PITCH_CLASSES), -1.0)
        highest = floor.scatter_reduce(2, self.classes.expand_as(values), values, "amax")
        highest = F.max_pool1d(highest, 3, stride=1, padding=1)  # lags of high pitches skip classes
        highest = highest + _CLASS_GAIN * torch.arange(PITCH_CLASSES, device=values.device)
        loudness = (energy / energy.mean(1, keepdim=True).clamp(min=_FAINTEST)).clamp(
            min=_FAINTEST
        ) ** _LOUDNESS_EXPONENT
        weighted = (highest * loudness.unsqueeze(2)).transpose(1, 2).reshape(batch * PITCH_CLASSES, 1, count)
        with torch.autocast(values.device.type, enabled=False):  # classes beside each other are nearly as high
            around = F.conv1d(weighted, self.share, padding=_REACH)
        return around.view(batch, PITCH_CLASSES, count).argmax(dim=1)

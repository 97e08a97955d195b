"""The one place where losses are weighted and summed."""

from typing import NamedTuple, final

import torch
from torch import Tensor, nn

from auricle.errors import ConfigError
from auricle.losses.voice import VoiceLoss, uses_harmonics
from auricle.model import Autoencoder
from auricle.model.bands import harmonic_sources, other_noise
from auricle.training.objective.config import FrozenPart, ObjectiveConfig
from auricle.training.objective.label_head import LabelHead

_SALT = 0x5BD1E995


class ForwardPass(NamedTuple):
    """What the model made of a batch."""

    reconstruction: Tensor
    """(b, t) output, late by the decoder's latency, and as much shorter than the input as the encoder is late."""
    terms: dict[str, Tensor]
    """Unweighted terms of the bottleneck, one value per item ``(b,)`` or scalars; empty if the encoder is frozen."""
    labels: dict[str, Tensor]
    """Unweighted terms of the label head; empty without one, or if the encoder is frozen."""
    voice: dict[str, Tensor]
    """Unweighted terms of the voices that the decoder reads out of the latents; empty if it has no harmonics."""
    other: Tensor | None = None
    """The output with other noise, without gradients; None if no loss asks for it."""


@final
class Objective(nn.Module):
    """Autoencoder and objective in one module, so that a distributed step is one forward pass.

    Args:
        model: what is trained.
        config: losses and weights.
        frozen: the encoder, or encoder and bottleneck, work as in use, without noise and without gradients.

    Raises:
        ConfigError: a weight names a term that the bottleneck does not have, or a term has no weight.
    """

    def __init__(self, model: Autoencoder, config: ObjectiveConfig, *, frozen: FrozenPart = "nothing"):
        super().__init__()
        bottleneck_terms, weighted_terms = set(model.bottleneck.term_names), set(config.bottleneck)
        if bottleneck_terms != weighted_terms:
            raise ConfigError(
                f"the bottleneck's terms are {sorted(bottleneck_terms)}, the objective weighs {sorted(weighted_terms)}"
                ": name the same ones"
            )
        self.model = model
        self.losses = nn.ModuleList(term.loss.build(model.sample_rate) for term in config.losses)
        self.head = LabelHead(model.latent_dim, config.labels) if config.labels else None
        self._sources = harmonic_sources(model.decoder)
        self._voice = VoiceLoss(model.sample_rate, model.config.transform.hop_length) if self._sources else None
        self._names = [term.loss.kind for term in config.losses]
        if len(set(self._names)) != len(self._names):
            raise ConfigError(f"the objective names a loss twice: {self._names}")
        noisy = model.config.noise_from > 0
        self._spreads = {term.loss.kind: term.spread for term in config.losses if term.spread and noisy}
        self._config, self._frozen = config, frozen

    def forward(self, audio: Tensor, quality: Tensor, classes: Tensor | None = None) -> ForwardPass:
        """Pass ``audio`` ``(b, t)``, t a multiple of the hop length, at ``quality`` ``(b,)`` through the model.

        ``classes`` ``(b,)`` are asked of the latents where there is a label head; -1 is an unknown class.
        """
        learns = torch.is_grad_enabled()
        with torch.set_grad_enabled(learns and self._frozen == "nothing"):
            late = self.model.encoder(audio.unsqueeze(2))
            latents = late[:, self.model.encoder_latency :]  # so the decoder begins as in use, with nothing before
        with (
            torch.set_grad_enabled(learns and self._frozen != "codes"),
            torch.autocast(audio.device.type, enabled=False),  # rounding and code lengths need full precision
        ):
            bottled = self.model.bottleneck(latents.float(), quality)
        reconstruction = self.model.decoder(bottled.z).squeeze(2)
        voice_terms = self._voice_terms(bottled.z, audio, quality)
        other = self._with_other_noise(bottled.z) if self.training and self._spreads else None
        if self._frozen == "codes":
            return ForwardPass(reconstruction, {}, {}, voice_terms, other)
        label_terms = {} if self.head is None or classes is None else self.head(latents.float(), classes)
        return ForwardPass(reconstruction, bottled.terms, label_terms, voice_terms, other)

    def _voice_terms(self, latents: Tensor, audio: Tensor, quality: Tensor) -> dict[str, Tensor]:
        if self._voice is None:
            return {}
        with_harmonics = uses_harmonics(self.model.bottleneck.quality_levels, quality, self._config.voiced)
        return {"voice": self._voice(self._sources[0].read(latents).float(), audio, with_harmonics)}

    @torch.no_grad()
    def _with_other_noise(self, latents: Tensor) -> Tensor:
        with other_noise(self.model.decoder, _SALT):
            return self.model.decoder(latents).squeeze(2)

    def distances(self, reconstruction: Tensor, audio: Tensor) -> dict[str, Tensor]:
        """Unweighted distances ``(b,)`` between output and the input it belongs to, by name."""
        estimate, reference = self.aligned(reconstruction, audio)
        pairs = zip(self._names, self.losses, strict=True)
        return {name: module(estimate, reference) for name, module in pairs}

    def spreads(self, reconstruction: Tensor, other: Tensor | None) -> dict[str, Tensor]:
        """What is taken off each distance ``(b,)``, by name: that between two draws of the noise.

        An expected distance to a sound, less half of that between two draws, is smallest for the right distribution
        (Gritsenko et al., A Spectral Energy Distance for Parallel Speech Synthesis, NeurIPS 2020); without the second
        part one smooth waveform is better than any noise. Gradients go to one of the draws, hence no half.
        """
        if other is None:
            return {}
        first, second = (draw[:, self.model.decoder_latency :] for draw in (reconstruction, other))
        return {
            name: self._spreads[name] * module(first, second)
            for name, module in zip(self._names, self.losses, strict=True)
            if name in self._spreads
        }

    def aligned(self, reconstruction: Tensor, audio: Tensor) -> tuple[Tensor, Tensor]:
        """Cut output and input ``(b, t)`` to what belongs together."""
        estimate = reconstruction[:, self.model.decoder_latency :]
        return estimate, audio[:, : estimate.shape[1]]

    def weigh_distances(self, terms: dict[str, Tensor], quality: Tensor) -> dict[str, Tensor]:
        """Weighted means over the batch, of items at ``quality`` ``(b,)``."""
        config = dict(zip(self._names, self._config.losses, strict=True))
        middle = (self.model.bottleneck.quality_levels - 1) / 2
        lowness = (1.0 - quality / middle).clamp(min=0.0) if middle else torch.zeros_like(quality)
        return {
            name: (config[name].weight * config[name].lowest ** lowness * value).mean() for name, value in terms.items()
        }

    def weigh_bottleneck(self, terms: dict[str, Tensor], quality: Tensor, progress: float) -> dict[str, Tensor]:
        """Weighted means over the batch; ``progress`` is the done share of the run."""
        growth = min(1.0, progress / self._config.ramp) if self._config.ramp else 1.0
        factor = growth * self._config.quality_decay**quality
        return {name: (self._config.bottleneck[name] * factor * value).mean() for name, value in terms.items()}

    def weigh_voice(self, terms: dict[str, Tensor]) -> dict[str, Tensor]:
        """Weighted means over the batch."""
        return {name: (self._config.voice * value).mean() for name, value in terms.items()}

    def weigh_labels(self, terms: dict[str, Tensor]) -> dict[str, Tensor]:
        """Weighted terms of the label head."""
        return self.head.weigh(terms) if self.head is not None else {}

    def train(self, mode: bool = True) -> "Objective":
        """As any module, but what is frozen stays in eval mode: no noise, no moving codebooks."""
        super().train(mode)
        if self._frozen != "nothing":
            self.model.encoder.eval()
        if self._frozen == "codes":
            self.model.bottleneck.eval()
        return self

"""The one place where losses are weighted and summed."""

from typing import NamedTuple, final

from torch import Tensor, nn

from auricle.errors import ConfigError
from auricle.model import Autoencoder
from auricle.training.config import ObjectiveConfig


class Outcome(NamedTuple):
    """What one pass over a batch gave."""

    loss: Tensor
    """Scalar to minimise."""
    terms: dict[str, Tensor]
    """Unweighted terms by name, means over the batch, detached."""
    reconstruction: Tensor
    """(b, t) output, late by the model's lag."""


@final
class Objective(nn.Module):
    """Autoencoder and objective in one module, so that a training step is one forward pass.

    Raises:
        ConfigError: a weight names a term that the bottleneck does not have, or a term has no weight.
    """

    def __init__(self, model: Autoencoder, config: ObjectiveConfig):
        super().__init__()
        known, named = set(model.bottleneck.term_names), set(config.bottleneck)
        if known != named:
            raise ConfigError(
                f"the bottleneck's terms are {sorted(known)}, the objective weighs {sorted(named)}: name the same ones"
            )
        self.model = model
        self.losses = nn.ModuleList(term.loss.build(model.sample_rate) for term in config.losses)
        self._names = [term.loss.kind for term in config.losses]
        if len(set(self._names)) != len(self._names):
            raise ConfigError(f"the objective names a loss twice: {self._names}")
        self._config = config

    def forward(self, audio: Tensor, quality: Tensor, progress: float) -> Outcome:
        """Losses of a batch.

        Args:
            audio: ``(b, t)``, t a multiple of the model's hop length.
            quality: ``(b,)`` level of each item.
            progress: done share of the run.
        """
        bottled = self.model.bottleneck(self.model.encoder(audio.unsqueeze(2)), quality)
        reconstruction = self.model.decoder(bottled.z).squeeze(2)
        lag = self.model.lag
        estimate, reference = reconstruction[:, lag:], audio[:, : audio.shape[1] - lag]
        terms: dict[str, Tensor] = {}
        loss = audio.new_zeros(audio.shape[0])
        for name, term, module in zip(self._names, self._config.losses, self.losses, strict=True):
            terms[name] = module(estimate, reference)
            loss = loss + term.weight * terms[name]
        growth = min(1.0, progress / self._config.ramp) if self._config.ramp else 1.0
        for name, weight in self._config.bottleneck.items():
            terms[name] = bottled.terms[name]
            loss = loss + weight * growth * self._config.quality_decay**quality * terms[name]
        detached = {name: value.detach().mean() for name, value in terms.items()}
        return Outcome(loss.mean(), detached, reconstruction)

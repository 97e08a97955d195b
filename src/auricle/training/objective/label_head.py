"""A head that asks latents for the class of a sound, so that training keeps classes apart."""

from typing import final

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from auricle.model.registry import Frozen


@final
class LabelConfig(Frozen):
    """How much classes weigh beside reconstruction."""

    classes: int = Field(ge=2, le=65536, description="number of classes")
    weight: float = Field(default=1.0, gt=0, description="factor of the cross-entropy in nats")
    contrast: float = Field(default=0.3, ge=0, description="factor of the supervised contrastive loss")
    temperature: float = Field(default=0.1, gt=0, description="of the contrastive loss")
    dropout: float = Field(default=0.2, ge=0, lt=1, description="of the pooled latents")


@final
class LabelHead(nn.Module):
    """Mean and deviation of the latents over time, normalised, then one linear map to the classes.

    The two terms are cross-entropy and the supervised contrastive loss (Khosla et al., 2020) of the pooled latents.
    Items of class -1 are not asked.

    Args:
        dim: features of a latent frame.
        config: classes and weights.
    """

    def __init__(self, dim: int, config: LabelConfig) -> None:
        super().__init__()
        self._config = config
        self.norm = nn.LayerNorm(2 * dim)
        self.out = nn.Linear(2 * dim, config.classes)

    def forward(self, latents: Tensor, classes: Tensor) -> dict[str, Tensor]:
        """Terms, each one value, of latents ``(b, n, d)`` of sounds of classes ``(b,)``, and the share of hits."""
        pooled = self.norm(torch.cat((latents.mean(1), latents.std(1)), dim=1))
        logits = self.out(F.dropout(pooled, self._config.dropout, self.training))
        is_labelled = classes >= 0
        # All 0 where no class is known: the head still takes part.
        share = is_labelled.float() / is_labelled.sum().clamp(min=1)
        targets = classes.clamp(min=0)
        return {
            "labels": (share * F.cross_entropy(logits, targets, reduction="none")).sum(),
            "contrast": supervised_contrast(pooled, classes, self._config.temperature),
            "hits": (share * (logits.argmax(1) == targets)).sum().detach(),
        }

    def weigh(self, terms: dict[str, Tensor]) -> dict[str, Tensor]:
        weights = {"labels": self._config.weight, "contrast": self._config.contrast}
        return {name: weight * terms[name] for name, weight in weights.items() if weight and name in terms}


def supervised_contrast(features: Tensor, classes: Tensor, temperature: float) -> Tensor:
    """Supervised contrastive loss (Khosla et al., 2020, equation 2) of features ``(b, d)`` of ``classes`` ``(b,)``.

    Class -1 is nobody's friend; 0 if no class comes twice.
    """
    direction = F.normalize(features, dim=1)
    similarity = direction @ direction.T / temperature
    itself = torch.eye(len(features), dtype=torch.bool, device=features.device)
    log_share = similarity - torch.logsumexp(similarity.masked_fill(itself, float("-inf")), dim=1, keepdim=True)
    positives = (classes[:, None] == classes[None]) & (classes >= 0) & ~itself
    count = positives.sum(1)
    losses = -(log_share * positives).sum(1) / count.clamp(min=1)
    return (losses * (count > 0)).sum() / (count > 0).sum().clamp(min=1)

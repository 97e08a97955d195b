"""Small priors that tests build in milliseconds."""

import torch

from auricle.synth import FlowConfig, Origin, Prior, PriorConfig, RecurrentConfig

CONFIGS: dict[str, PriorConfig] = {
    "flow": FlowConfig(window=12, width=32, depth=2, heads=2, patch=2),
    "recurrent": RecurrentConfig(window=12, width=24, depth=2, components=3),
}
CLASSES = ("kick", "snare", "tom")


def tiny_prior(kind: str, *, channels: int = 1, classes: tuple[str, ...] = CLASSES, latent_dim: int = 6) -> Prior:
    """A prior with random weights everywhere, also where training starts from zeros."""
    origin = Origin(
        fingerprint="ab" * 32,
        model="tiny",
        sample_rate=16000,
        hop_length=320,
        latent_dim=latent_dim,
        channels=channels,
        classes=classes,
    )
    torch.manual_seed(3)
    prior = CONFIGS[kind].build(origin)
    with torch.no_grad():
        for parameter in prior.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    prior.fit_scale(torch.randn(origin.features), 0.5 + torch.rand(origin.features), torch.randn(origin.features))
    return prior.eval().requires_grad_(False)


def windows(prior: Prior, count: int = 4) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """A batch as `Prior.loss` takes it."""
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(count, prior.window, prior.features, generator=generator)
    before = torch.randn(count, prior.features, generator=generator)
    label = torch.arange(count) % (len(prior.classes) + 1) - 1
    return x, before, label, torch.arange(count) % 2 == 0

"""A gradient balancer: each loss gets its share of the gradient, whatever its scale (Defossez et al., 2022)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self, final

import torch
from pydantic import Field, PositiveFloat
from torch import Tensor

from auricle.errors import ConfigError
from auricle.model.registry import Frozen

_SMALLEST = 1e-12


@final
class BalancerConfig(Frozen):
    """How gradients with respect to the reconstruction are shared out."""

    shares: dict[str, PositiveFloat] = Field(min_length=1, description="share of each loss by name, any common scale")
    total: float = Field(default=10.0, gt=0, description="norm of the combined gradient of an item's own loss")
    decay: float = Field(default=0.999, ge=0, lt=1, description="memory of the averaged norms per step")

    def check(self, names: Iterable[str]) -> None:
        """Make sure that these losses have shares.

        Raises:
            ConfigError: one has none.
        """
        if missing := set(names) - self.shares.keys():
            raise ConfigError(f"the balancer shares out {sorted(self.shares)}, but not {sorted(missing)}: add shares")


@final
@dataclass(frozen=True)
class BalanceState:
    """Averaged gradient norms by name, and how many steps each has seen. A value: it is never changed."""

    norms: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    steps: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    def add(self, norms: Mapping[str, float], decay: float) -> Self:
        """The state after a step: exponential averages without the bias of a start at zero."""
        steps = {name: self.steps.get(name, 0) + 1 for name in norms}
        weights = {name: (1.0 - decay) / (1.0 - decay**count) for name, count in steps.items()}
        before = {name: self.norms.get(name, 0.0) for name in norms}
        after = {name: before[name] + weights[name] * (norms[name] - before[name]) for name in norms}
        return type(self)({**self.norms, **after}, {**self.steps, **steps})

    def to_floats(self) -> dict[str, float]:
        """Plain numbers for a checkpoint."""
        steps = {f"steps.{name}": float(value) for name, value in self.steps.items()}
        return {f"norm.{name}": value for name, value in self.norms.items()} | steps

    @classmethod
    def from_floats(cls, values: Mapping[str, float]) -> Self:
        norms = {name[5:]: value for name, value in values.items() if name.startswith("norm.")}
        return cls(norms, {name: round(values[f"steps.{name}"]) for name in norms})


@final
class Balancer:
    """Combines the gradients of several losses with respect to one tensor.

    Args:
        config: the shares; None leaves the plain sum.
    """

    def __init__(self, config: BalancerConfig | None = None):
        self._config = config

    def combine(
        self,
        terms: Mapping[str, Tensor],
        leaf: Tensor,
        state: BalanceState,
        average: Callable[[Tensor], Tensor] = lambda norms: norms,
    ) -> tuple[Tensor, BalanceState]:
        """The combined gradient of ``terms`` with respect to ``leaf``.

        Each gradient is divided by its averaged norm and multiplied with its share of the total, so weights that the
        terms carry already cancel out. Norms are those of an item's own loss, averaged over the batch, so the
        batch's size does not matter. Keep the old state if the step was not finite.

        Args:
            terms: weighted scalars by name, means over the batch; each must depend on ``leaf``.
            leaf: ``(b, t)``, requires gradients.
            state: averages so far.
            average: mean over processes of a tensor ``(terms,)``, so that all of them keep the same state.

        Returns:
            the gradient, shaped like ``leaf``, and the state for the next step.

        Raises:
            ConfigError: a term has no share.
        """
        if self._config is None:
            return torch.autograd.grad(torch.stack(list(terms.values())).sum(), leaf)[0], state
        self._config.check(terms)
        gradients = [torch.autograd.grad(term, leaf, retain_graph=True)[0] for term in terms.values()]
        norms = torch.stack([len(leaf) * gradient.flatten(1).norm(dim=1).mean() for gradient in gradients])
        state = state.add(dict(zip(terms, average(norms).tolist(), strict=True)), self._config.decay)
        combined = torch.zeros_like(leaf)
        for name, gradient in zip(terms, gradients, strict=True):
            share = self._config.shares[name] / sum(self._config.shares[term] for term in terms)
            combined += self._config.total * share / max(state.norms[name], _SMALLEST) * gradient
        return combined, state

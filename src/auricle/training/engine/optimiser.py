"""AdamW for a module that may be spread over processes."""

from typing import Any, final

import torch
from pydantic import Field
from torch import Tensor, nn

from auricle.model.registry import Frozen
from auricle.training.engine.device import TrainingDevice


@final
class OptimiserConfig(Frozen):
    """AdamW (Loshchilov and Hutter, 2019), warm-up, constant rate, then cosine to zero."""

    rate: float = Field(default=1e-3, gt=0, description="learning rate")
    betas: tuple[float, float] = Field(default=(0.8, 0.99), description="decay of the moments")
    weight_decay: float = Field(default=0.01, ge=0, description="decoupled weight decay of matrices")
    warmup: int = Field(default=200, ge=0, description="steps of linear warm-up")
    decay: float = Field(default=0.6, ge=0, le=1, description="last share of the phase in which the rate falls to zero")
    clip: float = Field(default=1.0, gt=0, description="largest norm of the gradient")


@final
class DistributedOptimiser:
    """A module, the optimiser of its trainable parameters, and the form in which all processes call it.

    Attributes:
        module: the plain module.
        forward: call this one in training: it is in the device's precision, and gradients are averaged over processes.
    """

    def __init__(self, module: nn.Module, config: OptimiserConfig, device: TrainingDevice):
        self.module, self._config, self._device = module, config, device
        module.to(device.torch_device)
        self._trained = [p for p in module.parameters() if p.requires_grad]
        matrices = [p for p in self._trained if p.ndim > 1]
        vectors = [p for p in self._trained if p.ndim <= 1]
        self._optimiser = torch.optim.AdamW(
            [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}],
            lr=config.rate,
            betas=config.betas,
            weight_decay=config.weight_decay,
            fused=True,
        )
        self.forward = device.prepare(module)

    def zero_grad(self) -> None:
        self._optimiser.zero_grad(set_to_none=True)

    def clip(self) -> Tensor:
        """Shorten the gradient to the largest norm allowed; the norm before."""
        return nn.utils.clip_grad_norm_(self._trained, self._config.clip)

    def update(self, rate: float) -> None:
        """Take a step at this learning rate."""
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self._optimiser.step()

    def moments(self) -> dict[str, Tensor]:
        """The optimiser's state by name."""
        return {
            f"{index}.{name}": torch.as_tensor(value).detach()
            for index, moments in self._optimiser.state_dict()["state"].items()
            for name, value in moments.items()
        }

    def load_moments(self, tensors: dict[str, Tensor]) -> None:
        """Take what :meth:`moments` gave."""
        state: dict[int, dict[str, Any]] = {}
        for name, value in tensors.items():
            index, key = name.split(".", 1)
            state.setdefault(int(index), {})[key] = value
        self._optimiser.load_state_dict({**self._optimiser.state_dict(), "state": state})

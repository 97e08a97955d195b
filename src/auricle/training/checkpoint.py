"""Training state in a safetensors file: no pickle, whole or not there."""

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from auricle.errors import ModelError
from auricle.output import fresh_file
from auricle.training.schedule import Clock

_FORMAT = "auricle-training"


def save_checkpoint(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer, clock: Clock, config: str) -> None:
    """Write weights, optimiser moments and clock.

    Args:
        config: the run's configuration in JSON; a resumed run must have the same.

    Raises:
        OutputError: the file can't be written.
    """
    tensors = {f"model.{name}": value.detach().contiguous() for name, value in model.state_dict().items()}
    for index, moments in optimiser.state_dict()["state"].items():
        for name, value in moments.items():
            tensors[f"optimiser.{index}.{name}"] = torch.as_tensor(value).detach().contiguous()
    metadata = {"format": _FORMAT, "clock": json.dumps(asdict(clock)), "config": config}
    with fresh_file(path, force=True) as temporary:
        save_file(tensors, temporary, metadata)


def load_checkpoint(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer, config: str) -> Clock:
    """Restore what :func:`save_checkpoint` wrote, strictly.

    Raises:
        ModelError: not a checkpoint, of another configuration, or damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path} is not a checkpoint ({error}): start without --resume") from error
    if metadata.get("format") != _FORMAT:
        raise ModelError(f"{path} is not a training checkpoint: start without --resume")
    if metadata.get("config") != config:
        raise ModelError(f"{path} belongs to a run with another configuration: start without --resume")
    model.load_state_dict(_under(tensors, "model."), strict=True)
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in _under(tensors, "optimiser.").items():
        index, key = name.split(".", 1)
        moments.setdefault(int(index), {})[key] = value
    optimiser.load_state_dict({**optimiser.state_dict(), "state": moments})
    return Clock(**json.loads(metadata["clock"]))


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}

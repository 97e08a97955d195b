"""A model that is shipped with another decoder takes its priors along; one with other latents does not."""

from pathlib import Path

import pytest
import torch

from auricle.model import Autoencoder, fingerprint, load, save
from auricle.synth.priors.base import Origin, PriorInfo
from auricle.synth.priors.file import SUFFIX, load_prior, save_prior
from auricle.synth.priors.flow import FlowConfig
from ship import ship_model


def _shipped_prior(model: Autoencoder, folder: Path) -> Path:
    config = FlowConfig(window=8, width=16, depth=1, heads=2)
    prior = config.build(Origin.of(model, 1, ("a",)), PriorInfo(name="toy")).eval()
    path = folder / f"toy{SUFFIX}"
    save_prior(prior, path)
    return path


@pytest.mark.parametrize("part, goes_along", [("decoder", True), ("encoder", False), ("bottleneck", False)])
def test_priors_of_a_model_with_another_decoder_go_along(tmp_path: Path, model_file: Path, part: str, goes_along: bool):
    target = tmp_path / model_file.name
    target.write_bytes(model_file.read_bytes())
    old, new = load(target), load(model_file)
    prior = _shipped_prior(old, tmp_path)
    with torch.no_grad():
        for tensor in getattr(new, part).state_dict().values():
            if tensor.is_floating_point():
                tensor.add_(0.125)
    trained = tmp_path / "trained.auricle.safetensors"
    save(new, trained)
    about = {"name": "tiny", "description": "", "licence": "", "data": "", "training": {}}
    ship_model(trained, about, target, keep_replaced=False)
    assert fingerprint(load(target)) == fingerprint(load(trained))
    assert load(target).info.decodes == ((fingerprint(old),) if goes_along else ())
    expected = load(target) if goes_along else old
    assert load_prior(prior).fingerprint == fingerprint(expected)

"""Mixed precision: what must stay exact does, and a step learns."""

import pytest
import torch

from auricle.errors import OptionError
from auricle.model import Autoencoder
from auricle.options.training import DeviceConfig
from auricle.stream import Pointwise
from auricle.training import Objective, TrainingDevice, named
from auricle.training.presets import PRESETS


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_the_network_computes_in_bfloat16_and_the_rest_in_float32(preset):
    config = named(preset)
    torch.manual_seed(0)
    # Latents that are rounded otherwise draw other noise.
    without_noise = config.model.model_copy(update={"bands": 0, "comb": 0.0})
    model = Autoencoder(without_noise).eval()
    objective = Objective(model, config.objective).eval()
    audio = 0.1 * torch.randn(2, 20 * model.hop_length)
    model.fit_scale(audio)
    quality = torch.full((2,), (model.bottleneck.quality_levels - 1) / 2)
    exact = objective(audio, quality)
    with torch.autocast("cpu", torch.bfloat16):
        half = objective(audio, quality)
        inlet = next(part for part in model.decoder.modules() if isinstance(part, Pointwise))
        seen = inlet(torch.zeros(1, 3, model.latent_dim))
    assert seen.dtype == torch.bfloat16
    assert all(term.dtype == torch.float32 for term in half.terms.values())
    gap = (half.reconstruction.float() - exact.reconstruction).norm() / exact.reconstruction.norm()
    assert gap < 0.1
    terms = objective.weigh_distances(objective.distances(half.reconstruction.float(), audio), quality)
    torch.stack(list(terms.values())).sum().backward()
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    assert gradients and all(torch.isfinite(gradient).all() for gradient in gradients)


def test_an_unknown_precision_is_refused():
    with pytest.raises(OptionError, match="'int4'"):
        TrainingDevice(DeviceConfig(precision="int4"))


@pytest.mark.parametrize("instructions", [{"avx512_bf16": True}, {"amx_bf16": True}])
def test_a_cpu_with_instructions_for_bfloat16_uses_them(monkeypatch, instructions):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: instructions)
    layer, half = Pointwise(8, 8), TrainingDevice(DeviceConfig(cpu=True))
    seen = []
    layer.register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    assert half.prepare(layer)(torch.ones(1, 3, 8)).dtype == torch.float32
    exact = TrainingDevice(DeviceConfig(cpu=True, precision="float32"))  # in the same Python process
    exact.prepare(layer)(torch.ones(1, 3, 8))
    half.prepare(layer)(torch.ones(1, 3, 8))
    assert seen == [torch.bfloat16, torch.float32, torch.bfloat16]


def test_bfloat16_is_refused_where_it_is_no_gain(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": False, "avx2": True})
    assert not TrainingDevice(DeviceConfig(cpu=True)).computes_in_bf16
    with pytest.raises(OptionError, match="bfloat16"):
        TrainingDevice(DeviceConfig(precision="bf16", cpu=True))


@pytest.mark.parametrize("parts", [0, 5000])
def test_parts_of_a_step_have_limits(parts):
    with pytest.raises(OptionError, match=str(parts)):
        TrainingDevice(DeviceConfig(accumulate=parts))

"""What every discriminator promises."""

import pytest
import torch
from pydantic import SerializeAsAny, TypeAdapter, ValidationError
from torch import nn

from auricle.discriminators import ConvConfig, DiscriminatorConfig, PeriodConfig, SpectrumConfig, Stack

KINDS = sorted(DiscriminatorConfig.kinds)


def built(kind: str) -> nn.Module:
    torch.manual_seed(0)
    return DiscriminatorConfig.kinds[kind]().build(16000)


def total(judgement) -> torch.Tensor:
    return judgement.score.float().square().mean() + sum(part.float().abs().mean() for part in judgement.features)


@pytest.mark.parametrize("kind", KINDS)
class TestEveryDiscriminator:
    @pytest.mark.parametrize("length", [1, 2, 100, 511, 513, 4000])
    @pytest.mark.parametrize("items", [1, 3])
    def test_judges_any_length(self, kind, items, length):
        judgement = built(kind)(0.1 * torch.randn(items, length))
        assert judgement.score.shape[:2] == (items, 1)
        assert judgement.score.numel() >= items
        config = DiscriminatorConfig.kinds[kind]()
        assert [part.shape[1] for part in judgement.features] == [layer.channels for layer in config.layers]
        assert all(len(part) == items and torch.isfinite(part).all() for part in judgement.features)

    def test_every_item_is_judged_by_itself(self, kind):
        network, audio = built(kind), 0.1 * torch.randn(3, 4000)
        torch.testing.assert_close(network(audio).score[1:2], network(audio[1:2]).score, rtol=1e-4, atol=1e-5)

    @pytest.mark.parametrize("level", [0.0, 1e-6, 1.0, 100.0])
    @pytest.mark.parametrize("length", [5, 4000])
    def test_gradients_are_finite_at_any_level(self, kind, level, length):
        network = built(kind)
        audio = (level * torch.randn(2, length)).requires_grad_()
        total(network(audio)).backward()
        gradients = [audio.grad, *(weight.grad for weight in network.parameters())]
        assert all(gradient is not None and torch.isfinite(gradient).all() for gradient in gradients)

    def test_hears_the_whole_sound(self, kind):
        audio = (0.1 * torch.randn(1, 4000)).requires_grad_()
        total(built(kind)(audio)).backward()
        assert (audio.grad[0, 512:-512] != 0).float().mean() > 0.95

    def test_works_in_bfloat16(self, kind):
        network = built(kind)
        audio = (0.1 * torch.randn(2, 4000)).requires_grad_()
        plain = network(audio).score
        with torch.autocast("cpu", torch.bfloat16):
            judgement = network(audio)
        assert judgement.score.dtype == torch.bfloat16
        torch.testing.assert_close(judgement.score.float(), plain, rtol=0.1, atol=0.1)
        total(judgement).backward()
        assert torch.isfinite(audio.grad).all()

    def test_config_survives_json(self, kind):
        family = TypeAdapter(SerializeAsAny[DiscriminatorConfig])
        config = DiscriminatorConfig.kinds[kind](layers=(ConvConfig(channels=5, kernel=(7, 1), dilation=(2, 1)),))
        assert family.validate_json(family.dump_json(config)) == config

    def test_weights_survive_a_state_dict(self, kind):
        one, other = built(kind), DiscriminatorConfig.kinds[kind]().build(16000)
        other.load_state_dict(one.state_dict(), strict=True)
        audio = 0.1 * torch.randn(1, 3000)
        torch.testing.assert_close(one(audio).score, other(audio).score, rtol=0, atol=0)


def test_the_spectrum_is_computed_in_float32_under_autocast():
    seen = []
    network = SpectrumConfig().build(16000)
    network.stack.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    audio = 0.1 * torch.randn(2, 4000)
    network(audio)
    with torch.autocast("cpu", torch.bfloat16):
        network(audio.bfloat16().float())
    assert seen[1].dtype == torch.float32
    torch.testing.assert_close(*seen, rtol=0, atol=1e-2)


def test_the_spectrum_knows_high_from_low():
    network, planes = built("stft"), []
    network.stack.register_forward_pre_hook(lambda _, inputs: planes.append(inputs[0]))
    network(torch.zeros(1, 4000))
    assert planes[0][0, 3, 0, [0, 128, 256]].tolist() == [-1, 0, 1]


def test_a_period_folds_samples_into_columns():
    network = PeriodConfig(period=3, layers=(ConvConfig(channels=2, kernel=(1, 1)),)).build(16000)
    seen = []
    network.stack.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    network(torch.arange(7.0)[None])
    assert seen[0][0, 0].tolist() == [[0, 1, 2], [3, 4, 5], [6, 0, 0]]


def test_the_stack_steps_and_pads_as_told():
    layers = (
        ConvConfig(channels=4, kernel=(5, 3), stride=(2, 1)),
        ConvConfig(channels=6, kernel=(3, 3), stride=(1, 2)),
    )
    judgement = Stack(2, layers, (3, 1))(torch.randn(1, 2, 16, 9))
    assert [tuple(part.shape) for part in judgement.features] == [(1, 4, 8, 9), (1, 6, 8, 5)]
    assert judgement.score.shape == (1, 1, 8, 5)


def test_the_stack_starts_with_a_variance_that_neither_dies_nor_grows():
    torch.manual_seed(0)
    layers = tuple(ConvConfig(channels=32) for _ in range(5))
    judgement = Stack(3, layers, (3, 3))(torch.randn(2, 3, 32, 32))
    assert all(0.3 < part.square().mean() < 3 for part in judgement.features)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"kind": "stft", "n_fft": 7}, "n_fft"),
        ({"kind": "stft", "layers": []}, "layers"),
        ({"kind": "stft", "exponent": 0}, "exponent"),
        ({"kind": "period", "period": 0}, "period"),
        ({"kind": "period", "layers": [{"channels": 4, "kernel": [4, 1]}]}, "kernel size 4 is even: choose 3 or 5"),
        ({"kind": "period", "layers": [{"channels": 0}]}, "channels"),
        ({"kind": "wavelet"}, "'wavelet' is not one of period, stft"),
        ({"kind": "stft", "window": "hann"}, "window"),
    ],
)
def test_a_wrong_config_names_the_field(wrong, word):
    with pytest.raises(ValidationError, match=word):
        TypeAdapter(SerializeAsAny[DiscriminatorConfig]).validate_python(wrong)

"""What codecs need."""

import os
from pathlib import Path

import pytest

from auricle.bench import AssetPaths, Clip, make_codec
from auricle.bench.codecs.auricle import AuricleCodec
from auricle.bench.cost.child import measure
from auricle.bench.cost.cost import codec_cost, model_cost
from auricle.bench.machine_info import peak_memory
from bench.bench_codecs import Greedy
from bench.bench_sounds import babble, store
from model.tiny import tiny_model

CLIP = Clip("a", babble(1.0, 16000), 16000)


def test_a_codec_without_networks(tmp_path: Path):
    sound = store(tmp_path / "a.wav", CLIP.audio, 16000)
    cost = measure(Greedy(), sound.path, 8.0)
    assert cost.encode_speed is not None and cost.encode_speed > 10
    assert cost.decode_speed is not None and cost.decode_speed > 10
    assert (cost.parameters, cost.macs_per_second, cost.note) == (None, None, "")
    assert cost.peak_bytes is None or cost.peak_bytes > 1e7


def test_multiplications_of_a_model():
    model = tiny_model()
    network = AuricleCodec(model).network_cost()
    assert network.parameters == sum(weights.numel() for weights in model.parameters())
    linear = [m for m in model.modules() if type(m).__name__ == "Pointwise"]
    least = 50 * sum(m.weight.numel() for m in linear)  # each once a frame, 50 frames a second
    assert network.macs_per_second is not None
    assert least < network.macs_per_second < 4 * 50 * network.parameters


@pytest.mark.slow
def test_a_process_of_its_own():
    cost = model_cost(tiny_model(), CLIP, 12.0)
    assert cost.note == ""
    assert cost.encode_speed and cost.decode_speed and cost.parameters and cost.macs_per_second
    assert cost.peak_bytes is None or cost.peak_bytes > 1e8


@pytest.mark.skipif(make_codec("opus").missing() is not None, reason=str(make_codec("opus").missing()))
def test_a_codec_without_torch_is_not_charged_for_it():
    cost = codec_cost("opus", AssetPaths(), CLIP, 12.0)
    assert cost.note == "" and cost.encode_speed and cost.parameters is None
    assert cost.peak_bytes is None or cost.peak_bytes < 1.5e8


def test_a_process_that_fails(tmp_path: Path):
    cost = codec_cost("lyra", AssetPaths(lyra=tmp_path), CLIP, 6.0)
    assert cost.encode_speed is None
    assert cost.note.startswith("could not be measured: ")


def test_peak_memory_grows():
    before = peak_memory()
    if before is None:
        pytest.skip("this system does not tell")
    block = bytearray(os.urandom(1 << 20)) * 64
    after = peak_memory()
    assert after is not None and after >= before and len(block) == 1 << 26

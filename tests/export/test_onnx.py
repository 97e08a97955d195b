"""Graphs compute what the model computes, in chunks of any size."""

import errno
import json
import os
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch

from auricle import ModelError, OutputError, export_model
from auricle.model import AutoencoderConfig, load
from auricle.model.bottleneck import FsqConfig, RvqConfig, VaeConfig
from auricle.model.front_end import StftConfig
from auricle.synth.priors.base import NO_CLASS, Origin
from auricle.synth.priors.flow import FlowConfig
from auricle.synth.priors.recurrent import RecurrentConfig
from auricle.training import named
from export.running import Network, moving_noise, random_model, snr_db
from model.tiny import tiny_config

for _package in ("onnx", "onnxruntime"):
    pytest.importorskip(_package, reason="the extra export is not installed")

_SPEECH = named("speech", "small").model.model_copy(update={"energies": False, "levels_from": 0.0})
"""With levels from 1 kHz on, random weights make loud harmonics of a random pitch, which tell float32 from itself: that
is tested on weights that were trained."""
CONFIGS: dict[str, AutoencoderConfig] = {
    "speech": _SPEECH,
    "music": named("music", "small").model,
    "live": named("live").model,
    "mixed": named("mixed", "small").model,
    "conv-lstm": named("conv-lstm").model,
    "noise everywhere": _SPEECH.model_copy(update={"noise_from": 0.0, "harmonics": None, "comb": 0.0, "envelope": 0}),
    "rvq": tiny_config(RvqConfig(dim=8, codebooks=3, size=16, code_dim=4)),
    "fsq": tiny_config(FsqConfig(levels=(5, 4, 3))),
    "vae": tiny_config(VaeConfig(dim=8)),
    "strided": tiny_config(stride=2),
    "stft": tiny_config().model_copy(update={"transform": StftConfig(hop_length=160)}),
}
BATCH, FRAMES = 2, 60


@pytest.mark.parametrize("name", [*CONFIGS, "shipped speech"])
def test_graphs_compute_what_torch_does(name: str, tmp_path: Path):
    model = random_model(CONFIGS[name]) if name in CONFIGS else load("speech")
    export_model(model, tmp_path, to="onnx")
    audio = moving_noise(BATCH, FRAMES * model.hop_length)
    with torch.inference_mode():
        z = model.encoder(torch.from_numpy(audio).unsqueeze(2))
        latents, step = z.numpy(), np.array(0)
        if model.bottleneck.codebooks:
            assert model.tables is not None
            step = np.array(model.tables.last_step // 2)
            codes = model.bottleneck.quantise(z, float(step) / 8)
            z = model.bottleneck.dequantise(codes, float(step) / 8)
            (own,) = Network(tmp_path, "quantiser")(latents=latents, step=step)
            assert own.dtype == np.int32 and np.array_equal(own, codes.numpy())
            (back,) = Network(tmp_path, "dequantiser")(codes=own, step=step)
            assert snr_db(z.numpy(), back) > 130
        sound = model.decoder(z)[..., 0].numpy()
    for frames in (1, 7, FRAMES):
        encoded = Network(tmp_path, "encoder", BATCH).stream("audio", audio, frames * model.hop_length)
        decoded = Network(tmp_path, "decoder", BATCH).stream("latents", z.numpy(), frames)
        assert snr_db(latents, encoded) > 100 and snr_db(sound, decoded) > 100
    if (tmp_path / "decoder.float16.onnx").exists():
        half = Network(tmp_path, "decoder", BATCH, ".float16").stream("latents", z.numpy(), FRAMES)
        assert snr_db(sound, half) > 100


def test_weights_in_16_bits_are_half_as_large(tmp_path: Path):
    files = export_model(random_model(_SPEECH), tmp_path).files
    for name in ("encoder", "decoder"):
        assert files[f"{name}.float16.onnx"] < 0.65 * files[f"{name}.onnx"]
    assert set(json.loads((tmp_path / "config.json").read_text())["graphs"]) == {
        "encoder",
        "decoder",
        "quantiser",
        "dequantiser",
    }


def test_a_step_is_what_a_row_of_equal_frames_is_in_one_piece(tmp_path: Path):
    """Noise over latents that stand still depends on how often they have come."""
    model = random_model(_SPEECH)
    export_model(model, tmp_path)
    z = torch.zeros(1, 40, model.latent_dim)
    with torch.inference_mode():
        sound = model.decoder(z)[..., 0].numpy()
    for frames in (1, 9):
        assert snr_db(sound, Network(tmp_path, "decoder").stream("latents", z.numpy(), frames)) > 100


_FLOW = FlowConfig(window=8, width=16, heads=2)
_MEANS = _FLOW.model_copy(update={"mean_velocities": True})


@pytest.mark.parametrize("config", [_FLOW, _MEANS, RecurrentConfig(window=8, width=16)])
def test_a_prior_goes_along(config: FlowConfig | RecurrentConfig, tmp_path: Path):
    model = random_model(tiny_config())
    prior = config.build(Origin.of(model, 1, ("kick", "snare"))).eval().requires_grad_(False)
    for weight in prior.parameters():
        weight.add_(0.1 * torch.randn_like(weight))
    export_model(model, tmp_path, prior=prior)
    assert json.loads((tmp_path / "prior.json").read_text())["classes"] == ["kick", "snare"]
    label, network = np.array([1, NO_CLASS]), Network(tmp_path, "prior", 2)
    x = np.random.default_rng(1).standard_normal((2, 8, model.latent_dim)).astype(np.float32)
    rows = torch.from_numpy(label)
    with torch.inference_mode():
        if isinstance(config, FlowConfig):
            t, begin, prefix = np.float32([0.2, 0.9]), np.float32([1, 0]), np.array([0, 2])
            parts = torch.from_numpy(t), rows, torch.tensor([True, False])
            spans = {"span": np.float32([0.0, 0.1])} if config.mean_velocities else {}
            torch_spans = {name: torch.from_numpy(span) for name, span in spans.items()}
            expected = [prior.velocity(torch.from_numpy(x), *parts, prefix=torch.from_numpy(prefix), **torch_spans)]
            results = network(x=x, t=t, label=label, begin=begin, prefix=prefix, **spans)
        else:
            state, results = prior.initial_state(rows, torch.tensor([True, True])), []
            for frame in range(3):
                before = x[:, frame : frame + 1]
                mixture, state = prior.predict(torch.from_numpy(before), state)
                results = network(before=before, label=label, begin=np.float32([frame == 0] * 2))
            expected = [mixture.weights[:, 0], mixture.means[:, 0], mixture.deviations[:, 0].exp()]
    for one, other in zip(expected, results, strict=True):
        assert snr_db(one.numpy(), other) > 90


def test_what_is_there_stays(tmp_path: Path):
    model = random_model(tiny_config())
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(OutputError, match=r"README\.md"):
        export_model(model, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
    export_model(model, tmp_path, force=True)
    assert "random as ONNX" in (tmp_path / "README.md").read_text()


def test_a_disk_that_is_full_in_the_middle_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model, synced = random_model(tiny_config()), count()
    (tmp_path / "config.json").write_text("mine")

    def fill(descriptor: int) -> None:
        if next(synced) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fill)
    for folder, left in ((tmp_path, ["config.json"]), (tmp_path / "new", [])):
        synced = count()
        with pytest.raises(OutputError, match="No space left"):
            export_model(model, folder, force=True)
        assert [path.name for path in folder.glob("*")] == left
    assert (tmp_path / "config.json").read_text() == "mine"


def test_what_an_earlier_export_left_goes_and_nothing_else(tmp_path: Path):
    model = random_model(tiny_config())
    prior = FlowConfig(window=8, width=16, heads=2).build(Origin.of(model, 1, ())).eval().requires_grad_(False)
    export_model(model, tmp_path)
    plain = {path.name for path in tmp_path.iterdir()}
    export_model(model, tmp_path, prior=prior, force=True)
    assert {path.name for path in tmp_path.iterdir()} - plain >= {"prior.onnx", "prior.json"}
    (tmp_path / "prior.json").write_text("changed")
    (tmp_path / "notes.txt").write_text("mine")
    export_model(model, tmp_path, force=True)
    assert {path.name for path in tmp_path.iterdir()} == plain | {"prior.json", "notes.txt"}


def test_a_prior_of_another_model_is_refused(tmp_path: Path):
    model, other = random_model(tiny_config()), random_model(tiny_config(FsqConfig(levels=(3,) * 8)))
    with pytest.raises(ModelError, match="fingerprint"):
        export_model(
            model, tmp_path / "a", prior=FlowConfig(window=8, width=16, heads=2).build(Origin.of(other, 1, ()))
        )
    assert not (tmp_path / "a").exists()

"""Every shipped model can be exported everywhere, and its graphs compute what it computes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from auricle import export_model
from auricle.model import load, shipped
from export.running import Network, moving_noise, snr_db
from export.serving import runtime

pytestmark = pytest.mark.slow  # the graphs of presets are tested always, in test_onnx.py and test_nn_tilde.py
for _package in ("onnx", "onnxruntime"):
    pytest.importorskip(_package, reason="the extra export is not installed")

FRAMES = 40
PLAY = """
import sys
sys.modules["auricle"] = None
import numpy as np, torch
model = torch.jit.load(sys.argv[1])
audio = torch.from_numpy(np.fromfile(sys.argv[2], np.float32)).reshape(1, 1, -1)
with torch.inference_mode():
    torch.cat([model(block) for block in audio.split(512, 2)], 2).numpy().tofile(sys.argv[2])
"""


@pytest.mark.parametrize("name", sorted(shipped()))
def test_graphs_of_a_shipped_model_compute_what_it_does(name: str, tmp_path: Path):
    model = load(name)
    export_model(name, tmp_path, to="onnx")
    audio = moving_noise(1, FRAMES * model.hop_length)
    with torch.inference_mode():
        z = model.encoder(torch.from_numpy(audio).unsqueeze(2))
        sound = model.decoder(z)[..., 0].numpy()
    encoded = Network(tmp_path, "encoder", 1).stream("audio", audio, model.hop_length)
    decoded = Network(tmp_path, "decoder", 1).stream("latents", z.numpy(), 1)
    assert snr_db(z.numpy(), encoded) > 100 and snr_db(sound, decoded) > 100


@pytest.mark.parametrize("name", sorted(shipped()))
def test_a_shipped_model_has_a_page(name: str, tmp_path: Path):
    export_model(name, tmp_path, to="browser", runtime=runtime())
    config = json.loads((tmp_path / "config.json").read_text("utf-8"))
    assert config["name"] == name and config["format"] == "auricle-browser 1"
    assert all((tmp_path / graph["file"]).is_file() for graph in config["graphs"].values())


@pytest.mark.parametrize("name", sorted(shipped()))
def test_a_shipped_model_plays_in_nn_tilde(name: str, tmp_path: Path):
    model = load(name)
    export_model(name, tmp_path / "out", to="nn~")
    audio = moving_noise(1, 50 * 512)
    audio.tofile(tmp_path / "sound")
    command = [sys.executable, "-c", PLAY, str(tmp_path / "out" / f"{name}.ts"), str(tmp_path / "sound")]
    subprocess.run(command, check=True)
    played = np.fromfile(tmp_path / "sound", np.float32)
    assert played.shape == audio[0].shape and np.isfinite(played).all()
    assert played[: model.hop_length].max() < 0.1 < np.abs(played).max()

"""The file for nn~, loaded by a process that has torch and no Auricle, as the plug-in loads it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from auricle import Directions, OptionError, export_model
from auricle.model import Autoencoder, AutoencoderConfig, fingerprint
from auricle.model.bottleneck import RvqConfig, VaeConfig
from auricle.synth.priors.base import Origin
from auricle.synth.priors.flow import FlowConfig
from auricle.training import named
from export.running import moving_noise, random_model, snr_db
from model.tiny import tiny_config

CONFIGS: dict[str, AutoencoderConfig] = {
    "speech": named("speech", "small").model,
    "music": named("music", "small").model,
    "live": named("live").model,
    "mixed": named("mixed", "small").model,
    "rvq": tiny_config(RvqConfig(dim=8, codebooks=3, size=16, code_dim=4)),
    "vae": tiny_config(VaeConfig(dim=8)),
}
BLOCKS = (64, 256, 512, 4096)
PLAY = """
import sys
sys.modules["auricle"] = None
import numpy as np, torch
file, sound, target, batch, *blocks = sys.argv[1:]
audio = torch.from_numpy(np.fromfile(sound, np.float32).reshape(int(batch), 1, -1))
for block in map(int, blocks):
    with torch.inference_mode():
        model = torch.jit.load(file)
        assert model.get_methods() == ["forward", "encode", "decode"]
        assert model.forward_params.tolist() == [1, 1, 1, 1]
        _, _, dim, step = model.encode_params.tolist()
        assert model.decode_params.tolist() == [dim, step, 1, 1] and len(model.encode_output_labels) == dim
        if "quality" in model.get_attributes():
            assert model.set_quality(99.0) == -1 and model.set_quality(1.0) == 0 and model.get_quality() == 1.0
        pieces, latents = [], []
        for at in range(0, audio.shape[2], block):
            pieces.append(model(audio[..., at : at + block]))
        pair = torch.jit.load(file), torch.jit.load(file)
        if "quality" in model.get_attributes():
            pair[0].set_quality(1.0)
        for at in range(0, audio.shape[2], block):
            z = pair[0].encode(audio[..., at : at + block])
            assert z.shape == (int(batch), dim, block // step)
            latents.append(pair[1].decode(z))
    whole = torch.cat(pieces, 2)
    assert torch.equal(whole, torch.cat(latents, 2))
    whole.numpy().tofile(f"{target}{block}")
"""


def play(model_file: Path, audio: np.ndarray, folder: Path, blocks: tuple[int, ...] = BLOCKS) -> dict[int, np.ndarray]:
    """What the file makes of sounds ``(b, t)``, by the length of blocks."""
    audio.tofile(folder / "in")
    words = [str(model_file), str(folder / "in"), str(folder / "out"), str(len(audio)), *map(str, blocks)]
    subprocess.run([sys.executable, "-c", PLAY, *words], check=True)
    return {block: np.fromfile(folder / f"out{block}", np.float32).reshape(len(audio), -1) for block in blocks}


def stream(model: Autoencoder, audio: np.ndarray, offset: float = 0.0) -> np.ndarray:
    with torch.inference_mode():
        blocks = audio[:, : audio.shape[1] // model.hop_length * model.hop_length]
        z = model.encoder(torch.from_numpy(blocks).unsqueeze(2)) + offset
        if model.bottleneck.codebooks:
            z = model.bottleneck.dequantise(model.bottleneck.quantise(z, 1.0), 1.0)
        return model.decoder(z)[..., 0].numpy()


@pytest.mark.parametrize("name", CONFIGS)
def test_blocks_of_any_size_are_the_stream(name: str, tmp_path: Path):
    model = random_model(CONFIGS[name])
    (file,) = export_model(model, tmp_path / "out", to="nn~").files
    assert file == "random.ts"
    audio = moving_noise(2, 8192)
    expected, delay = stream(model, audio), model.hop_length - min(64, model.hop_length & -model.hop_length)
    for result in play(tmp_path / "out" / file, audio, tmp_path).values():
        assert result.shape == audio.shape and not result[:, :delay].any()
        count = min(expected.shape[1], result.shape[1] - delay)
        assert snr_db(expected[:, :count], result[:, delay : delay + count]) > 90


def test_directions_shift_latents(tmp_path: Path):
    model = random_model(tiny_config(VaeConfig(dim=8)))
    axes, deviations = np.eye(2, 8, dtype=np.float32), np.array([0.5, 2.0], np.float32)
    directions = Directions(
        np.zeros(8, np.float32), axes, deviations, deviations, sounds=3, model=(model.name, fingerprint(model))
    )
    (file,) = export_model(model, tmp_path, to="nn~", directions=directions).files
    loaded = torch.jit.load(str(tmp_path / file))
    assert loaded.get_attributes() == ["direction"]
    assert loaded.set_direction(3, 1.0) == -1 and loaded.set_direction(2, 1.5) == 0 == loaded.set_direction(1, -1.0)
    assert loaded.get_direction() == (1, -1.0)
    audio, delay = moving_noise(1, 3200), 320 - 64
    offset = torch.tensor([-0.5, 3.0, 0, 0, 0, 0, 0, 0])
    with torch.inference_mode():
        result = loaded(torch.from_numpy(audio)[:, None])[:, 0].numpy()
    assert snr_db(stream(model, audio, offset)[:, : 3200 - delay], result[:, delay:]) > 90


def test_a_prior_has_no_place_there(tmp_path: Path):
    model = random_model(tiny_config())
    prior = FlowConfig(window=8, width=16, heads=2).build(Origin.of(model, 1, ()))
    with pytest.raises(OptionError, match="onnx"):
        export_model(model, tmp_path / "a", to="nn~", prior=prior)

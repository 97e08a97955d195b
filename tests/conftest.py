"""Fixtures that several folders of tests share."""

from pathlib import Path

import numpy as np
import pytest
import torch

from auricle.audio.writer import write
from auricle.model import Autoencoder, AutoencoderConfig, ModelInfo, StageConfig, save
from auricle.model.bottleneck import EntropyConfig
from auricle.model.front_end import MdctConfig


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model of 16 kHz with tables: small, quick, and complete."""
    torch.manual_seed(0)
    config = AutoencoderConfig(
        sample_rate=16000,
        transform=MdctConfig(hop_length=320),
        encoder=(StageConfig(dim=16),),
        bottleneck=EntropyConfig(dim=8, levels=4),
        decoder=(StageConfig(dim=16),),
    )
    model = Autoencoder(config, ModelInfo(name="tiny")).eval().requires_grad_(False)
    noise = 0.2 * torch.randn(2, 32000)
    model.fit_scale(noise)
    model.fit_tables([model.encode(noise)])
    path = tmp_path_factory.mktemp("model") / "tiny.auricle.safetensors"
    save(model, path)
    return path


@pytest.fixture
def tone_file(tmp_path: Path) -> Path:
    """Two seconds of a stereo chord at 22.05 kHz."""
    time = np.arange(44100) / 22050
    chord = np.stack([np.sin(2 * np.pi * hertz * time) for hertz in (220, 277)])
    path = tmp_path / "tone.wav"
    write(path, 0.3 * chord, 22050)
    return path

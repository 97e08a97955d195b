from pathlib import Path

import numpy as np
import soundfile
import torch

from auricle.model import Autoencoder, AutoencoderConfig, ModelInfo, StageConfig
from auricle.model.blocks import ConvBlockConfig, RecurrentBlockConfig
from auricle.model.bottleneck import BottleneckConfig, EntropyConfig
from auricle.model.front_end import MdctConfig

ENTROPY = EntropyConfig(dim=12, levels=3, contexts=4, reach=6)


def make_sound(channels: int, samples: int, sample_rate: int, seed: int = 0) -> np.ndarray:
    """Chirps, one faster than the other, that share a part; float32 (c, t)."""
    rng = np.random.default_rng(seed)
    t = np.arange(samples) / sample_rate
    shared = 0.3 * np.sin(2 * np.pi * (300 * t + 150 * t**2))
    if channels == 0:
        return np.zeros((0, samples))
    tones = [0.1 * np.sin(2 * np.pi * (500 + 90 * c) * t) + 0.01 * rng.normal(size=samples) for c in range(channels)]
    return np.stack([shared + tone for tone in tones]).astype(np.float32)


def write_sound(path: Path, audio: np.ndarray, sample_rate: int) -> Path:
    soundfile.write(path, audio.T, sample_rate)
    return path


def make_model(
    *, strided: bool, name: str = "tiny", seed: int = 0, bottleneck: BottleneckConfig = ENTROPY
) -> Autoencoder:
    torch.manual_seed(seed)
    stride = 2 if strided else 1
    blocks = (ConvBlockConfig(lookahead=1), RecurrentBlockConfig())
    model = Autoencoder(
        AutoencoderConfig(
            sample_rate=16000,
            transform=MdctConfig(hop_length=160),
            encoder=(StageConfig(dim=24, stride=stride, blocks=blocks[1:]),),
            bottleneck=bottleneck,
            decoder=(StageConfig(dim=24, stride=stride, blocks=blocks),),
        ),
        ModelInfo(name=name),
    ).eval()
    audio = torch.from_numpy(make_sound(2, 32000, 16000))
    model.fit_scale(audio)
    with torch.inference_mode():
        model.fit_tables([model.encode(audio)])
    return model.requires_grad_(False)

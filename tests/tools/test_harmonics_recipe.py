"""recipes/harmonics.py: a model learns to read voices, and all else stays as it was."""

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from auricle.model import load, save
from auricle.model.bottleneck import EntropyConfig
from harmonics import main
from model.tiny import model_of, tiny_config


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    for split in ("train", "valid"):
        (folder / split).mkdir(parents=True)
        for hertz in (110, 180):
            phase = 2 * np.pi * hertz * np.arange(64000) / 16000
            voice = sum(0.1 / k * np.cos(k * phase) for k in range(1, 12))
            soundfile.write(folder / split / f"{hertz}.wav", voice.astype(np.float32), 16000)
    return folder


@pytest.mark.parametrize("polish", [False, True])
def test_what_reads_voices_learns_and_files_stay_as_they_are(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, polish: bool
):
    noisy = {"direct": True, "bands": 12, "noise_from": 4000.0, "envelope": 4}
    before = model_of(tiny_config(EntropyConfig(dim=60, levels=4)).model_copy(update=noisy))
    save(before, tmp_path / "plain.auricle.safetensors")
    out = tmp_path / "voiced.auricle.safetensors"
    command = ["harmonics.py", str(corpus), "--model", str(tmp_path / "plain.auricle.safetensors")]
    monkeypatch.setattr(sys, "argv", [*command, "--out", str(out), "--budget", "3", *(["--polish", "2"] * polish)])
    main()
    plain, voiced = load(tmp_path / "plain.auricle.safetensors"), load(out)
    assert plain.config.harmonics is None and voiced.config.harmonics is not None
    assert plain.config.comb == 0 and voiced.config.comb > 0
    assert len(plain.config.decoder[0].blocks) < len(voiced.config.decoder[0].blocks)
    kept = voiced.state_dict()
    same = {name for name, tensor in plain.state_dict().items() if torch.equal(tensor, kept[name])}
    assert same >= {name for name in plain.state_dict() if not name.startswith("decoder")}
    assert polish != (same == set(plain.state_dict()))
    sound = 0.1 * torch.randn(1, 8000)
    assert torch.equal(torch.as_tensor(plain.codes(sound, 1.0)), torch.as_tensor(voiced.codes(sound, 1.0)))
    assert torch.as_tensor(voiced.from_codes(voiced.codes(sound, 1.0), 8000, 1.0)).isfinite().all()

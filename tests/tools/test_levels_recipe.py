"""recipes/levels.py: what carries no bits becomes levels, and a run goes on from its state."""

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from auricle.model import load
from levels import from_state, levels_config, main


def test_a_run_keeps_what_speech_says_and_goes_on_from_its_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "corpus" / "train").mkdir(parents=True)
    noise = np.random.default_rng(0).standard_normal(64000) * np.hanning(64000) * 0.1
    soundfile.write(tmp_path / "corpus" / "train" / "hiss.wav", noise.astype(np.float32), 16000)
    out, state = tmp_path / "levels.auricle.safetensors", tmp_path / "half.safetensors"
    command = ["levels.py", str(tmp_path / "corpus"), "--out", str(out), "--state", str(state), "--budget", "1"]
    monkeypatch.setattr(sys, "argv", command)
    main()
    before, trained, continued = load("speech"), load(out), from_state(state, load("speech"))
    assert trained.config == continued.config == levels_config(before.config) != before.config
    sound = torch.from_numpy(noise[:32000].astype(np.float32))[None]
    latents = [torch.as_tensor(model.encode(sound)).squeeze() for model in (before, trained, continued)]
    differences = (latents[1] - latents[0]).abs().amax(0)
    assert 11 <= int((differences > 1.0).sum()) <= 40, "eleven features are new, the others stay near"
    assert torch.allclose(latents[1], latents[2], atol=0.05)

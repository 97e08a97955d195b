"""recipes/renew.py: a model gets what its preset has today, and the rest stays as it was."""

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from auricle.classify.features.latents import encoder_fingerprint
from auricle.model import load, save
from auricle.model.bottleneck import EntropyConfig
from auricle.training import named
from model.tiny import model_of, tiny_config
from renew import main, voiced_share


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
    command = ["renew.py", str(corpus), "--model", str(tmp_path / "plain.auricle.safetensors")]
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


def test_a_dial_is_laid_anew_and_the_encoder_stays(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    noisy = {"direct": True, "bands": 12, "noise_from": 4000.0, "envelope": 4}
    before = model_of(tiny_config(EntropyConfig(dim=60, levels=4)).model_copy(update=noisy))
    with torch.no_grad():
        before.bottleneck.log_gain[:2, :20] = -9.0  # silent, as training leaves what costs more than it brings
    save(before, tmp_path / "plain.auricle.safetensors")
    out = tmp_path / "dialled.auricle.safetensors"
    command = ["renew.py", str(corpus), "--model", str(tmp_path / "plain.auricle.safetensors"), "--dial"]
    monkeypatch.setattr(sys, "argv", [*command, "--out", str(out), "--budget", "1", "--polish", "2"])
    main()
    plain, dialled = load(tmp_path / "plain.auricle.safetensors"), load(out)
    wanted = named("speech").model.bottleneck
    assert dialled.bottleneck.quality_levels == wanted.levels > plain.bottleneck.quality_levels
    assert encoder_fingerprint(plain) == encoder_fingerprint(dialled)
    assert voiced_share(plain) == 1 / 3 and voiced_share(dialled) == named("speech").objective.voiced != 1 / 3
    assert dialled.bottleneck.log_gain.diff(dim=0).max() < wanted.steepest + 0.05
    sound = 0.1 * torch.randn(1, 8000)
    assert torch.equal(torch.as_tensor(plain.encode(sound)), torch.as_tensor(dialled.encode(sound)))
    for quality in (0.0, wanted.levels - 1.0):
        assert torch.as_tensor(dialled.from_codes(dialled.codes(sound, quality), 8000, quality)).isfinite().all()


def test_a_dial_without_time_to_learn_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sys, "argv", ["renew.py", str(tmp_path), "--out", str(tmp_path / "a"), "--dial"])
    with pytest.raises(SystemExit):
        main()
    assert "--dial needs --polish" in capsys.readouterr().err

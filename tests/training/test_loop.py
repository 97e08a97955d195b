"""Training learns, resumes exactly and survives bad batches."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from auricle.data import AudioCache, scan
from auricle.errors import ModelError
from auricle.losses import CompandedMdctConfig, MeanSquaredErrorConfig
from auricle.model import Autoencoder
from auricle.model.file import stored_arrays
from auricle.training import PRESETS, Budget, ObjectiveConfig, OptimiserConfig, Run, Term, TrainConfig, run_training
from auricle.training.loop import CHECKPOINT
from auricle.training.schedule import Clock
from model.tiny import BOTTLENECKS, tiny_config

WEIGHTS = {"entropy": {"rate": 0.01}, "vae": {"kl": 0.001}, "rvq": {"commitment": 0.1}, "identity": {}, "fsq": {}}


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> AudioCache:
    folder = tmp_path_factory.mktemp("sounds")
    time = np.arange(32000) / 16000
    generator = np.random.default_rng(0)
    for index in range(4):
        tone = np.sin(2 * np.pi * 150 * (index + 1) * time) * (1 + np.sin(2 * np.pi * 3 * time)) / 4
        soundfile.write(folder / f"{index}.wav", tone + 0.01 * generator.standard_normal(32000), 16000)
    return AudioCache.build(scan(folder).sounds, folder / "cache", sample_rate=16000)


def _config(kind: str = "entropy") -> TrainConfig:
    return TrainConfig(
        model=tiny_config(BOTTLENECKS[kind]),
        objective=ObjectiveConfig(losses=(Term(weight=1.0, loss=CompandedMdctConfig()),), bottleneck=WEIGHTS[kind]),
        optimiser=OptimiserConfig(warmup=2, rate=3e-3),
        crop_frames=20,
        batch=4,
    )


def _trained(cache, config, folder: Path, **run) -> tuple[Autoencoder, list]:
    folder.mkdir(exist_ok=True)
    torch.manual_seed(0)
    model = Autoencoder(config.model)
    return model, list(run_training(model, config, Run(folder, cache, report_steps=1, **run)))


@pytest.mark.parametrize("kind", WEIGHTS)
def test_every_bottleneck_learns(cache, tmp_path, kind):
    _, reports = _trained(cache, _config(kind), tmp_path, budget=Budget(steps=60))
    first = np.mean([report.terms["mdct"] for report in reports[:10]])
    last = np.mean([report.terms["mdct"] for report in reports[-10:]])
    assert last < 0.85 * first
    assert reports[-1].progress == 1.0


def test_the_small_recurrent_autoencoder_of_the_literature_trains(cache, tmp_path):
    config = PRESETS["conv-lstm"]().model_copy(update={"crop_frames": 100, "batch": 4})
    assert isinstance(config.objective.losses[0].loss, MeanSquaredErrorConfig)
    _, reports = _trained(cache, config, tmp_path, budget=Budget(steps=60))
    assert np.mean([r.loss for r in reports[-10:]]) < 0.85 * np.mean([r.loss for r in reports[:10]])


def test_a_resumed_run_equals_the_uninterrupted_one_bit_for_bit(cache, tmp_path):
    config = _config("rvq")
    whole, _ = _trained(cache, config, tmp_path / "whole", budget=Budget(steps=12))
    folder = tmp_path / "parts"
    folder.mkdir()
    torch.manual_seed(0)
    half = Autoencoder(config.model)
    for report in run_training(half, config, Run(folder, cache, Budget(steps=12), save_seconds=0.0, report_steps=1)):
        if report.step == 5:
            break
    resumed, reports = _trained(cache, config, folder, budget=Budget(steps=12), resume=True)
    assert reports[0].step == 6
    ours, theirs = stored_arrays(resumed), stored_arrays(whole)
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)
    state, other = resumed.state_dict(), whole.state_dict()
    assert all(torch.equal(state[name], other[name]) for name in other)


def test_a_resumed_run_keeps_to_a_budget_in_time(cache, tmp_path):
    """The time before the interruption is no part of the time per step."""
    config = _config("fsq")
    _trained(cache, config, tmp_path, budget=Budget(steps=40))
    path = tmp_path / CHECKPOINT
    with safe_open(path, framework="pt") as file:
        metadata, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    clock = Clock(step=40, progress=0.5, stride=1e-4, seconds=1000.0)
    save_file(tensors, path, {**metadata, "clock": json.dumps(asdict(clock))})
    torch.manual_seed(0)
    run = Run(tmp_path, cache, Budget(seconds=2000.0), resume=True, report_steps=1)
    for report in run_training(Autoencoder(config.model), config, run):
        if report.step == 90:
            break
    assert 0.5 < report.progress < 0.6


def test_a_run_with_another_configuration_is_not_resumed(cache, tmp_path):
    _trained(cache, _config("fsq"), tmp_path, budget=Budget(steps=2))
    with pytest.raises(ModelError, match="another configuration"):
        _trained(cache, _config("vae"), tmp_path, budget=Budget(steps=2), resume=True)


def test_something_else_is_no_checkpoint(cache, tmp_path):
    (tmp_path / CHECKPOINT).write_bytes(b"not a checkpoint at all")
    with pytest.raises(ModelError, match="not a checkpoint"):
        _trained(cache, _config("fsq"), tmp_path, budget=Budget(steps=2), resume=True)


def test_batches_that_are_not_finite_are_left_out(cache, tmp_path, monkeypatch):
    from auricle.data import CropSampler

    plain = CropSampler.batch
    monkeypatch.setattr(CropSampler, "batch", lambda self, step: plain(self, step) * (np.nan if step == 3 else 1.0))
    model, reports = _trained(cache, _config("fsq"), tmp_path, budget=Budget(steps=6))
    assert [report.bad_steps for report in reports] == [0, 0, 0, 1, 0, 0]
    assert all(torch.isfinite(value).all() for value in model.state_dict().values())

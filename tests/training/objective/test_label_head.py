"""Labels: the head's terms, crops of one class, and latents that separate classes and still rebuild sound."""

import math
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from auricle.data import AudioCache, CropSampler, scan
from auricle.errors import OptionError
from auricle.losses import CompandedMdctConfig
from auricle.model import Autoencoder
from auricle.training import (
    AutoencoderTask,
    Budget,
    LabelConfig,
    ObjectiveConfig,
    OptimiserConfig,
    Phase,
    Run,
    Term,
    TrainConfig,
    TrainingDevice,
    run_training,
)
from auricle.training.objective.label_head import LabelHead, supervised_contrast
from model.tiny import BOTTLENECKS, tiny_config

RATE = 16000


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> AudioCache:
    """Twelve noisy sounds; odd ones tremble. Only their course in time tells the classes apart."""
    folder = tmp_path_factory.mktemp("sounds")
    time, generator = np.arange(RATE) / RATE, np.random.default_rng(0)
    for index in range(12):
        tone = np.sin(2 * np.pi * generator.uniform(150, 900) * time) + 0.3 * generator.standard_normal(RATE)
        course = 1 + 0.9 * np.sin(2 * np.pi * 6 * time) if index % 2 else np.ones(RATE)
        soundfile.write(folder / f"{index:02d}.wav", 0.2 * tone * course, RATE)
    return AudioCache.build(scan(folder).sounds, folder / "cache", sample_rate=RATE)


CLASSES = tuple(index % 2 for index in range(12))


def _config(labels: LabelConfig | None) -> TrainConfig:
    return TrainConfig(
        model=tiny_config(BOTTLENECKS["identity"]),
        objective=ObjectiveConfig(losses=(Term(weight=1.0, loss=CompandedMdctConfig()),), labels=labels),
        phases=(Phase(optimiser=OptimiserConfig(warmup=2, rate=3e-3)),),
        crop_frames=40,
        batch=8,
    )


def _train(cache: AudioCache, folder: Path, config: TrainConfig, steps: int, *, resume=False, stop=None):
    folder.mkdir(exist_ok=True)
    torch.manual_seed(0)
    model = Autoencoder(config.model)
    task = AutoencoderTask(model, config, cache, classes=CLASSES if config.objective.labels else None)
    reports = []
    run = Run(folder, Budget(steps=steps), TrainingDevice(), resume, save_seconds=0.0, report_steps=1)
    for report in run_training(task, run):
        reports.append(report)
        if report.step == stop:
            break
    return model, reports


def test_crops_hold_one_class_and_say_which(cache):
    """Three sounds fill a crop; all of them tremble, or none."""
    marked = CropSampler(cache, length=3 * RATE, batch=32, seed=0, gain=(0.0, 0.0), classes=CLASSES)
    crops, classes = marked.labelled_batch(3)
    assert set(classes.tolist()) == {0, 1} and crops.shape == (32, 3 * RATE)
    trembling = [np.std(np.abs(crop).reshape(-1, 400).mean(1)) / np.abs(crop).mean() for crop in crops]
    assert max(np.array(trembling)[classes == 0]) < min(np.array(trembling)[classes == 1])


def test_without_classes_crops_are_as_ever(cache):
    plain = CropSampler(cache, length=2 * RATE, batch=4, seed=5)
    unknown = CropSampler(cache, length=2 * RATE, batch=4, seed=5, classes=[-1] * 12)
    np.testing.assert_array_equal(plain.batch(7), unknown.labelled_batch(7)[0])
    assert plain.labelled_batch(7)[1].tolist() == [-1] * 4


def test_one_class_for_each_sound(cache):
    with pytest.raises(OptionError, match="3 classes for 12 sounds"):
        CropSampler(cache, length=100, batch=1, seed=0, classes=[0, 1, 0])


def test_closed_forms_of_the_terms():
    head = LabelHead(2, LabelConfig(classes=4)).eval()
    torch.nn.init.zeros_(head.out.weight)
    torch.nn.init.zeros_(head.out.bias)
    terms = head(torch.randn(5, 7, 2), torch.tensor([0, 1, 2, 3, -1]))
    assert terms["labels"].item() == pytest.approx(math.log(4), rel=1e-5)
    assert terms["contrast"].item() == 0.0  # no class comes twice
    assert terms["hits"].item() == pytest.approx(0.25)  # the first class is guessed for all


def test_unknown_classes_weigh_nothing_but_keep_the_head_in_the_graph():
    head = LabelHead(2, LabelConfig(classes=3))
    terms = head(torch.randn(4, 7, 2, requires_grad=True), torch.full((4,), -1))
    total = sum(head.weigh(terms).values())
    total.backward()
    assert total.item() == 0.0 and all(p.grad is not None and not p.grad.any() for p in head.parameters())


def test_contrast_falls_as_friends_come_together():
    classes = torch.tensor([0, 0, 1, 1])
    apart = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    together = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    assert supervised_contrast(together, classes, 0.1) < 0.01 < 5.0 < supervised_contrast(apart, classes, 0.1)
    assert supervised_contrast(apart, torch.tensor([-1, -1, -1, -1]), 0.1) == 0.0


def test_the_latent_learns_the_classes_and_still_rebuilds_sound(cache, tmp_path):
    plain, before = _train(cache, tmp_path / "plain", _config(None), 80)
    asked, after = _train(cache, tmp_path / "asked", _config(LabelConfig(classes=2, weight=0.1)), 80)
    assert "labels" not in before[-1].terms
    assert np.mean([report.terms["hits"] for report in after[-20:]]) > 0.85
    distances = [np.mean([report.terms["mdct"] for report in reports[-20:]]) for reports in (before, after)]
    assert distances[1] < 1.25 * distances[0]
    assert set(asked.state_dict()) == set(plain.state_dict())  # the head stays behind


def test_a_resumed_run_with_labels_is_the_same_run(cache, tmp_path):
    config = _config(LabelConfig(classes=2))
    whole, _ = _train(cache, tmp_path / "whole", config, 8)
    _train(cache, tmp_path / "parts", config, 8, stop=3)
    parts, reports = _train(cache, tmp_path / "parts", config, 8, resume=True)
    assert reports[0].step == 4
    assert all(torch.equal(value, parts.state_dict()[name]) for name, value in whole.state_dict().items())

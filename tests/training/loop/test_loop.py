"""Training learns, resumes exactly and survives bad batches."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from auricle.data import AudioCache, scan
from auricle.errors import ModelError
from auricle.losses import CompandedMdctConfig, MeanSquaredErrorConfig
from auricle.model import Autoencoder
from auricle.model.files.writing import stored_arrays
from auricle.options.training import DeviceConfig
from auricle.training import (
    PRESETS,
    AutoencoderTask,
    Budget,
    Excerpts,
    ObjectiveConfig,
    OptimiserConfig,
    Phase,
    Run,
    Term,
    TrainConfig,
    TrainingDevice,
    preview,
    run_training,
    with_adversary,
)
from auricle.training.loop.checkpoint import Checkpoints
from auricle.training.loop.run_state import CHECKPOINTS
from auricle.training.objective.adversary import light
from model.tiny import BOTTLENECKS, tiny_config

_USUAL = {"kl": 0.001, "commitment": 0.1}
WEIGHTS = {
    kind: {name: _USUAL.get(name, 0.01) for name in config.build(50.0).term_names}
    for kind, config in BOTTLENECKS.items()
}


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
        phases=(Phase(optimiser=OptimiserConfig(warmup=2, rate=3e-3)),),
        crop_frames=20,
        batch=4,
    )


def _run(folder: Path, steps: int = 12, **run) -> Run:
    folder.mkdir(exist_ok=True)
    plan = {"budget": Budget(steps=steps), "device": TrainingDevice(), "report_steps": 1, **run}
    return Run(folder, **plan)


def _trained(
    cache, config, folder: Path, steps: int = 12, measured=lambda model: None, classes=None, **run
) -> tuple[Autoencoder, list]:
    torch.manual_seed(0)
    model = Autoencoder(config.model)
    task = AutoencoderTask(model, config, cache, measured, classes)
    return model, list(run_training(task, _run(folder, steps, **run)))


def _left_behind(folder: Path, config: TrainConfig):
    return Checkpoints(folder / CHECKPOINTS).load(config.model_dump_json())


@pytest.mark.parametrize("kind", WEIGHTS)
def test_every_bottleneck_learns(cache, tmp_path, kind):
    _, reports = _trained(cache, _config(kind), tmp_path, 60)
    first = np.mean([report.terms["mdct"] for report in reports[:10]])
    last = np.mean([report.terms["mdct"] for report in reports[-10:]])
    assert last < 0.85 * first
    assert reports[-1].progress == 1.0


def test_the_small_recurrent_autoencoder_of_the_literature_trains(cache, tmp_path):
    config = PRESETS["conv-lstm"]().model_copy(update={"crop_frames": 100, "batch": 4})
    assert isinstance(config.objective.losses[0].loss, MeanSquaredErrorConfig)
    _, reports = _trained(cache, config, tmp_path, 60)
    assert np.mean([r.loss for r in reports[-10:]]) < 0.85 * np.mean([r.loss for r in reports[:10]])


@pytest.mark.parametrize("kind", ["rvq", "entropy"])
@pytest.mark.parametrize("stop", [2, 5, 6, 9])
def test_a_resumed_run_equals_the_uninterrupted_one_bit_for_bit(cache, tmp_path, kind, stop):
    """In each phase and on their border: weights, averages, both optimisers, discriminators and codebooks."""
    config = with_adversary(_config(kind), 0.5, light(16000).model_copy(update={"start": 1}))
    whole, _ = _trained(cache, config, tmp_path / "whole")
    torch.manual_seed(0)
    half = Autoencoder(config.model)
    for report in run_training(AutoencoderTask(half, config, cache), _run(tmp_path / "parts", save_seconds=0.0)):
        if report.step == stop:
            break
    resumed, reports = _trained(cache, config, tmp_path / "parts", resume=True)
    assert reports[0].step == stop + 1
    assert reports[-1].phase == "adversarial"
    ours, theirs = stored_arrays(resumed), stored_arrays(whole)
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)
    ends = [_left_behind(tmp_path / name, config) for name in ("whole", "parts")]
    assert ends[0].tensors.keys() == ends[1].tensors.keys()
    assert {name.split(".")[0] for name in ends[0].tensors} == {
        "model", "average", "optimiser", "adversary", "adversary_optimiser",
    }  # fmt: skip
    assert all(torch.equal(ends[0].tensors[name], ends[1].tensors[name]) for name in ends[0].tensors)


def test_the_adversarial_phase_leaves_encoder_and_codes_as_they_are(cache, tmp_path):
    config = with_adversary(_config("rvq"), 1.0, light(16000).model_copy(update={"start": 2}))
    torch.manual_seed(0)
    before = Autoencoder(config.model).state_dict()
    after, reports = _trained(cache, config, tmp_path)
    changed = {name.split(".")[0] for name, value in after.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"decoder"}
    assert "adversarial" not in reports[0].terms
    assert {"adversarial", "feature_matching", "discriminator"} <= reports[-1].terms.keys()
    assert all(parameter.grad is None for parameter in after.encoder.parameters())


def test_a_resumed_run_keeps_to_a_budget_in_time(cache, tmp_path):
    """The time before the interruption is no part of the time per step."""
    config = _config("fsq")
    _trained(cache, config, tmp_path, 40)
    checkpoints = Checkpoints(tmp_path / CHECKPOINTS)
    snapshot = checkpoints.load(config.model_dump_json())
    checkpoints.save(replace(snapshot, clock=replace(snapshot.clock, progress=0.5, stride=1e-4, seconds=1000.0)))
    torch.manual_seed(0)
    run = _run(tmp_path, budget=Budget(seconds=2000.0), resume=True)
    for report in run_training(AutoencoderTask(Autoencoder(config.model), config, cache), run):
        if report.step == 90:
            break
    assert 0.5 < report.progress < 0.6


@pytest.mark.parametrize("stop", [None, 3, 8])
def test_a_larger_budget_goes_on_where_the_smaller_one_ended(cache, tmp_path, stop):
    """Finished, or interrupted in the first or second phase: no step is done twice, and the end comes on time."""
    config = with_adversary(_config("rvq"), 0.5, light(16000).model_copy(update={"start": 1}))
    torch.manual_seed(0)
    task = AutoencoderTask(Autoencoder(config.model), config, cache)
    for report in run_training(task, _run(tmp_path, 12, save_seconds=0.0)):
        if report.step == stop:
            break
    notes: list[str] = []
    first = (stop or 12) + 1
    _, reports = _trained(cache, config, tmp_path, 20, resume=True, on_note=notes.append)
    assert [report.step for report in reports] == list(range(first, 21))
    assert reports[0].progress < 0.7 and reports[-1].progress == 1.0
    assert [report.phase for report in reports][-1] == "adversarial"
    assert notes == [f"the budget is 20 steps now, 12 steps before: going on from step {first - 1}"]


def test_a_smaller_budget_that_is_spent_leaves_nothing_to_do(cache, tmp_path):
    notes: list[str] = []
    _trained(cache, _config("fsq"), tmp_path, 6)
    _, reports = _trained(cache, _config("fsq"), tmp_path, 4, resume=True, on_note=notes.append)
    assert not reports and notes[-1] == "nothing is left to do: 4 steps are spent, raise the budget to go on"


def test_a_run_with_another_configuration_is_not_resumed(cache, tmp_path):
    _trained(cache, _config("fsq"), tmp_path, 2)
    with pytest.raises(ModelError, match="other settings"):
        _trained(cache, _config("vae"), tmp_path, 2, resume=True)


def test_without_a_checkpoint_nothing_is_resumed(cache, tmp_path):
    with pytest.raises(ModelError, match="no checkpoint to go on from"):
        _trained(cache, _config("fsq"), tmp_path, 2, resume=True)


@pytest.fixture
def spoil(monkeypatch):
    """Make the batches of some steps not a number."""
    plain = AutoencoderTask.batch

    def spoil(wanted) -> None:
        def batch(self, step, shard):
            return tuple(array * (np.nan if wanted(step) else 1.0) for array in plain(self, step, shard))

        monkeypatch.setattr(AutoencoderTask, "batch", batch)

    return spoil


def test_batches_that_are_not_finite_are_left_out(cache, tmp_path, spoil):
    spoil(lambda step: step == 3)
    model, reports = _trained(cache, _config("fsq"), tmp_path, 6)
    assert [report.bad_steps for report in reports] == [0, 0, 0, 1, 1, 1]
    assert all(torch.isfinite(value).all() for value in model.state_dict().values())


def test_a_run_that_goes_astray_returns_to_its_checkpoint_at_a_lower_rate(cache, tmp_path, spoil):
    visits: list[int] = []

    def astray(step: int) -> bool:
        visits.append(step)
        return step >= 7 and visits.count(7) < 2

    spoil(astray)
    model, reports = _trained(cache, _config("fsq"), tmp_path, 20)
    (event,) = [event for report in reports for event in report.events]
    assert "went back to step 0" in event
    assert reports[-1].progress == 1.0
    rates = {report.step: report.learning_rate for report in reports}
    assert rates[8] == pytest.approx(3e-3 / 2)
    assert all(torch.isfinite(value).all() for value in model.state_dict().values())


def test_a_run_that_stays_astray_ends_with_one_line(cache, tmp_path, spoil):
    spoil(lambda step: True)
    with pytest.raises(ModelError, match="not finite again"):
        _trained(cache, _config("fsq"), tmp_path, 20)


def test_the_earlier_weights_are_taken_if_they_were_clearly_better(cache, tmp_path):
    """Measured on the averaged weights; here the second measurement is the best."""
    config = _config("fsq")
    excerpts = Excerpts.choose(scan(cache.folder.parents[1]).sounds, 16000, count=1, seconds=1.0)
    seen = []

    def measure(model: Autoencoder):
        result = preview(model, excerpts)
        assert result is not None
        seen.append({name: value.clone() for name, value in model.state_dict().items()})
        return replace(result, figure=[2.0, 1.0, 10.0, 10.0][len(seen) - 1])

    model, reports = _trained(cache, config, tmp_path, 20, measure, previews=4)
    assert [report.step for report in reports if report.preview] == [5, 10, 15, 20]
    assert all(torch.equal(value, seen[1][name]) for name, value in model.state_dict().items())


def test_accumulated_parts_are_further_crops(cache, tmp_path):
    """Two parts of 4 crops differ from one, and the sound per second counts both."""
    one, _ = _trained(cache, _config("vae"), tmp_path / "one", 3)
    two, _ = _trained(cache, _config("vae"), tmp_path / "two", 3, device=TrainingDevice(DeviceConfig(accumulate=2)))
    assert not all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))

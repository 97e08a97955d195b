"""A run is paused and goes on as if nothing had been, or is finished early with what is best."""

from pathlib import Path

import pytest
import torch

import auricle
from auricle import PausedError, TrainingCallbacks, TrainingIntent, TrainingOptions
from training.training_job import make_sounds


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sounds(tmp_path_factory.mktemp("intent") / "sounds", seconds=1.0)


class Watcher:
    """Wants something after so many steps."""

    def __init__(self, step: int, intent: TrainingIntent) -> None:
        self.step, self.wanted, self.asked, self.last = step, intent, 0, 0

    def intent(self) -> TrainingIntent:
        self.asked += 1
        return self.wanted if self.asked == self.step else TrainingIntent.go_on

    def reported(self, report) -> None:
        self.last = report.step


def train(sounds: Path, out: Path, watcher: Watcher | None = None, **options) -> auricle.Trained:
    callbacks = TrainingCallbacks() if watcher is None else TrainingCallbacks(
        on_report=watcher.reported, intent=watcher.intent
    )  # fmt: skip
    chosen = TrainingOptions(preset="conv", trackers="none", batch=1, **options)
    return auricle.train(sounds, out=out, base="none", budget="8", options=chosen, callbacks=callbacks)


def test_a_paused_run_goes_on_bit_for_bit(sounds: Path, tmp_path: Path) -> None:
    uninterrupted = train(sounds, tmp_path / "a.auricle.safetensors")
    paused = tmp_path / "b.auricle.safetensors"
    with pytest.raises(PausedError, match="step 3"):
        train(sounds, paused, Watcher(3, TrainingIntent.pause))
    assert not paused.exists() and (tmp_path / "b.run" / "checkpoints" / "00000003").is_dir()
    resumed = train(sounds, paused, resume=True)
    assert resumed.steps == 8
    before, after = uninterrupted.model.state_dict(), resumed.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_run_is_finished_early_with_a_model_that_works(sounds: Path, tmp_path: Path) -> None:
    watcher = Watcher(5, TrainingIntent.finish)
    finished = train(sounds, tmp_path / "c.auricle.safetensors", watcher)
    assert finished.steps == watcher.last == watcher.asked == 5
    assert auricle.compress(next(sounds.glob("**/*.wav")), tmp_path / "c.aur", model=finished.model).bytes > 0

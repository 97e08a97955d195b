"""TensorBoard's own reader finds figures, pictures and sounds; other trackers get the figures."""

import importlib.util
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from accelerate import tracking
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from auricle.errors import OptionError
from auricle.watch import Recorder, check_trackers
from auricle.watch.trackers import figures
from watch.watched import CONFIG, RATE, preview, report


def events(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder / "tensorboard"), size_guidance={"images": 0, "audio": 0}).Reload()


def test_figures_pictures_and_sounds_can_be_read_back(tmp_path: Path):
    seen = preview(0.6, count=4)
    with Recorder(tmp_path, CONFIG) as recorder:
        recorder.record(report(10, events=("began",)))
        recorder.record(report(20, loss=2.5, preview=seen))
    board = events(tmp_path)
    assert [(e.step, e.value) for e in board.Scalars("train/loss")] == [(10, 3.0), (20, 2.5)]
    assert board.Scalars("held_out/mel_distance")[0].value == pytest.approx(0.6)
    assert board.Scalars("bottleneck/active_dimensions")[0].value == 2
    assert len(board.Tags()["audio"]) == 6 and len(board.Tags()["images"]) == 3
    (sound,) = board.Audio(f"decoded/{seen.excerpts[0].name}")
    samples, rate = soundfile.read(io.BytesIO(sound.encoded_audio_string))
    assert rate == RATE and np.allclose(samples, seen.excerpts[0].decoded, atol=1e-4)
    (picture,) = board.Images(f"original above decoded/{seen.excerpts[0].name}")
    assert Image.open(io.BytesIO(picture.encoded_image_string)).size == (480, 324)
    assert {"configuration/text_summary", "events/text_summary"} <= set(board.Tags()["tensors"])


def test_a_resumed_run_hides_what_it_does_again(tmp_path: Path):
    with Recorder(tmp_path, CONFIG) as recorder:
        for step in (10, 20, 30):
            recorder.record(report(step, loss=1.0))
    with Recorder(tmp_path, CONFIG, resume=True) as recorder:
        recorder.record(report(20, loss=2.0))
    assert [(e.step, e.value) for e in events(tmp_path).Scalars("train/loss")] == [(10, 1.0), (20, 2.0)]


def test_sounds_become_rarer_as_the_run_grows(tmp_path: Path):
    with Recorder(tmp_path, CONFIG, refresh_seconds=1000) as recorder:
        for step in range(100, 1001, 100):
            recorder.record(report(step, preview=preview(count=1, seconds=0.1)))
    (name,) = events(tmp_path).Tags()["images"]
    steps = [image.step for image in events(tmp_path).Images(name)]
    assert steps[:2] == [100, 200] and steps[-1] == 1000 and len(steps) < 10
    assert len(events(tmp_path).Audio(name.replace("original above decoded", "original"))) == 1


def test_only_finite_figures_are_shown():
    found = figures(report(10, loss=math.nan, preview=preview(math.inf)))
    assert "train/loss" not in found and "held_out/mel_distance" not in found and found["held_out/rate"] == 5.5


class Kept(tracking.GeneralTracker):
    """A tracker as a user may write it."""

    name = "kept"
    requires_logging_directory = True
    calls: list[Any] = []  # noqa: RUF012

    def __init__(self, run_name: str, logging_dir: str) -> None:
        super().__init__()
        self.calls.append(("open", run_name, logging_dir))

    @property
    def tracker(self) -> None:
        return None

    def store_init_configuration(self, values: dict) -> None:
        self.calls.append(values)

    def log(self, values: dict, step: int | None = None, **kwargs: Any) -> None:
        if step == 30:
            raise RuntimeError("the server\nis gone")
        self.calls.append((step, values["train/loss"]))

    def finish(self) -> None:
        self.calls.append("finish")


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    monkeypatch.setitem(tracking.LOGGER_TYPE_TO_CLASS, "kept", Kept)
    monkeypatch.setattr(Kept, "calls", [])
    return Kept.calls


def test_other_trackers_get_the_figures(tmp_path: Path, kept: list[Any]):
    with Recorder(tmp_path, CONFIG, trackers=("kept", "kept"), name="birds") as recorder:
        recorder.record(report(10, preview=preview(count=1)))
    assert kept[0] == ("open", "birds", str(tmp_path)) and kept[2:] == [(10, 3.0), "finish"]
    assert kept[1]["phases.1.optimiser.clip"] == 2.0 and kept[1]["objective.losses.0.loss.kind"] == "mel"


def test_a_tracker_that_fails_is_left_out_and_told_once(tmp_path: Path, kept: list[Any]):
    told: list[str] = []
    with Recorder(tmp_path, CONFIG, trackers=("kept",), on_trouble=told.append) as recorder:
        for step in (20, 30, 40):
            recorder.record(report(step))
    assert told == ["the tracker kept can't go on (the server is gone): training goes on without it"]
    assert kept[-1] == (20, 3.0) and len(recorder.history.entries) == 3


def test_a_tracker_that_is_not_installed_is_refused():
    check_trackers(["tensorboard"])
    for name in ("wandb", "mlflow"):
        if importlib.util.find_spec(name) is None:
            with pytest.raises(OptionError, match=f"{name} is not installed"):
                check_trackers([name])

"""Where neither a preset nor a base is named, the sounds decide what is trained."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

import auricle
from auricle.api import train as train_module
from auricle.errors import ConfigError

HIGH, LOW = 44_100, 16_000


class StartedError(Exception):
    """Carries the preset, and the base, that a run would have started with."""


@pytest.fixture
def starts(monkeypatch):
    """A run that ends where it would start."""
    resolve = train_module.resolve_start

    def stop(preset, size, base):
        start = resolve(preset, size, base)
        raise StartedError(start.preset, start.base and start.base.name)

    monkeypatch.setattr(train_module, "resolve_start", stop)


def write_sounds(folder: Path, rates: list[int]) -> Path:
    folder.mkdir()
    for number, rate in enumerate(rates):
        noise = 0.1 * np.random.default_rng(number).standard_normal(rate)
        soundfile.write(folder / f"{number}.wav", noise, rate)
    return folder


def started(sounds: Path, base: str = "auto", preset: str | None = None, size: str = "base") -> tuple[str, str | None]:
    options = auricle.TrainingOptions(preset=preset, size=size, trackers="none")
    with pytest.raises(StartedError) as stopped:
        auricle.train(sounds, out=sounds.with_name("new.auricle.safetensors"), base=base, budget="1", options=options)
    return stopped.value.args


@pytest.mark.parametrize(
    ("rates", "preset"), [([HIGH, HIGH, LOW], "music"), ([LOW, LOW, HIGH], "speech"), ([LOW, HIGH], "speech")]
)
def test_most_of_the_sounds_decide(tmp_path, starts, rates, preset):
    sounds = write_sounds(tmp_path / "sounds", rates)
    assert started(sounds) == (preset, preset)
    assert started(sounds, base="none") == (preset, None)
    assert started(sounds, size="small") == (preset, None)


def test_what_is_named_decides_before_the_sounds(tmp_path, starts):
    sounds = write_sounds(tmp_path / "sounds", [HIGH, HIGH])
    assert started(sounds, preset="speech") == ("speech", "speech")
    assert started(sounds, base="live") == ("live", "live")


def test_a_corpus_in_shards_decides_by_its_rate(tmp_path, starts):
    sounds = write_sounds(tmp_path / "sounds", [LOW, LOW, LOW])
    for rate, preset in ((HIGH, "music"), (LOW, "speech")):
        corpus = tmp_path / f"corpus{rate}"
        auricle.prepare([sounds], corpus, options=auricle.PrepareOptions(sample_rate=rate))
        assert started(corpus) == (preset, preset)


def test_an_unknown_preset_is_refused_before_sounds_are_looked_for(tmp_path):
    options = auricle.TrainingOptions(preset="nobody", trackers="none")
    with pytest.raises(ConfigError, match="nobody"):
        auricle.train(tmp_path / "missing", out=tmp_path / "new.auricle.safetensors", options=options)


def test_a_run_says_which_preset_its_sounds_chose(tmp_path):
    sounds, lines = write_sounds(tmp_path / "sounds", [LOW, LOW, LOW]), []
    trained = auricle.train(
        sounds,
        out=tmp_path / "new.auricle.safetensors",
        budget="1",
        options=auricle.TrainingOptions(trackers="none"),
        device=auricle.DeviceConfig(threads=1),
        callbacks=auricle.TrainingCallbacks(on_note=lines.append),
    )
    assert trained.model.sample_rate == LOW
    assert any("preset speech (16000 Hz)" in line for line in lines)

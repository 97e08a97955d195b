"""What a run starts from, and what a polished decoder still reads."""

from pathlib import Path

import numpy as np
import pytest

import auricle
from auricle.audio.writer import write
from auricle.errors import ConfigError, ModelError
from auricle.model.files.file import load, shipped
from auricle.model.files.writing import SUFFIX, fingerprint, save
from auricle.training.initialise import AUTO, NONE, resolve_start
from auricle.training.presets import SIZED, Size, named
from model.tiny import tiny_model


@pytest.mark.parametrize("preset", ["speech", "music", "live"])
def test_a_run_starts_from_the_shipped_model_unless_told_otherwise(preset):
    start = resolve_start(preset, Size.BASE, AUTO)
    assert start.base is not None
    assert fingerprint(start.base) == fingerprint(load(shipped()[preset]))
    assert resolve_start(preset, Size.BASE, NONE).base is None


@pytest.mark.parametrize(("preset", "size"), [("conv", Size.BASE), ("speech", Size.SMALL), ("music", Size.LARGE)])
def test_where_nothing_of_that_shape_is_shipped_a_run_starts_from_nothing(preset, size):
    assert resolve_start(preset, size, AUTO).base is None


def test_a_base_decides_the_shape(tmp_path):
    path = tmp_path / f"tiny{SUFFIX}"
    save(tiny_model(), path)
    start = resolve_start("speech", Size.BASE, path)
    assert start.config.model == tiny_model().config
    with pytest.raises(ConfigError, match="one of the two"):
        resolve_start("speech", Size.LARGE, path)


def test_the_base_brings_its_preset(tmp_path):
    assert resolve_start(None, Size.BASE, "music").preset == "music"
    objective = named("music").objective.model_copy(update={"ramp": 0.0})
    assert resolve_start(None, Size.BASE, "music").config.objective == objective, "a base knows the price of its codes"
    assert resolve_start(None, Size.BASE, AUTO).preset == resolve_start(None, Size.BASE, NONE).preset == "speech"
    path, model = tmp_path / f"mine{SUFFIX}", tiny_model()
    model.info = model.info.model_copy(update={"training": {"preset": "conv"}})
    save(model, path)
    assert resolve_start(None, Size.BASE, path).preset == "conv"


def test_a_base_at_another_rate_than_the_preset_is_refused():
    with pytest.raises(ConfigError, match="44100 Hz, preset speech is made for 16000"):
        resolve_start("speech", Size.BASE, "music")


def test_a_base_with_another_bottleneck_is_refused():
    with pytest.raises(ConfigError, match="bottleneck"):
        resolve_start("conv-lstm", Size.BASE, "speech")
    with pytest.raises(ModelError, match="no model"):
        resolve_start("speech", Size.BASE, "nobody")


def test_sizes_grow():
    for preset in SIZED:
        dims = [named(preset, size).model.encoder[0].dim for size in Size]
        assert dims == sorted(set(dims))
    with pytest.raises(ConfigError, match="one size"):
        named("conv", Size.LARGE)
    with pytest.raises(ConfigError, match="'huge'"):
        named("speech", "huge")


def noises(tmp_path: Path) -> Path:
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    for index in range(3):
        write(sounds / f"{index}.wav", 0.1 * np.random.default_rng(index).standard_normal((1, 24000)), 16000)
    return sounds


def with_other_decoder(model: auricle.Autoencoder) -> auricle.Autoencoder:
    for parameter in model.decoder.parameters():
        parameter.copy_(parameter + 0.01)
    return model


def test_a_run_goes_on_with_its_own_base(tmp_path: Path):
    """Its tables and the fingerprint of what it decodes are those of the base: another one's would be wrong."""
    sounds, out, notes = noises(tmp_path), tmp_path / f"new{SUFFIX}", list[str]()
    bases = [tmp_path / f"{name}{SUFFIX}" for name in ("base", "other")]
    for base in bases:
        model = tiny_model()
        save(model if base == bases[0] else with_other_decoder(model), base)

    def trained(base: Path, adversarial: float, budget: str, *, resume: bool = False) -> auricle.Trained:
        options = auricle.TrainingOptions(adversarial=adversarial, trackers="none", resume=resume)
        device, callbacks = auricle.DeviceConfig(threads=1), auricle.TrainingCallbacks(on_note=notes.append)
        return auricle.train(
            sounds, out=out, base=base, budget=budget, options=options, device=device, force=True, callbacks=callbacks
        )

    trained(bases[0], 1.0, "1")
    with pytest.raises(ModelError, match=r"other settings \(base: \S+ before, \S+ now\)"):
        trained(bases[1], 1.0, "2", resume=True)
    assert trained(bases[0], 1.0, "2", resume=True).model.info.decodes == (fingerprint(load(bases[0])),)
    trained(bases[0], 0.0, "1")
    notes.clear()
    trained(bases[1], 0.0, "2", resume=True)
    old, new = (fingerprint(load(base))[:16] for base in bases)
    assert any(f"base: {old} before, {new} now" in note for note in notes), notes


def test_a_polished_decoder_reads_the_files_of_its_base(tmp_path: Path):
    """Only the decoder learned: tables and codes are the base's; the base refuses files of the new model."""
    sounds = noises(tmp_path)
    base, new = tmp_path / f"base{SUFFIX}", tmp_path / f"new{SUFFIX}"
    save(tiny_model(), base)
    options, device = auricle.TrainingOptions(adversarial=1.0, trackers="none"), auricle.DeviceConfig(threads=1)
    made = auricle.train(sounds, out=new, base=base, budget="2", options=options, device=device)
    assert made.model.info.decodes == (fingerprint(load(base)),)
    assert fingerprint(made.model) != fingerprint(load(base))
    auricle.compress(sounds / "0.wav", tmp_path / "old.aur", model=base)
    auricle.compress(sounds / "0.wav", tmp_path / "new.aur", model=new)
    auricle.decompress(tmp_path / "old.aur", tmp_path / "old.wav", model=new)
    assert auricle.read(tmp_path / "old.wav")[0].shape == (1, 24000)
    with pytest.raises(ModelError, match="fingerprint"):
        auricle.decompress(tmp_path / "new.aur", tmp_path / "new.wav", model=base)

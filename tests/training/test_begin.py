"""What a run starts from, and what a polished decoder still reads."""

from pathlib import Path

import numpy as np
import pytest

import auricle
from auricle.audio.write import write
from auricle.errors import ConfigError, ModelError
from auricle.model.bottleneck import EntropyConfig
from auricle.model.file import SUFFIX, fingerprint, load, save, shipped
from auricle.training.begin import AUTO, NONE, beginning
from auricle.training.presets import SIZED, Size, named
from model.tiny import tiny_model


@pytest.mark.parametrize("preset", ["speech", "music"])
def test_a_run_starts_from_the_shipped_model_unless_told_otherwise(preset):
    start = beginning(preset, Size.BASE, AUTO)
    assert start.base is not None
    assert start.base.sealed == load(shipped()[preset]).sealed
    assert beginning(preset, Size.BASE, NONE).base is None


@pytest.mark.parametrize(("preset", "size"), [("conv", Size.BASE), ("speech", Size.SMALL), ("music", Size.LARGE)])
def test_where_nothing_of_that_shape_is_shipped_a_run_starts_from_nothing(preset, size):
    assert beginning(preset, size, AUTO).base is None


def test_a_base_decides_the_shape(tmp_path):
    path = tmp_path / f"tiny{SUFFIX}"
    save(tiny_model(), path)
    start = beginning("speech", Size.BASE, path)
    assert start.config.model == tiny_model().config
    with pytest.raises(ConfigError, match="one of the two"):
        beginning("speech", Size.LARGE, path)


def test_the_base_brings_its_preset(tmp_path):
    assert beginning(None, Size.BASE, "music").preset == "music"
    assert beginning(None, Size.BASE, "music").config.objective == named("music").objective
    assert beginning(None, Size.BASE, AUTO).preset == beginning(None, Size.BASE, NONE).preset == "speech"
    path, model = tmp_path / f"mine{SUFFIX}", tiny_model()
    model.info = model.info.model_copy(update={"training": {"preset": "conv"}})
    save(model, path)
    assert beginning(None, Size.BASE, path).preset == "conv"


def test_a_base_at_another_rate_than_the_preset_is_refused():
    with pytest.raises(ConfigError, match="44100 Hz, preset speech is made for 16000"):
        beginning("speech", Size.BASE, "music")


def test_a_base_with_another_bottleneck_is_refused():
    with pytest.raises(ConfigError, match="bottleneck"):
        beginning("conv-lstm", Size.BASE, "speech")
    with pytest.raises(ModelError, match="no model"):
        beginning("speech", Size.BASE, "nobody")


def test_sizes_grow():
    for preset in SIZED:
        dims = [named(preset, size).model.encoder[0].dim for size in Size]
        assert dims == sorted(set(dims))
    with pytest.raises(ConfigError, match="one size"):
        named("conv", Size.LARGE)
    with pytest.raises(ConfigError, match="'huge'"):
        named("speech", "huge")


def test_a_polished_decoder_reads_the_files_of_its_base(tmp_path: Path):
    """Only the decoder learned: tables and codes are the base's; the base refuses files of the new model."""
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    for index in range(3):
        write(sounds / f"{index}.wav", 0.1 * np.random.default_rng(index).standard_normal((1, 24000)), 16000)
    base, new = tmp_path / f"base{SUFFIX}", tmp_path / f"new{SUFFIX}"
    save(tiny_model(), base)
    made = auricle.train(sounds, out=new, base=base, budget="2", adversarial=1.0, trackers=(), threads=1)
    assert made.model.info.decodes == (fingerprint(load(base)),)
    assert fingerprint(made.model) != fingerprint(load(base))
    auricle.compress(sounds / "0.wav", tmp_path / "old.aur", model=base)
    auricle.compress(sounds / "0.wav", tmp_path / "new.aur", model=new)
    auricle.decompress(tmp_path / "old.aur", tmp_path / "old.wav", model=new)
    assert auricle.read(tmp_path / "old.wav")[0].shape == (1, 24000)
    with pytest.raises(ModelError, match="fingerprint"):
        auricle.decompress(tmp_path / "new.aur", tmp_path / "new.wav", model=base)


@pytest.mark.parametrize(("base", "latent"), [("speech", 16), ("speech", 257), ("none", 300)])
def test_a_latent_that_does_not_fit_is_refused(base, latent):
    with pytest.raises(ConfigError, match=f"{latent} latent features: give .* at most 256"):
        beginning("speech", "base", base, latent)


def test_a_latent_of_a_bottleneck_without_a_number_is_refused():
    with pytest.raises(ConfigError, match="only an entropy bottleneck"):
        beginning("conv-lstm", "base", "none", 16)


def test_a_run_from_a_base_grows_its_latent(tmp_path: Path):
    sounds = tmp_path / "sounds"
    for part in ("train", "valid"):
        (sounds / part).mkdir(parents=True)
        write(sounds / part / "a.wav", 0.1 * np.random.default_rng(1).standard_normal((1, 32000)), 16000)
    base, first = tmp_path / f"base{SUFFIX}", tiny_model(EntropyConfig(dim=6, levels=7))
    save(first, base)
    told = {"preset": "speech", "budget": "1", "batch": 1, "trackers": ()}
    grown = auricle.train(sounds, out=tmp_path / f"a{SUFFIX}", base=base, latent=9, **told)
    fresh = auricle.train(sounds, out=tmp_path / f"b{SUFFIX}", base="none", size="small", latent=9, **told)
    assert grown.model.latent_dim == fresh.model.latent_dim == 9
    assert grown.model.tables is not None and grown.model.tables.counts.shape[1] == 9
    close = (grown.model.encoder.layers[-1].weight[:6] - first.encoder.layers[-1].weight).abs().max()
    assert close < 1e-2, "the first features are those of the base"

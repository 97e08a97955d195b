"""Files of shipped models that were replaced since."""

from pathlib import Path

import numpy as np
import pytest

import auricle
from auricle.audio.writer import write
from auricle.errors import ModelError
from auricle.model.files import file
from auricle.model.files.file import earlier, load, read_metadata, shipped
from auricle.model.files.writing import fingerprint, save
from model.tiny import tiny_model


@pytest.fixture
def old(tmp_path, monkeypatch) -> dict[str, Path]:
    """A package in which a model called `speech` was replaced."""
    replaced = tiny_model()
    replaced.info = replaced.info.model_copy(update={"name": "speech"})
    digits = fingerprint(replaced)[:16]
    (tmp_path / "package" / "earlier").mkdir(parents=True)
    save(replaced, tmp_path / "package" / "earlier" / f"speech-{digits}.auricle.safetensors")
    monkeypatch.setattr(file, "pretrained", lambda: tmp_path / "package")
    return earlier()


@pytest.fixture
def sound(tmp_path):
    path = tmp_path / "sound.wav"
    write(path, 0.1 * np.random.default_rng(2).standard_normal((1, 8000)).astype(np.float32), 16000)
    return path


def test_earlier_models_are_named_by_what_they_are():
    for digits, path in earlier().items():
        fingerprints = read_metadata(path)["fingerprint"]
        assert fingerprints.startswith(digits) and len(digits) == 16
        assert path.name.rpartition("-")[0] in shipped()
        assert not fingerprint(load(path.name.rpartition("-")[0])).startswith(digits)


def test_files_of_an_earlier_model_decode_without_naming_it(old, sound, tmp_path):
    (path,) = old.values()
    auricle.compress(sound, tmp_path / "a.aur", model=path)
    auricle.decompress(tmp_path / "a.aur", tmp_path / "found.wav")
    auricle.decompress(tmp_path / "a.aur", tmp_path / "named.wav", model=path)
    assert (tmp_path / "found.wav").read_bytes() == (tmp_path / "named.wav").read_bytes()


def test_a_file_of_a_model_in_the_package_says_to_name_none(old, sound, tmp_path):
    auricle.compress(sound, tmp_path / "a.aur", model=next(iter(old.values())))
    with pytest.raises(ModelError, match="leave --model out"):
        auricle.decompress(tmp_path / "a.aur", tmp_path / "a.wav", model="speech")


def test_a_stranger_of_a_shipped_name_is_not_taken_for_an_earlier_one(sound, tmp_path):
    stranger = tiny_model()
    stranger.info = stranger.info.model_copy(update={"name": "speech"})
    save(stranger, tmp_path / "s.auricle.safetensors")
    auricle.compress(sound, tmp_path / "a.aur", model=tmp_path / "s.auricle.safetensors")
    with pytest.raises(ModelError, match="give the model that made it"):
        auricle.decompress(tmp_path / "a.aur", tmp_path / "a.wav")

"""Model files: exact, strict, and free of pickles."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from auricle.errors import AuricleError, ModelError, OutputError
from auricle.model.files.file import fingerprint, load, read_metadata, save, shipped, stored_arrays
from auricle.model.files.tensor_file import CHECKSUM
from model.forged import assert_each_flipped_bit_is_refused, parts, save_forged
from model.tiny import BOTTLENECKS, tiny_model


@pytest.mark.parametrize("name", BOTTLENECKS)
def test_a_saved_model_comes_back(tmp_path, name):
    model = tiny_model(BOTTLENECKS[name])
    path = tmp_path / "m.auricle.safetensors"
    save(model, path)
    back = load(path)
    assert back.config == model.config
    assert back.info == model.info
    assert fingerprint(back) == fingerprint(model) == read_metadata(path)["fingerprint"]
    ours, theirs = stored_arrays(model), stored_arrays(back)
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[key], theirs[key]) for key in ours)


def test_the_fingerprint_follows_what_decides_decoding(tmp_path):
    model = tiny_model()
    before = fingerprint(model)
    with torch.no_grad():
        model.encoder.layers[-1].weight.add_(1.0)
    assert fingerprint(model) == before
    with torch.no_grad():
        model.decoder.layers[0].layers[0].weight.add_(1.0)
    assert fingerprint(model) != before


def test_an_existing_file_stays(tmp_path):
    path = tmp_path / "m.auricle.safetensors"
    path.write_text("mine")
    with pytest.raises(OutputError, match="--force"):
        save(tiny_model(), path)
    assert path.read_text() == "mine"
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_unknown_names_list_what_is_known():
    with pytest.raises(ModelError, match="no model 'nightingale'"):
        load("nightingale")


def _damaged(tmp_path, change):
    path = tmp_path / "m.auricle.safetensors"
    save(tiny_model(), path)
    from safetensors import safe_open

    with safe_open(path, framework="np") as file:
        metadata = dict(file.metadata())
    arrays = load_file(path)
    change(arrays, metadata)
    save_forged(arrays, path, metadata)
    return path


def _nan(arrays, metadata):
    arrays["bottleneck.mean"][0, 0] = np.nan


def _bigger(arrays, metadata):
    config = json.loads(metadata["config"])
    config["encoder"][0]["dim"] = 2048
    metadata["config"] = json.dumps(config)


def _missing(arrays, metadata):
    del arrays["bottleneck.mean"]


def _extra(arrays, metadata):
    arrays["surprise"] = np.zeros(3, np.float16)


def _newer(arrays, metadata):
    metadata["version"] = "9"


def _other(arrays, metadata):
    arrays["bottleneck.mean"][0, 0] += 1


def _tables(arrays, metadata):
    arrays["tables.counts"][0, 0, 0, 0] += 1


def _config(arrays, metadata):
    metadata["config"] = "{"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_nan, "not finite"),
        (_bigger, "shape"),
        (_missing, "bottleneck.mean"),
        (_extra, "surprise"),
        (_newer, "version 9"),
        (_other, "fingerprint"),
        (_tables, "do not sum"),
        (_config, "config"),
    ],
)
def test_damage_is_refused_by_name(tmp_path, change, said):
    with pytest.raises(AuricleError, match=said):
        load(_damaged(tmp_path, change))


def test_each_flipped_bit_is_refused(tmp_path):
    save(tiny_model(), tmp_path / "m.auricle.safetensors")
    assert_each_flipped_bit_is_refused(tmp_path / "m.auricle.safetensors", load)


def test_an_edited_encoder_loads_only_where_that_is_allowed(tmp_path):
    """The fingerprint does not cover it: it decides nothing about what codes decode to."""
    path = tmp_path / "m.auricle.safetensors"
    save(tiny_model(), path)
    arrays, metadata = parts(path)
    name = next(name for name in arrays if name.startswith("encoder.") and arrays[name].ndim == 2)
    arrays[name].flat[0] += 1
    save_file(arrays, path, metadata)
    with pytest.raises(ModelError, match="its checksum differs"):
        load(path)
    assert fingerprint(load(path, allow_edited=True)) == metadata["fingerprint"]


def test_a_file_without_a_checksum_still_loads(tmp_path):
    path = tmp_path / "m.auricle.safetensors"
    save(tiny_model(), path)
    arrays, metadata = parts(path)
    del metadata[CHECKSUM]
    save_file(arrays, path, metadata)
    assert load(path).sealed == metadata["fingerprint"]


@pytest.mark.parametrize("content", [b"", b"RIFF", b"\xff" * 64, b"\x10\x00\x00\x00\x00\x00\x00\x00{}"])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "m.auricle.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="not a model file"):
        load(path)


@pytest.mark.parametrize("name", sorted(shipped()))
def test_loading_does_not_load_torchs_compiler(name: str) -> None:
    """It takes longer than everything else together."""
    code = "import sys; from auricle.model import load; load(sys.argv[1]); assert 'torch._dynamo' not in sys.modules"
    subprocess.run([sys.executable, "-c", code, name], check=True, env=os.environ)

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
from auricle.model.files.file import load, read_metadata, shipped
from auricle.model.files.tensor_file import CHECKSUM
from auricle.model.files.writing import fingerprint, save, stored_arrays
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


@pytest.mark.parametrize("name", ["talk.wav", "talk.FLAC"])
def test_no_model_has_the_name_of_a_sound(tmp_path, name):
    (tmp_path / name).write_bytes(b"a recording")
    with pytest.raises(OutputError, match=rf"{name} would be a model that has the name of a sound: end its name with"):
        save(tiny_model(), tmp_path / name, force=True)
    assert (tmp_path / name).read_bytes() == b"a recording"


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
    assert fingerprint(load(path)) == metadata["fingerprint"]


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


@pytest.mark.parametrize("change", ["decoder", "encoder", "data", "tables", "whole bottleneck"])
def test_an_altered_model_is_saved_with_the_fingerprint_of_its_contents(tmp_path, change):
    original = tmp_path / "m.auricle.safetensors"
    tiny_model().save(original)
    model, before = load(original), fingerprint(load(original))
    with torch.no_grad():
        if change == "decoder":
            model.decoder.layers[0].layers[0].weight.mul_(0.5)
        elif change == "encoder":
            model.encoder.layers[-1].weight.mul_(2.0)
        elif change == "data":
            model.decoder.layers[0].layers[0].weight.data.mul_(0.5)  # torch counts no such changes
        elif change == "tables":
            model.fit_tables([model.encode(torch.randn(2, 8000))])
        else:
            model.bottleneck.load_state_dict({k: v + 0.1 for k, v in model.bottleneck.state_dict().items()})
    model.save(tmp_path / "altered.auricle.safetensors")
    back = load(tmp_path / "altered.auricle.safetensors")
    assert (fingerprint(back) == before) == (change == "encoder")
    assert fingerprint(back) == fingerprint(load(tmp_path / "altered.auricle.safetensors"))


def test_what_an_altered_model_compresses_is_its_own(tmp_path):
    """A file says which model made it, so one that has changed must not claim to be the one it was."""
    tiny_model().save(tmp_path / "m.auricle.safetensors")
    model = load(tmp_path / "m.auricle.safetensors")
    before = fingerprint(model)
    for parameter in model.decoder.parameters():
        parameter.mul_(0.5)
    assert fingerprint(model) != before


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_models_of_another_precision_are_saved(tmp_path, dtype):
    path = tmp_path / "m.auricle.safetensors"
    tiny_model().to(dtype).save(path)
    assert load(path).sample_rate == 16000


def test_models_that_are_loaded_without_gradients_for_ever_have_fingerprints(tmp_path):
    tiny_model().save(tmp_path / "m.auricle.safetensors")
    with torch.inference_mode():
        model = load(tmp_path / "m.auricle.safetensors")
    assert fingerprint(model) == fingerprint(load(tmp_path / "m.auricle.safetensors"))
    with torch.inference_mode():
        model.decoder.layers[0].layers[0].weight.mul_(0.5)
    assert fingerprint(model) != fingerprint(load(tmp_path / "m.auricle.safetensors"))

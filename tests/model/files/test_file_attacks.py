"""Model files of strangers: each lie is one typed error of one line, before memory is taken."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from auricle.codec.coding.entropy_coder import PacketCoder
from auricle.errors import AuricleError, FormatError, ModelError
from auricle.model import Autoencoder, fingerprint, load, save, shipped
from auricle.model.bottleneck import STEPS_PER_LEVEL
from auricle.model.files.file import read_metadata
from model.forged import BIAS, DEVIATION, NAME, Arrays, Words, edited, parts, refused, with_config
from model.tiny import BOTTLENECKS, tiny_model


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / NAME
    save(tiny_model(), path)
    return path


CONFIGS: list[tuple[dict[str, Any], str]] = [
    ({"encoder__0__dim": 10**9}, "dim: Input should be less than or equal to 2048, got 1000000000"),
    ({"encoder__0__dim": 2**63}, "encoder.0.dim"),
    ({"encoder__0__dim": -1}, "encoder.0.dim"),
    ({"encoder__0__dim": 2048}, r"shape \(16,\) of F16, its config asks for shape \(2048,\)"),
    ({"encoder__0__blocks": [{"kind": "conv"}] * 20_000}, "at most 64 items"),
    ({"encoder__0__blocks": [{"kind": "conv"}] * 64}, "asks for 66 blocks, it holds 44 tensors"),
    ({"encoder": [{"dim": 8, "blocks": [{"kind": "conv"}] * 64}] * 16}, "1026 blocks, at most 256"),
    ({"encoder": [{"dim": 8, "stride": 64}] * 16}, "a latent frame has .* samples, at most 131072"),
    ({"encoder__0__stride": 2}, "strides of encoder and decoder differ"),
    ({"encoder": [{"blocks": [{"kind": "conv", "lookahead": 1}]}, {"stride": 4}], "decoder__0__stride": 4}, "no model"),
    ({"transform__hop_length": 10**12}, "hop_length"),
    ({"transform__kind": "x" * 100_000}, "kind 'x{30}"),
    ({"transform__kind": ["mdct"]}, r"kind \['mdct'\] is not one of"),
    ({"transform__kind": {"a": 1}}, "kind .* is not one of"),
    ({"transform": {"hop_length": 320}}, "kind '' is not one of mdct, patch, stft"),
    ({"bottleneck": {}}, "kind '' is not one of entropy"),
    ({"bottleneck": {"kind": "rvq", "size": 10**9}}, "size"),
    ({"bottleneck": {"kind": "fsq", "levels": [10**9]}}, r"levels.0: .* 1024, got 1000000000"),
    ({"bottleneck": {"kind": "fsq", "levels": [0]}}, "levels.0"),
    ({"bottleneck": {"kind": "fsq", "levels": [2] * 9999}}, "at most 256 items"),
    ({"bottleneck__finest": float("nan")}, "finest"),
    ({"bottleneck__widest": 1e300}, "widest"),
    ({"sample_rate": 10**4000}, "sample_rate"),
    ({"surprise": 1}, "surprise: Extra inputs are not permitted"),
    ({"evil\x1b[2J\nkey": 1}, r"evil\\x1b\[2J\\nkey: Extra inputs"),
    ({"encoder__0__surprise": 1}, "encoder.0.surprise"),
    ({"encoder": None}, "encoder"),
    ({"encoder__0__kernel": 63, "encoder__0__stride": 1}, "config asks for"),
]


@pytest.mark.parametrize(("changes", "said"), CONFIGS)
def test_configs(tmp_path: Path, whole: Path, changes: dict[str, Any], said: str) -> None:
    refused(edited(tmp_path, whole, with_config(**changes)), said)


DEEP = "[" * 200_000
WORDS: list[tuple[str, str | None, str]] = [
    ("config", DEEP, "recursion limit"),
    ("config", '{"sample_rate": ' + DEEP, "recursion limit"),
    ("config", "9" * 900_000, "config"),
    ("config", "x" * (1 << 21), "not an Auricle model"),
    ("config", "\ud83d", "config"),
    ("config", None, "lacks config in its metadata"),
    ("info", DEEP, "recursion limit"),
    ("info", '{"name": "' + "n" * 100 + '"}', "name: String should have at most 64"),
    ("info", '{"surprise": 1}', "surprise"),
    ("info", '{"metrics": {"x": [1]}}', "metrics"),
    ("info", None, "lacks info"),
    ("format", "other", "not an Auricle model"),
    ("version", "2", "model version 2, known is 1: update Auricle"),
    ("version", "\x1b[2J\n", r"model version \\x1b\[2J\\n"),
    ("fingerprint", "", "has the fingerprint '', not 64 digits"),
    ("fingerprint", "\n" * 64, r"has the fingerprint '(\\n){30}', not 64 digits"),
    ("fingerprint", "A" * 64, "not 64 digits"),
    ("fingerprint", None, "lacks fingerprint"),
]


@pytest.mark.parametrize(("name", "text", "said"), WORDS)
def test_metadata(tmp_path: Path, whole: Path, name: str, text: str | None, said: str) -> None:
    def change(arrays: Arrays, words: Words) -> None:
        del words[name]
        if text is not None:
            words[name] = text.encode(errors="replace").decode()

    path = edited(tmp_path, whole, change)
    refused(path, said)
    with pytest.raises(AuricleError, match=said):
        read_metadata(path)


def test_words_for_people_do_not_reach_the_terminal_raw(tmp_path: Path, whole: Path) -> None:
    def change(arrays: Arrays, words: Words) -> None:
        words["info"] = json.dumps({"name": "a\x1b[2J\u202eb", "data": "x\ny\0", "training": {"k\x07": "v\x08"}})

    path = edited(tmp_path, whole, change)
    model = load(path)
    assert (model.name, model.info.data, model.info.training) == ("a[2Jb", "x\ny", {"k": "v"})
    assert read_metadata(path)["info"]["name"] == "a[2Jb"


def test_both_fingerprints_are_named_and_an_edit_can_be_allowed(tmp_path: Path, whole: Path) -> None:
    def change(arrays: Arrays, words: Words) -> None:
        arrays["decoder.layers.0.layers.0.bias"][0] += 1

    path = edited(tmp_path, whole, change)
    stated = parts(whole)[1]["fingerprint"]
    with pytest.raises(ModelError, match="allow_edited") as caught:
        load(path)
    model = load(path, allow_edited=True)
    assert fingerprint(model) != stated
    assert stated[:16] in str(caught.value) and fingerprint(model)[:16] in str(caught.value)
    save(model, tmp_path / "again.auricle.safetensors")
    assert fingerprint(load(tmp_path / "again.auricle.safetensors")) == fingerprint(model)


def _arrays(name: str, make: Callable[[np.ndarray], np.ndarray]) -> Callable[[Arrays, Words], None]:
    def change(arrays: Arrays, words: Words) -> None:
        arrays[name] = make(arrays[name])

    return change


def _one(value: float) -> Callable[[np.ndarray], np.ndarray]:
    def make(array: np.ndarray) -> np.ndarray:
        array.flat[0] = value
        return array

    return make


ARRAYS: list[tuple[str, Callable[[np.ndarray], np.ndarray], str]] = [
    (BIAS, _one(np.nan), "not finite"),
    (BIAS, _one(np.inf), "not finite"),
    ("decoder.layers.0.layers.0.weight", _one(-np.inf), "not finite"),
    (DEVIATION, _one(0.0), "not positive"),
    (DEVIATION, _one(-1.0), "not positive"),
    (DEVIATION, _one(np.nan), "not finite"),
    (BIAS, lambda a: a.astype(np.float32), r"shape \(16,\) of F32, its config asks for shape \(16,\) of F16"),
    (BIAS, lambda a: a.astype(np.int8), "of I8"),
    (BIAS, lambda a: a.astype(np.float64), "of F64"),
    (BIAS, lambda a: a[None], r"shape \(1, 16\)"),
    (BIAS, lambda a: a[:0], r"shape \(0,\)"),
    ("tables.counts", lambda a: a[:-1], r"tables.counts has shape \(3, 8, 36, 43\), its config asks for \(4,"),
    ("tables.counts", lambda a: a[..., :-1], "tables.counts has shape"),
    ("tables.counts", lambda a: a.reshape(-1), "tables.counts has shape"),
    ("tables.counts", lambda a: a.astype(np.int32) - 2, "incomplete or of a wrong type"),
    ("tables.counts", _one(65_535), "do not sum to 65536"),
    ("tables.counts", lambda a: np.zeros_like(a), "do not sum"),
    ("tables.mean", _one(2**31 - 1), r"values out of range \(tables.mean"),
    ("tables.mean", _one(-(2**31)), "values out of range"),
    ("tables.scale", _one(-1), "values out of range"),
    ("tables.scale", lambda a: a.astype(np.float32), "wrong type"),
    ("tables.floor", _one(2**30), "values out of range"),
    ("tables.floor", lambda a: a.T.copy(), "tables.floor has shape"),
    ("tables.thresholds", lambda a: a[::-1].copy(), "values out of order"),
    ("tables.thresholds", lambda a: np.maximum(a, (1 << 20) + 1), "out of order or range"),
    ("tables.thresholds", lambda a: -a[::-1].copy(), "values out of order"),
    ("tables.thresholds", lambda a: np.zeros(0, np.int32), r"tables.thresholds has shape \(0,\)"),
    ("tables.symbol", _one(10**9), "offset 1000000000 and escape 1, its config asks for 21 and 1"),
    ("tables.symbol", lambda a: np.array([21, 2], np.int32), "escape 2"),
    ("tables.symbol", lambda a: np.array([21, 0], np.int32), "escape 0"),
    ("tables.symbol", lambda a: a[:1], "tables.symbol has shape"),
]


@pytest.mark.parametrize(("name", "make", "said"), ARRAYS)
def test_arrays(tmp_path: Path, whole: Path, name: str, make: Callable[[np.ndarray], np.ndarray], said: str) -> None:
    path = edited(tmp_path, whole, _arrays(name, make))
    refused(path, said)
    with pytest.raises(AuricleError, match=said):
        load(path, allow_edited=True)


@pytest.mark.parametrize("name", ["tables.counts", "tables.symbol", BIAS])
def test_missing_arrays(tmp_path: Path, whole: Path, name: str) -> None:
    def change(arrays: Arrays, words: Words) -> None:
        del arrays[name]

    refused(edited(tmp_path, whole, change), "incomplete|it is not there")


@pytest.mark.parametrize("name", ["tables.more", "surprise", "x\x1b[2J\n" + "y" * 500])
def test_arrays_too_many(tmp_path: Path, whole: Path, name: str) -> None:
    refused(edited(tmp_path, whole, lambda arrays, words: arrays.update({name: np.zeros(3, np.float16)})), "wrong|asks")


@pytest.mark.parametrize("name", ["identity", "vae"])
def test_tables_of_a_continuous_bottleneck(tmp_path: Path, whole: Path, name: str) -> None:
    save(tiny_model(BOTTLENECKS[name]), tmp_path / "plain.auricle.safetensors")
    tables = {key: value for key, value in parts(whole)[0].items() if key.startswith("tables.")}
    path = edited(tmp_path, tmp_path / "plain.auricle.safetensors", lambda arrays, words: arrays.update(tables))
    refused(path, "its bottleneck is continuous")


@pytest.mark.parametrize("symbol", [[0, 1], [1, 0], [-5, 0]])
def test_tables_of_codebooks_can_make_no_index_outside(tmp_path: Path, symbol: list[int]) -> None:
    save(tiny_model(BOTTLENECKS["rvq"]), tmp_path / "rvq.auricle.safetensors")
    change = _arrays("tables.symbol", lambda array: np.array(symbol, np.int32))
    refused(edited(tmp_path, tmp_path / "rvq.auricle.safetensors", change), "offset .* its config asks for 0 and 0")
    wider = _arrays("tables.counts", lambda array: np.full((*array.shape[:-1], 32), 2047, np.uint16))
    refused(edited(tmp_path, tmp_path / "rvq.auricle.safetensors", wider), "tables.counts has shape")


def test_diverged_weights_are_not_saved(tmp_path: Path) -> None:
    model = tiny_model()
    with torch.no_grad():
        model.get_parameter("encoder.layers.2.bias")[0] = 1e6
    with pytest.raises(ModelError, match=r"encoder.layers.2.bias is not finite: its training has failed"):
        save(model, tmp_path / NAME)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", list(shipped()))
def test_shipped_models_keep_every_rule(name: str) -> None:
    assert load(name).tables is not None


def _extreme(model: Autoencoder, rng: np.random.Generator) -> Callable[[Arrays, Words], None]:
    def change(arrays: Arrays, words: Words) -> None:
        for name in ("mean", "scale", "floor"):
            value = arrays[f"tables.{name}"]
            low = -(1 << 20) if name == "mean" else 0
            value[:] = rng.choice([low, 0, 1, 1 << 20], value.shape)
        arrays["tables.thresholds"][:] = np.sort(rng.integers(0, 1 << 20, arrays["tables.thresholds"].shape))
        counts = arrays["tables.counts"]
        counts[:] = 0
        largest = rng.integers(0, counts.shape[-1], counts.shape[:-1])
        np.put_along_axis(counts, largest[..., None], 65_536 - counts.shape[-1], -1)

    return change


@pytest.mark.parametrize("seed", range(3))
def test_the_most_extreme_tables_code_and_decode(tmp_path: Path, whole: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = load(edited(tmp_path, whole, _extreme(load(whole), rng)), allow_edited=True)
    assert model.tables is not None
    for step in (0, 3, (model.tables.counts.shape[0] - 1) * STEPS_PER_LEVEL):
        coder = PacketCoder(model.tables.at(step))
        with np.errstate(all="raise"):
            for _ in range(5):
                try:
                    codes = coder.decode([rng.bytes(2000)], 2, 20)[0]
                except FormatError:
                    continue
                assert np.abs(codes.astype(np.int64)).max() < 2**31 - 1
            small = rng.integers(-30, 30, (1, 20, 8)).astype(np.int32)
            try:
                payload = coder.encode(small)
            except ModelError:  # a prediction farther from the code than an escape can say
                continue
            np.testing.assert_array_equal(coder.decode([payload], 1, 20)[0], small)

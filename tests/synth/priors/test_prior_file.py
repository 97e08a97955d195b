"""Prior files: they come back as they were, and each lie of a stranger is one typed error of one line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import load_file

from auricle.errors import AuricleError, ModelError, OutputError
from auricle.synth.priors.file import load_prior, read_prior_metadata, save_prior, shipped_priors
from model.forged import assert_each_flipped_bit_is_refused, save_forged
from synth.tiny_priors import CONFIGS, tiny_prior, windows

Arrays = dict[str, np.ndarray]
Words = dict[str, str]
NAME = "p.prior.safetensors"


@pytest.fixture(scope="module", params=sorted(CONFIGS))
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / NAME
    save_prior(tiny_prior(request.param), path)
    return path


def parts(path: Path) -> tuple[Arrays, Words]:
    with safe_open(path, framework="np") as file:
        return load_file(path), dict(file.metadata())


def edited(folder: Path, whole: Path, change: Callable[[Arrays, Words], None]) -> Path:
    arrays, words = parts(whole)
    change(arrays, words)
    path = folder / NAME
    save_forged(arrays, path, words)
    return path


def refused(path: Path, message_pattern: str) -> None:
    with pytest.raises(AuricleError, match=message_pattern) as caught:
        load_prior(path)
    message = str(caught.value)
    assert message.startswith(str(path)) and message.isprintable() and len(message) < 600


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_prior_comes_back(tmp_path: Path, kind: str) -> None:
    prior = tiny_prior(kind, channels=2)
    save_prior(prior, tmp_path / NAME)
    loaded = load_prior(tmp_path / NAME)
    assert (loaded.config, loaded.origin, loaded.info) == (prior.config, prior.origin, prior.info)
    assert not loaded.training and not any(weight.requires_grad for weight in loaded.parameters())
    for name in ("mean", "deviation", "silence"):
        assert torch.equal(getattr(loaded, name), getattr(prior, name)), "scales are not rounded"
    batch = windows(prior)
    torch.manual_seed(0)
    expected = prior.loss(*batch)["loss"]
    torch.manual_seed(0)
    torch.testing.assert_close(loaded.loss(*batch)["loss"], expected, rtol=0.02, atol=0.02)
    save_prior(loaded, tmp_path / f"again{NAME}")
    (arrays, words), (arrays_again, words_again) = parts(tmp_path / NAME), parts(tmp_path / f"again{NAME}")
    assert words == words_again and all(
        np.array_equal(arrays[name], arrays_again[name]) for name in arrays.keys() | arrays_again.keys()
    )


def test_metadata_without_building(whole: Path) -> None:
    words = read_prior_metadata(whole)
    assert words["origin"]["classes"] == ["kick", "snare", "tom"] and words["config"]["kind"] in CONFIGS


def test_an_existing_file_stays(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        save_prior(tiny_prior("flow"), tmp_path / NAME)
    assert (tmp_path / NAME).read_text() == "mine" and len(list(tmp_path.iterdir())) == 1


def test_weights_that_diverged_are_not_saved(tmp_path: Path) -> None:
    prior = tiny_prior("flow")
    with torch.no_grad():
        prior.get_parameter("out.bias")[0] = 1e6
    with pytest.raises(ModelError, match=r"out.bias is not finite: its training has failed"):
        save_prior(prior, tmp_path / NAME)
    assert not list(tmp_path.iterdir())


def test_each_flipped_bit_is_refused(tmp_path: Path) -> None:
    save_prior(tiny_prior("flow"), tmp_path / NAME)
    assert_each_flipped_bit_is_refused(tmp_path / NAME, load_prior)


def test_no_such_prior() -> None:
    with pytest.raises(ModelError, match=r"no prior 'nowhere': name a .prior.safetensors file, one on the hub"):
        load_prior("nowhere")


def _first(arrays: Arrays) -> str:
    return next(name for name in sorted(arrays) if name.endswith("weight"))


def _missing(arrays: Arrays, words: Words) -> None:
    del arrays[_first(arrays)]


def _surplus(arrays: Arrays, words: Words) -> None:
    arrays["evil"] = np.zeros(3, np.float16)


def _reshaped(arrays: Arrays, words: Words) -> None:
    arrays[_first(arrays)] = np.zeros((3, 3), np.float16)


def _retyped(arrays: Arrays, words: Words) -> None:
    arrays[_first(arrays)] = arrays[_first(arrays)].astype(np.float64)


def _infinite(arrays: Arrays, words: Words) -> None:
    arrays[_first(arrays)].flat[0] = np.inf


def _undefined(arrays: Arrays, words: Words) -> None:
    arrays["mean"][0] = np.nan


def _flat(arrays: Arrays, words: Words) -> None:
    arrays["deviation"][0] = 0.0


def _changed(arrays: Arrays, words: Words) -> None:
    arrays[_first(arrays)].flat[0] += 1


ARRAYS = [
    (_missing, "has no shape, it is not there, its config asks for shape"),
    (_surplus, "tensor evil has shape .* asks for no shape"),
    (_reshaped, r"has shape \(3, 3\) of F16, its config asks for"),
    (_retyped, "of F64, its config asks for shape .* of F16"),
    (_infinite, "values that are not finite"),
    (_undefined, "tensor mean has values that are not finite"),
    (_flat, "tensor deviation has values that are not positive"),
    (_changed, "has contents of digest [0-9a-f]{16} but states"),
]


@pytest.mark.parametrize(("change", "said"), ARRAYS)
def test_arrays(tmp_path: Path, whole: Path, change: Callable[[Arrays, Words], None], said: str) -> None:
    refused(edited(tmp_path, whole, change), said)


def _with(part: str, **changes: Any) -> Callable[[Arrays, Words], None]:
    def change(arrays: Arrays, words: Words) -> None:
        words[part] = json.dumps(json.loads(words[part]) | changes)

    return change


def _said(**changes: str | None) -> Callable[[Arrays, Words], None]:
    def change(arrays: Arrays, words: Words) -> None:
        for name, value in changes.items():
            words.pop(name)
            if value is not None:
                words[name] = value

    return change


WORDS = [
    (_with("config", width=10**9), "width: Input should be less than or equal to 2048"),
    (_with("config", depth=10**9), "depth"),
    (_with("config", window=10**9), "window"),
    (_with("config", width=2048), "its config asks for shape"),
    (_with("config", depth=16), "its config asks for shape"),
    (_with("config", kind="gan"), "kind 'gan' is not one of flow, recurrent"),
    (_with("config", surprise=1), "surprise: Extra inputs are not permitted"),
    (_with("origin", classes=["a"] * 4), "two classes have the same name"),
    (_with("origin", classes=["a\x1b[2J"]), "unprintable"),
    (_with("origin", classes=["x" * 1000]), "over 256"),
    (_with("origin", classes=["only"]), "its config asks for shape"),
    (_with("origin", channels=3), "channels"),
    (_with("origin", latent_dim=10**12), "latent_dim"),
    (_with("origin", fingerprint="xyz"), "fingerprint"),
    (_with("info", training="no"), "training"),
    (_said(config="{"), "Invalid JSON"),
    (_said(origin=None), "lacks origin"),
    (_said(digest="0" * 64), "digest"),
    (_said(digest="nonsense"), "not 64 digits"),
    (_said(format="auricle-model"), "not an Auricle prior"),
    (_said(version="2"), "has prior version 2, known is 1: update Auricle"),
    (_said(info="{" + " " * (2 << 20) + "}"), "not an Auricle prior"),
]


@pytest.mark.parametrize(("change", "said"), WORDS)
def test_words(tmp_path: Path, whole: Path, change: Callable[[Arrays, Words], None], said: str) -> None:
    refused(edited(tmp_path, whole, change), said)


def test_words_that_a_terminal_obeys_are_taken_out(tmp_path: Path, whole: Path) -> None:
    path = edited(tmp_path, whole, _with("info", name="evil\x1b[2J"))
    assert load_prior(path).info.name == "evil[2J"


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.999])
def test_truncated(tmp_path: Path, whole: Path, share: float) -> None:
    data = whole.read_bytes()
    (tmp_path / NAME).write_bytes(data[: int(share * len(data))])
    refused(tmp_path / NAME, "is not a prior file .* use a .prior.safetensors file")


def test_not_a_prior_at_all(tmp_path: Path, model_file: Path) -> None:
    refused(model_file, "a safetensors file but not an Auricle prior")
    (tmp_path / NAME).write_bytes(b"\xff" * 8 + b"{}")
    refused(tmp_path / NAME, "is not a prior file")


@pytest.mark.parametrize("seed", range(20))
def test_flipped_bytes_never_pass(tmp_path: Path, whole: Path, seed: int) -> None:
    data, random = bytearray(whole.read_bytes()), np.random.default_rng(seed)
    start = 8 + int.from_bytes(data[:8], "little")
    place = int(random.integers(start, len(data)))
    data[place] ^= 1 << int(random.integers(8))
    (tmp_path / NAME).write_bytes(bytes(data))
    with pytest.raises(AuricleError):
        load_prior(tmp_path / NAME)


@pytest.mark.parametrize("name", list(shipped_priors()))
def test_shipped_priors_keep_every_rule(name: str) -> None:
    assert load_prior(name).classes

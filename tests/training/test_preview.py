"""Held-out excerpts and how a model does on them."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from auricle.data import scan
from auricle.training.preview import Excerpts, preview
from model.tiny import BOTTLENECKS, tiny_model

RATE = 16000


def write(path: Path, seconds: float, *, loud_from: float = 0.0, rate: int = RATE, channels: int = 1) -> None:
    noise = np.random.default_rng(0).standard_normal((round(seconds * rate), channels)) * 0.1
    noise[: round(loud_from * rate)] = 0.0
    soundfile.write(path, noise, rate)


def chosen(folder: Path, **options) -> Excerpts:
    return Excerpts.choose(scan(folder).sounds, RATE, **options)


def test_excerpts_are_spread_over_the_files_and_always_the_same(tmp_path: Path):
    for number in range(20):
        write(tmp_path / f"{number:02d}.wav", 1.0)
    excerpts = chosen(tmp_path)
    assert [clip.name for clip in excerpts.clips] == ["01.wav", "05.wav", "08.wav", "11.wav", "15.wav", "18.wav"]
    again = chosen(tmp_path)
    assert all(np.array_equal(a.audio, b.audio) for a, b in zip(excerpts.clips, again.clips, strict=True))


def test_the_loud_part_is_taken_at_the_models_rate(tmp_path: Path):
    write(tmp_path / "late.wav", 9.0, loud_from=4.0, rate=22050, channels=2)
    (clip,) = chosen(tmp_path, count=1, seconds=2.0).clips
    assert clip.audio.shape == (2 * RATE,) and clip.audio.dtype == np.float32
    assert np.abs(clip.audio[RATE:]).max() > 0.05


def test_few_files_give_several_excerpts_each(tmp_path: Path):
    write(tmp_path / "long.wav", 30.0)
    clips = chosen(tmp_path, count=4, seconds=2.0).clips
    assert len(clips) == 4 and not np.array_equal(clips[0].audio, clips[1].audio)
    write(tmp_path / "short.wav", 1.0)
    assert [clip.name for clip in chosen(tmp_path, count=4, seconds=2.0).clips] == ["long.wav"] * 2 + ["short.wav"]


def test_silent_and_unreadable_files_are_passed_over(tmp_path: Path):
    for number in range(8):
        write(tmp_path / f"{number}.wav", 1.0, loud_from=1.0 if number < 3 else 0.0)
    sounds = scan(tmp_path).sounds
    (tmp_path / "4.wav").unlink()
    (tmp_path / "5.wav").write_bytes((tmp_path / "5.wav").read_bytes()[:2000])
    names = [clip.name for clip in Excerpts.choose(sounds, RATE, count=3).clips]
    assert names == ["3.wav", "6.wav", "7.wav"]


def test_no_held_out_sounds_give_no_preview(tmp_path: Path):
    write(tmp_path / "silent.wav", 1.0, loud_from=1.0)
    for excerpts in (Excerpts.choose((), RATE), chosen(tmp_path)):
        assert not excerpts and preview(tiny_model(), excerpts) is None


@pytest.fixture(scope="module")
def excerpts(tmp_path_factory: pytest.TempPathFactory) -> Excerpts:
    folder = tmp_path_factory.mktemp("held-out")
    for number, seconds in enumerate((1.3, 0.7)):
        write(folder / f"{number}.wav", seconds)
    return chosen(folder, seconds=1.0)


@pytest.mark.parametrize("kind", BOTTLENECKS)
def test_a_preview_of_every_bottleneck(kind: str, excerpts: Excerpts):
    model = tiny_model(BOTTLENECKS[kind])
    seen = preview(model, excerpts)
    assert seen is not None and seen.sample_rate == RATE and seen.figure > 0
    assert seen.figure == pytest.approx(np.mean([excerpt.mel for excerpt in seen.excerpts]))
    for clip, excerpt in zip(excerpts.clips, seen.excerpts, strict=True):
        assert excerpt.original is clip.audio and excerpt.decoded.shape == clip.audio.shape
    assert seen.usage and all(len(values) >= 1 for values in seen.usage.values())
    assert (seen.rate is None) == (kind != "entropy")
    if seen.rate is not None:
        assert seen.rate * 1000 == pytest.approx(sum(seen.usage["bits"]), rel=1e-4)


def test_decoded_sounds_are_aligned_and_as_in_use(excerpts: Excerpts):
    model = tiny_model()
    seen = preview(model, excerpts, 3.0)
    audio = torch.from_numpy(excerpts.clips[0].audio)[None]
    with torch.no_grad():
        z = model.bottleneck.dequantise(model.bottleneck.quantise(model.encode(audio), 3.0), 3.0)
        wanted = model.decode_bottled(z, audio.shape[1])[0]
    assert seen is not None
    np.testing.assert_allclose(seen.excerpts[0].decoded, wanted.numpy(), atol=1e-5)
    coarse = preview(model, excerpts, 0.0)
    assert coarse is not None and coarse.rate is not None and seen.rate is not None and coarse.rate < seen.rate


def test_a_preview_changes_nothing(excerpts: Excerpts):
    model = tiny_model(BOTTLENECKS["rvq"]).train()
    model.encoder.eval()
    modes = [module.training for module in model.modules()]
    state = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(3)
    preview(model, excerpts)
    drawn = torch.rand(1)
    torch.manual_seed(3)
    assert torch.equal(drawn, torch.rand(1))
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())


def test_a_broken_model_is_told_not_raised(excerpts: Excerpts):
    model = tiny_model(BOTTLENECKS["identity"])
    with torch.no_grad():
        next(model.decoder.parameters()).fill_(torch.nan)
    seen = preview(model, excerpts)
    assert seen is not None and np.isnan(seen.figure) and not seen.excerpts[0].decoded.any()

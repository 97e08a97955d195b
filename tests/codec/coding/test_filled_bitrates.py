"""A file within a bitrate takes what it is allowed: between two steps of the dial codes are rounded more sparsely."""

from pathlib import Path

import numpy as np
import pytest
from codec_helpers import make_model, make_sound

import auricle
from auricle import codec
from auricle.audio import read
from auricle.model import load
from auricle.model.bottleneck import RvqConfig

SOUNDS = Path(auricle.__file__).parent / "demo" / "sounds"


@pytest.mark.parametrize(
    ("name", "sound", "kbps"),
    [
        *(("speech", "speech_1.flac", kbps) for kbps in (1.5, 2.2, 3.0, 3.7, 6.0, 9.0)),
        ("music", "music_1.flac", 12.0),
    ],
)
def test_a_short_sound_fills_its_bitrate(name: str, sound: str, kbps: float, tmp_path: Path) -> None:
    result = codec.compress(SOUNDS / sound, tmp_path / "a.aur", model=load(name), kbps=kbps)
    assert 0.975 * kbps < result.kbps <= kbps


def test_a_filled_file_lies_between_two_steps_of_the_dial(tmp_path: Path) -> None:
    model, source = load("speech"), SOUNDS / "speech_1.flac"
    filled = codec.compress(source, tmp_path / "a.aur", model=model, kbps=3.0)
    below = codec.compress(source, tmp_path / "b.aur", model=model, quality=filled.quality - 0.125)
    nearest = codec.compress(source, tmp_path / "c.aur", model=model, quality=filled.quality)
    assert below.bytes < filled.bytes < nearest.bytes
    codec.decompress(tmp_path / "a.aur", tmp_path / "a.wav", model=model)
    audio, back = read(source)[0], read(tmp_path / "a.wav")[0]
    assert back.shape == audio.shape and np.isfinite(back).all()
    assert 0.7 < np.sqrt(np.square(back).mean() / np.square(audio).mean()) < 1.1


def test_the_same_sound_makes_the_same_file(tmp_path: Path) -> None:
    model, source = load("speech"), SOUNDS / "speech_1.flac"
    for name in ("a.aur", "b.aur"):
        codec.compress(source, tmp_path / name, model=model, kbps=3.0)
    assert (tmp_path / "a.aur").read_bytes() == (tmp_path / "b.aur").read_bytes()


def test_codes_that_are_indices_are_not_filled(tmp_path: Path) -> None:
    """They have no zero to be rounded to: the highest step that fits is used."""
    model = make_model(strided=False, bottleneck=RvqConfig(dim=8, codebooks=4, size=16))
    sound = make_sound(1, 48_000, 16000), 16000
    sizes = [
        codec.compress(sound, tmp_path / f"{step}.aur", model=model, quality=step / 8).kbps
        for step in range(8 * (model.bottleneck.quality_levels - 1) + 1)
    ]
    kbps = float(np.mean([min(sizes), max(sizes)]))
    result = codec.compress(sound, tmp_path / "a.aur", model=model, kbps=kbps)
    assert result.kbps == max(size for size in sizes if size <= kbps)

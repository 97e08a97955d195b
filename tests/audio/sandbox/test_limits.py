"""What a sound may claim and decode to."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from auricle import audio
from auricle.audio import TRUSTED_LIMITS, UNTRUSTED_LIMITS, AudioLimits
from auricle.errors import AudioError, OptionError


def claim(path: Path, frames: int) -> Path:
    """A FLAC file of a kilobyte whose header promises ``frames`` samples."""
    soundfile.write(path, np.zeros(20_000), 16_000)
    data = bytearray(path.read_bytes())
    data[21] = data[21] & 0xF0 | frames >> 32
    data[22:26] = (frames & 0xFFFF_FFFF).to_bytes(4, "big")
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("hours", "words"), [(10, "decodes to more than 20000 times"), (1000, "longer than 604800 s, the limit")]
)
def test_a_kilobyte_that_claims_hours(tmp_path: Path, hours: int, words: str) -> None:
    path = claim(tmp_path / "a.flac", hours * 3600 * 16_000)
    for look in (audio.info, audio.read, audio.AudioReader):
        with pytest.raises(AudioError, match=words):
            look(path)


def test_an_override(tmp_path: Path) -> None:
    path = claim(tmp_path / "a.flac", 10 * 3600 * 16_000)
    assert audio.info(path, limits=replace(TRUSTED_LIMITS, ratio=1e9)).seconds == 36_000
    with pytest.raises(AudioError, match=r"damaged|cut short"):
        audio.read(path, limits=replace(TRUSTED_LIMITS, ratio=1e9))


def test_an_honest_hour_of_silence_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    with soundfile.SoundFile(path, "w", 8000, 1) as file:
        for _ in range(60):
            file.write(np.zeros(8000 * 60))
    assert path.stat().st_size < 150_000
    with audio.AudioReader(path) as reader:
        assert sum(block.shape[1] for block in reader.blocks(80_000)) == 8000 * 3600


def test_more_samples_than_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"  # whose length is only an estimate
    soundfile.write(path, np.zeros(64_000), 16_000)
    with pytest.raises(AudioError, match="longer than 2 s, the limit"):
        audio.read(path, limits=replace(TRUSTED_LIMITS, seconds=2.0))


def test_too_large_to_be_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(600_000), 16_000)
    limits = replace(TRUSTED_LIMITS, whole_bytes=1 << 20)
    with pytest.raises(AudioError, match=r"more than 1 MiB of memory .*AudioReader"):
        audio.read(path, limits=limits)
    with audio.AudioReader(path, limits=limits) as reader:
        assert sum(block.shape[1] for block in reader.blocks(1000)) == 600_000


@pytest.mark.parametrize(("limits", "words"), [({"channels": 1}, "2 channels"), ({"sample_rate": 8000}, "16000 Hz")])
def test_shape(tmp_path: Path, limits: dict[str, int], words: str) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((10, 2)), 16_000)
    with pytest.raises(AudioError, match=words):
        audio.info(tmp_path / "a.wav", limits=replace(UNTRUSTED_LIMITS, **limits))


@pytest.mark.parametrize("field", ["seconds", "ratio", "channels", "whole_bytes", "memory_bytes", "stall_seconds"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_limits_are_positive(field: str, value: float) -> None:
    with pytest.raises(OptionError, match=f"for {field}: give a positive number"):
        AudioLimits(**{field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("fields", [{"channels": 9}, {"sample_rate": 1000}, {"sample_rate": 400_000}])
def test_limits_that_auricle_has_itself(fields: dict[str, int]) -> None:
    with pytest.raises(OptionError, match="Auricle takes"):
        AudioLimits(**fields)

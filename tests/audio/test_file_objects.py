"""Sounds from open files: what lies in memory, an upload, a file that stands somewhere in the middle."""

import io
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import soundfile

from auricle import audio
from auricle.errors import AudioError, OptionError

FORMATS = ["wav", "flac", "ogg", "mp3", "aiff"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sounds")
    sound = 0.2 * np.random.default_rng(0).standard_normal((20_001, 2))
    paths = {suffix: folder / f"a.{suffix}" for suffix in FORMATS}
    for path in paths.values():
        soundfile.write(path, sound, 44_100)
    return paths


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("untrusted", [False, True])
def test_an_open_file_gives_the_samples_of_its_path(files: dict[str, Path], suffix: str, untrusted: bool) -> None:
    expected, rate = audio.read(files[suffix])
    in_memory = io.BytesIO(b"something before" + files[suffix].read_bytes())
    in_memory.seek(16)
    assert audio.info(in_memory, untrusted=untrusted).sample_rate == rate
    assert audio.tags(in_memory, untrusted=untrusted) == audio.tags(files[suffix])
    np.testing.assert_array_equal(audio.read(in_memory, untrusted=untrusted)[0], expected)
    assert not in_memory.closed
    with files[suffix].open("rb") as file:
        assert audio.info(file, untrusted=untrusted).channels == 2
        np.testing.assert_array_equal(audio.read(file, untrusted=untrusted)[0], expected)
        assert not file.closed


def test_an_error_names_the_open_file(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"no sound at all " * 100)
    with path.open("rb") as file, pytest.raises(AudioError, match=r"a\.wav"):
        audio.read(file)
    with pytest.raises(AudioError, match="the open file"):
        audio.read(io.BytesIO(path.read_bytes()))
    with pytest.raises(AudioError, match=r"the open file is empty"):
        audio.read(io.BytesIO())


def test_what_is_no_binary_file(files: dict[str, Path]) -> None:
    with files["wav"].open(encoding="latin-1") as file, pytest.raises(OptionError, match="open it with the mode 'rb'"):
        audio.read(cast(io.BytesIO, file))
    with pytest.raises(OptionError, match=r"from bytes: give io\.BytesIO"):
        audio.read(cast(io.BytesIO, files["wav"].read_bytes()))
    with pytest.raises(OptionError, match="an array without its sample rate"):
        audio.info(cast(io.BytesIO, np.zeros(100)))

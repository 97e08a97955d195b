"""Sounds in memory: arrays and open files compress to what a file of the same samples does."""

from dataclasses import replace
from io import BytesIO, StringIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
from codec_helpers import make_sound

from auricle import compress
from auricle.codec.format.container import Packet, PacketReader
from auricle.codec.format.header import Header, SourceSamples
from auricle.errors import AudioError, AuricleError, OptionError
from auricle.model import Autoencoder

RATE = 22050


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    return make_sound(2, 2 * RATE + 77, RATE)


def read_packets(path: Path) -> tuple[Header, list[Packet]]:
    with path.open("rb") as file:
        reader = PacketReader(file, path)
        return reader.header, list(reader.packets())


@pytest.mark.parametrize("choice", [{"quality": 1.0}, {"kbps": 4.0}])
def test_an_array_is_what_a_file_of_it_is(tiny: Autoencoder, sound: np.ndarray, tmp_path: Path, choice) -> None:
    soundfile.write(tmp_path / "a.wav", sound.T, RATE, subtype="FLOAT")
    expected = compress(tmp_path / "a.wav", tmp_path / "a.aur", model=tiny, **choice)
    result = compress((sound, RATE), tmp_path / "b.aur", model=tiny, **choice)
    assert (result.seconds, result.kbps, result.quality) == (expected.seconds, expected.kbps, expected.quality)
    (header, packets), (file_header, file_packets) = (read_packets(tmp_path / name) for name in ("b.aur", "a.aur"))
    assert packets == file_packets
    assert header == replace(file_header, source_samples=SourceSamples.UNKNOWN), (
        "an array does not say where it is from"
    )


def test_an_open_file_and_memory_are_read_and_written(tiny: Autoencoder, sound: np.ndarray, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", sound.T, RATE)
    for source in ((tmp_path / "a.wav").open("rb"), BytesIO((tmp_path / "a.wav").read_bytes())):
        with source:
            target = BytesIO()
            assert compress(source, target, model=tiny).bytes == len(target.getvalue()) > 0


def test_one_channel_may_have_one_axis_and_any_precision(tiny: Autoencoder, sound: np.ndarray) -> None:
    files = []
    for audio in (sound[0], sound[:1], sound[0].astype(np.float64)):
        target = BytesIO()
        compress((audio, RATE), target, model=tiny)
        files.append(target.getvalue())
    assert files[0] == files[1] == files[2]


BAD = {
    "int16": ((np.zeros(9, np.int16), RATE), AudioError, "int16: give a numpy array of floats"),
    "list": (([0.0], RATE), AudioError, "the audio is of list"),
    "channels last": ((np.zeros((900, 2), np.float32), RATE), AudioError, r"\(900, 2\): give \(c, t\)"),
    "three axes": ((np.zeros((1, 2, 3), np.float32), RATE), AudioError, r"\(1, 2, 3\)"),
    "NaN": ((np.full(9, np.nan, np.float32), RATE), AudioError, "the sample nan"),
    "too loud": ((np.full(9, 3.0, np.float32), RATE), AudioError, "reach 3 where 1 is full scale"),
    "rate": ((np.zeros(9, np.float32), 100), AudioError, "100 Hz"),
    "fraction": ((np.zeros(9, np.float32), 22050.5), AudioError, r"22050\.5 Hz"),
    "no rate": (np.zeros(9, np.float32), OptionError, "without its sample rate"),
    "one of three": ((np.zeros(9, np.float32), RATE, 3), OptionError, "3 values"),
    "number": (7, OptionError, "int"),
    "text": (StringIO("sound"), OptionError, "open as text: open it with the mode 'rb'"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_sound_is_one_line(tiny: Autoencoder, tmp_path: Path, name: str) -> None:
    source, error, message = BAD[name]
    with pytest.raises(error, match=message) as caught:
        compress(source, tmp_path / "a.aur", model=tiny)
    assert isinstance(caught.value, AuricleError) and "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())

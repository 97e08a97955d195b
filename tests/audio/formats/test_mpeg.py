"""MP3 files: their length is counted unless a tag states it, and it is said where sound may be missing."""

import io
from pathlib import Path

import numpy as np
import pytest

from audio.written import Kind, write
from auricle import audio
from auricle.api.doctor import doctor
from auricle.errors import AudioError

KIND = Kind("mp3", "libmp3lame", 16_000, 1, 48_003)
FRAME = 576
ID3V1 = b"TAG" + bytes(125)
APE = b"APETAGEX" + (2000).to_bytes(4, "little") + (32).to_bytes(4, "little") + bytes(16)


@pytest.fixture(scope="module")
def tagged() -> bytes:
    return write(KIND)


@pytest.fixture(scope="module")
def bare() -> bytes:
    return write(KIND, options={"write_xing": "0"})


def read(data: bytes) -> tuple[int, int, tuple[str, ...]]:
    with audio.AudioReader(io.BytesIO(data)) as reader:
        return reader.frames, reader.read_all().shape[1], reader.warnings


@pytest.mark.parametrize("behind", [b"", ID3V1, APE, APE + ID3V1])
def test_a_stated_length_is_exact(tagged: bytes, behind: bytes) -> None:
    assert read(tagged + behind) == (48_003, 48_003, ())


def test_frames_are_counted_where_no_tag_states_them(bare: bytes) -> None:
    frames, length, warnings = read(bare)
    assert frames == length >= 48_003 and length - 48_003 < 4 * FRAME and warnings == ()


def test_two_that_were_joined_are_read_to_the_end(tagged: bytes, bare: bytes) -> None:
    single = read(bare)[1]
    assert 2 * single - FRAME <= read(bare + bare)[1] <= 2 * single
    assert read(bare + ID3V1 + bare)[1] >= 2 * single - 2 * FRAME
    assert read(tagged + tagged)[1] >= 2 * 48_003 - 4 * FRAME


def test_what_was_cut(tagged: bytes, bare: bytes) -> None:
    with pytest.raises(AudioError, match=r"is cut short .its header promises 48003 samples"):
        read(tagged[: len(tagged) * 2 // 3])
    assert [word for word in read(tagged[:-300])[2] if "bytes fewer" in word]
    assert [word for word in read(bare[:-50])[2] if "ends within a frame" in word]
    assert [word for word in read(bare[1000:])[2] if "begins within a frame" in word]
    middle = len(bare) // 2
    assert [word for word in read(bare[:middle] + b"no sound" * 60 + bare[middle:])[2] if "are no sound" in word]


@pytest.mark.parametrize("untrusted", [False, True])
def test_damage_that_leaves_the_stated_length_nearly_as_it_was(tmp_path: Path, tagged: bytes, untrusted: bool) -> None:
    middle = tagged.index(b"\xff\xf3", len(tagged) // 2)
    damaged = bytearray(tagged)
    damaged[middle : middle + 4] = bytes(4)
    path = tmp_path / "a.mp3"
    path.write_bytes(damaged)
    with audio.AudioReader(path, untrusted=untrusted) as reader:
        reader.read_all()
        assert ["are no sound" in word for word in reader.warnings] == [True]


@pytest.mark.parametrize("quick", [False, True])
def test_the_doctor_finds_it(tmp_path: Path, tagged: bytes, bare: bytes, quick: bool) -> None:
    (tmp_path / "good.mp3").write_bytes(tagged)
    (tmp_path / "cut.mp3").write_bytes(bare[:-50])
    health = doctor(tmp_path, quick=quick)
    found = [] if quick else ["cut.mp3"]
    assert [part.path.name for part in health.incomplete] == found  # type: ignore[union-attr]
    assert [verdict.topic for verdict in health.verdicts if verdict.topic == "missing"] == ["missing"] * len(found)


def test_a_stranger_is_told_of_too(tmp_path: Path, bare: bytes) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(bare[:-50])
    with audio.AudioReader(path, untrusted=True) as reader:
        sound = reader.read_all()
        assert ["ends within a frame" in word for word in reader.warnings] == [True]
    np.testing.assert_array_equal(sound, audio.read(path)[0])

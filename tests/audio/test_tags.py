"""Tags: read from every format, bounded, printable, and written again."""

import io
import struct
import unicodedata
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from auricle import audio
from auricle.audio import MAX_TAG_BYTES, MAX_TAGS, clean_tags

COMMON = {
    "title": "T\u00eftle",
    "artist": "A & B",
    "album": "C",
    "date": "2020-01-02",
    "tracknumber": "3",
    "genre": "Jazz",
    "comment": "one\ntwo",
}


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg"])
def test_written_tags_come_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    with audio.AudioWriter(path, 16_000, 1, tags={**COMMON, "software": "mine", "mood": "blue"}) as writer:
        writer.write(np.zeros((1, 2000)))
    assert audio.tags(path) == COMMON
    assert audio.read(path)[0].shape == (1, 2000)


def test_mp3(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    with soundfile.SoundFile(path, "w", 16_000, 1) as file:
        file.title, file.artist = "T", "A"
        file.write(np.zeros(4000))
    assert audio.tags(path) == {"title": "T", "artist": "A"}


@pytest.mark.parametrize("suffix", ["m4a", "mka"])
def test_tags_that_pyav_reads(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    with av.open(str(path), "w") as container:
        container.metadata.update({"title": "T", "artist": "A", "track": "3"})
        stream = container.add_stream("aac", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48_000
        container.mux([*stream.encode(frame), *stream.encode(None)])
    assert audio.tags(path) == {"title": "T", "artist": "A", "tracknumber": "3"}


@pytest.mark.parametrize(
    ("container", "codec"),
    [("mp3", "libmp3lame"), ("flac", "flac"), ("ogg", "libopus"), ("ogg", "flac"), ("wav", "pcm_s16le")],
)
def test_comments_that_ffmpeg_wrote(container: str, codec: str) -> None:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as target:
        target.metadata.update({"title": "T", "comment": "one two", "track": "3"})
        stream = target.add_stream(codec, rate=48_000, layout="mono")
        stream.codec_context.open()
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 9600), np.float32), format="flt", layout="mono")
        frame.rate, frame.pts = 48_000, 0
        size = stream.codec_context.frame_size or 1024
        shaper = av.AudioResampler(stream.codec_context.format, "mono", 48_000, frame_size=size)
        for part in [*shaper.resample(frame), *shaper.resample(None)]:
            target.mux(stream.encode(part))
        target.mux(stream.encode(None))
    file.seek(0)
    assert {"title": "T", "comment": "one two", "tracknumber": "3"}.items() <= audio.tags(file).items()


def test_no_tags(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(10), 8000)
    assert audio.tags(tmp_path / "a.wav") == {}


def test_names_become_the_common_ones() -> None:
    pairs = [
        ("TITLE", "a"),
        ("Title", "b"),
        ("Track", "7"),
        ("YEAR", "1999"),
        ("encoder", "x"),
        ("a=b", "c"),
        ("", "d"),
    ]
    assert clean_tags(pairs) == {"title": "a", "tracknumber": "7", "date": "1999"}


def test_values_are_printable_and_bounded() -> None:
    assert clean_tags([("a", "x\x1b[31m\0y\r\nz\u202e")]) == {"a": "x[31my\nz"}
    assert clean_tags([("a", "\u00e9" * 5000)]) == {"a": "\u00e9" * (MAX_TAG_BYTES // 2)}
    assert clean_tags([("a", " \n "), ("b" * 65, "x"), ("c", "\ud800")]) == {}
    assert len(clean_tags((f"k{number}", "v") for number in range(1000))) == MAX_TAGS


@given(st.lists(st.tuples(st.text(max_size=80), st.text(max_size=300))))
def test_cleaning_holds_for_anything_and_does_not_change_the_clean(pairs: list[tuple[str, str]]) -> None:
    clean = clean_tags(pairs)
    assert len(clean) <= MAX_TAGS
    for name, value in clean.items():
        assert 0 < len(name) <= 64 and name.isascii() and name.isprintable()
        assert 0 < len(value.encode()) <= MAX_TAG_BYTES and all(map(_can_be_shown, value))
    assert clean_tags(clean.items()) == clean


def _can_be_shown(character: str) -> bool:
    """Spaces of all widths are kept, which Python does not call printable, and ends of lines."""
    return character == "\n" or character.isprintable() or unicodedata.category(character) == "Zs"


def test_hostile_tags_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    with soundfile.SoundFile(path, "w", 8000, 1) as file:
        file.title, file.comment = "x\x1b]0;evil\x07", "y" * 9000
        file.write(np.zeros(10))
    tags = audio.tags(path)
    assert tags["title"] == "x]0;evil" and len(tags["comment"]) == MAX_TAG_BYTES


def wav_with_title(title: bytes) -> bytes:
    """A WAV whose INFO holds a title, in whatever bytes a program wrote."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)

    info = chunk(b"LIST", b"INFO" + chunk(b"INAM", title + b"\0"))
    shape = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 16_000, 32_000, 2, 16))
    return chunk(b"RIFF", b"WAVE" + shape + info + chunk(b"data", bytes(3200)))


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_titles_that_are_not_ascii_are_read_in_both_encodings_of_wavs(tmp_path: Path, encoding: str) -> None:
    title = "Träume für 5 €, café"
    data = wav_with_title(title.encode(encoding))
    (tmp_path / "a.wav").write_bytes(data)
    assert audio.tags(tmp_path / "a.wav") == {"title": title}
    with audio.AudioReader.from_stream(io.BytesIO(data)) as pipe:
        assert pipe.tags == {"title": title}


def test_titles_of_coded_wavs_that_are_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with soundfile.SoundFile(path, "w", 16_000, 1, subtype="ULAW") as file:
        file.title, file.artist = "TrZume", "A"
        file.write(np.zeros(4000))
    path.write_bytes(path.read_bytes().replace(b"TrZume", "Träume".encode("cp1252")))
    assert audio.tags(path) == {"title": "Träume", "artist": "A"}


def test_id3v1_titles_are_latin(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    with soundfile.SoundFile(path, "w", 16_000, 1) as file:
        file.write(np.zeros(4000))
    path.write_bytes(path.read_bytes() + b"TAG" + "Träume".encode("latin-1").ljust(124, b"\0") + b"\x08")
    assert audio.tags(path)["title"] == "Träume"


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "opus", "mp3"])
def test_titles_in_any_script_are_written_in_utf_8(tmp_path: Path, suffix: str) -> None:
    path, title = tmp_path / f"a.{suffix}", "Träume 音楽"
    with audio.AudioWriter(path, 48_000, 1, tags={"title": title}) as writer:
        writer.write(np.zeros((1, 4800)))
    assert audio.tags(path) == {"title": title} and title.encode() in path.read_bytes()

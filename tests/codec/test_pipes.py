import errno
import json
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
from codec_helpers import make_sound, write_sound

from audio.written import Kind, write
from auricle import codec
from auricle.audio import read
from auricle.codec import source as sources
from auricle.codec.format.container import PacketReader
from auricle.errors import AudioError, FormatError, OutputError
from auricle.model import Autoencoder, save


class Pipe(BytesIO):
    """Bytes that can't be moved in and that come in pieces of odd sizes."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise OSError("not seekable")


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    return write_sound(tmp_path / "a.wav", make_sound(2, 100_001, 44100), 44100)


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("options", [{}, {"quality": 0.5}, {"kbps": 5.0}])
def test_a_pipe_makes_the_same_file(
    tiny: Autoencoder, tmp_path: Path, channels: int, options: dict[str, float]
) -> None:
    wav = write_sound(tmp_path / "a.wav", make_sound(channels, 60_001, 16000), 16000)
    codec.compress(wav, tmp_path / "a.aur", model=tiny, **options)
    codec.compress(Pipe(wav.read_bytes()), tmp_path / "b.aur", model=tiny, **options)
    assert (tmp_path / "a.aur").read_bytes() == (tmp_path / "b.aur").read_bytes()


def test_a_file_that_goes_into_a_pipe_differs_in_its_length_alone(tiny: Autoencoder, wav: Path, tmp_path: Path) -> None:
    pipe = Pipe()
    result = codec.compress(wav, tmp_path / "a.aur", model=tiny)
    piped = codec.compress(Pipe(wav.read_bytes()), pipe, model=tiny)
    data, expected = pipe.getvalue(), (tmp_path / "a.aur").read_bytes()
    assert piped.path is None and piped.bytes == len(data) == result.bytes + 2
    head = PacketReader(BytesIO(data), "x").header
    assert head.samples is None
    (tmp_path / "c.aur").write_bytes(data)
    codec.repair(tmp_path / "c.aur", tmp_path / "d.aur")
    assert (tmp_path / "d.aur").read_bytes() == expected


def test_decoding_through_pipes(tiny: Autoencoder, wav: Path, tmp_path: Path) -> None:
    codec.compress(wav, tmp_path / "a.aur", model=tiny)
    codec.decompress(tmp_path / "a.aur", tmp_path / "b.wav", model=tiny)
    expected, _ = read(tmp_path / "b.wav")
    for part in ({}, {"start": 0.5, "stop": 1.25}):
        pipe = Pipe()
        result = codec.decompress(Pipe((tmp_path / "a.aur").read_bytes()), pipe, model=tiny, **part)
        decoded, rate = soundfile.read(BytesIO(pipe.getvalue()), dtype="float32", always_2d=True)
        first, last = (round(part.get(key, value) * rate) for key, value in (("start", 0), ("stop", 100)))
        np.testing.assert_allclose(decoded.T, expected[:, first:last], atol=1e-4)
        assert result.path is None and result.samples == decoded.shape[0]


class FullPipe(Pipe):
    """Takes a little, and then there is no room."""

    def write(self, data: bytes) -> int:
        if self.tell() + len(data) > 1000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data)


def test_what_cannot_be_written_is_not_blamed_on_what_is_read(tiny: Autoencoder, wav: Path, tmp_path: Path) -> None:
    codec.compress(wav, tmp_path / "a.aur", model=tiny)
    for part in ({}, {"start": 0.5}):
        with pytest.raises(OutputError, match=r"^can't write standard output: No space left on device"):
            codec.decompress(tmp_path / "a.aur", FullPipe(), model=tiny, **part)


def test_a_reader_that_has_heard_enough_ends_it_in_silence(tiny: Autoencoder, tmp_path: Path) -> None:
    wav = write_sound(tmp_path / "a.wav", make_sound(2, 10 * 44100, 44100), 44100)
    save(tiny, tmp_path / "tiny.auricle.safetensors")
    codec.compress(wav, tmp_path / "a.aur", model=tiny)
    command = (sys.executable, "-m", "auricle", "decompress", "a.aur", "-", "--model", "tiny.auricle.safetensors")
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.read(4) == b"RIFF"
        process.stdout.close()
        assert b"error" not in process.stderr.read()
    assert process.returncode not in (0, 2)


def test_what_came_before_damage_is_good(tiny: Autoencoder, tmp_path: Path) -> None:
    wav = write_sound(tmp_path / "a.wav", make_sound(1, 16000 * 14, 16000), 16000)
    codec.compress(wav, tmp_path / "a.aur", model=tiny)
    data = (tmp_path / "a.aur").read_bytes()
    pipe = Pipe()
    with pytest.raises(FormatError, match=r"packet 3.*cut short"):
        codec.decompress(Pipe(data[:-50]), pipe, model=tiny)
    with pytest.raises(FormatError, match=r"packet 3.*cut short"):
        codec.decompress(Pipe(data[:-50]), tmp_path / "b.wav", model=tiny)
    assert not (tmp_path / "b.wav").exists()
    codec.decompress(tmp_path / "a.aur", tmp_path / "b.wav", model=tiny)
    frames = (len(pipe.getvalue()) - 44) // 2
    assert frames >= 10 * 16000
    expected, _ = read(tmp_path / "b.wav")
    decoded = np.frombuffer(pipe.getvalue()[-2 * frames :], "<i2") / 32768
    np.testing.assert_allclose(decoded, expected[0, :frames], atol=1e-4)


def test_a_long_pipe_is_measured_by_its_first_minute(
    tiny: Autoencoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MEASURED_SECONDS", 2)
    audio = make_sound(1, 16000 * 6, 16000)
    audio[:, : 16000 * 2] *= 0.01
    wav = write_sound(tmp_path / "a.wav", audio, 16000)
    result = codec.compress(Pipe(wav.read_bytes()), tmp_path / "a.aur", model=tiny, kbps=4.5)
    assert result.kbps > 4.5 and result.quality > 0
    assert codec.compress(wav, tmp_path / "b.aur", model=tiny, kbps=4.5).kbps <= 4.5


@pytest.mark.parametrize("options", [{}, {"kbps": 5.0}])
def test_a_pipe_says_where_sound_may_be_missing(tiny: Autoencoder, tmp_path: Path, options: dict[str, float]) -> None:
    cut = write(Kind("mp3", "libmp3lame", 16_000, 1, 48_003), options={"write_xing": "0"})[:-50]
    (tmp_path / "a.mp3").write_bytes(cut)
    from_file = codec.compress(tmp_path / "a.mp3", tmp_path / "a.aur", model=tiny, **options)
    piped = codec.compress(Pipe(cut), tmp_path / "b.aur", model=tiny, **options)
    assert piped.warnings == from_file.warnings != ()


def test_a_pipe_of_no_sound(tiny: Autoencoder, tmp_path: Path) -> None:
    for data in (b"", b"not audio at all", b"RIFF"):
        with pytest.raises(AudioError) as caught:
            codec.compress(Pipe(data), tmp_path / "a.aur", model=tiny)
        assert "standard input" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_packets_come_out_while_sound_goes_in(tiny: Autoencoder, tmp_path: Path) -> None:
    """The command line, live: what has been said is there while its maker still speaks."""
    save(tiny, tmp_path / "tiny.auricle.safetensors")
    wav = write_sound(tmp_path / "a.wav", make_sound(1, 16000 * 4, 16000), 16000).read_bytes()
    command = [sys.executable, "-m", "auricle", "VERB", "-", "-", "--model", "tiny.auricle.safetensors", "--quiet"]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    compress = [*command[:3], "compress", *command[4:], "--packet-seconds", "0.2", "--quality", "0"]
    half = 44 + 2 * 16000 * 2
    with subprocess.Popen(
        compress, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=buffered, bufsize=0
    ) as process:
        assert process.stdin and process.stdout
        process.stdin.write(wav[:half])
        early = b""
        while len(early) < 150:  # the header and a packet or two
            early += process.stdout.read(100)
        # Less than any buffer would hold back, and standard input is still open.
        assert next(PacketReader(BytesIO(early), "x").packets()).frames == 20
        process.stdin.write(wav[half:])
        process.stdin.close()
        data = early + process.stdout.read()
    assert process.returncode == 0
    (tmp_path / "a.aur").write_bytes(data)
    assert codec.verify(tmp_path / "a.aur", model=tiny).samples == 16000 * 4
    decoder = subprocess.run(
        [*command[:3], "decompress", *command[4:-1], "--json"],
        cwd=tmp_path, input=data, capture_output=True, check=True, env=buffered,
    )  # fmt: skip
    assert soundfile.read(BytesIO(decoder.stdout))[0].shape == (16000 * 4,)
    assert json.loads(decoder.stderr.splitlines()[-1])["samples"] == 16000 * 4

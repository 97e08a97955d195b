"""``verify``, ``repair``, ``info`` and ``decompress`` of open files: what lies in memory, an upload, a pipe."""

import io
import os
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from codec_helpers import make_sound, write_sound

import auricle
from auricle import codec
from auricle.errors import AuricleError, FormatError, ModelError, OptionError
from auricle.model import Autoencoder, save
from auricle.model.files.tensor_file import pretrained
from auricle.options.coding import CompressOptions


@pytest.fixture(scope="module")
def aur(tmp_path_factory: pytest.TempPathFactory, tiny: Autoencoder) -> Path:
    """Twenty packets and a seek table."""
    folder = tmp_path_factory.mktemp("open")
    wav = write_sound(folder / "a.wav", make_sound(1, 5 * 16000, 16000), 16000)
    codec.compress(wav, folder / "a.aur", model=tiny, options=CompressOptions(0.0, 0.25))
    return folder / "a.aur"


def in_the_middle(data: bytes) -> io.BytesIO:
    """An open file that stands behind bytes of something else."""
    file = io.BytesIO(b"something before" + data)
    file.seek(16)
    return file


def piped(data: bytes) -> BinaryIO:
    """A pipe's end, into which a thread writes."""
    read, write = os.pipe()

    def pour() -> None:
        with os.fdopen(write, "wb") as file:
            file.write(data)

    threading.Thread(target=pour).start()
    return os.fdopen(read, "rb")


def test_open_files_give_what_their_paths_give(aur: Path, tiny: Autoencoder, tmp_path: Path) -> None:
    name = Path("the open file")
    expected = replace(codec.verify(aur, model=tiny), path=name)
    told = replace(codec.info(aur), path=name)
    assert expected.seek_table and expected.codes
    codec.repair(aur, tmp_path / "of-path.aur")
    codec.decompress(aur, tmp_path / "of-path.wav", model=tiny)
    file = in_the_middle(aur.read_bytes())
    for _ in range(2):  # it is left where it stood
        assert codec.verify(file, model=tiny) == expected
        assert codec.info(file) == told == auricle.info(file)
        codec.repair(file, tmp_path / "a.aur", force=True)
        assert (tmp_path / "a.aur").read_bytes() == (tmp_path / "of-path.aur").read_bytes()
    assert file.tell() == 16 and not file.closed
    codec.decompress(file, tmp_path / "a.wav", model=tiny)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "of-path.wav").read_bytes()
    with aur.open("rb") as opened:
        assert codec.verify(opened, model=tiny).path == aur
    with piped(aur.read_bytes()) as pipe:
        assert replace(codec.verify(pipe, model=tiny), path=name) == expected


def test_a_repaired_file_goes_into_a_pipe(aur: Path, tmp_path: Path) -> None:
    target = io.BytesIO()
    damaged = bytearray(aur.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    result = codec.repair(io.BytesIO(damaged), target)
    assert result.path is None and result.lost
    (tmp_path / "a.aur").write_bytes(target.getvalue())
    assert codec.verify(tmp_path / "a.aur").lost == result.lost


def test_errors_name_the_open_file_and_nothing_stays(
    aur: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    damaged = bytearray(aur.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "mine.aur").write_bytes(damaged)
    for job in (codec.verify, codec.info, auricle.info):
        with pytest.raises(FormatError, match=r"^the open file is damaged"):
            job(io.BytesIO(damaged))
        with (tmp_path / "mine.aur").open("rb") as file, pytest.raises(FormatError, match=r"mine\.aur is damaged"):
            job(file)
        with pytest.raises(FormatError, match=r"^the open file is empty"):
            job(io.BytesIO())
    with pytest.raises(FormatError, match=r"^the open file can't be repaired"):
        codec.repair(io.BytesIO(b"AUR2" + bytes(300)), tmp_path / "b.aur")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["mine.aur"]
    assert not list((tmp_path / "scratch").iterdir())


def test_what_is_no_binary_file(aur: Path, tmp_path: Path) -> None:
    closed = io.BytesIO()
    closed.close()
    for job in (codec.verify, codec.info, auricle.info, lambda file: codec.decompress(file, tmp_path / "a.wav")):
        with aur.open(encoding="latin-1") as file, pytest.raises(OptionError, match="open it with the mode 'rb'"):
            job(cast(BinaryIO, file))
        with pytest.raises(OptionError, match=r"from bytes: give io\.BytesIO"):
            job(cast(BinaryIO, aur.read_bytes()))
        with pytest.raises(OptionError, match="the open file is closed"):
            job(closed)


def test_an_error_of_an_open_sound_names_it(tiny: Autoencoder, tmp_path: Path) -> None:
    (tmp_path / "talk.wav").write_bytes(b"no sound at all " * 100)
    with (tmp_path / "talk.wav").open("rb") as file, pytest.raises(AuricleError, match=r"talk\.wav"):
        codec.compress(file, tmp_path / "a.aur", model=tiny)


def test_the_content_tells_what_a_file_is(aur: Path, tiny: Autoencoder, tmp_path: Path) -> None:
    save(tiny, tmp_path / "m.auricle.safetensors")
    prior = next(pretrained().glob("*.prior.safetensors"))
    kinds = {aur: auricle.AurInfo, tmp_path / "m.auricle.safetensors": auricle.ModelSummary}
    for path, kind in (kinds | {prior: auricle.PriorSummary}).items():
        for name in ("a.bin", "b", "c.prior.safetensors")[: 3 if path.suffix != ".aur" else 2]:
            shutil.copy(path, tmp_path / name)
            summary = auricle.info(tmp_path / name)
            assert isinstance(summary, kind) and summary.path == tmp_path / name
            with path.open("rb") as file:
                assert isinstance(auricle.info(file), kind)
    (tmp_path / "d.prior.safetensors").write_bytes(b"{}" * 100)
    with pytest.raises(ModelError, match="not a prior file"):
        auricle.info(tmp_path / "d.prior.safetensors")


def test_a_folder_hides_no_shipped_file_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kinds = {"speech": auricle.ModelSummary, "drums": auricle.PriorSummary, "environment": auricle.ClassifierSummary}
    for name, kind in {**kinds, "other": None}.items():
        Path(name).mkdir()
        if kind is not None:
            assert isinstance(auricle.info(name), kind)
    with pytest.raises(FormatError, match="other is a folder"):
        auricle.info("other")

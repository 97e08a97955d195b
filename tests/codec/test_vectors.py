"""Golden files: made once, never again. What they decode to is fixed for ever."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import reference
import stranger

from auricle import codec
from auricle.audio import read
from auricle.codec.coding.encoder import require_tables
from auricle.codec.coding.entropy_coder import PacketCoder, tables_digest
from auricle.codec.format.container import PacketReader, open_file
from auricle.model import load

FOLDER = Path(__file__).parents[1] / "vectors"
NAMES = (
    "between", "empty", "escapes", "gain", "gap", "low", "mono", "odd-rate", "one-sample", "packets", "rvq", "salted",
    "stereo", "surround",
)  # fmt: skip


def said(name: str) -> dict:
    return json.loads((FOLDER / f"{name}.json").read_text())


def model_path(name: str) -> Path:
    return FOLDER / f"{said(name)['model']}.auricle.safetensors"


def test_none_is_missing_and_none_is_new() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.aur")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_codes_are_what_they_were(name: str) -> None:
    expected, path = said(name), FOLDER / f"{name}.aur"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == expected["file_sha256"]
    model, digest, frames = load(model_path(name)), hashlib.sha256(), 0
    with open_file(path) as file:
        reader = PacketReader(file, path)
        coder = PacketCoder(require_tables(model).at(reader.header.quality_step))
        for packet in reader.packets():
            if packet.payload is not None:
                (codes,) = coder.decode([packet.payload], reader.header.channels, packet.frames)
                digest.update(np.ascontiguousarray(codes.swapaxes(0, 1)).astype("<i4").tobytes())
                frames += packet.frames
    assert (digest.hexdigest(), frames) == (expected["codes_sha256"], expected["frames"])
    assert codec.verify(path, model=model).codes == (expected["lost_packets"] == 0)


@pytest.mark.parametrize("name", NAMES)
def test_a_decoder_written_from_the_format_page_finds_the_same_codes(name: str) -> None:
    expected, data = said(name), (FOLDER / f"{name}.aur").read_bytes()
    file = stranger.read(data)
    arrays = stranger.read_arrays(model_path(name))
    assert stranger.tables_digest(arrays) == file.header["tables"]
    tables, channels = reference.tables_at(arrays, file.header["step"]), file.header["channels"]
    digest, checksum = hashlib.sha256(), b""
    for frames, payload in file.packets:
        for frame in reference.decode(payload, tables, channels, frames):
            row = b"".join(code.to_bytes(4, "little", signed=True) for channel in frame for code in channel)
            digest.update(row)
            checksum += row
    assert digest.hexdigest() == expected["codes_sha256"]
    assert file.lost or stranger.crc32c(checksum) == file.codes_checksum
    codes = (file.samples, channels, file.header["sample_rate"], file.lost, file.tags)
    assert codes == tuple(expected[key] for key in ("samples", "channels", "sample_rate", "lost_packets", "tags"))


@pytest.mark.parametrize("name", NAMES)
def test_the_sound_comes_back_in_its_length(name: str, tmp_path: Path) -> None:
    expected = said(name)
    result = codec.decompress(FOLDER / f"{name}.aur", tmp_path / "a.wav", model=model_path(name))
    assert (result.samples, result.channels, result.sample_rate) == tuple(
        expected[key] for key in ("samples", "channels", "sample_rate")
    )
    assert bool(result.lost) == (expected["lost_packets"] > 0)


def test_the_sound_is_what_it_was(tmp_path: Path) -> None:
    """Floating-point work may differ by rounding between machines: by no more than a step of 16 bits or two."""
    codec.decompress(FOLDER / "stereo.aur", tmp_path / "a.wav", model=model_path("stereo"))
    decoded, expected = read(tmp_path / "a.wav")[0], read(FOLDER / "stereo.flac")[0]
    assert np.abs(decoded - expected).max() <= 3 / 32768


def test_the_digest_of_tables_is_that_of_the_format_page() -> None:
    for kind in ("entropy", "rvq"):
        path = FOLDER / f"{kind}.auricle.safetensors"
        assert stranger.tables_digest(stranger.read_arrays(path)) == tables_digest(require_tables(load(path)))

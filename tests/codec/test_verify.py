"""What `auricle verify` finds, and what it says that it can't see."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from codec_helpers import make_sound, write_sound

from auricle import codec
from auricle.codec.format.container import Packet, PacketReader, PacketWriter, header_bytes
from auricle.codec.format.header import Header
from auricle.codec.format.seek_table import PacketOffsets
from auricle.errors import FormatError, ModelError
from auricle.model import Autoencoder, fingerprint, save
from auricle.options.coding import CompressOptions


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tiny: Autoencoder) -> Path:
    """Two sounds, each in a file with a seek table and in one that is too short for it, of both format versions."""
    folder = tmp_path_factory.mktemp("verify")
    for seed, name in enumerate(("own", "other")):
        wav = write_sound(folder / f"{name}.wav", make_sound(1, 5 * 16000, 16000, seed=seed), 16000)
        for kind, seconds in (("long", 0.25), ("short", 1.0)):
            path = folder / f"{name}-{kind}.aur"
            codec.compress(wav, path, model=tiny, options=CompressOptions(0.0, seconds))
            shutil.copy(path, folder / f"{name}-{kind}-sealed.aur")
            as_version_1(path)
    return folder


def as_version_1(path: Path) -> None:
    """Write a file as it was before packets were sealed with their file's salt."""
    header, packets = read(path)
    with path.open("wb") as file:
        writer = PacketWriter(file, replace(header, salt=b""), seekable=True)
        for packet in packets:
            writer.write(replace(packet, salt=b""))


def read(path: Path) -> tuple[Header, list[Packet]]:
    with path.open("rb") as file:
        reader = PacketReader(file, path)
        return reader.header, list(reader.packets())


def mixed(folder: Path, kind: str, *, same_size: bool) -> bytes:
    """The file of one sound with a packet of the other in it; the seek table is left as it was."""
    _, own = read(folder / f"own-{kind}.aur")
    _, other = read(folder / f"other-{kind}.aur")
    sizes = [len(first.payload or b"") == len(second.payload or b"") for first, second in zip(own, other, strict=True)]
    place = sizes[:-1].index(same_size)
    assert own[place].payload != other[place].payload
    data = (folder / f"own-{kind}.aur").read_bytes()
    return data.replace(own[place].to_bytes(), other[place].to_bytes())


@pytest.mark.parametrize("kind", ["long", "short"])
@pytest.mark.parametrize("same_size", [True, False])
def test_a_foreign_packet_is_found_without_the_model(folder: Path, tmp_path: Path, kind: str, same_size: bool) -> None:
    assert codec.verify(folder / f"own-{kind}-sealed.aur").unseen == ""
    if kind == "short" and same_size:
        pytest.skip("no two packets of one size")
    (tmp_path / "a.aur").write_bytes(mixed(folder, f"{kind}-sealed", same_size=same_size))
    with pytest.raises(FormatError, match="its checksum is wrong"):
        codec.verify(tmp_path / "a.aur")


def test_a_foreign_packet_of_another_size_is_shown_by_the_seek_table(folder: Path, tmp_path: Path) -> None:
    assert codec.verify(folder / "own-long.aur").seek_table
    (tmp_path / "a.aur").write_bytes(mixed(folder, "long", same_size=False))
    with pytest.raises(FormatError, match=r"a\.aur: its seek table lists other packets: some are another file's"):
        codec.verify(tmp_path / "a.aur")
    assert codec.info(tmp_path / "a.aur").packets == 21
    codec.repair(tmp_path / "a.aur", tmp_path / "b.aur")
    assert codec.verify(tmp_path / "b.aur").seek_table


def test_a_foreign_header_is_shown_by_the_seek_table(folder: Path, tmp_path: Path) -> None:
    header, _ = read(folder / "own-long.aur")
    data = (folder / "own-long.aur").read_bytes()
    for change in ({"gain_step": 12}, {"model": "tony"}, {"quality_step": header.quality_step + 8}):
        (tmp_path / "a.aur").write_bytes(data.replace(header_bytes(header), header_bytes(replace(header, **change))))
        with pytest.raises(FormatError, match="seek table repeats another header"):
            codec.verify(tmp_path / "a.aur")


@pytest.mark.parametrize("kind", ["long", "short"])
def test_what_the_format_does_not_show_is_said_and_the_model_finds_it(
    tiny: Autoencoder, folder: Path, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "a.aur").write_bytes(mixed(folder, kind, same_size=kind == "long"))
    unseen = codec.verify(tmp_path / "a.aur").unseen
    same = "number and size" if kind == "long" else "number"
    assert unseen == f"a packet of another file with the same {same}: --model finds it by the hash of the codes"
    words = f"read with model 'tiny' .fingerprint {fingerprint(tiny)[:16]}.*, are not those that were written"
    with pytest.raises(FormatError, match=words):
        codec.verify(tmp_path / "a.aur", model=tiny)


def test_the_model_that_was_looked_at_is_named(tiny: Autoencoder, strided: Autoencoder, folder: Path) -> None:
    path = folder / "tiny.auricle.safetensors"
    save(tiny, path, force=True)
    result = codec.verify(folder / "own-short.aur", model=path)
    assert result.codes and result.unseen == ""
    assert result.model == f"model 'tiny' (fingerprint {fingerprint(tiny)[:16]}, file {path})"
    assert codec.verify(folder / "own-short.aur").model == ""
    save(strided, path, force=True)
    words = f"not with model 'tiny-strided' .fingerprint {fingerprint(strided)[:16]}, file {path}"
    with pytest.raises(ModelError, match=words):
        codec.verify(folder / "own-short.aur", model=path)


def test_where_packets_are_lost_no_model_can_tell(tiny: Autoencoder, folder: Path, tmp_path: Path) -> None:
    data = bytearray((folder / "own-long.aur").read_bytes())
    _, packets = read(folder / "own-long.aur")
    at = data.index(packets[4].to_bytes())
    data[at + 3 : at + 6] = b"\xff\0\xff"
    (tmp_path / "a.aur").write_bytes(data)
    codec.repair(tmp_path / "a.aur", tmp_path / "b.aur")
    for model in (None, tiny):
        result = codec.verify(tmp_path / "b.aur", model=model)
        assert result.seek_table and not result.codes and "no hash of the codes" in result.unseen


def test_offsets_of_more_packets_than_a_table_takes_cost_nothing() -> None:
    offsets = PacketOffsets()
    offsets.add(50, 1)
    offsets.add(0, 1 << 38)
    header = Header(b"fingerpr", b"tabl", "tiny", 16000, 16000, 1, 160, 320, 5, 8, 0, None, ())
    assert offsets.table(header) is None

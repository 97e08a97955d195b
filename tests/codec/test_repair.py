from dataclasses import replace
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from codec_helpers import make_sound, write_sound
from hypothesis import given, settings
from hypothesis import strategies as st

from auricle import codec
from auricle.codec.format.container import Packet, PacketReader, PacketWriter, StreamEnd, header_bytes
from auricle.codec.format.header import Header
from auricle.codec.format.record import with_crc
from auricle.codec.format.seek_table import find_table
from auricle.codec.salvage import mend
from auricle.errors import FormatError
from auricle.model import Autoencoder

HEADER = Header(b"fingerpr", b"tabl", "tiny", 16000, 16000, 1, 160, 320, 5, 8, 0, None, ())
PACKETS = 20
SAMPLES = (PACKETS * 5 - 2) * 160 - 320
END = StreamEnd(SAMPLES, 0x12345678)


def build(header: Header = HEADER, packets: int = PACKETS) -> bytes:
    file, samples = BytesIO(), (packets * 5 - 2) * 160 - 320
    writer = PacketWriter(file, replace(header, samples=samples if header.samples else None), {"title": "a"})
    rng = np.random.default_rng(0)
    for number in range(packets - 1):
        writer.write(Packet(number, 5, rng.bytes(8)))
    writer.write(Packet(packets - 1, 3, b"the last", StreamEnd(samples, END.codes_checksum)))
    return file.getvalue()


KNOWN = build(replace(HEADER, samples=SAMPLES))
SHORT = build(replace(HEADER, samples=SAMPLES), 5)
PIPED = build()


def read(data: bytes) -> list[Packet]:
    return list(PacketReader(BytesIO(data), "x.aur").packets())


def repaired(data: bytes, folder: Path) -> tuple[codec.RepairResult, list[Packet]]:
    (folder / "a.aur").write_bytes(data)
    result = codec.repair(folder / "a.aur", folder / "b.aur", force=True)
    return result, read((folder / "b.aur").read_bytes())


def real(packets: list[Packet]) -> dict[int, bytes]:
    return {packet.sequence: packet.payload for packet in packets if packet.payload is not None}


def test_a_whole_file_comes_out_whole(tmp_path: Path) -> None:
    for data in (KNOWN, SHORT):
        result, _ = repaired(data, tmp_path)
        assert (tmp_path / "b.aur").read_bytes() == data
        assert (result.header, result.mended, result.lost, result.cut) == ("whole", 0, (), False)


@pytest.mark.parametrize("data", [SHORT, KNOWN])
def test_every_single_wrong_bit_is_mended(data: bytes, tmp_path: Path) -> None:
    undamaged, _ = repaired(data, tmp_path)
    for place in range(0, 8 * len(data), 1 if data is SHORT else 7):
        damaged = bytearray(data)
        damaged[place // 8] ^= 1 << place % 8
        with pytest.raises(FormatError):
            read(bytes(damaged))
        result, packets = repaired(bytes(damaged), tmp_path)
        assert packets == read(data), place
        assert result.lost == () and result.samples == undamaged.samples


def test_a_file_cut_anywhere_keeps_its_length_and_its_good_packets(tmp_path: Path) -> None:
    for data, has_length in ((SHORT, True), (PIPED, False)):
        expected = real(read(data))
        samples = read(data)[-1].end.samples
        for cut in range(len(data)):
            try:
                result, packets = repaired(data[:cut], tmp_path)
            except FormatError:
                assert cut < data.index(expected[0]) + len(expected[0]) + 4
                continue
            saved = real(packets)
            assert saved == {number: expected[number] for number in range(len(saved))}
            assert result.packets == len(saved)
            assert packets[-1].end.samples == result.samples
            if len(saved) == len(expected):
                assert result.lost == () and result.samples == samples
            elif has_length:
                assert result.samples == samples and result.lost[-1].stop == samples and not result.cut
            else:
                good = len(saved) * 800 - 320
                assert result.cut and good < result.samples <= good + 160
                assert result.lost == ((good, result.samples),)


@given(st.lists(st.tuples(st.integers(0, len(KNOWN) - 1), st.integers(1, 255)), min_size=1, max_size=12))
@settings(max_examples=100, deadline=None)
def test_what_survives_damage_is_in_its_place(changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(KNOWN)
    for place, value in changes:
        damaged[place] ^= value
    with TemporaryDirectory() as folder:
        try:
            result, packets = repaired(bytes(damaged), Path(folder))
        except FormatError as error:
            assert "header" in str(error) or "begin" in str(error)
            return
    expected, saved = real(read(KNOWN)), real(packets)
    assert saved.items() <= expected.items()
    assert len(saved) >= PACKETS - len(changes) - 1
    assert packets[-1].end.samples == SAMPLES == result.samples
    assert bool(result.lost) == (len(saved) < PACKETS)


def test_a_lost_header_is_copied_from_the_seek_table(tmp_path: Path) -> None:
    result, packets = repaired(KNOWN[:4] + bytes(40) + KNOWN[44:], tmp_path)
    assert result.header == "copied"
    assert packets == read(KNOWN)
    with pytest.raises(FormatError, match="no copy"):
        repaired(SHORT[:4] + bytes(40) + SHORT[44:], tmp_path)


def test_the_seek_table_is_made_anew(tmp_path: Path) -> None:
    table = find_table(BytesIO(KNOWN))
    assert table is not None and len(table.offsets) == PACKETS
    without = KNOWN[: KNOWN.index(b"the last") + 12]
    assert find_table(BytesIO(without)) is None
    repaired(without, tmp_path)
    assert (tmp_path / "b.aur").read_bytes() == KNOWN


def test_lost_packets_are_marked_and_named_in_samples(tmp_path: Path) -> None:
    damaged = bytearray(KNOWN)
    for number in (3, 4, 9):
        at = KNOWN.index(real(read(KNOWN))[number])
        damaged[at] ^= 0x55
    result, packets = repaired(bytes(damaged), tmp_path)
    assert result.lost == ((3 * 800 - 320, 5 * 800 - 320), (9 * 800 - 320, 10 * 800 - 320))
    assert [(p.sequence, p.count) for p in packets if p.payload is None] == [(3, 2), (9, 1)]
    second_result, _ = repaired((tmp_path / "b.aur").read_bytes(), tmp_path)
    assert second_result.lost == result.lost


@given(st.binary(max_size=400), st.integers(0, 1 << 14))
@settings(max_examples=60, deadline=None)
def test_one_wrong_bit_is_found_by_arithmetic(body: bytes, place: int) -> None:
    data = bytearray(with_crc(body))
    undamaged = bytes(data)
    place %= 8 * len(data)
    data[place // 8] ^= 1 << place % 8
    assert mend(bytes(data)) == undamaged


@pytest.mark.parametrize("data", [b"", b"RIFF" + bytes(500), bytes(600), b"AUR1"])
def test_what_is_no_aur_file_is_refused_and_nothing_is_left(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.aur").write_bytes(data)
    with pytest.raises(FormatError) as caught:
        codec.repair(tmp_path / "a.aur", tmp_path / "b.aur")
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.aur"]


def test_a_file_full_of_what_looks_like_records_takes_no_age(tmp_path: Path) -> None:
    """Every fourth byte begins a record of nearly a megabyte that might be the next packet: terabytes to sum."""
    junk = b"\x80\x80\xc0\x01\x04" * 60_000
    result, packets = repaired(SHORT[: SHORT.index(b"the last") - 7] + junk, tmp_path)
    assert result.packets == 4 and packets[-1].payload is None


@pytest.mark.parametrize("hole", [0, 1 << 17])
def test_a_long_file_loses_only_what_is_damaged(tmp_path: Path, hole: int) -> None:
    rng = np.random.default_rng(0)
    count = 3000
    samples = (count * 5 - 2) * 160 - 320
    file = BytesIO()
    writer = PacketWriter(file, replace(HEADER, samples=samples))
    for number in range(count - 1):
        writer.write(Packet(number, 5, rng.bytes(1500)))
    writer.write(Packet(count - 1, 3, b"the last", StreamEnd(samples, 0)))
    data = bytearray(file.getvalue())
    hurt = set()
    for place in rng.integers(100, len(data) - 20_000, 60).tolist():
        data[place] ^= 0x55
        data[place + 1] ^= 0x55
        hurt |= {(place - 53) // 1508, (place - 52) // 1508, (place - 60) // 1508}
    data[1_000_000 : 1_000_000 + hole] = rng.bytes(hole)
    result, packets = repaired(bytes(data), tmp_path)
    assert result.packets >= count - 62 - hole // 1500 - 2
    assert packets[-1].end.samples == samples


@given(
    hop=st.integers(1, 700),
    delay=st.integers(0, 3000),
    size=st.integers(1, 9),
    rates=st.sampled_from([(16000, 16000), (16000, 44100), (44100, 8000), (16000, 192000)]),
    packet_count=st.integers(1, 4),
    has_length=st.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_what_is_left_of_any_shape_of_file_is_a_file(
    hop: int, delay: int, size: int, rates: tuple[int, int], packet_count: int, has_length: bool
) -> None:
    header = replace(
        HEADER, hop_length=hop, delay=delay, packet_frames=size, native_rate=rates[0], sample_rate=rates[1],
        samples=40_000 if has_length else None,
    )  # fmt: skip
    if has_length and header.frames(40_000) <= (packet_count + 1) * size:
        return
    with TemporaryDirectory() as folder:
        data = header_bytes(header) + b"".join(
            Packet(number, size, b"abc").to_bytes() for number in range(packet_count)
        )
        result, packets = repaired(data, Path(folder))
        assert result.packets == packet_count == len(real(packets))
        assert result.samples == (40_000 if has_length else packets[-1].end.samples)
        assert result.cut is not has_length
        assert codec.verify(Path(folder) / "b.aur").lost


def test_a_repaired_file_plays_and_fades_where_it_is_lost(tiny: Autoencoder, tmp_path: Path) -> None:
    audio = make_sound(2, 16000 * 21, 16000)
    write_sound(tmp_path / "in.wav", audio, 16000)
    codec.compress(tmp_path / "in.wav", tmp_path / "whole.aur", model=tiny)
    damaged = bytearray((tmp_path / "whole.aur").read_bytes())
    at = damaged.index(read(bytes(damaged))[2].payload)
    damaged[at : at + 9] = bytes(9)
    result, _ = repaired(bytes(damaged), tmp_path)
    (span,) = result.lost
    assert span.stop - span.first == 4 * 16000
    decoded = codec.decompress(tmp_path / "b.aur", tmp_path / "b.wav", model=tiny)
    codec.decompress(tmp_path / "whole.aur", tmp_path / "whole.wav", model=tiny)
    assert decoded.samples == 16000 * 21 and decoded.lost == result.lost
    expected, _ = codec_read(tmp_path / "whole.wav")
    faded, _ = codec_read(tmp_path / "b.wav")
    np.testing.assert_allclose(faded[:, : span.first], expected[:, : span.first], atol=1e-4)
    assert np.abs(faded[:, span.first + 4000 : span.stop]).max() < 1e-4
    late = span.stop + 16000
    assert np.abs(faded[:, late:] - expected[:, late:]).max() < 0.05 * np.abs(expected).max()
    assert np.abs(np.diff(faded)).max() <= 1.05 * np.abs(np.diff(expected)).max()


def codec_read(path: Path) -> tuple[np.ndarray, int]:
    from auricle.audio import read as read_audio

    return read_audio(path)

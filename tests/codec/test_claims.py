"""Files that claim more than they hold."""

import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from codec_helpers import make_model, make_sound, write_sound

from auricle import codec
from auricle.codec.claims import check_claims
from auricle.codec.coding.channel_fit import ChannelFit
from auricle.codec.coding.encoder import SourceInfo, make_header, require_tables
from auricle.codec.coding.entropy_coder import PacketCoder
from auricle.codec.format.container import Packet, PacketReader, PacketWriter, StreamEnd, header_bytes
from auricle.codec.format.fields import varint
from auricle.codec.format.header import MAX_SAMPLES, Header, SourceSamples
from auricle.codec.format.record import MAX_RECORD_BYTES, Record, RecordKind, crc, with_crc
from auricle.errors import FormatError, OptionError
from auricle.model import Autoencoder
from auricle.options.coding import CompressOptions, DecompressOptions, ReadLimits


@pytest.fixture(scope="module")
def header(tiny: Autoencoder) -> Header:
    return make_header(
        tiny,
        sample_rate=16000,
        channels=1,
        fit=ChannelFit((), 0),
        step=8,
        options=CompressOptions(),
        source=SourceInfo(b"salt"),
    )


def write(path: Path, header: Header, packets: list[Packet]) -> Path:
    with path.open("wb") as file:
        writer = PacketWriter(file, header)
        for packet in packets:
            writer.write(packet)
    return path


def silence(header: Header, hours: float, payload: bytes = b"") -> list[Packet]:
    """So many hours; where no payload is given, one that no decoder takes."""
    samples = round(hours * 3600 * header.sample_rate)
    frames, size = header.frames(samples), header.packet_frames
    count = -(-frames // size)
    packets = [Packet(number, size, payload) for number in range(count - 1)]
    return [*packets, Packet(count - 1, frames - (count - 1) * size, payload, StreamEnd(samples, 0))]


def refused(model: Autoencoder, path: Path, words: str, **options: object) -> None:
    with pytest.raises(FormatError, match=words) as caught:
        codec.decompress(path, path.with_suffix(".wav"), model=model, **options)
    assert "\n" not in str(caught.value)
    assert not path.with_suffix(".wav").exists()


def test_a_day_of_silence_is_refused_and_can_be_allowed(tiny: Autoencoder, header: Header, tmp_path: Path) -> None:
    nothing = PacketCoder(require_tables(tiny).at(8)).encode(np.zeros((1, header.packet_frames, 12), np.int32))
    packets = silence(header, 24.0, nothing)
    path = write(tmp_path / "a.aur", header, packets)
    refused(tiny, path, "24.0 hours of sound, allowed are 12.*--max-hours")
    assert codec.info(path).seconds == 86400
    result = codec.decompress(
        path,
        tmp_path / "a.wav",
        model=tiny,
        start=86_000.0,
        stop=86_000.5,
        options=DecompressOptions(limits=ReadLimits(max_hours=25)),
    )
    assert result.samples == 8000


def test_few_bytes_that_claim_ten_hours(tiny: Autoencoder, header: Header, tmp_path: Path) -> None:
    long = replace(header, packet_frames=4096)
    path = write(tmp_path / "a.aur", long, silence(long, 10.0))
    assert path.stat().st_size < 10_000
    refused(tiny, path, "s of sound in .* bytes, allowed is 1 s a byte.*--max-ratio")
    refused(tiny, path, "--max-ratio", start=10.0)
    end = replace(silence(header, 10.0)[-1], payload=None)
    gap = tmp_path / "gap.aur"
    packets = (Packet(0, 400, b""), Packet(1, 400 * 8999, None, count=8999), end)
    gap.write_bytes(header_bytes(header) + b"".join(packet.to_record().to_bytes(header.salt) for packet in packets))
    assert gap.stat().st_size < 100
    refused(tiny, gap, "--max-ratio")
    refused(tiny, gap, "--max-ratio", start=30000.0)


def test_few_bytes_that_decode_to_many(tiny: Autoencoder, tmp_path: Path) -> None:
    """Within the hours and the seconds a byte may stand for, but 8 channels at 192 kHz: refused by every verb alike."""
    wide = make_header(
        tiny,
        sample_rate=192_000,
        channels=8,
        fit=ChannelFit((0,) * 28, 0),
        step=8,
        options=CompressOptions(),
        source=SourceInfo(b"salt"),
    )
    (last,) = silence(replace(wide, packet_frames=1 << 30), 11.9)
    count, frames = divmod(last.frames - 1, wide.packet_frames)
    end = replace(last, sequence=count, frames=frames + 1, payload=None)
    gap = Packet(0, count * wide.packet_frames, None, count=count)
    path, padding = tmp_path / "a.aur", Record(RecordKind.OPTIONAL, varint(99) + bytes(43_000)).to_bytes()
    path.write_bytes(header_bytes(wide) + padding + b"".join(p.to_record().to_bytes(wide.salt) for p in (gap, end)))
    words = "bytes decode to 131.6 GB, allowed are 32: .*--max-gigabytes"
    refused(tiny, path, words)
    refused(tiny, path, words, start=0.0, stop=1.0)
    for act in (codec.verify, lambda path: codec.repair(path, tmp_path / "b.aur")):
        with pytest.raises(FormatError, match=words):
            act(path)
    with pytest.raises(FormatError, match=words):
        codec.decompress(BytesIO(path.read_bytes()), BytesIO(), model=tiny)
    assert codec.info(path).samples == round(11.9 * 3600 * 192_000)
    more = ReadLimits(max_gigabytes=132.0)
    assert codec.verify(path, limits=more).lost
    assert codec.repair(path, tmp_path / "b.aur", limits=more).samples == codec.info(path).samples


def test_a_length_is_judged_alike_by_every_verb(tiny: Autoencoder, header: Header, tmp_path: Path) -> None:
    """Three packets and a last one, and a header that promises an hour, or years, or less than there is."""
    wav = write_sound(tmp_path / "in.wav", make_sound(1, 14 * 16000, 16000), 16000)
    codec.compress(wav, tmp_path / "good.aur", model=tiny)
    with (tmp_path / "good.aur").open("rb") as file:
        reader = PacketReader(file, "good.aur")
        packets = list(reader.packets())
    assert len(packets) == 4
    for samples in (3600 * 16000, MAX_SAMPLES, 5 * 16000):
        path = write(tmp_path / "a.aur", replace(reader.header, samples=samples), packets)
        words = f"a.aur: {samples} samples do not fit its 4 packets: get the file again"
        refused(tiny, path, words)
        refused(tiny, path, words, start=1.0, stop=2.0)
        for act in (codec.info, codec.verify, lambda path: codec.repair(path, tmp_path / "b.aur")):
            with pytest.raises(FormatError, match=words):
                act(path)
    cut = header_bytes(replace(reader.header, samples=MAX_SAMPLES)) + b"".join(p.to_bytes() for p in packets[:3])
    path.write_bytes(cut)
    refused(tiny, path, "--max-hours", start=1.0, stop=2.0)
    with pytest.raises(FormatError, match="--max-hours"):
        codec.repair(path, tmp_path / "b.aur")


def test_of_a_file_that_is_cut_what_is_there_can_be_played(tiny: Autoencoder, tmp_path: Path) -> None:
    wav = write_sound(tmp_path / "in.wav", make_sound(1, 14 * 16000, 16000), 16000)
    codec.compress(wav, tmp_path / "a.aur", model=tiny)
    path = tmp_path / "a.aur"
    data = path.read_bytes()
    with path.open("rb") as file:
        payload = list(PacketReader(file, "a.aur").packets())[3].payload
    assert payload is not None
    path.write_bytes(data[: data.index(payload) - 12])
    assert codec.decompress(path, tmp_path / "p.wav", model=tiny, start=1.0, stop=3.0).samples == 32000
    refused(tiny, path, "cut short", start=9.0)
    path.write_bytes(data[: data.index(payload) + 3])
    assert codec.decompress(path, tmp_path / "q.wav", model=tiny, start=1.0, stop=3.0).samples == 32000
    refused(tiny, path, "cut short", start=9.0)


def test_gaps_and_lengths_beyond_all_measure(tiny: Autoencoder, header: Header, tmp_path: Path) -> None:
    for count in (1 << 38, MAX_SAMPLES):
        path = tmp_path / "a.aur"
        path.write_bytes(write(tmp_path / "b.aur", header, [Packet(0, 1, None, count=count)]).read_bytes())
        with pytest.raises(FormatError):
            codec.info(path)
        refused(tiny, path, ".")
        refused(tiny, path, ".", start=1.0)
        with pytest.raises(FormatError):
            codec.repair(path, tmp_path / "c.aur")


def test_a_header_that_promises_years(tiny: Autoencoder, header: Header, tmp_path: Path) -> None:
    path = write(tmp_path / "a.aur", replace(header, samples=MAX_SAMPLES), silence(header, 0.001))
    refused(tiny, path, "samples do not fit its 1 packets")


@pytest.mark.parametrize("size", [MAX_RECORD_BYTES + 1, 1 << 32, 1 << 60])
def test_a_packet_of_gigabytes_is_refused_by_its_key(header: Header, tmp_path: Path, size: int) -> None:
    path = write(tmp_path / "a.aur", header, [Packet(0, 1, b"x")])
    path.write_bytes(path.read_bytes() + varint(size << 2))
    with pytest.raises(FormatError, match="above"):
        codec.info(path)


def test_hostile_tags_are_cleaned(header: Header, tiny: Autoencoder, tmp_path: Path) -> None:
    def words(*pairs: tuple[bytes, bytes]) -> bytes:
        texts = b"".join(varint(len(word)) + word for pair in pairs for word in pair)
        return Record(RecordKind.OPTIONAL, varint(1) + varint(len(pairs)) + texts).to_bytes()

    data = write(tmp_path / "a.aur", header, silence(header, 0.0001)).read_bytes()
    at = 5 + data[4] + 4
    numbered = [(b"k%d" % i, b"v" * 5000) for i in range(90)]
    hostile = words((b"title", b"\x1b[2Jgone\x00"), (b"\xff\xfe", b"x"), (b"a" * 999, b"x"), *numbered)
    (tmp_path / "b.aur").write_bytes(data[:at] + hostile + data[at:])
    tags = codec.info(tmp_path / "b.aur").tags
    assert len(tags) <= 64 and all(len(value.encode()) <= 4096 for value in tags.values())
    assert all(c.isprintable() or c == "\n" for text in (*tags, *tags.values()) for c in text)
    lying = with_crc(varint(6 << 2 | 2) + varint(1) + b"\xff\xff\x03ab")
    (tmp_path / "c.aur").write_bytes(data[:at] + lying + data[at:])
    assert codec.info(tmp_path / "c.aur").tags == {}
    unknown = Record(RecordKind.OPTIONAL, varint(1 << 50) + b"later").to_bytes()
    (tmp_path / "d.aur").write_bytes(data[:at] + unknown + data[at:])
    assert codec.info(tmp_path / "d.aur").packets == 1


@pytest.mark.parametrize(
    "limits", [{"max_hours": float("nan")}, {"max_hours": 0.0}, {"max_ratio": -1.0}, {"max_gigabytes": 0.0}]
)
def test_limits_that_are_none_are_refused(limits: dict[str, float]) -> None:
    with pytest.raises(OptionError, match="give a number above 0"):
        ReadLimits(**limits)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted in other units here")
def test_little_memory_is_taken_for_a_lie(tmp_path: Path, tiny: Autoencoder, header: Header) -> None:
    """What can be claimed in a few bytes is refused within 64 MB and a second of work, in a process of its own."""
    long = replace(header, packet_frames=4096, channels=8, angles=(0,) * 28)
    write(tmp_path / "a.aur", long, [Packet(0, 4096, b""), Packet(1, 4096 << 30, None, count=1 << 30)])
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from auricle import codec; from auricle.errors import FormatError\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for act in (codec.info, codec.verify, lambda p: codec.repair(p, p.with_suffix('.new'))):\n"
        "    try: act(Path(sys.argv[1]))\n"
        "    except FormatError: pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    process = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.aur")], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    assert int(process.stdout) < 64_000


def test_a_crc_of_another_kind_is_refused(header: Header, tmp_path: Path) -> None:
    import zlib

    data = bytearray(write(tmp_path / "a.aur", header, silence(header, 0.0001)).read_bytes())
    end = 5 + data[4]
    assert data[end : end + 4] == crc(bytes(data[:end]))
    data[end : end + 4] = zlib.crc32(bytes(data[:end])).to_bytes(4, "little")
    (tmp_path / "a.aur").write_bytes(data)
    with pytest.raises(FormatError, match="its checksum is wrong"):
        codec.info(tmp_path / "a.aur")


def test_another_decoder_is_taken_on_demand_only(tiny: Autoencoder, tmp_path: Path) -> None:
    """A model with the same tables and other weights reads the codes; one with other tables never does."""
    from auricle.errors import ModelError

    wav = write_sound(tmp_path / "in.wav", make_sound(1, 9000, 16000), 16000)
    codec.compress(wav, tmp_path / "a.aur", model=tiny)
    polished = make_model(strided=False, name="polished", seed=4)
    polished.tables = tiny.tables
    with pytest.raises(ModelError, match="--any-decoder"):
        codec.decompress(tmp_path / "a.aur", tmp_path / "a.wav", model=polished)
    assert (
        codec.decompress(
            tmp_path / "a.aur", tmp_path / "a.wav", model=polished, options=DecompressOptions(any_decoder=True)
        ).samples
        == 9000
    )
    stranger = make_model(strided=False, name="other", seed=5)
    with pytest.raises(ModelError, match="give the model that made it"):
        codec.decompress(
            tmp_path / "a.aur", tmp_path / "b.wav", model=stranger, options=DecompressOptions(any_decoder=True)
        )


def test_the_writer_counts_what_it_writes(header: Header) -> None:
    file = BytesIO()
    writer = PacketWriter(file, header, {"title": "x"})
    for packet in silence(header, 0.05):
        writer.write(packet)
    assert writer.size == len(file.getvalue())


def test_bytes_of_output_count_the_bits_of_the_source(header: Header) -> None:
    limits = ReadLimits(max_gigabytes=1e-4)
    frames = round(2.0 * 16000 / header.hop_length)  # 64 kB in 16 bits, 96 in 24, 128 in floating point
    for samples in (SourceSamples.UNKNOWN, SourceSamples.PCM_16, SourceSamples.PCM_24):
        check_claims(replace(header, source_samples=samples), frames, 1000, limits)
    with pytest.raises(FormatError, match="--max-gigabytes"):
        check_claims(replace(header, source_samples=SourceSamples.FLOAT), frames, 1000, limits)

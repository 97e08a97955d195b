from dataclasses import replace
from io import BytesIO

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from auricle.codec.format.channel_rotation import angle_count
from auricle.codec.format.container import Packet, PacketReader, PacketWriter, StreamEnd, header_bytes
from auricle.codec.format.fields import RATES, Fields, rate_bytes, read_varint, varint
from auricle.codec.format.header import MAX_PACKET_FRAMES, MAX_RUN_FRAMES, MAX_SAMPLES, Header, SourceSamples
from auricle.codec.format.record import MAX_RECORD_BYTES, with_crc
from auricle.errors import FormatError

HEADER = Header(
    fingerprint=bytes(range(8)),
    tables=b"abcd",
    model="speech",
    native_rate=16000,
    sample_rate=44100,
    channels=2,
    hop_length=320,
    delay=960,
    packet_frames=4,
    quality_step=24,
    gain_step=-3,
    samples=None,
    angles=(8192,),
)
SAMPLES = 44100 // 4
TAGS = {"title": "Träum", "artist": "nobody\nat all"}
PAYLOADS = [b"first", b"second packet", b"", b"the last"]


def build(
    header: Header = HEADER, payloads: list[bytes] = PAYLOADS, samples: int = SAMPLES, tags: dict[str, str] = TAGS
) -> bytes:
    file = BytesIO()
    writer = PacketWriter(file, header, tags)
    for number, payload in enumerate(payloads[:-1]):
        writer.write(Packet(number, header.packet_frames, payload))
    writer.write(Packet(len(payloads) - 1, 0, payloads[-1], StreamEnd(samples, 0xDEADBEEF)))
    assert writer.size == len(file.getvalue())
    return file.getvalue()


def read(data: bytes) -> tuple[Header, list[Packet]]:
    reader = PacketReader(BytesIO(data), "x.aur")
    return reader.header, list(reader.packets())


def record(kind: int, body: bytes) -> bytes:
    return with_crc(varint(len(body) << 2 | kind) + body)


FILE = build()
FRONT = header_bytes(HEADER)


def test_what_is_written_is_read() -> None:
    assert FILE.startswith(FRONT)
    header, packets = read(FILE)
    assert header == HEADER
    assert [packet.payload for packet in packets] == PAYLOADS
    assert [packet.sequence for packet in packets] == [0, 1, 2, 3]
    assert [packet.frames for packet in packets] == [4, 4, 4, HEADER.frames(SAMPLES) - 12]
    assert [packet.end for packet in packets] == [None, None, None, StreamEnd(SAMPLES, 0xDEADBEEF)]


def test_a_file_of_no_samples() -> None:
    _, packets = read(build(payloads=[b""], samples=0))
    assert packets == [Packet(0, 0, b"", StreamEnd(0, 0xDEADBEEF))]


def test_tags_are_known_with_the_first_packet() -> None:
    reader = PacketReader(BytesIO(FILE), "x.aur")
    next(reader.packets())
    assert reader.tags == TAGS


def test_packets_are_handed_on_as_bytes() -> None:
    for packet in (*read(FILE)[1], Packet(7, 12, None, count=3)):
        assert Packet.from_bytes(packet.to_bytes(), HEADER) == packet
    two = Packet(0, 4, b"a").to_bytes() + Packet(1, 4, b"b").to_bytes()
    for wrong in (b"", two, two[:-1]):
        with pytest.raises(FormatError):
            Packet.from_bytes(wrong, HEADER)


def test_lost_packets_keep_their_places() -> None:
    gap = Packet(1, 8, None, count=2).to_bytes()
    first, last = (
        record(0, varint(0) + PAYLOADS[0]),
        record(1, varint(6) + varint(SAMPLES + 1) + bytes(4) + PAYLOADS[3]),
    )
    lost = FRONT + first + gap + last
    assert [(p.sequence, p.frames, p.payload) for p in read(lost)[1]] == [
        (0, 4, b"first"), (1, 8, None), (3, HEADER.frames(SAMPLES) - 12, b"the last"),
    ]  # fmt: skip
    ending = Packet(3, 0, None, StreamEnd(SAMPLES, 0)).to_bytes()
    assert read(FRONT + first + gap + ending)[1][-1].payload is None
    for wrong in (record(3, varint(3) + varint(1) + varint(0)), record(3, varint(3) + varint(1) + varint(2) + b"x")):
        with pytest.raises(FormatError, match="malformed"):
            read(FRONT + first + wrong + last)


def test_the_length_is_put_into_the_header_of_a_file_that_can_be_moved_in() -> None:
    file = BytesIO()
    writer = PacketWriter(file, HEADER, seekable=True)
    writer.write(Packet(0, 0, b"", StreamEnd(3, 0)))
    assert read(file.getvalue())[0] == replace(HEADER, samples=3)
    assert file.tell() == writer.size == len(file.getvalue())


def test_ten_seconds_of_speech_take_few_bytes_beside_the_sound() -> None:
    header = replace(HEADER, sample_rate=16000, channels=1, packet_frames=200, samples=160_000, angles=())
    payloads = [bytes(1500), bytes(1500), bytes(760)]
    assert len(build(header, payloads, 160_000, {})) - sum(map(len, payloads)) <= 70


@given(
    st.builds(
        Header,
        fingerprint=st.binary(min_size=8, max_size=8),
        tables=st.binary(min_size=4, max_size=4),
        model=st.text("azAZ09-_. é声", max_size=20),
        native_rate=st.one_of(st.sampled_from(RATES), st.integers(4000, 192000)),
        sample_rate=st.one_of(st.sampled_from(RATES), st.integers(8000, 192000)),
        channels=st.integers(1, 8),
        hop_length=st.integers(1, 1 << 16),
        delay=st.integers(0, 1 << 20),
        packet_frames=st.integers(1, 1 << 12),
        quality_step=st.integers(0, 255),
        gain_step=st.integers(-127, 127),
        samples=st.none() | st.integers(0, MAX_SAMPLES),
        angles=st.just(()),
    ),
    st.integers(-(2**15), 2**15 - 1),
)
@settings(max_examples=100, deadline=None)
def test_headers_come_back(header: Header, angle: int) -> None:
    header = replace(header, angles=(angle,) * angle_count(header.channels))
    assert Header.from_bytes(header.to_bytes() + b"for later versions", header.version) == header


def test_a_file_cut_anywhere_is_refused() -> None:
    for cut in range(len(FILE)):
        with pytest.raises(FormatError, match=r"^x\.aur "):
            read(FILE[:cut])


def test_every_single_flipped_bit_is_found() -> None:
    for place in range(8 * len(FILE)):
        damaged = bytearray(FILE)
        damaged[place // 8] ^= 1 << place % 8
        with pytest.raises(FormatError):
            read(bytes(damaged))


@given(st.lists(st.tuples(st.integers(0, len(FILE) - 1), st.integers(0, 255)), min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_overwritten_bytes_are_found(changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(FILE)
    for place, value in changes:
        damaged[place] = value
    if damaged == FILE:
        return
    with pytest.raises(FormatError):
        read(bytes(damaged))


@given(st.binary(max_size=300), st.sampled_from([b"", b"AUR", b"AUR1", FRONT]))
@example(b"", b"AUR1")
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_refused(data: bytes, header_bytes: bytes) -> None:
    with pytest.raises(FormatError):
        read(header_bytes + data)


@given(body=st.binary(max_size=255))
@settings(max_examples=150, deadline=None)
def test_any_header_with_a_right_checksum_is_read_or_refused(body: bytes) -> None:
    with pytest.raises(FormatError):
        read(with_crc(b"AUR1" + bytes([len(body)]) + body))


@given(st.lists(st.tuples(st.integers(0, 3), st.binary(max_size=30)), max_size=6))
@settings(max_examples=150, deadline=None)
def test_any_records_with_right_checksums_are_read_or_refused(records: list[tuple[int, bytes]]) -> None:
    data = FRONT + b"".join(record(kind, body) for kind, body in records)
    try:
        _, packets = read(data)
    except FormatError:
        return
    assert packets[-1].end is not None


def test_unknown_optional_records_are_skipped_and_critical_ones_refused() -> None:
    at = len(FRONT)
    assert read(FILE[:at] + record(2, b"a picture") + FILE[at:])[1] == read(FILE)[1]
    with pytest.raises(FormatError, match="update Auricle"):
        read(FILE[:at] + record(3, b"encryption") + FILE[at:])


def test_packets_in_the_wrong_order_or_twice_are_refused() -> None:
    first, second = record(0, varint(0) + PAYLOADS[0]), record(0, varint(1) + PAYLOADS[1])
    bare = build(tags={})
    assert bare.startswith(FRONT + first + second)
    remainder = bare[len(FRONT + first + second) :]
    for wrong in (second + first, first, first + first + second, first + second + second):
        with pytest.raises(FormatError, match="stands in its place"):
            read(FRONT + wrong + remainder)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"RIFF....WAVE", "is not an .aur file"),
        (b"AUR3" + FILE[4:], "format version 3"),
        (b"AUR\0" + FILE[4:], "format version unknown"),
        (b"AUR", "is cut short: it ends after 3 bytes"),
        (FILE[:30], "header"),
        (FILE[:-1], "packet 3.*cut short"),
        (FRONT, "packet 0.*cut short"),
        (FILE + b"\0", "what follows its last packet.*cut short"),
        (FILE + record(0, b"\0"), "what follows its last packet.*stands where none may"),
        (FRONT + varint((MAX_RECORD_BYTES + 1) << 2), "above"),
        (FRONT + b"\xff" * 12, "above"),
    ],
)
def test_messages_say_what_is_wrong(data: bytes, words: str) -> None:
    with pytest.raises(FormatError, match=words) as caught:
        read(data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("channels", 0, "number of channels is 0"),
        ("channels", 255, "number of channels is 255"),
        ("sample_rate", 0, "sample rate is 0"),
        ("sample_rate", 1 << 31, "above"),
        ("native_rate", 7, "native rate is 7"),
        ("hop_length", 0, "hop length is 0"),
        ("packet_frames", 0, "packet length is 0"),
        ("packet_frames", 1 << 30, "above"),
        ("delay", 1 << 62, "above"),
        ("model", "\x1b[31m", "control characters"),
    ],
)
def test_a_lying_header_is_refused(field: str, value: object, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        read(build(replace(HEADER, **{field: value})))


@pytest.mark.parametrize("samples", [0, 1, SAMPLES // 2, 2 * SAMPLES, MAX_SAMPLES])
def test_a_length_that_does_not_fit_the_packets_is_refused(samples: int) -> None:
    with pytest.raises(FormatError, match="do not fit"):
        read(build(samples=samples))


def test_the_length_stands_in_the_header_or_at_the_end_and_is_one() -> None:
    with_length = header_bytes(replace(HEADER, samples=100))
    for length, words in ((varint(102), "after 101 samples, its header says 100"), (varint(101), None), (b"\0", None)):
        data = with_length + record(1, varint(0) + length + bytes(4) + b"x")
        if words is None:
            assert read(data)[1][0].end == StreamEnd(100, 0)
            continue
        with pytest.raises(FormatError, match=words):
            read(data)
    with pytest.raises(FormatError, match="neither its header nor its end"):
        read(FRONT + record(1, varint(0) + b"\0" + bytes(4) + b"x"))


def test_an_oversized_packet_is_not_written() -> None:
    with pytest.raises(FormatError, match="too large"):
        PacketWriter(BytesIO(), HEADER).write(Packet(0, 4, bytes(MAX_RECORD_BYTES)))


@given(st.integers(0, 2**62))
@settings(deadline=None)
def test_numbers_come_back(value: int) -> None:
    raw = varint(value)
    assert read_varint(BytesIO(raw + b"more"), 2**62) == (value, raw)
    if value:
        with pytest.raises(FormatError):
            read_varint(BytesIO(raw), value - 1)
    with pytest.raises(FormatError):
        read_varint(BytesIO(bytes([raw[-1] | 0x80])), 2**62)


def test_numbers_longer_than_they_need_be_are_refused() -> None:
    with pytest.raises(FormatError, match="malformed"):
        read_varint(BytesIO(b"\x81\x80\x00"), 2**62)


@pytest.mark.parametrize("rate", [*RATES, 8001, 191_999])
def test_rates_come_back(rate: int) -> None:
    assert Fields(rate_bytes(rate)).rate(192_000) == rate


@given(st.integers(1, MAX_PACKET_FRAMES))
def test_a_packet_is_a_few_runs_of_equal_length(frames: int) -> None:
    run = replace(HEADER, packet_frames=frames).run_frames
    runs = -(-frames // run)
    assert run <= MAX_RUN_FRAMES and 0 <= runs * run - frames < runs
    assert runs == -(-frames // MAX_RUN_FRAMES)


def test_a_packet_of_another_file_is_noticed_without_the_model() -> None:
    ours, theirs = (build(replace(HEADER, salt=salt)) for salt in (b"ours", b"them"))
    assert read(ours)[1] == read(theirs)[1]
    own, foreign = (Packet(1, 4, PAYLOADS[1]).to_record().to_bytes(salt) for salt in (b"ours", b"them"))
    assert own in ours and len(own) == len(foreign)
    with pytest.raises(FormatError, match="packet 1: its checksum is wrong"):
        read(ours.replace(own, foreign))


def test_a_header_says_what_the_samples_of_the_source_were() -> None:
    for samples in SourceSamples:
        header = replace(HEADER, salt=b"salt", source_samples=samples)
        assert Header.from_bytes(header.to_bytes(), 2) == header
    unknown = replace(HEADER, salt=b"salt").to_bytes()[:-1] + b"\x63"
    assert Header.from_bytes(unknown, 2).source_samples is SourceSamples.UNKNOWN
    with pytest.raises(FormatError, match="cut short"):
        Header.from_bytes(replace(HEADER, salt=b"salt").to_bytes()[:-2], 2)

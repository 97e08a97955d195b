from dataclasses import replace

import numpy as np
import pytest
from codec_helpers import make_model, make_sound

from auricle import Decoder, Encoder
from auricle.codec.coding.network_stream import FALL_SECONDS, RISE_SECONDS, Fader
from auricle.codec.format.container import Packet
from auricle.codec.format.record import with_crc
from auricle.errors import AudioError, FormatError, ModelError, OptionError
from auricle.model import Autoencoder

RATE = 16000


def coded(model: Autoencoder, audio: np.ndarray, block: int, **options: float) -> tuple[Encoder, list[Packet]]:
    encoder = Encoder(model, sample_rate=RATE, channels=audio.shape[0], **options)
    packets = [p for at in range(0, audio.shape[1], block) for p in encoder.push(audio[:, at : at + block])]
    return encoder, [*packets, *encoder.finish()]


def decode(decoder: Decoder, packets: list[Packet]) -> np.ndarray:
    return np.concatenate([decoder.push(packet) for packet in packets], axis=1)


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    return make_sound(2, 3 * RATE + 77, RATE)


@pytest.fixture(scope="module")
def stream(tiny: Autoencoder, sound: np.ndarray) -> tuple[Encoder, list[Packet]]:
    return coded(tiny, sound, 160, packet_seconds=0.1)


def test_the_packets_do_not_depend_on_the_blocks(
    tiny: Autoencoder, sound: np.ndarray, stream: tuple[Encoder, list[Packet]]
) -> None:
    for block in (1, 997, 10**6):
        part = sound[:, : 4000 if block == 1 else None]
        _, packets = coded(tiny, part, block, packet_seconds=0.1)
        if block > 1:
            assert packets == stream[1]
    assert [packet.sequence for packet in stream[1]] == list(range(len(stream[1])))


def test_head_and_packets_in_a_row_are_a_file(
    tiny: Autoencoder, stream: tuple[Encoder, list[Packet]], tmp_path: object
) -> None:
    from auricle import codec

    encoder, packets = stream
    path = tmp_path / "a.aur"
    path.write_bytes(encoder.header_bytes + b"".join(packet.to_bytes() for packet in packets))
    assert codec.verify(path, model=tiny).codes
    assert codec.info(path).samples == 3 * RATE + 77


def test_packets_come_within_the_latency_that_info_tells(tiny: Autoencoder, sound: np.ndarray) -> None:
    from auricle.codec.info import latency_seconds

    for seconds in (0.01, 0.1, 0.7, 1.37, 2.0):
        encoder = Encoder(tiny, sample_rate=RATE, channels=2, packet_seconds=seconds)
        decoder = Decoder(encoder.header_bytes, tiny)
        most = (latency_seconds(encoder.header) + tiny.encoder_latency * tiny.hop_length / RATE) * RATE
        for at in range(0, 3 * RATE, 160):
            for packet in encoder.push(sound[:, at : at + 160]):
                decoder.push(packet)
            assert at + 160 - decoder.position <= most + 160


def test_without_loss_everything_comes_back(
    tiny: Autoencoder, sound: np.ndarray, stream: tuple[Encoder, list[Packet]]
) -> None:
    decoder = Decoder(stream[0].header_bytes, tiny)
    assert decode(decoder, stream[1]).shape == sound.shape
    assert decoder.lost == () and decoder.position == sound.shape[1]


@pytest.mark.parametrize("share", [0.05, 0.2, 0.4, 0.9])
def test_lost_packets_cost_their_own_span_only(
    tiny: Autoencoder, stream: tuple[Encoder, list[Packet]], share: float
) -> None:
    encoder, packets = stream
    complete = decode(Decoder(encoder.header_bytes, tiny), packets)
    luck = np.random.default_rng(1).random(len(packets))
    received = [p for p, chance in zip(packets, luck, strict=True) if chance > share or p.end]
    decoder = Decoder(encoder.header_bytes, tiny)
    decoded = decode(decoder, received)
    assert decoded.shape == complete.shape
    assert sum(stop - first for first, stop in decoder.lost) > 0
    near = np.zeros(complete.shape[1], bool)
    for first, stop in decoder.lost:
        near[max(0, first) : stop + RATE // 2] = True
    before = min(first for first, _ in decoder.lost)
    np.testing.assert_allclose(decoded[:, :before], complete[:, :before], atol=1e-5)
    assert np.abs(decoded[:, ~near] - complete[:, ~near]).max(initial=0) < 0.05
    assert np.abs(np.diff(decoded)).max() < 1.2 * np.abs(np.diff(complete)).max()


def test_lost_packets_may_be_told_or_found_out(tiny: Autoencoder, stream: tuple[Encoder, list[Packet]]) -> None:
    encoder, packets = stream
    explicit, implicit = Decoder(encoder.header_bytes, tiny), Decoder(encoder.header_bytes, tiny)
    first = np.concatenate((explicit.push(packets[0]), explicit.conceal(2), decode(explicit, packets[3:])), axis=1)
    second = decode(implicit, [packets[0], *packets[3:]])
    np.testing.assert_array_equal(first, second)
    assert explicit.lost == implicit.lost == ((1280, 4480),)


def test_late_doubled_and_broken_packets_do_no_harm(tiny: Autoencoder, stream: tuple[Encoder, list[Packet]]) -> None:
    encoder, packets = stream
    decoder = Decoder(encoder.header_bytes, tiny)
    decoded = decode(decoder, [packets[0], packets[0], packets[2], packets[1], *packets[3:], packets[-1], packets[4]])
    assert decoded.shape[1] == 3 * RATE + 77 and len(decoder.lost) == 1
    broken = [replace(p, payload=b"\xff" * 40) if p.sequence == 3 else p for p in packets]
    assert decode(Decoder(encoder.header_bytes, tiny), broken).shape == decoded.shape


def test_a_packet_from_far_ahead_is_an_error_and_not_an_hour_of_work(
    tiny: Autoencoder, stream: tuple[Encoder, list[Packet]]
) -> None:
    encoder, packets = stream
    decoder = Decoder(encoder.header_bytes, tiny)
    decoder.push(packets[0])
    for far in (replace(packets[1], sequence=10**9), Packet(1, 10**12, None, count=10**11)):
        with pytest.raises(FormatError, match="was due"):
            decoder.push(far)
    with pytest.raises(OptionError, match="lost packets"):
        decoder.conceal(10**12)
    assert decode(decoder, packets[1:]).shape[1] > 2 * RATE and decoder.lost == ()


def test_later_fields_of_a_header_are_ignored(tiny: Autoencoder, stream: tuple[Encoder, list[Packet]]) -> None:
    body = stream[0].header_bytes[5:-4] + b"new"
    head = with_crc(b"AUR1" + bytes([len(body)]) + body)
    assert decode(Decoder(head, tiny), stream[1]).shape[1] == 3 * RATE + 77


def test_after_the_last_packet_nothing_is_missing(tiny: Autoencoder, stream: tuple[Encoder, list[Packet]]) -> None:
    encoder, packets = stream
    decoder = Decoder(encoder.header_bytes, tiny)
    for packet in packets:
        decoder.push(packet)
    position, lost = decoder.position, decoder.lost
    assert decoder.conceal(1).shape == (encoder.header.channels, 0)
    assert (decoder.position, decoder.lost) == (position, lost)


def test_a_wrong_head_model_block_or_number(tiny: Autoencoder, stream: tuple[Encoder, list[Packet]]) -> None:
    encoder, _ = stream
    for head in (b"", encoder.header_bytes[:-1], encoder.header_bytes + b"\0", encoder.header_bytes[:-1] + b"\0"):
        with pytest.raises(FormatError):
            Decoder(head, tiny)
    with pytest.raises(ModelError, match="was made with model"):
        Decoder(encoder.header_bytes, make_model(strided=False, seed=3))
    with pytest.raises(ModelError, match=r"is in torch\.float64"):
        Encoder(make_model(strided=False).double(), sample_rate=RATE)
    with pytest.raises(OptionError, match="is finished"):
        encoder.finish()
    encoder = Encoder(tiny, sample_rate=RATE, channels=2)
    with pytest.raises(AudioError, match="NaN"):
        encoder.push(np.full((2, 5), 1e300))
    with pytest.raises(AudioError, match="shape"):
        encoder.push(np.zeros((1, 5), np.float32))
    with pytest.raises(AudioError, match="a block is of int16: give floats"):
        encoder.push(np.zeros((2, 5), np.int16))
    with pytest.raises(AudioError, match="NaN"):
        encoder.push(np.full((2, 5), np.nan, np.float32))
    for options in ({"packet_seconds": 0.0}, {"packet_seconds": 1e9}, {"gain_db": 99.0}, {"quality": 9.0}):
        with pytest.raises(OptionError):
            Encoder(tiny, sample_rate=RATE, **options)
    with pytest.raises(OptionError, match="channels"):
        Encoder(tiny, sample_rate=RATE, channels=9)
    with pytest.raises(OptionError, match="an integer from 8000"):
        Encoder(tiny, sample_rate=16000.5)


def test_gain_is_undone(tiny: Autoencoder, sound: np.ndarray) -> None:
    """Quiet sound raised by 40 dB is coded like the loud one, and comes back quiet."""
    loud, quiet = (coded(tiny, level * sound, 997, gain_db=gain) for level, gain in ((1.0, 0.0), (0.01, 40.0)))
    outputs = [decode(Decoder(encoder.header_bytes, tiny), packets) for encoder, packets in (loud, quiet)]
    np.testing.assert_allclose(100 * outputs[1], outputs[0], atol=1e-3)


def test_the_gain_over_a_loss() -> None:
    fall, rise = (round(seconds * 1000) for seconds in (FALL_SECONDS, RISE_SECONDS))
    long = Fader(1000)
    long.mark_lost(300, 500)
    long.mark_lost(500, 1400)
    assert long.gain(0, 300) is None
    level = np.concatenate([long.gain(at, 50) for at in range(300, 1450, 50)])
    assert level[0] == 1 and level[fall] == 0 == level[1099] and level[1100 + rise // 2] > 0.4
    assert (np.diff(level[:fall]) < 0).all() and np.abs(np.diff(level)).max() < 0.03
    assert long.gain(1500, 10) is None
    short = Fader(1000)
    short.mark_lost(100, 100 + fall // 3)
    assert 0.5 < short.gain(0, 300).min() < 0.9

import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st

from auricle.codec.coding.entropy_coder import PacketCoder, codes_checksum
from auricle.errors import FormatError, ModelError
from auricle.model.bottleneck.tables import TableCounter, Tables, TableSet, TableShape

DIMS = 5


def contextual(seed: int = 0, spread: float = 1.5, symbols: int = 9, largest: int = 400) -> Tables:
    """Tables with context, filled by counting made-up codes; filters have weights up to ``largest``."""
    rng = np.random.default_rng(seed)
    shape = TableShape(
        levels=3,
        symbols=symbols,
        offset=symbols // 2,
        escape=True,
        mean=rng.integers(-largest * 3 // 4, largest * 3 // 4, (DIMS, 2 * DIMS)).astype(np.int32),
        scale=rng.integers(0, largest, (DIMS, 2 * DIMS)).astype(np.int32),
        floor=rng.integers(0, 200, (3, DIMS)).astype(np.int32),
        thresholds=np.array([200, 700, 2000], np.int32),
    )
    counter = TableCounter(shape)
    for level in range(3):
        counter.add(level, np.rint(rng.laplace(0, spread * 2**level, (4, 300, DIMS))).astype(np.int32))
    return counter.tables()


def extreme() -> Tables:
    """Tables with context whose filters are too large for float32."""
    return contextual(largest=1 << 17)


def memoryless(size: int = 16) -> Tables:
    counter = TableCounter(TableShape.memoryless(3, DIMS, size))
    rng = np.random.default_rng(0)
    for level in range(3):
        counter.add(level, np.minimum(rng.geometric(0.3, (2, 200, DIMS)) - 1, size - 1))
    return counter.tables()


def random_codes(channels: int, frames: int, spread: float, seed: int = 0) -> np.ndarray:
    return np.rint(np.random.default_rng(seed).laplace(0, spread, (channels, frames, DIMS))).astype(np.int32)


def plain(tables: TableSet) -> reference.PlainTables:
    parts = (tables.counts, tables.mean, tables.scale, tables.floor, tables.thresholds)
    return reference.PlainTables(*(part.tolist() for part in parts), tables.offset, tables.escape)


def there_and_back(tables: TableSet, codes: np.ndarray) -> bytes:
    coder = PacketCoder(tables)
    data = coder.encode(codes)
    decoded = coder.decode([data], codes.shape[0], codes.shape[1])
    assert decoded.dtype == np.int32
    np.testing.assert_array_equal(decoded[0], codes)
    return data


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("frames", [0, 1, 2, 3, 57])
@pytest.mark.parametrize("step", [0, 5, 16])
def test_codes_come_back(channels: int, frames: int, step: int) -> None:
    there_and_back(contextual().at(step), random_codes(channels, frames, 2.0))


def test_indices_come_back() -> None:
    codes = np.random.default_rng(1).integers(0, 16, (2, 40, DIMS)).astype(np.int32)
    there_and_back(memoryless().at(3), codes)


@pytest.mark.parametrize("value", [3, 4, 5, -4, -5, 255, 256, -300, 70_000, 2**19, -(2**19)])
def test_extreme_codes_come_back(value: int) -> None:
    codes = random_codes(2, 9, 1.0)
    codes[1, 4, 2] = value
    codes[0, 8] = value
    there_and_back(contextual().at(7), codes)


def test_nothing_but_escapes_comes_back() -> None:
    signs = np.where(random_codes(2, 30, 5.0) < 0, -1, 1)
    there_and_back(contextual().at(7), (signs * 2**19).astype(np.int32))


def test_codes_beyond_all_bounds_are_refused() -> None:
    with pytest.raises(ModelError, match="1073741824"):
        PacketCoder(contextual().at(0)).encode(np.full((1, 2, DIMS), 2**30, np.int32))


def test_packets_side_by_side_decode_as_alone() -> None:
    coder = PacketCoder(contextual().at(9))
    codes = [random_codes(2, 20, 3.0, seed) for seed in range(5)]
    together = coder.decode([coder.encode(part) for part in codes], 2, 20)
    np.testing.assert_array_equal(together, np.stack(codes))


@pytest.mark.parametrize("spread", [0.05, 0.4, 1.5, 6.0])
def test_a_packet_costs_its_ideal_bits_and_a_byte(spread: float) -> None:
    tables = contextual().at(8)
    over = []
    for seed in range(30):
        codes = random_codes(1, 60, spread, seed)
        over.append(len(PacketCoder(tables).encode(codes)) - tables.ideal_bits(codes) / 8)
    assert max(over) < 2.0
    assert np.mean(over) < 1.0


def test_silence_costs_next_to_nothing() -> None:
    tables = contextual(spread=0.02).at(0)
    codes = np.zeros((1, 200, DIMS), np.int32)
    assert len(there_and_back(tables, codes)) <= tables.ideal_bits(codes) / 8 + 1


@given(
    seed=st.integers(0, 20),
    step=st.integers(0, 16),
    channels=st.integers(1, 3),
    frames=st.integers(1, 6),
    spread=st.floats(0.01, 60.0),
    kind=st.sampled_from([contextual, extreme, memoryless]),
)
@settings(max_examples=90, deadline=None)
def test_the_documented_integer_arithmetic_decodes_the_same(
    seed: int, step: int, channels: int, frames: int, spread: float, kind: type
) -> None:
    tables = kind().at(step)
    codes = random_codes(channels, frames, spread, seed)
    if kind is memoryless:
        codes = np.abs(codes) % 16
    data = there_and_back(tables, codes)
    assert reference.decode(data, plain(tables), channels, frames) == codes.swapaxes(0, 1).tolist()


@given(data=st.binary(max_size=200), frames=st.integers(1, 30))
@settings(max_examples=150, deadline=None)
def test_any_bytes_decode_or_are_refused(data: bytes, frames: int) -> None:
    try:
        codes = PacketCoder(contextual().at(4)).decode([data], 2, frames)
    except FormatError:
        return
    assert codes.shape == (1, 2, frames, DIMS)
    assert np.abs(codes.astype(np.int64)).max() < 2**21


def test_contexts_are_exact_for_the_largest_filters() -> None:
    filters = np.full((DIMS, 2 * DIMS), 2**31 - 1, np.int32)
    counts = contextual().counts[0]
    floor, thresholds = np.zeros(DIMS, np.int64), np.array([200, 700, 2000])
    tables = TableSet(counts, filters.astype(np.int64), filters.astype(np.int64), floor, thresholds, 4, True)
    history = tables.start(1)
    history[...] = 255
    history[0, 1, -1] = 254
    mean = sum((2**31 - 1) * value for value in [255] * (2 * DIMS - 1) + [254])
    assert tables.rows(history)[1].tolist() == [[(mean + 512) // 1024] * DIMS]


def test_the_checksum_runs_frame_by_frame() -> None:
    codes = random_codes(2, 7, 3.0)
    parts = codes_checksum(codes[:, 3:], codes_checksum(codes[:, :3]))
    assert parts == codes_checksum(codes) != codes_checksum(codes[::-1])

"""Bytes of a model file changed at random: a typed error of one line, or a model whose fingerprint holds."""

import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auricle.codec.coding.entropy_coder import PacketCoder
from auricle.errors import AuricleError, FormatError
from auricle.model import AutoencoderConfig, StageConfig, fingerprint, load, save
from auricle.model.bottleneck import EntropyConfig
from auricle.model.files.writing import contents_fingerprint
from auricle.model.front_end import MdctConfig
from model.tiny import model_of

CONFIG = AutoencoderConfig(
    sample_rate=8000,
    transform=MdctConfig(hop_length=8),
    encoder=(StageConfig(dim=4),),
    bottleneck=EntropyConfig(dim=2, levels=2, contexts=2, reach=2),
    decoder=(StageConfig(dim=4),),
)


@pytest.fixture(scope="module")
def seed_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("seed") / "m.auricle.safetensors"
    save(model_of(CONFIG), path)
    return path.read_bytes()


def outcome(path: Path, *, allow_edited: bool) -> str:
    """``refused`` or ``loaded``; anything else is raised."""
    try:
        model = load(path, allow_edited=allow_edited)
    except AuricleError as error:
        assert str(error).isprintable() and len(str(error)) < 1000
        return "refused"
    assert model.seal is not None
    assert fingerprint(model) == contents_fingerprint(model) == model.seal.fingerprint
    assert model.tables is not None
    coder = PacketCoder(model.tables.at(model.tables.last_step // 2))
    with suppress(FormatError):
        coder.decode([bytes(range(200))], 1, 20)
    return "loaded"


def mutated(seed: bytes, rng: np.random.Generator) -> bytes:
    """One to eight changes: bits, bytes, numbers, pieces left out, doubled or swapped; mostly in the header."""
    data = bytearray(seed)
    header = 8 + int.from_bytes(seed[:8], "little")
    for _ in range(rng.integers(1, 9)):
        reach = max(1, min(header, len(data)) if rng.random() < 0.7 else len(data))
        at, size = int(rng.integers(0, reach)), int(rng.integers(1, 9))
        piece = bytes(data[at : at + size])
        kind = rng.integers(0, 6)
        if kind == 0:
            data[at] ^= 1 << int(rng.integers(0, 8))
        elif kind == 1:
            data[at] = int(rng.integers(0, 256))
        elif kind == 2:
            data[at : at + size] = b""
        elif kind == 3:
            data[at:at] = piece
        elif kind == 4:
            data[at : at + size] = bytes(rng.choice(list(b'0123456789-,:[]{}"\\eE.n'), size).astype(np.uint8))
        else:
            data[at : at + size] = rng.choice([b"\xff", b"\x00", b"\x7f"]) * size
        data = data or bytearray(b"\x00")
    return bytes(data)


def repaired(data: bytes) -> bytes:
    """With the header's length put right, so that mutations come through to what lies behind."""
    end = data.find(b"}}", 8)
    return data if end < 0 else (end + 2 - 8).to_bytes(8, "little") + data[8:]


def damaged(seed: bytes, rng: np.random.Generator) -> bytes:
    """Only the arrays' bytes changed, in place."""
    data, begin = bytearray(seed), 8 + int.from_bytes(seed[:8], "little")
    for _ in range(rng.integers(1, 4)):
        data[int(rng.integers(begin, len(data)))] ^= 1 << int(rng.integers(0, 8))
    return bytes(data)


NASTY = (
    "0",
    "-1",
    "1",
    "2",
    "3",
    "65536",
    "2e9",
    "1e308",
    "-0.5",
    "true",
    "null",
    '""',
    '"x"',
    "[]",
    "[[]]",
    "{}",
    "9" * 50,
)


def reworded(seed: bytes, rng: np.random.Generator) -> bytes:
    """One or two values in the configuration or in the header replaced by nasty ones."""
    size = int.from_bytes(seed[:8], "little")
    header = json.loads(seed[8 : 8 + size])
    words = header["__metadata__"]
    config = json.loads(words["config"])
    for _ in range(rng.integers(1, 3)):
        _spoil(config if rng.random() < 0.8 else header, rng)
    if header.get("__metadata__") is words and "config" in words:
        words["config"] = json.dumps(config)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + seed[8 + size :]


def _spoil(target: Any, rng: np.random.Generator) -> None:
    while places := list(target) if isinstance(target, dict) else list(range(len(target))):
        place = places[rng.integers(0, len(places))]
        if not (isinstance(target[place], (dict, list)) and target[place] and rng.random() < 0.9):
            target[place] = json.loads(NASTY[rng.integers(0, len(NASTY))])
            return
        target = target[place]


KINDS: tuple[Callable[[bytes, np.random.Generator], bytes], ...] = (
    mutated,
    lambda seed, rng: repaired(mutated(seed, rng)),
    damaged,
    reworded,
)


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), kind=st.integers(0, len(KINDS) - 1), allow=st.booleans())
def test_mutations(
    tmp_path_factory: pytest.TempPathFactory, seed_bytes: bytes, seed: int, kind: int, allow: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "mutated.auricle.safetensors"
    path.write_bytes(KINDS[kind](seed_bytes, np.random.default_rng(seed)))
    outcome(path, allow_edited=allow)


def test_truncation(tmp_path: Path, seed_bytes: bytes) -> None:
    path = tmp_path / "m.auricle.safetensors"
    for size in [*range(0, len(seed_bytes), 97), len(seed_bytes) - 1]:
        path.write_bytes(seed_bytes[:size])
        assert outcome(path, allow_edited=True) == "refused"


@pytest.mark.slow
def test_thousands_of_mutations(tmp_path: Path, seed_bytes: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    import resource

    path = tmp_path / "m.auricle.safetensors"
    path.write_bytes(seed_bytes)
    outcome(path, allow_edited=False)
    rng, counts, begun = np.random.default_rng(4), {"refused": 0, "loaded": 0}, time.monotonic()
    before, slowest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0.0
    for number in range(16_000):
        path.write_bytes(KINDS[number % len(KINDS)](seed_bytes, rng))
        started = time.monotonic()
        counts[outcome(path, allow_edited=number % 3 == 0)] += 1
        slowest = max(slowest, time.monotonic() - started)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> (10 if sys.platform == "linux" else 20)
    with capsys.disabled():
        print(f"\n{counts}, {grown} MiB more, slowest {slowest:.2f} s, {time.monotonic() - begun:.0f} s")
    assert grown < 100 and slowest < 10
    assert min(counts.values()) > 100, counts

"""Checksums by piece."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auricle.data import checksum
from auricle.data.checksum import ChecksummedFile, damaged_piece

PIECE = 1000


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksum, "PIECE", PIECE)


def written(path: Path, data: bytes, cuts: list[int]) -> list[int]:
    with path.open("wb") as raw:
        file = ChecksummedFile(raw)
        edges = [0, *sorted(cuts), len(data)]
        for start, end in pairwise(edges):
            file.write(data[start : max(start, end)])
        assert file.tell() == len(data)
        return file.finish()


@settings(max_examples=30, deadline=None)
@given(length=st.integers(0, 5000), data=st.data())
def test_pieces(tmp_path_factory: pytest.TempPathFactory, length: int, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("sums") / "x"
    content = np.random.default_rng(length).bytes(length)
    cuts = data.draw(st.lists(st.integers(0, length), max_size=5))
    sums = written(path, content, cuts)
    assert len(sums) == -(-length // PIECE) and path.read_bytes() == content
    assert damaged_piece(path, sums) is None
    if length:
        position = data.draw(st.integers(0, length - 1))
        changed = bytearray(content)
        changed[position] ^= 1
        path.write_bytes(changed)
        assert damaged_piece(path, sums) == position // PIECE


def test_a_huge_file_is_sampled(tmp_path: Path) -> None:
    content = np.random.default_rng(0).bytes(100 * PIECE)
    sums = written(tmp_path / "x", content, [])
    damaged = set()
    for piece in range(100):
        changed = bytearray(content)
        changed[piece * PIECE] ^= 1
        (tmp_path / "x").write_bytes(changed)
        damaged.add(damaged_piece(tmp_path / "x", sums, max_bytes=10 * PIECE))
    assert damaged == {None, 0, 11, 22, 33, 44, 55, 66, 77, 88, 99}


def test_a_short_file(tmp_path: Path) -> None:
    sums = written(tmp_path / "x", bytes(2500), [])
    (tmp_path / "x").write_bytes(bytes(1500))
    assert damaged_piece(tmp_path / "x", sums) == 1

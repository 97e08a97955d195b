"""Checksums of what caches hold."""

from itertools import pairwise

import google_crc32c
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auricle.data import checksum
from auricle.data.checksum import ChecksummedFile, array_checksum


@settings(max_examples=30, deadline=None)
@given(length=st.integers(0, 5000), data=st.data())
def test_a_file_is_summed_from_one_question_to_the_next(
    tmp_path_factory: pytest.TempPathFactory, length: int, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("sums") / "x"
    content = np.random.default_rng(length).bytes(length)
    edges = [0, *sorted(data.draw(st.lists(st.integers(0, length), max_size=5))), length]
    with path.open("wb") as raw:
        file = ChecksummedFile(raw)
        for start, end in pairwise(edges):
            middle = (start + end) // 2
            file.write(content[start:middle])
            file.write(content[middle:end])
            assert file.take_checksum() == google_crc32c.value(content[start:end])
            assert file.tell() == end
        file.finish()
    assert path.read_bytes() == content


def test_an_array_is_summed_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).integers(-100, 100, (37, 29), np.int16)
    expected = google_crc32c.value(values.tobytes())
    assert array_checksum(values) == expected
    monkeypatch.setattr(checksum, "_BLOCK", 100)
    assert array_checksum(values) == expected != array_checksum(values.T)

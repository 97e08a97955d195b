"""Headers of model files that lie about sizes, and configs that ask for more than the file can pay for."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auricle.model import save
from model.forged import BIAS, NAME, Arrays, Words, edited, refused, with_config
from model.tiny import tiny_model


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / NAME
    save(tiny_model(), path)
    return path


def _header(path: Path, change: Callable[[dict[str, Any]], object], target: Path) -> Path:
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    change(header)
    text = json.dumps(header).encode()
    target.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + size :])
    return target


HEADERS: list[Callable[[dict[str, Any]], object]] = [
    lambda h: h[BIAS].update(shape=[10**18, 10**18]),
    lambda h: h[BIAS].update(shape=[2**63, 2]),
    lambda h: h[BIAS].update(shape=[-16]),
    lambda h: h[BIAS].update(data_offsets=[0, 10**15]),
    lambda h: h[BIAS].update(data_offsets=[32, 0]),
    lambda h: h[BIAS].update(dtype="F77"),
    lambda h: h[BIAS].update(dtype="BF16"),
    lambda h: h[BIAS].update(dtype="F8_E4M3", shape=[32]),
    lambda h: h.update({f"t{n}": {"dtype": "F16", "shape": [0, 10**12], "data_offsets": [0, 0]} for n in range(9999)}),
    lambda h: h.update({"deep": json.loads("[" * 90 + "]" * 90)}),
    lambda h: h["__metadata__"].update(config=["a"]),
    lambda h: h.pop("__metadata__"),
]


@pytest.mark.parametrize("change", HEADERS)
def test_headers_that_lie(tmp_path: Path, whole: Path, change: Callable[[dict[str, Any]], object]) -> None:
    refused(_header(whole, change, tmp_path / NAME), "not a model file|not an Auricle|its config asks|incomplete")


@pytest.mark.parametrize("size", [0, 7, 8, 2**31, 2**62, 2**64 - 1])
def test_header_sizes_that_lie(tmp_path: Path, whole: Path, size: int) -> None:
    path = tmp_path / NAME
    path.write_bytes(size.to_bytes(8, "little") + whole.read_bytes()[8:])
    refused(path, "not a model file")


def test_a_deep_header(tmp_path: Path) -> None:
    path = tmp_path / NAME
    text = b'{"a":' + b"[" * 1_000_000
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    refused(path, "not a model file")


def test_a_sparse_file_of_a_terabyte(tmp_path: Path, whole: Path) -> None:
    path = tmp_path / NAME
    with path.open("wb") as file:
        file.write(whole.read_bytes())
        file.truncate(1 << 40)
    refused(path, "1099511627776 bytes, a model file at most")


BOMBS: dict[str, dict[str, Any]] = {
    "features": {"encoder__0__dim": 10**9},
    "blocks": {"encoder__0__blocks": [{"kind": "conv"}] * 50_000},
    "widest legal": {
        "encoder": [{"dim": 2048, "blocks": [{"kind": "conv", "expansion": 8}] * 20}] * 6,
        "decoder": [{"dim": 2048, "blocks": [{"kind": "conv", "expansion": 8}] * 20}] * 6,
    },
    "bands": {
        "direct": True,
        "bands": 256,
        "transform": {"kind": "mdct", "hop_length": 8192},
        "bottleneck": {"kind": "entropy", "dim": 1024},
    },
    "codebooks": {"bottleneck": {"kind": "rvq", "dim": 4096, "codebooks": 64, "size": 16_384, "code_dim": 256}},
}
MEASURE = """
import resource, sys, time
from auricle.errors import AuricleError
from auricle.model import load
whole, *bombs = sys.argv[1:]
load(whole)
for bomb in bombs:
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    try:
        load(bomb)
    except AuricleError:
        print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10, time.process_time() - begun)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted in other units here")
def test_bombs_take_neither_memory_nor_time(tmp_path: Path, whole: Path) -> None:
    paths = []
    for number, bomb in enumerate(BOMBS.values()):

        def change(arrays: Arrays, words: Words, bomb: dict[str, Any] = bomb) -> None:
            with_config(**bomb)(arrays, words)
            arrays.update({f"fill{number}": np.zeros(0, np.float16) for number in range(300)})

        folder = tmp_path / str(number)
        folder.mkdir()
        paths.append(edited(folder, whole, change))
    ran = subprocess.run([sys.executable, "-c", MEASURE, whole, *paths], capture_output=True, text=True, check=True)
    figures = [tuple(map(float, line.split())) for line in ran.stdout.splitlines()]
    assert len(figures) == len(BOMBS)
    assert all(mebibytes < 64 and seconds < 5 for mebibytes, seconds in figures), figures

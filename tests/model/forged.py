"""Model files with lies in them."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file
from safetensors.numpy import save_file as save_tensors

from auricle.errors import AuricleError
from auricle.model import load
from auricle.model.files.tensor_file import CHECKSUM, contents_digest

Arrays = dict[str, np.ndarray]
Words = dict[str, str]
NAME = "m.auricle.safetensors"
BIAS, DEVIATION = "encoder.layers.1.layers.0.bias", "encoder.layers.0.layers.1.deviation"


def parts(path: Path) -> tuple[Arrays, Words]:
    with safe_open(path, framework="np") as file:
        return load_file(path), dict(file.metadata())


def save_forged(arrays: Arrays, path: Path, words: Words) -> None:
    """Write a file as a liar would: its checksum is right."""
    contiguous = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
    save_tensors(contiguous, path, {**words, CHECKSUM: contents_digest(words, contiguous)})


def assert_each_flipped_bit_is_refused(path: Path, read: Callable[[Path], object], count: int = 100) -> None:
    """Flip one bit at a time, at places all over the file, header and tensors: reading gives one line each time."""
    intact = path.read_bytes()
    header = 8 + int.from_bytes(intact[:8], "little")
    random = np.random.default_rng(0)
    read(path)
    for place in (*random.integers(0, header, count), *random.integers(header, len(intact), count)):
        flipped = bytearray(intact)
        flipped[place] ^= 1 << int(random.integers(8))
        path.write_bytes(flipped)
        with pytest.raises(AuricleError) as caught:
            read(path)
        assert str(caught.value).isprintable(), place


def refused(path: Path, said: str, *, seconds: float = 10.0) -> str:
    begun = time.monotonic()
    with pytest.raises(AuricleError, match=said) as caught:
        load(path)
    message = str(caught.value)
    assert message.startswith(str(path)) and message.isprintable() and len(message) < 600
    assert time.monotonic() - begun < seconds
    return message


def edited(folder: Path, whole: Path, change: Callable[[Arrays, Words], None]) -> Path:
    arrays, words = parts(whole)
    change(arrays, words)
    path = folder / NAME
    save_forged(arrays, path, words)
    return path


def with_config(**changes: Any) -> Callable[[Arrays, Words], None]:
    def change(arrays: Arrays, words: Words) -> None:
        config = json.loads(words["config"])
        for place, value in changes.items():
            *way, last = place.split("__")
            target = config
            for step in way:
                target = target[int(step)] if step.isdigit() else target[step]
            target[last] = value
        words["config"] = json.dumps(config)

    return change

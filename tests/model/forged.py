"""Model files with lies in them."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from auricle.errors import AuricleError
from auricle.model import load

Arrays = dict[str, np.ndarray]
Words = dict[str, str]
NAME = "m.auricle.safetensors"
BIAS, DEVIATION = "encoder.layers.1.layers.0.bias", "encoder.layers.0.layers.1.deviation"


def parts(path: Path) -> tuple[Arrays, Words]:
    with safe_open(path, framework="np") as file:
        return load_file(path), dict(file.metadata())


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
    save_file(arrays, path, words)
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

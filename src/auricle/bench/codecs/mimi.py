"""Mimi (Défossez et al., "Moshi: a speech-text foundation model for real-time dialogue", 2024), at 24 kHz."""

from collections.abc import Mapping
from typing import Any

from auricle.bench.codecs._registry import Maker
from auricle.bench.codecs._tokens import Kind, Tokens


def _encode(model: Any, audio: Any, codebooks: int) -> Any:
    return model.encode(audio, num_quantizers=codebooks).audio_codes


def _decode(model: Any, tokens: Any) -> Any:
    return model.decode(tokens).audio_values


_KIND = Kind("mimi", "kyutai/mimi", "MimiModel", (4, 8, 11, 16, 22, 32), 12.5, 11, _encode, _decode)

PEERS: Mapping[str, Maker] = {"mimi": lambda places: Tokens(_KIND, places.weights)}

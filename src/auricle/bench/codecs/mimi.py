"""Mimi (Défossez et al., "Moshi: a speech-text foundation model for real-time dialogue", 2024), at 24 kHz."""

from collections.abc import Mapping
from typing import Any

from auricle.bench.codecs._registry import CodecFactory
from auricle.bench.codecs._tokens import TokenCodec, TokenCodecSpec


def _encode(model: Any, audio: Any, codebooks: int) -> Any:
    return model.encode(audio, num_quantizers=codebooks).audio_codes


def _decode(model: Any, tokens: Any) -> Any:
    return model.decode(tokens).audio_values


_SPEC = TokenCodecSpec("mimi", "kyutai/mimi", "MimiModel", (4, 8, 11, 16, 22, 32), 12.5, 11, _encode, _decode)

CODECS: Mapping[str, CodecFactory] = {"mimi": lambda paths: TokenCodec(_SPEC, paths.weights)}

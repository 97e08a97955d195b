"""EnCodec (Défossez et al., "High fidelity neural audio compression", 2022), the causal model for 24 kHz."""

from collections.abc import Mapping
from typing import Any

from auricle.bench.codecs._registry import CodecFactory
from auricle.bench.codecs._tokens import TokenCodec, TokenCodecSpec

_FRAME_RATE, _BITS = 75.0, 10


def _encode(model: Any, audio: Any, codebooks: int) -> Any:
    return model.encode(audio, bandwidth=codebooks * _FRAME_RATE * _BITS / 1000).audio_codes[0]


def _decode(model: Any, tokens: Any) -> Any:
    return model.decode(tokens[None], [None]).audio_values


_SPEC = TokenCodecSpec(
    "encodec", "facebook/encodec_24khz", "EncodecModel", (2, 4, 8, 16, 32), _FRAME_RATE, _BITS, _encode, _decode
)

CODECS: Mapping[str, CodecFactory] = {"encodec": lambda paths: TokenCodec(_SPEC, paths.weights)}

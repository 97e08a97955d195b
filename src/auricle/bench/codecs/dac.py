"""DAC (Kumar et al., "High-fidelity audio compression with improved RVQGAN", 2023), the model for 44.1 kHz."""

from collections.abc import Mapping
from typing import Any

from auricle.bench.codecs._registry import CodecFactory
from auricle.bench.codecs._tokens import TokenCodec, TokenCodecSpec


def _encode(model: Any, audio: Any, codebooks: int) -> Any:
    hop = model.config.hop_length
    padded = audio.new_zeros(1, 1, -(-audio.shape[2] // hop) * hop)
    padded[..., : audio.shape[2]] = audio
    return model.encode(padded, n_quantizers=codebooks).audio_codes


def _decode(model: Any, tokens: Any) -> Any:
    return model.decode(audio_codes=tokens).audio_values


_SPEC = TokenCodecSpec(
    "dac",
    "descript/dac_44khz",
    "DacModel",
    tuple(range(1, 10)),
    44100 / 512,
    10,
    _encode,
    _decode,
    {"sampling_rate": 44100},
)

CODECS: Mapping[str, CodecFactory] = {"dac": lambda paths: TokenCodec(_SPEC, paths.weights)}

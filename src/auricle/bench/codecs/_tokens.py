"""Neural codecs that transformers knows: audio to tokens of a fixed number of bits and back."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any, final

import numpy as np

from auricle.audio import resample
from auricle.bench.codecs.base import Codec, EncodedSound, NetworkCost, SettingRange, check_sound

_COUNTED_SECONDS = 1.0
_FILES = ("config.json", "model.safetensors")


def pack_bits(codes: np.ndarray, bits: int) -> bytes:
    """Integers from 0 to ``2 ** bits - 1``, any shape, one after the other; zeros fill the last byte."""
    flat = codes.reshape(-1, 1).astype(np.int64)
    return np.packbits((flat >> np.arange(bits - 1, -1, -1)) & 1).tobytes()


def unpack_bits(data: bytes, bits: int, count: int) -> np.ndarray:
    """The inverse: int64 ``(count,)``."""
    flat = np.unpackbits(np.frombuffer(data, np.uint8), count=count * bits).reshape(count, bits)
    return flat.astype(np.int64) @ (1 << np.arange(bits - 1, -1, -1))


@final
@dataclass(frozen=True)
class TokenCodecSpec:
    """What makes one codec differ from another.

    Attributes:
        name: for tables and the command line, and of the folder with its weights.
        hub: repository with its weights on Hugging Face, as the cache names it.
        model: name of its class in transformers; that of its config ends with ``Config`` instead of ``Model``.
        published: how the published model's config differs from the class's defaults.
        codebooks: how many of them to compare at, ascending.
        frame_rate: frames per second of the published model.
        bits: of a token.
        encode: model, audio ``(1, 1, t)`` and number of codebooks to tokens ``(1, k, n)``.
        decode: model and tokens to audio ``(1, 1, t)``.
    """

    name: str
    hub: str
    model: str
    codebooks: tuple[int, ...]
    frame_rate: float
    bits: int
    encode: Callable[[Any, Any, int], Any]
    decode: Callable[[Any, Any], Any]
    published: dict[str, Any] = field(default_factory=dict)


@final
class TokenCodec(Codec):
    """A neural codec that transformers knows. Each channel is coded by itself. Nothing is ever downloaded.

    Args:
        spec: which one.
        weights: a folder with a folder named like the codec; else Hugging Face's cache is looked into.
    """

    def __init__(self, spec: TokenCodecSpec, weights: Path | None) -> None:
        self.name = spec.name
        self._spec, self._weights = spec, weights

    def missing(self) -> str | None:
        """None, or that transformers is missing."""
        return None if importlib.util.find_spec("transformers") else "needs transformers: pip install 'auricle[peers]'"

    def version(self) -> str:
        """Of transformers, and the name of the published model."""
        return f"{self._spec.hub}, transformers {metadata.version('transformers')}"

    def not_scored(self) -> str | None:
        """One line where there are no weights."""
        if self._folder is not None:
            return None
        return (
            f"its weights ({self._spec.hub}) are not at hand: cost alone, with random weights; "
            f"give --weights DIR with them in DIR/{self.name}"
        )

    def note(self) -> str:
        """That there is no file format."""
        return "tokens alone, it has no file format"

    @property
    def setting_range(self) -> SettingRange:
        """Numbers of codebooks, as bitrates."""
        return SettingRange.of_steps(*(self._rate(count) for count in self._spec.codebooks))

    def encode(self, audio: np.ndarray, sample_rate: int, setting: float) -> EncodedSound:
        """Encode to packed tokens; see `Codec.encode`."""
        import torch

        check_sound(self.name, audio, sample_rate, most_channels=2)
        count = min(self._spec.codebooks, key=lambda count: abs(self._rate(count) - setting))
        native = torch.from_numpy(resample(audio, sample_rate, self._native_rate))
        with torch.inference_mode():
            tokens = [self._spec.encode(self._net, channel[None, None], count)[0] for channel in native]
        return EncodedSound.of(
            pack_bits(torch.stack(tokens).numpy(), self._spec.bits), audio, sample_rate, self._rate(count)
        )

    def decode(self, stored: EncodedSound) -> tuple[np.ndarray, int]:
        """Decode packed tokens; see `Codec.decode`."""
        import torch

        count = min(self._spec.codebooks, key=lambda count: abs(self._rate(count) - stored.setting))
        frames = len(stored.data) * 8 // self._spec.bits // (count * stored.channels)
        tokens = unpack_bits(stored.data, self._spec.bits, frames * count * stored.channels)
        shaped = torch.from_numpy(tokens.reshape(stored.channels, 1, count, frames))
        with torch.inference_mode():
            sounds = [self._spec.decode(self._net, channel).reshape(-1) for channel in shaped]
        return torch.stack(sounds).numpy(), self._native_rate

    def network_cost(self) -> NetworkCost:
        """With as many codebooks as the middle setting has."""
        import torch

        from auricle.bench.codecs._macs import network_cost

        audio = torch.zeros(1, 1, round(_COUNTED_SECONDS * self._native_rate))
        count = self._spec.codebooks[len(self._spec.codebooks) // 2]
        work = lambda: self._spec.decode(self._net, self._spec.encode(self._net, audio, count))  # noqa: E731
        return network_cost(self._net, work, _COUNTED_SECONDS)

    def _rate(self, codebooks: int) -> float:
        return round(codebooks * self._spec.frame_rate * self._spec.bits / 1000, 3)

    @property
    def _native_rate(self) -> int:
        return int(self._net.config.sampling_rate)

    @cached_property
    def _folder(self) -> Path | None:
        """Where the weights lie."""
        folder = self._weights / self.name if self._weights is not None else None
        if folder is not None and all((folder / name).is_file() for name in _FILES):
            return folder
        if importlib.util.find_spec("huggingface_hub") is None:
            return None
        from huggingface_hub import try_to_load_from_cache

        cached = [try_to_load_from_cache(self._spec.hub, name) for name in _FILES]
        return Path(str(cached[0])).parent if all(cached) and Path(str(cached[1])).is_file() else None

    @cached_property
    def _net(self) -> Any:
        import torch
        import transformers  # type: ignore[import-not-found]

        model_class = getattr(transformers, self._spec.model)
        if self._folder is not None:
            net = model_class.from_pretrained(self._folder, local_files_only=True, use_safetensors=True)
        else:
            torch.manual_seed(0)
            config = getattr(transformers, self._spec.model.removesuffix("Model") + "Config")
            net = model_class(config(**self._spec.published))
        _fold_weight_norm(net)
        return net.eval().requires_grad_(False)


def _fold_weight_norm(model: Any) -> None:
    """What is only needed for training would cost time."""
    from torch.nn.utils import parametrize

    for module in model.modules():
        if parametrize.is_parametrized(module):
            for name in list(module.parametrizations):
                parametrize.remove_parametrizations(module, name)

"""Lyra V2 (Google, 2022): SoundStream (Zeghidour et al., 2021) at 16 kHz, by its released TFLite files."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

import numpy as np

from auricle.audio import resample, resampled_length
from auricle.bench.codecs._registry import CodecFactory
from auricle.bench.codecs._tokens import pack_bits, unpack_bits
from auricle.bench.codecs.base import Codec, EncodedSound, SettingRange, check_sound
from auricle.errors import OptionError
from auricle.metrics.perceptual import no_native_chatter

_RATE = 16000
_HOP = 320
_MOST_CODES = 46
_CODE_BITS = 4
_FRAME_BITS = {3.2: 64, 6.0: 120, 9.2: 184}
_ENCODER, _QUANTISER, _DECODER = "soundstream_encoder.tflite", "quantizer.tflite", "lyragan.tflite"
_MOST_CHANNELS = 8


@final
class Lyra(Codec):
    """Lyra V2, which has no file format: the stored size is that of its packets alone.

    Each channel is coded by itself, resampled to 16 kHz and back. The setting is the bitrate of each channel.

    Args:
        folder: holds soundstream_encoder.tflite, quantizer.tflite and lyragan.tflite as released; None where nobody
            said.
    """

    name = "lyra"

    def __init__(self, folder: Path | str | None) -> None:
        self._folder = None if folder is None else Path(folder)

    def missing(self) -> str | None:
        """None, or which package or file is missing."""
        if importlib.util.find_spec("ai_edge_litert") is None:
            return "needs ai-edge-litert: pip install 'auricle[peers]'"
        if self._folder is None:
            return "needs the folder of its released model files: give --lyra DIR"
        absent = [name for name in (_ENCODER, _QUANTISER, _DECODER) if not (self._folder / name).is_file()]
        return f"needs its released model files, {self._folder.name} lacks {', '.join(absent)}" if absent else None

    def version(self) -> str:
        """The only one that was released."""
        return "V2"

    @property
    def setting_range(self) -> SettingRange:
        """The three bitrates that Lyra has."""
        return SettingRange.of_steps(*_FRAME_BITS)

    def note(self) -> str:
        """That there is no file format."""
        return "packets alone, it has no file format"

    def encode(self, audio: np.ndarray, sample_rate: int, setting: float) -> EncodedSound:
        """Encode to packets; see `Codec.encode`.

        Raises:
            OptionError: the bitrate is not one of the three.
        """
        if setting not in _FRAME_BITS:
            bitrates = ", ".join(f"{rate:g}" for rate in _FRAME_BITS)
            raise OptionError(f"Lyra has no bitrate of {setting:g} kb/s: choose one of {bitrates}")
        check_sound(self.name, audio, sample_rate, most_channels=_MOST_CHANNELS)
        native = resample(audio, sample_rate, _RATE)
        frames = np.pad(native, ((0, 0), (0, -native.shape[1] % _HOP))).reshape(len(native), -1, 1, _HOP)
        count = _FRAME_BITS[setting] // _CODE_BITS
        codes = np.stack([self._codes(channel.astype(np.float32), count) for channel in frames])
        return EncodedSound.of(pack_bits(codes, _CODE_BITS), audio, sample_rate, setting)

    def decode(self, stored: EncodedSound) -> tuple[np.ndarray, int]:
        """Decode packets; see `Codec.decode`."""
        count = _FRAME_BITS[stored.setting] // _CODE_BITS
        codes = unpack_bits(stored.data, _CODE_BITS, len(stored.data) * 8 // _CODE_BITS)
        audio = np.stack([self._sound(channel) for channel in codes.reshape(stored.channels, -1, count)])
        return audio[:, : resampled_length(stored.samples, stored.sample_rate, _RATE)], _RATE

    def _codes(self, frames: np.ndarray, count: int) -> np.ndarray:
        """Frames ``(n, 1, 320)`` to codes ``(n, count)``. The nets start anew for each sound: resetting their variables
        does not bring back the state that they start from."""
        encoder, quantiser = self._net(_ENCODER), self._net(_QUANTISER)
        runner = quantiser.get_signature_runner("encode")
        code_count = np.array(count, np.int32)
        return np.stack(
            [
                runner(input_frames=_run(encoder, frame), num_quantizers=code_count)["output_0"].reshape(-1)[:count]
                for frame in frames
            ]
        )

    def _sound(self, codes: np.ndarray) -> np.ndarray:
        """Codes ``(n, count)`` to samples ``(n * 320,)``."""
        decoder, quantiser = self._net(_DECODER), self._net(_QUANTISER)
        runner = quantiser.get_signature_runner("decode")
        indices = np.full((_MOST_CODES, 1, 1), -1, np.int32)
        parts = []
        for frame in codes:
            indices[: len(frame), 0, 0] = frame
            features = runner(encoding_indices=indices)["output_0"].reshape(1, 1, -1)
            parts.append(_run(decoder, features).reshape(-1))
        return np.concatenate(parts)

    def _net(self, name: str) -> Any:
        from ai_edge_litert.interpreter import Interpreter

        assert self._folder is not None
        with no_native_chatter():
            net = Interpreter(str(self._folder / name), num_threads=1)
            net.allocate_tensors()
        return net


def _run(net: Any, value: np.ndarray) -> np.ndarray:
    net.set_tensor(net.get_input_details()[0]["index"], value)
    net.invoke()
    return net.get_tensor(net.get_output_details()[0]["index"]).copy()


CODECS: Mapping[str, CodecFactory] = {"lyra": lambda paths: Lyra(paths.lyra)}

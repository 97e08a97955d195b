"""Lyra V2 (Google, 2022): SoundStream (Zeghidour et al., 2021) at 16 kHz, by its released TFLite files."""

import importlib.util
from pathlib import Path
from typing import Any, final

import numpy as np

from auricle.audio import resample
from auricle.bench.peer import Decoded, Peer, check_sound, same_place
from auricle.errors import OptionError

_RATE = 16000
_HOP = 320
_MOST_CODES = 46
_CODE_BITS = 4
_FRAME_BITS = {3.2: 64, 6.0: 120, 9.2: 184}
_ENCODER, _QUANTISER, _DECODER = "soundstream_encoder.tflite", "quantizer.tflite", "lyragan.tflite"
_MOST_CHANNELS = 8


@final
class Lyra(Peer):
    """Lyra V2, which has no file format: the stored size is that of its packets alone.

    Each channel is coded by itself, resampled to 16 kHz and back.

    Args:
        folder: holds soundstream_encoder.tflite, quantizer.tflite and lyragan.tflite as released.
    """

    name = "lyra"

    def __init__(self, folder: Path | str) -> None:
        self._folder = Path(folder)

    def available(self) -> str | None:
        """None, or which package or file is missing."""
        if importlib.util.find_spec("ai_edge_litert") is None:
            return "Lyra needs ai-edge-litert: pip install 'auricle[lyra]'"
        absent = [name for name in (_ENCODER, _QUANTISER, _DECODER) if not (self._folder / name).is_file()]
        if absent:
            return f"Lyra needs its released model files, {self._folder} lacks {', '.join(absent)}"
        return None

    @property
    def bitrates(self) -> tuple[float, ...]:
        """The three that Lyra has."""
        return tuple(_FRAME_BITS)

    def nearest(self, kbps: float) -> float:
        """One of the three."""
        return min(_FRAME_BITS, key=lambda known: abs(known - kbps))

    def code(self, audio: np.ndarray, sample_rate: int, kbps: float) -> Decoded:
        """Encode to packets and decode them; see `Peer.code`. The setting is the bitrate of each channel.

        Raises:
            OptionError: the bitrate is not one of the three.
        """
        if kbps not in _FRAME_BITS:
            known = ", ".join(f"{rate:g}" for rate in _FRAME_BITS)
            raise OptionError(f"Lyra has no bitrate of {kbps:g} kb/s: choose one of {known}")
        check_sound(self.name, audio, sample_rate, most_channels=_MOST_CHANNELS)
        native = resample(audio, sample_rate, _RATE)
        decoded = np.stack([self._channel(channel, _FRAME_BITS[kbps]) for channel in native])
        frames = -(-native.shape[1] // _HOP)
        stored = audio.shape[0] * frames * _FRAME_BITS[kbps] // 8
        back = resample(decoded, _RATE, sample_rate)
        return Decoded.of(same_place(audio, back, sample_rate), sample_rate, stored)

    def _channel(self, audio: np.ndarray, frame_bits: int) -> np.ndarray:
        """Float32 ``(t,)`` through the codec."""
        nets = _Nets(self._folder)
        frames = np.pad(audio, (0, -len(audio) % _HOP)).astype(np.float32).reshape(-1, 1, _HOP)
        count = frame_bits // _CODE_BITS
        return np.concatenate([nets.frame(frame, count) for frame in frames])[: len(audio)]


@final
class _Nets:
    """The three networks for one sound: encoder and decoder remember what they have heard, and resetting their
    variables does not bring back the state that they start from."""

    def __init__(self, folder: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._encoder, quantiser, self._decoder = (
            Interpreter(str(folder / name), num_threads=1) for name in (_ENCODER, _QUANTISER, _DECODER)
        )
        for net in (self._encoder, self._decoder):
            net.allocate_tensors()
        self._quantiser = quantiser  # the runners below do not keep it alive
        self._to_codes = quantiser.get_signature_runner("encode")
        self._to_features = quantiser.get_signature_runner("decode")

    def frame(self, samples: np.ndarray, count: int) -> np.ndarray:
        """Samples ``(1, 320)`` to as many ``(320,)`` by way of ``count`` codes."""
        features = _run(self._encoder, samples)
        codes = self._to_codes(input_frames=features, num_quantizers=np.array(count, np.int32))["output_0"]
        indices = np.full((_MOST_CODES, 1, 1), -1, np.int32)
        indices[:count] = codes.reshape(-1, 1, 1)[:count]
        features = self._to_features(encoding_indices=indices)["output_0"].reshape(1, 1, -1)
        return _run(self._decoder, features).reshape(-1)


def _run(net: Any, value: np.ndarray) -> np.ndarray:
    net.set_tensor(net.get_input_details()[0]["index"], value)
    net.invoke()
    return net.get_tensor(net.get_output_details()[0]["index"]).copy()

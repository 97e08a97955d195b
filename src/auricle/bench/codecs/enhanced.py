"""Opus with the neural enhancement of libopus 1.5's decoder: LACE and NoLACE (Büthe et al., 2023 and 2024).

Encoding is plain Opus. The decoder is libopus with its networks as the npm package ``@wasm-audio-decoders/opus-ml``
brings it, compiled to WebAssembly and run by Node.js.
"""

import json
import shutil
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, final

import numpy as np

from auricle.bench.codecs._registry import CodecFactory
from auricle.bench.codecs.base import Codec, EncodedSound, SettingRange
from auricle.bench.codecs.opus import DECODED_RATE, Opus, missing_encoder, packets
from auricle.errors import AudioError

_PACKAGE = "@wasm-audio-decoders/opus-ml"
_HINT = f"npm install --prefix DIR {_PACKAGE}@0.0.3, then give --opus-ml DIR"
_SCRIPT = Path(__file__).with_name("opus_ml.mjs")
_LONGEST_SECONDS = 600


@final
class EnhancedOpus(Codec):
    """Opus, decoded with LACE or NoLACE.

    Args:
        kind: which network.
        folder: where npm installed the decoder.
    """

    def __init__(self, kind: Literal["lace", "nolace"], folder: Path | None) -> None:
        self.name = f"opus-{kind}"
        self._kind = kind
        self._package = None if folder is None else folder / "node_modules" / _PACKAGE
        self._opus = Opus("voip")

    def missing(self) -> str | None:
        """None, or what the decoder needs."""
        if (reason := missing_encoder()) is not None:
            return reason
        if shutil.which("node") is None:
            return "needs Node.js, whose program node is not on the path"
        if self._package is None:
            return f"needs the npm package {_PACKAGE}: {_HINT}"
        if not (self._package / "package.json").is_file():
            return f"there is no {_PACKAGE} in {self._package.parents[2].name}: {_HINT}"
        return None

    def version(self) -> str:
        """Of the npm package."""
        if self.missing() is not None:
            return ""
        assert self._package is not None
        return f"{_PACKAGE} {json.loads((self._package / 'package.json').read_text('utf-8'))['version']}"

    @property
    def setting_range(self) -> SettingRange:
        """That of Opus."""
        return self._opus.setting_range

    def note(self) -> str:
        """What was encoded, and what the cost is of."""
        return (
            "encoded as opus-voip: the networks enhance the speech mode alone; decoding is WebAssembly with the start "
            "of Node.js, whose memory is not counted"
        )

    def encode(self, audio: np.ndarray, sample_rate: int, setting: float) -> EncodedSound:
        """Encode as `Opus` does."""
        return self._opus.encode(audio, sample_rate, setting)

    def decode(self, stored: EncodedSound) -> tuple[np.ndarray, int]:
        """Decode each packet; see `Codec.decode`.

        Raises:
            AudioError: the decoder failed.
        """
        assert self._package is not None
        data = b"".join(struct.pack("<I", len(packet)) + packet for packet in packets(stored.data))
        command = ["node", str(_SCRIPT), str(self._package.resolve()), self._kind, str(stored.channels)]
        result = subprocess.run(command, input=data, capture_output=True, timeout=_LONGEST_SECONDS)
        if result.returncode:
            lines = result.stderr.decode(errors="replace").splitlines()
            reason = next((line for line in lines if "Error" in line), "no message")
            raise AudioError(f"{_PACKAGE} can't decode: {reason}")
        return np.frombuffer(result.stdout, "<f4").reshape(stored.channels, -1), DECODED_RATE


CODECS: Mapping[str, CodecFactory] = {
    "opus-lace": lambda paths: EnhancedOpus("lace", paths.opus_ml),
    "opus-nolace": lambda paths: EnhancedOpus("nolace", paths.opus_ml),
}

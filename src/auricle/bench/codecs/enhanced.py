"""Opus with the neural enhancement of libopus 1.5's decoder: LACE and NoLACE (Büthe et al., 2023 and 2024).

Encoding is plain Opus. Decoding needs a libopus that was built with ``--enable-osce``, which distributions and wheels
seldom are.
"""

import ctypes
import ctypes.util
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal, final

import numpy as np

from auricle.bench.codecs._registry import Maker
from auricle.bench.codecs.base import Dial, Peer, Stored
from auricle.bench.codecs.opus import DECODED_RATE, Opus, missing, packets

_SET_COMPLEXITY = 4010
_COMPLEXITY = {"lace": 6, "nolace": 7}
_FIRST_VERSION = (1, 5)
_LONGEST_FRAME = 5760
_HOW = "name one that was built with --enable-osce by --libopus FILE"


@final
class EnhancedOpus(Peer):
    """Opus, decoded with LACE or NoLACE.

    Args:
        kind: which network.
        library: a shared library of libopus; by default the system's.
    """

    def __init__(self, kind: Literal["lace", "nolace"], library: Path | None) -> None:
        self.name = f"opus-{kind}"
        self._complexity = _COMPLEXITY[kind]
        self._library = str(library) if library is not None else ctypes.util.find_library("opus")
        self._opus = Opus("voip")

    def available(self) -> str | None:
        """None, or why no decoder is at hand."""
        return missing() or lacking(self._library)

    def version(self) -> str:
        """Of libopus."""
        return version_of(self._library) if self._library else ""

    @property
    def dial(self) -> Dial:
        """That of Opus."""
        return self._opus.dial

    def note(self) -> str:
        """What was encoded."""
        return "encoded as opus-voip: the networks enhance the speech mode alone"

    def encode(self, audio: np.ndarray, sample_rate: int, setting: float) -> Stored:
        """Encode as `Opus` does."""
        return self._opus.encode(audio, sample_rate, setting)

    def decode(self, stored: Stored) -> tuple[np.ndarray, int]:
        """Decode each packet; see `Peer.decode`."""
        assert self._library is not None
        return decoded(self._library, packets(stored.data), stored.channels, self._complexity), DECODED_RATE


def decoded(library: str, coded: list[bytes], channels: int, complexity: int) -> np.ndarray:
    """Float32 ``(c, t)`` at 48 kHz of Opus packets, by a shared library's decoder."""
    opus, error = _opened(library), ctypes.c_int()
    decoder = opus.opus_decoder_create(DECODED_RATE, channels, ctypes.byref(error))
    try:
        opus.opus_decoder_ctl(decoder, _SET_COMPLEXITY, ctypes.c_int(complexity))
        block = np.zeros((_LONGEST_FRAME, channels), np.float32)
        blocks = []
        for packet in coded:
            target = block.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
            count = opus.opus_decode_float(decoder, packet, len(packet), target, _LONGEST_FRAME, 0)
            blocks.append(block[: max(0, count)].T.copy())
        return np.concatenate(blocks, axis=1)
    finally:
        opus.opus_decoder_destroy(decoder)


@cache
def lacking(library: str | None) -> str | None:
    """None, or why a shared library can't enhance."""
    if library is None:
        return f"needs libopus 1.5 or newer: {_HOW}"
    try:
        version = version_of(library)
    except (OSError, AttributeError) as error:
        return f"can't load {Path(library).name} ({error}): {_HOW}"
    numbers = re.search(r"(\d+)\.(\d+)", version)
    if numbers is None or tuple(map(int, numbers.groups())) < _FIRST_VERSION:
        return f"{version} has no neural decoder, 1.5 is the first: {_HOW}"
    if not _enhances(library):
        return f"{version} was built without its neural decoder: {_HOW}"
    return None


def version_of(library: str) -> str:
    """Such as ``libopus 1.5.2``."""
    return _opened(library).opus_get_version_string().decode()


def _enhances(library: str) -> bool:
    """Whether a voice sounds another way with the networks than without."""
    time = np.arange(8000) / 16000
    buzz = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 20))
    voice = (0.1 * np.asarray(buzz, np.float32))[None]
    coded = packets(Opus("voip").encode(voice, 16000, 9.0).data)
    plain, enhanced = (decoded(library, coded, 1, complexity) for complexity in (0, _COMPLEXITY["nolace"]))
    return not np.array_equal(plain, enhanced)


@cache
def _opened(library: str) -> ctypes.CDLL:
    opus = ctypes.CDLL(library)
    opus.opus_get_version_string.restype = ctypes.c_char_p
    opus.opus_decoder_create.restype = ctypes.c_void_p
    opus.opus_decoder_create.argtypes = [ctypes.c_int32, ctypes.c_int, ctypes.POINTER(ctypes.c_int)]
    opus.opus_decoder_ctl.argtypes = [ctypes.c_void_p, ctypes.c_int]
    opus.opus_decoder_destroy.argtypes = [ctypes.c_void_p]
    opus.opus_decode_float.argtypes = [
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_int32,
        ctypes.POINTER(ctypes.c_float),
        ctypes.c_int,
        ctypes.c_int,
    ]
    return opus


PEERS: Mapping[str, Maker] = {
    "opus-lace": lambda places: EnhancedOpus("lace", places.libopus),
    "opus-nolace": lambda places: EnhancedOpus("nolace", places.libopus),
}

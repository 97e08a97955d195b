"""How much alike two voices are, by an embedding of speakers.

The network of Resemblyzer 0.1.4 (Wan et al., "Generalized End-to-End Loss for Speaker Verification", 2018), computed by
numpy: of the package only its file of weights is used, so ``pip install --no-deps Resemblyzer==0.1.4`` is enough. That
file is a pickle with an optimiser's state around the numbers. It is never unpickled: it has one known checksum, and the
numbers lie at known places in it.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

import numpy as np

from auricle.audio import resample
from auricle.dsp.mel import mel_filterbank
from auricle.errors import AudioError, MissingPackageError
from auricle.metrics.signals import mono, mono_pair
from auricle.metrics.spectral import magnitudes

INSTALL = "pip install --no-deps Resemblyzer==0.1.4"
_SHA256 = "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"
_PLACES: Mapping[str, tuple[int, tuple[int, ...]]] = MappingProxyType(
    {
        "input_0": (269_883, (1024, 40)),
        "state_0": (433_723, (1024, 256)),
        "input_bias_0": (5_676_603, (1024,)),
        "state_bias_0": (5_680_699, (1024,)),
        "input_1": (1_482_299, (1024, 256)),
        "state_1": (2_530_875, (1024, 256)),
        "input_bias_1": (5_684_795, (1024,)),
        "state_bias_1": (5_688_891, (1024,)),
        "input_2": (3_579_451, (1024, 256)),
        "state_2": (4_628_027, (1024, 256)),
        "input_bias_2": (5_692_987, (1024,)),
        "state_bias_2": (5_697_083, (1024,)),
        "out": (7_731, (256, 256)),
        "out_bias": (6_699, (256,)),
    }
)
"""Byte at which an array of little-endian float32 begins in the file, and its shape."""
_LAYERS = 3

_RATE = 16_000
_WINDOW, _HOP, _BANDS = 400, 160, 40
_PIECE, _PIECE_STEP = 160, 77
"""Frames of a piece of 1.6 s, and from one piece to the next: 1.3 a second."""
_PIECES_AT_ONCE = 32  # keeps the memory flat
_LEVEL = 10 ** (-30 / 20)
_SILENCE_WINDOW = 480
_SILENCE_DB = 40.0


def speaker_likeness(reference: np.ndarray, estimate: np.ndarray, sample_rate: int) -> float:
    """Cosine of the embeddings of two voices, 0 to 1: two recordings of one speaker have about .9, of two about .55.

    Where the reference is silent, both are cut. As in the package, only quiet voices are amplified: levels count.

    Args:
        reference: ``(t,)`` or ``(c, t)``; channels are averaged.
        estimate: as the reference, of the same length.
        sample_rate: of both, in Hz; voices are heard at 16 kHz.

    Raises:
        AudioError: the lengths differ, or there is no sound.
        MissingPackageError: the package is not installed, or is of another version.
    """
    original, decoded = (resample(signal[None], sample_rate, _RATE)[0] for signal in mono_pair(reference, estimate))
    places = _sounding(original)
    first, second = (_embedding(signal[places]) for signal in (original, decoded))
    return float(first @ second)


def voice_embedding(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """The voice in ``(t,)`` or ``(c, t)`` as float ``(256,)`` of length 1.

    Raises:
        AudioError: there is no sound.
        MissingPackageError: the package is not installed, or is of another version.
    """
    signal = resample(mono(audio)[None], sample_rate, _RATE)[0]
    return _embedding(signal[_sounding(signal)])


def _sounding(signal: np.ndarray) -> np.ndarray:
    """Whether each sample is in 30 ms at most 40 dB below the loudest 30 ms, or beside such: bool ``(t,)``."""
    padded = np.pad(signal, (0, -signal.size % _SILENCE_WINDOW)).reshape(-1, _SILENCE_WINDOW)
    power = (padded**2).mean(1)
    if power.max(initial=0.0) < 1e-10:
        raise AudioError("there is no voice in silence: measure it by another metric")
    loud = power > power.max() * 10 ** (-_SILENCE_DB / 10)
    near = np.convolve(loud, np.ones(7), "same") > 0.5
    return np.repeat(near, _SILENCE_WINDOW)[: signal.size]


def _embedding(signal: np.ndarray) -> np.ndarray:
    level = np.sqrt(np.mean(signal**2))
    mel = _spectrogram(signal * max(1.0, _LEVEL / max(level, 1e-9)))
    starts = _starts(signal.size)
    batches = [starts[first : first + _PIECES_AT_ONCE] for first in range(0, len(starts), _PIECES_AT_ONCE)]
    rows = [_network(np.stack([mel[start : start + _PIECE] for start in batch])) for batch in batches]
    mean = np.concatenate(rows).mean(0)
    return mean / np.linalg.norm(mean)


def _starts(samples: int) -> range:
    """First frames of pieces; the last one has sound in three quarters of it, unless it is the only one."""
    return range(0, max(1, samples // _HOP + 1 - 3 * _PIECE // 4), _PIECE_STEP)


def _spectrogram(signal: np.ndarray) -> np.ndarray:
    """Power in mel bands ``(n, 40)``: a Hann window, centred frames, silence behind the sound for a last piece."""
    padded = np.pad(signal, (0, _PIECE * _HOP))
    filters = mel_filterbank(_RATE, _WINDOW, _BANDS).T
    return np.concatenate([(part**2 @ filters).astype(np.float32) for part in magnitudes(padded, _WINDOW, _HOP)])


def _network(pieces: np.ndarray) -> np.ndarray:
    """Three LSTM layers (Hochreiter and Schmidhuber, 1997) over ``(b, n, 40)``; the last state to ``(b, 256)``."""
    weights = _weights()
    sequence = pieces
    for layer in range(_LAYERS):
        bias = weights[f"input_bias_{layer}"] + weights[f"state_bias_{layer}"]
        gates = sequence @ weights[f"input_{layer}"].T + bias
        states = np.zeros((*sequence.shape[:2], 256), np.float32)
        hidden, cell = np.zeros((2, len(sequence), 256), np.float32)
        for step, entered in enumerate(np.moveaxis(gates, 1, 0)):
            now = entered + hidden @ weights[f"state_{layer}"].T
            enter, forget, candidate, leave = np.split(now, 4, axis=1)
            cell = _sigmoid(forget) * cell + _sigmoid(enter) * np.tanh(candidate)
            hidden = _sigmoid(leave) * np.tanh(cell)
            states[:, step] = hidden
        sequence = states
    out = np.maximum(sequence[:, -1] @ weights["out"].T + weights["out_bias"], 0.0)
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 + 0.5 * np.tanh(0.5 * x)


@cache
def _weights() -> Mapping[str, np.ndarray]:
    spec = find_spec("resemblyzer")
    if spec is None or not spec.submodule_search_locations:
        raise MissingPackageError(f"speaker likeness needs the package Resemblyzer: {INSTALL}")
    path = Path(next(iter(spec.submodule_search_locations))) / "pretrained.pt"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MissingPackageError(f"speaker likeness needs {path}, which can't be read: {error}") from error
    if hashlib.sha256(data).hexdigest() != _SHA256:
        raise MissingPackageError(f"{path} is not the network of Resemblyzer 0.1.4: {INSTALL}")
    return {
        name: np.frombuffer(data, "<f4", int(np.prod(shape)), start).reshape(shape).astype(np.float32)
        for name, (start, shape) in _PLACES.items()
    }

"""A spot check: a compressed file decoded again, and how far it is from its source."""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from auricle.audio import AudioReader, read
from auricle.codec import decompress
from auricle.errors import AudioError
from auricle.metrics.signals import si_sdr
from auricle.metrics.spectral import mel_distance

if TYPE_CHECKING:
    from auricle.model import Autoencoder

MEASURED_SECONDS = 30.0
"""Of a longer sound its middle is measured."""


def spot_check(source: Path, target: Path, model: "Autoencoder | str | None") -> Mapping[str, Any]:
    """Decode a file and compare it with its source.

    Args:
        source: the sound that was compressed.
        target: the .aur file.
        model: that made it.

    Returns:
        ``mel_distance`` in nepers, ``si_sdr`` in dB, and from which second (``start``) how many (``seconds``) were
        measured; of a sound without samples nothing but the latter two.

    Raises:
        AudioError: what comes back has another length, rate or number of channels.
        FormatError: it does not decode.
    """
    reference, sample_rate, start = excerpt(source)
    estimate = decoded(target, model, start, reference.shape[1] / sample_rate, sample_rate)
    if estimate.shape != reference.shape:
        raise AudioError(f"{target} comes back as {estimate.shape}, its source is {reference.shape}: keep the source")
    seconds = reference.shape[1] / sample_rate
    if not reference.shape[1]:
        return {"start": 0.0, "seconds": 0.0}
    clipped = np.clip(reference, -1.0, 1.0)
    return {
        "mel_distance": mel_distance(clipped, estimate, sample_rate),
        "si_sdr": _finite(si_sdr(clipped, estimate)),
        "start": start,
        "seconds": seconds,
    }


def excerpt(source: Path) -> tuple[np.ndarray, int, float]:
    """The middle of a sound ``(c, t)``, its rate in Hz, and the second at which it begins."""
    with closing(AudioReader(source)) as reader:
        rate = reader.sample_rate
        length = round(MEASURED_SECONDS * rate)
        total = reader.frames if reader.info.exact else sum(block.shape[1] for block in reader.blocks(rate))
    first = max(0, total - length) // 2 // rate * rate  # a whole second, so that a part begins at the same sample
    parts, at = [np.zeros((reader.channels, 0), np.float32)], 0
    with closing(AudioReader(source)) as reader:
        for block in reader.blocks(rate):
            parts.append(block[:, max(0, first - at) : max(0, first + length - at)])
            at += block.shape[1]
            if at >= first + length:
                break
    return np.concatenate(parts, axis=1), rate, first / rate


def decoded(
    target: Path, model: "Autoencoder | str | None", start: float, seconds: float, sample_rate: int
) -> np.ndarray:
    """A part ``(c, t)`` of an .aur file.

    Raises:
        FormatError: it does not decode.
        AudioError: another rate comes back.
    """
    with TemporaryDirectory(prefix="auricle-") as name:
        part = Path(name) / "part.wav"
        stop = None if start == 0 and seconds < MEASURED_SECONDS else start + seconds
        decompress(target, part, model=model, start=start or None, stop=stop)
        audio, rate = read(part)
    if rate != sample_rate:
        raise AudioError(f"{target} comes back at {rate} Hz, its source has {sample_rate}: keep the source")
    return audio


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None

"""Auricle's codec by way of real files."""

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, final

import numpy as np
import torch

from auricle.audio import AudioWriter, read
from auricle.bench.codecs._macs import network
from auricle.bench.codecs.base import Dial, Network, Peer, Stored
from auricle.codec import compress, decompress, info
from auricle.errors import ModelError
from auricle.model import Autoencoder, fingerprint

_COUNTED_SECONDS = 10.0
_HIGHEST_KBPS = 1000.0


@final
class Auricle(Peer):
    """Compress to a file in a temporary folder and decompress it.

    Args:
        model: in eval mode.
        dial: what settings mean: a bitrate that each file stays within, or the model's quality.
        name: for tables; by default the model's.
    """

    def __init__(self, model: Autoencoder, dial: Literal["kbps", "quality"] = "kbps", name: str = "") -> None:
        self._model, self._dial = model, dial
        self.name = name or model.name

    def available(self) -> str | None:
        """None, or that the model makes no files."""
        return None if self._model.tables is not None else "makes no files: it has a continuous bottleneck or no tables"

    def version(self) -> str:
        """The first digits of the model's fingerprint."""
        try:
            return f"fingerprint {fingerprint(self._model)[:8]}"
        except ModelError:  # no tables yet
            return ""

    @property
    def dial(self) -> Dial:
        """Any bitrate; or the model's levels."""
        if self._dial == "kbps":
            return Dial(0.1, _HIGHEST_KBPS, keeps=True)
        return Dial(0.0, self._model.bottleneck.quality_levels - 1, kbps=False)

    def text(self, setting: float) -> str:
        """Such as ``6 kb/s`` or ``quality 1.5``."""
        return f"{setting:g} kb/s" if self._dial == "kbps" else f"quality {setting:g}"

    def network(self) -> Network:
        """The model's."""
        model = self._model
        audio = torch.zeros(1, round(_COUNTED_SECONDS * model.sample_rate))
        return network(model, lambda: model.decode(model.encode(audio), audio.shape[1]), _COUNTED_SECONDS)

    def encode(self, audio: np.ndarray, sample_rate: int, setting: float) -> Stored:
        """Compress to a real file.

        Raises:
            AuricleError: what `auricle.codec.compress` raises.
        """
        with TemporaryDirectory() as folder:
            source, target = (Path(folder) / name for name in ("in.wav", "coded.aur"))
            with AudioWriter(source, sample_rate, audio.shape[0], "FLOAT") as writer:
                writer.write(audio)
            chosen: dict[str, Any] = {self._dial: setting}
            compress(source, target, model=self._model, **chosen)
            return Stored.of(target.read_bytes(), audio, sample_rate, setting, info(target).coded_bytes)

    def decode(self, stored: Stored) -> tuple[np.ndarray, int]:
        """Decompress it.

        Raises:
            AuricleError: what `auricle.codec.decompress` raises.
        """
        with TemporaryDirectory() as folder:
            source, target = (Path(folder) / name for name in ("coded.aur", "out.wav"))
            source.write_bytes(stored.data)
            decompress(source, target, model=self._model)
            return read(target)


def named(models: Sequence[Autoencoder], labels: Sequence[str], taken: Collection[str] = ()) -> list[Auricle]:
    """Codecs of some models, with names that differ from each other and from those taken, if need be by labels."""
    counted = Counter([*(model.name for model in models), *taken])
    names: list[str] = []
    for model, label in zip(models, labels, strict=True):
        name = model.name if counted[model.name] == 1 else f"{model.name} ({label})"
        names.append(name if name not in names else f"{name} {len(names) + 1}")
    return [Auricle(model, name=name) for model, name in zip(models, names, strict=True)]

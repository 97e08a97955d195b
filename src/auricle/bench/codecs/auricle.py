"""Auricle's codec by way of real files."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, Literal, final

import numpy as np
import soundfile
import torch

from auricle.atomic import temporary_folder
from auricle.audio import AudioWriter
from auricle.bench.codecs._macs import network_cost
from auricle.bench.codecs.base import Codec, EncodedSound, NetworkCost, SettingRange
from auricle.codec import compress, decompress, info
from auricle.errors import ModelError
from auricle.model import Autoencoder, fingerprint

_COUNTED_SECONDS = 10.0
_HIGHEST_KBPS = 1000.0


@final
class AuricleCodec(Codec):
    """Compress to a file in a temporary folder and decompress it.

    Args:
        model: in eval mode.
        setting: what settings mean: a bitrate that each file stays within, or the model's quality.
        name: for tables; by default the model's.
    """

    def __init__(self, model: Autoencoder, setting: Literal["kbps", "quality"] = "kbps", name: str = "") -> None:
        self._model, self._setting = model, setting
        self.name = name or model.name

    def missing(self) -> str | None:
        """None, or that the model makes no files."""
        return None if self._model.tables is not None else "makes no files: it has a continuous bottleneck or no tables"

    def version(self) -> str:
        """The first digits of the model's fingerprint."""
        try:
            return f"fingerprint {fingerprint(self._model)[:8]}"
        except ModelError:  # no tables yet
            return ""

    @property
    def setting_range(self) -> SettingRange:
        """Any bitrate; or the model's levels."""
        if self._setting == "kbps":
            return SettingRange(0.1, _HIGHEST_KBPS, keeps_bitrate=True)
        return SettingRange(0.0, self._model.bottleneck.quality_levels - 1, in_kbps=False)

    def setting_text(self, setting: float) -> str:
        """Such as ``6 kb/s`` or ``quality 1.5``."""
        return f"{setting:g} kb/s" if self._setting == "kbps" else f"quality {setting:g}"

    def network_cost(self) -> NetworkCost:
        model = self._model
        audio = torch.zeros(1, round(_COUNTED_SECONDS * model.sample_rate))
        return network_cost(model, lambda: model.decode_bottled(model.encode(audio), audio.shape[1]), _COUNTED_SECONDS)

    def encode(self, audio: np.ndarray, sample_rate: int, setting: float) -> EncodedSound:
        """Compress to a real file.

        Raises:
            AuricleError: what `auricle.codec.compress` raises.
        """
        with temporary_folder() as folder:
            source, target = (folder / name for name in ("in.wav", "coded.aur"))
            with AudioWriter(source, sample_rate, audio.shape[0], "FLOAT") as writer:
                writer.write(audio)
            rate: dict[str, Any] = {self._setting: setting}
            compress(source, target, model=self._model, **rate)
            return EncodedSound.of(target.read_bytes(), audio, sample_rate, setting, info(target).coded_bytes)

    def decode(self, stored: EncodedSound) -> tuple[np.ndarray, int]:
        """Decompress it.

        Raises:
            AuricleError: what `auricle.codec.decompress` raises.
        """
        with temporary_folder() as folder:
            source, target = (folder / name for name in ("coded.aur", "out.wav"))
            source.write_bytes(stored.data)
            decompress(source, target, model=self._model)
            audio, sample_rate = soundfile.read(target, dtype="float32", always_2d=True)  # no limit: decoders overshoot
            return np.ascontiguousarray(audio.T), sample_rate


def model_codecs(
    models: Sequence[Autoencoder], labels: Sequence[str], reserved_names: Collection[str] = ()
) -> list[AuricleCodec]:
    """Codecs of some models, with names that differ from each other and from those reserved, if need be by labels."""
    counts = Counter([*(model.name for model in models), *reserved_names])
    names: list[str] = []
    for model, label in zip(models, labels, strict=True):
        name = model.name if counts[model.name] == 1 else f"{model.name} ({label})"
        names.append(name if name not in names else f"{name} {len(names) + 1}")
    return [AuricleCodec(model, name=name) for model, name in zip(models, names, strict=True)]

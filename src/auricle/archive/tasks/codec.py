"""The verbs of the codec, for one file of many."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from auricle.archive.tasks.task import ArchiveTask, CommonError, LoadedModels
from auricle.errors import AuricleError, OptionError
from auricle.hub.download import local_path
from auricle.options.coding import CompressOptions, DecompressOptions, ReadLimits

if TYPE_CHECKING:
    from auricle.model import Autoencoder

_AUR = ".aur"
_PATHS = ("path",)


@final
@dataclass(frozen=True)
class ModelChoice:
    """Which model codes or decodes the files.

    Attributes:
        name: a shipped model or a model file; None for the shipped one that fits each file, or the first where one
            must do for all.
        allow_edited: load a file whose contents do not have the fingerprint that it states.
    """

    name: str | None = None
    allow_edited: bool = False

    def load(self, models: LoadedModels, default: str) -> "Autoencoder":
        """The model, or the shipped one of this name.

        Raises:
            CommonError: it can't be loaded.
        """
        from auricle.model import load  # loads torch

        name = self.name or default
        return models.get(name, lambda: load(name, allow_edited=self.allow_edited))

    def identity(self) -> Mapping[str, Any]:
        """What tells it from others: its file's digest, not only its name."""
        return {"name": self.name, "sha256": digest_of_model(self.name)} if self.name else {"name": None}


def digest_of_model(name: str) -> str:
    """Start of the SHA-256 of a model's file; empty where there is none: loading it will say so."""
    from auricle.model.files.tensor_file import pretrained

    shipped = pretrained() / f"{name}.auricle.safetensors"
    path = shipped
    if not shipped.is_file():
        with suppress(AuricleError):
            path = local_path(name, (".auricle.safetensors",))
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()[:16]


@final
@dataclass(frozen=True)
class CompressTask(ArchiveTask):
    """Compress audio files into .aur files, as `auricle.compress` does.

    Attributes:
        model: which.
        kbps: the bitrate to stay at or just under.
        quality: where the dial stands instead.
        options: gain, length of packets, and whether the sources are strangers'.
    """

    model: ModelChoice = ModelChoice()
    kbps: float | None = None
    quality: float | None = None
    options: CompressOptions = CompressOptions()
    verb: str = field(default="compress", init=False)
    stage: str = field(default="compressing", init=False)
    suffix: str = field(default=_AUR, init=False)

    def accepts(self, name: str) -> bool:
        """Audio files, told by their suffix."""
        return is_audio(name)

    def settings(self) -> Mapping[str, Any]:
        """What decides the result: model and options."""
        model = self.model.identity() if self.model.name else {n: digest_of_model(n) for n in ("speech", "music")}
        return {"model": model, "kbps": self.kbps, "quality": self.quality, **asdict(self.options)}

    def run(self, source: Path, target: Path, models: LoadedModels, *, force: bool) -> Mapping[str, Any]:
        """Compress one of the files."""
        from auricle import audio
        from auricle.codec import compress
        from auricle.model import default_model

        rate = audio.info(source).sample_rate
        model = self.model.load(models, default_model(rate))
        try:
            result = compress(
                source,
                target,
                model=model,
                kbps=self.kbps,
                quality=self.quality,
                options=self.options,
                force=force,
            )
        except OptionError as error:
            raise CommonError(str(error)) from error
        return _plain(result)

    def check(self, source: Path, target: Path, models: LoadedModels) -> Mapping[str, Any]:
        """Decode it again and measure how far it is from its source."""
        from auricle.archive.spot_check import spot_check

        return spot_check(source, target, model_of_file(target, self.model, models, any_decoder=False))


@final
@dataclass(frozen=True)
class DecompressTask(ArchiveTask):
    """Turn .aur files back into audio files, as `auricle.decompress` does.

    Attributes:
        model: which.
        suffix: of the audio files: .wav, .flac, .ogg, .opus or .mp3.
        options: whether another decoder will do, what a file may claim, and the bits of a sample.
    """

    model: ModelChoice = ModelChoice()
    suffix: str = ".wav"
    options: DecompressOptions = DecompressOptions()
    verb: str = field(default="decompress", init=False)
    stage: str = field(default="decompressing", init=False)
    kind: str = field(default=".aur files", init=False)

    def __post_init__(self) -> None:
        from auricle.audio.suffixes import subtype_of_bits, writable_format

        if not self.suffix.startswith("."):
            raise OptionError(f"a suffix of {self.suffix!r}: write it with a point, as .wav")
        writable_format(Path(f"NAME{self.suffix}"))
        subtype_of_bits(Path(f"sound{self.suffix}"), self.options.bits)

    def accepts(self, name: str) -> bool:
        """Files whose name ends with .aur."""
        return is_aur(name)

    def settings(self) -> Mapping[str, Any]:
        """Model and options, without limits: they decide whether, not what."""
        options = {"any_decoder": self.options.any_decoder, "bits": self.options.bits}
        return {"model": self.model.identity(), "suffix": self.suffix, **options}

    def run(self, source: Path, target: Path, models: LoadedModels, *, force: bool) -> Mapping[str, Any]:
        """Decompress one of the files."""
        from auricle.codec import decompress

        model = model_of_file(source, self.model, models, any_decoder=self.options.any_decoder)
        return _plain(decompress(source, target, model=model, options=self.options, force=force))


@final
@dataclass(frozen=True)
class VerifyTask(ArchiveTask):
    """Check that .aur files are what was written, as `auricle.verify` does.

    Attributes:
        model: with one, the codes are compared too.
        limits: what a file may claim.
    """

    model: str | None = None
    limits: ReadLimits = ReadLimits()
    verb: str = field(default="verify", init=False)
    stage: str = field(default="verifying", init=False)
    kind: str = field(default=".aur files", init=False)

    def accepts(self, name: str) -> bool:
        """Files whose name ends with .aur."""
        return is_aur(name)

    def settings(self) -> Mapping[str, Any]:
        """What decides the result: the model."""
        return {"model": ModelChoice(self.model).identity()}

    def run(self, source: Path, target: Path, models: LoadedModels, *, force: bool) -> Mapping[str, Any]:
        """Verify one of the files."""
        from auricle.codec import verify

        model = None if self.model is None else ModelChoice(self.model).load(models, "")
        result = verify(source, model=model, limits=self.limits)
        return {**_plain(result), "seconds": result.samples / result.sample_rate}


@final
@dataclass(frozen=True)
class RepairTask(ArchiveTask):
    """Save what can be saved of damaged .aur files, as `auricle.repair` does; whole ones come out whole.

    Attributes:
        limits: what a file may claim.
    """

    limits: ReadLimits = ReadLimits()
    verb: str = field(default="repair", init=False)
    stage: str = field(default="repairing", init=False)
    kind: str = field(default=".aur files", init=False)
    suffix: str = field(default=_AUR, init=False)

    def accepts(self, name: str) -> bool:
        """Files whose name ends with .aur."""
        return is_aur(name)

    def settings(self) -> Mapping[str, Any]:
        """Nothing decides the result but the file."""
        return {}

    def run(self, source: Path, target: Path, models: LoadedModels, *, force: bool) -> Mapping[str, Any]:
        """Repair one of the files."""
        from auricle.codec import repair

        result = repair(source, target, limits=self.limits, force=force)
        return {**_plain(result), "seconds": result.samples / result.sample_rate}


@final
@dataclass(frozen=True)
class InfoTask(ArchiveTask):
    """What .aur files tell about themselves, as `auricle.info` does."""

    verb: str = field(default="info", init=False)
    stage: str = field(default="reading", init=False)
    kind: str = field(default=".aur files", init=False)

    def accepts(self, name: str) -> bool:
        """Files whose name ends with .aur."""
        return is_aur(name)

    def settings(self) -> Mapping[str, Any]:
        """Nothing decides the result but the file."""
        return {}

    def run(self, source: Path, target: Path, models: LoadedModels, *, force: bool) -> Mapping[str, Any]:
        """Read one of the files."""
        from auricle.codec import info

        result = info(source)
        return {**_plain(result), "seconds": result.seconds, "kbps": result.kbps}


def is_audio(name: str) -> bool:
    """Whether the name of a file has the suffix of a format that is read."""
    from auricle.audio import is_audio_name

    return is_audio_name(name)


def is_aur(name: str) -> bool:
    """Whether the name of a file ends with .aur."""
    return name.lower().endswith(_AUR)


def model_of_file(
    source: Path, choice: ModelChoice, models: LoadedModels, *, any_decoder: bool
) -> "Autoencoder | str | None":
    """The loaded model that reads an .aur file.

    Raises:
        CommonError: the chosen one can't be loaded.
        FormatError: the file can't be read.
        ModelError: no shipped model has made it.
    """
    if choice.name is not None:
        return choice.load(models, "")
    from auricle.codec.coding.decoder import find_model
    from auricle.codec.format.container import PacketReader, open_file

    with open_file(source) as file:
        header = PacketReader(file, source).header
    key = (header.model, header.fingerprint)
    return models.get(key, lambda: find_model(source, header, None, any_decoder=any_decoder), common=False)


def _plain(result: Any) -> dict[str, Any]:
    return {name: value for name, value in asdict(result).items() if name not in _PATHS}

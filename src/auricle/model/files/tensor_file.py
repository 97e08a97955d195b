"""Safetensors files of models, priors and classifiers: one reader, that believes nothing a stranger's file says, and
one writer.

Nothing is allocated that the file's own size does not pay for: size, header, texts, version, types and shapes are
looked at before a tensor is read. A checksum over all tensors and texts tells of every bit that has changed since.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, final

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as serialize

from auricle.atomic import atomic_write
from auricle.audio.suffixes import refuse_sound_name
from auricle.errors import ModelError, OutputError
from auricle.hub.download import local_path
from auricle.printable import printable, without_controls

LARGEST_FILE = 4 << 30
"""Bytes of the largest file that is loaded, where its kind sets no other limit."""
CHECKSUM = "checksum"
"""Key of the metadata that holds the digest of everything else in the file; older files have none."""
_LARGEST_HEADER = 8 << 20
_SHORTEST_PREFIX = 8  # bytes that say how long the header is
_SHOWN_DIGITS = 16
_HEXADECIMAL = frozenset("0123456789abcdef")

Layout = Mapping[str, tuple[str, tuple[int, ...]]]
"""Type and shape of each tensor by name, as safetensors says them."""


@final
@dataclass(frozen=True)
class FileKind:
    """What makes a safetensors file a model, a prior or a classifier.

    Attributes:
        noun: what it is called in messages.
        suffix: of its name.
        format: what its metadata states as ``format``.
        version: the only one that is read.
        keys: other texts that its metadata must have.
        largest_file: bytes of the largest one that is loaded.
        largest_text: characters of the longest text in its metadata.
    """

    noun: str
    suffix: str
    format: str
    version: int
    keys: tuple[str, ...]
    largest_file: int = LARGEST_FILE
    largest_text: int = 1 << 20

    def metadata(self, **texts: str) -> dict[str, str]:
        """What a file of this kind states, with the texts for its keys."""
        return {"format": self.format, "version": str(self.version), **texts}

    def shipped(self) -> dict[str, Path]:
        """Names and paths of those inside the package."""
        return {path.name.removesuffix(self.suffix): path for path in sorted(pretrained().glob(f"*{self.suffix}"))}

    def check_name(self, path: Path) -> None:
        """Refuse to write a file whose name would find a shipped one when it is read, or is that of a sound, which
        verbs on folders would then fail to read.

        Raises:
            OutputError: it would, or is.
        """
        if str(path) in self.shipped():
            raise OutputError(
                f"{path} is the name of a shipped {self.noun}, which would be loaded instead of your file: "
                f"name another one, such as {path}{self.suffix}"
            )
        refuse_sound_name(path, f"a {self.noun}", self.suffix)

    def resolve(self, name_or_path: str | Path) -> Path:
        """Path of a shipped one by its name, of a file, or of the copy of one on the hub (``hf://owner/name``).

        Raises:
            MissingPackageError: it is on the hub, and huggingface_hub is not installed.
            ModelError: neither a shipped name nor a file, or it can't be had from the hub.
        """
        shipped = self.shipped()
        if str(name_or_path) in shipped:
            return shipped[str(name_or_path)]
        path = local_path(name_or_path, (self.suffix,))
        if path.is_file():
            return path
        raise ModelError(
            f"no {self.noun} {str(name_or_path)!r}: name a {self.suffix} file, one on the hub (hf://owner/name) or a "
            f"shipped {self.noun} ({', '.join(shipped) or 'none'})"
        )


def pretrained() -> Path:
    """The folder of the files that are shipped."""
    return Path(str(resources.files("auricle") / "pretrained"))


@final
class TensorFile:
    """An open file; its metadata has all keys of its kind, no tensor has been read.

    Attributes:
        path: for messages.
        metadata: texts by key.
        layout: types and shapes of its tensors.
    """

    def __init__(self, path: Path, kind: FileKind, file: Any):
        self.path, self._file = path, file
        self.metadata = _checked_metadata(path, kind, file.metadata() or {})
        slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
        self.layout: Layout = {name: (part.get_dtype(), tuple(part.get_shape())) for name, part in slices.items()}

    def read(self, *, allow_edited: bool = False) -> dict[str, np.ndarray]:
        """All tensors; check their layout first.

        Raises:
            ModelError: a value is not finite, or a deviation is not positive; or something in the file has changed
                since it was written, and ``allow_edited`` is false.
        """
        arrays = {name: self._file.get_tensor(name) for name in self.layout}
        for name, value in arrays.items():
            if value.dtype.kind == "f" and not np.isfinite(value).all():
                raise ModelError(f"{self.path}: tensor {name} has values that are not finite: the file is damaged")
            if name.endswith("deviation") and not (value > 0).all():
                raise ModelError(f"{self.path}: tensor {name} has values that are not positive: the file is damaged")
        stated = self.metadata.get(CHECKSUM)
        if stated is not None and not allow_edited and stated != contents_digest(self.metadata, arrays):
            raise ModelError(
                f"{self.path} has changed since it was written (its checksum differs): the file is damaged or was "
                "edited, get it again"
            )
        return arrays


@contextmanager
def open_tensor_file(path: Path, kind: FileKind) -> Iterator[TensorFile]:
    """A file of that kind, of a size that can be.

    Raises:
        ModelError: it is missing, none, or of another version; also where reading fails inside.
    """
    try:
        _check_size(path, kind)
        with safe_open(path, framework="np") as file:
            yield TensorFile(path, kind, file)
    except FileNotFoundError as error:
        raise ModelError(f"no {kind.noun} {path}: name a {kind.suffix} file") from error
    except (SafetensorError, OSError, MemoryError) as error:
        reason = printable(str(error), 120)
        raise ModelError(f"{path} is not a {kind.noun} file ({reason}): use a {kind.suffix} file") from error


def stated_format(path: Path) -> str:
    """What the metadata of a safetensors file states as its ``format``; nothing where it is none, or too large."""
    try:
        with path.open("rb") as file:
            if int.from_bytes(file.read(_SHORTEST_PREFIX), "little") > _LARGEST_HEADER:
                return ""
        with safe_open(path, framework="np") as file:
            return (file.metadata() or {}).get("format", "")
    except (SafetensorError, OSError, MemoryError):
        return ""


def _check_size(path: Path, kind: FileKind) -> None:
    size = path.stat().st_size
    with path.open("rb") as file:
        header = int.from_bytes(file.read(_SHORTEST_PREFIX), "little")
    if size < _SHORTEST_PREFIX or header > size - _SHORTEST_PREFIX or header > _LARGEST_HEADER:
        raise ModelError(
            f"{path} is not a {kind.noun} file (it has {size} bytes, a header of {header} bytes): "
            f"use a {kind.suffix} file"
        )
    if size > kind.largest_file:
        raise ModelError(
            f"{path} has {size} bytes, a {kind.noun} file at most {kind.largest_file}: use another {kind.noun}"
        )


def _checked_metadata(path: Path, kind: FileKind, metadata: Mapping[str, str]) -> Mapping[str, str]:
    if metadata.get("format") != kind.format or any(len(text) > kind.largest_text for text in metadata.values()):
        raise ModelError(f"{path} is a safetensors file but not an Auricle {kind.noun}: use a {kind.suffix} file")
    if metadata.get("version") != str(kind.version):
        version = printable(metadata.get("version", "none"), 60)
        raise ModelError(f"{path} has {kind.noun} version {version}, known is {kind.version}: update Auricle")
    if missing := set(kind.keys) - metadata.keys():
        raise ModelError(
            f"{path} lacks {', '.join(sorted(missing))} in its metadata (an older Auricle wrote it): make it again"
        )
    if unknown := metadata.keys() - {"format", "version", CHECKSUM, *kind.keys}:
        raise ModelError(f"{path} has the unknown entry {printable(min(unknown), 60)} in its metadata: it is damaged")
    return metadata


def write_tensor_file(
    path: Path, kind: FileKind, arrays: Mapping[str, np.ndarray], texts: Mapping[str, str], *, force: bool = False
) -> None:
    """Write a file of that kind with its checksum; it appears whole or not at all.

    Raises:
        OutputError: the file exists and ``force`` is false, can't be written, or has the name of a shipped one.
    """
    kind.check_name(path)
    contiguous = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
    metadata = kind.metadata(**texts)
    with atomic_write(path, force=force) as temporary:
        texts = {**metadata, CHECKSUM: contents_digest(metadata, contiguous)}
        temporary.write_bytes(serialize(contiguous, texts))


def contents_digest(metadata: Mapping[str, str], arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 (hex) of all texts but the checksum itself, and of all tensors with their names, types and shapes."""
    digest = hashlib.sha256()
    for key, text in sorted(metadata.items()):
        if key != CHECKSUM:
            digest.update(f"{key} {len(text)} {text}\n".encode("utf-8", "surrogatepass"))
    for name, value in sorted(arrays.items()):
        digest.update(f"{name} {value.dtype.str} {value.shape}\n".encode("utf-8", "surrogatepass"))
        digest.update(np.ascontiguousarray(value).data)
    return digest.hexdigest()


def check_digest(path: Path, digest: str) -> str:
    """A fingerprint that a file states.

    Raises:
        ModelError: it is not 64 hexadecimal digits.
    """
    if len(digest) != 64 or not _HEXADECIMAL.issuperset(digest):
        raise ModelError(f"{path} has the fingerprint '{printable(digest, 60)}', not 64 digits: the file is damaged")
    return digest


def without_control_characters(value: Any) -> Any:
    """Texts for people without the characters that a terminal obeys, however deep they lie."""
    if isinstance(value, str):
        return without_controls(value)
    if isinstance(value, dict):
        return {without_control_characters(key): without_control_characters(item) for key, item in value.items()}
    return tuple(map(without_control_characters, value)) if isinstance(value, tuple) else value


def check_layout(path: Path, expected: Layout, layout: Layout) -> None:
    """Compare what a file holds with what its config asks for.

    Raises:
        ModelError: a tensor is missing, unknown, or of another type or shape.
    """
    for name in sorted(expected.keys() | layout.keys()):
        if expected.get(name) != layout.get(name):
            raise ModelError(
                f"{path}: tensor {printable(name, 60)} has {_shape(layout.get(name))}, its config asks for "
                f"{_shape(expected.get(name))}: the file is damaged or was edited"
            )


def first_misfit(
    layout: Layout, axes: Mapping[str, tuple[str, str]], sizes: Mapping[str, int], *, allow_empty: bool = False
) -> str | None:
    """Name of the first tensor that has another type or shape than a file of this kind has; None where all fit.

    Args:
        layout: of the file; it has all these tensors.
        axes: type and axes of each tensor, such as ``("F32", "d c")``; a letter stands for the same size everywhere.
        sizes: of letters whose size is known.
        allow_empty: whether a size may be 0.
    """
    size_of = dict(sizes)
    for name, (dtype, letters) in axes.items():
        (stored_dtype, shape), names = layout[name], letters.split()
        if stored_dtype != dtype or len(shape) != len(names) or (min(shape) == 0 and not allow_empty):
            return name
        if any(size_of.setdefault(letter, size) != size for letter, size in zip(names, shape, strict=True)):
            return name
    return None


def short_digest(digest: str) -> str:
    """The first digits of a fingerprint, as messages show it and compressed files hold it."""
    return digest[:_SHOWN_DIGITS]


def _shape(entry: tuple[str, tuple[int, ...]] | None) -> str:
    return "no shape, it is not there" if entry is None else f"shape {entry[1]} of {entry[0]}"

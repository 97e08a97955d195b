"""Tags of a sound: title, artist and the like. They come from strangers, so they are bounded and printable."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from auricle.printable import without_controls

MAX_TAGS = 64
MAX_TAG_BYTES = 4096
_MAX_KEY = 64
_WESTERN = MappingProxyType({0xDC00 + byte: bytes([byte]).decode("cp1252", "ignore") for byte in range(0x80, 0x100)})
"""Letters of Windows-1252 for the surrogates that stand for bytes that are not UTF-8 (PEP 383)."""
_KEY_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789 _.-")
_SYNONYMS: Mapping[str, str] = MappingProxyType(
    {"track": "tracknumber", "year": "date", "description": "comment", "tracknum": "tracknumber"}
    | {"tyer": "date", "tdrc": "date"}
)
"""Names that other programs use for the tags that soundfile names."""
_CONTAINER_KEYS = frozenset(
    {
        "encoder",
        "encoder_settings",
        "major_brand",
        "minor_version",
        "compatible_brands",
        "creation_time",
        "handler_name",
        "vendor_id",
        "language",
        "duration",
    }
)
"""What containers say about themselves."""
WRITABLE = ("title", "artist", "album", "date", "tracknumber", "genre", "comment", "copyright", "license")
"""Tags that WAV, FLAC and Ogg files hold. ``software`` is left out: it names what wrote the file."""


def clean_tags(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Bounded, printable tags of any pairs of name and value.

    Names become lower case and those of the common tags the same everywhere; the first value of a name is kept. Line
    ends stay, other characters that do not print go. Bytes that are not UTF-8, given as surrogates (PEP 383), are taken
    for Windows-1252, which older programs write into WAV files and ID3v1. What is too long is cut; what is too much,
    empty or about the container only is left out.
    """
    tags: dict[str, str] = {}
    for name, value in pairs:
        if len(tags) == MAX_TAGS:
            break
        key = _key(name)
        text = _text(value)
        if key and text and key not in tags:
            tags[key] = text
    return tags


def _key(name: str) -> str:
    key = name[: 4 * _MAX_KEY].strip().lower()
    key = _SYNONYMS.get(key, key)
    fit = len(key) <= _MAX_KEY and _KEY_LETTERS.issuperset(key) and key not in _CONTAINER_KEYS
    return key if fit else ""


def _text(value: str) -> str:
    text = without_controls(value[:MAX_TAG_BYTES].translate(_WESTERN).replace("\r\n", "\n").replace("\r", "\n"))
    return text.encode(errors="ignore")[:MAX_TAG_BYTES].decode(errors="ignore").strip()

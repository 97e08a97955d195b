"""Compression: sound to small, checkable files and back."""

from auricle.codec.compress import Compressed, compress
from auricle.codec.decompress import Decompressed, decompress
from auricle.codec.format.header import Span
from auricle.codec.info import AurInfo, info
from auricle.codec.repair import Repaired, repair
from auricle.codec.verify import Verified, verify

__all__ = [
    "AurInfo",
    "Compressed",
    "Decompressed",
    "Repaired",
    "Span",
    "Verified",
    "compress",
    "decompress",
    "info",
    "repair",
    "verify",
]

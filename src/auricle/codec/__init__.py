"""Compression: sound to small, checkable files and back."""

from auricle.codec.compress import Compressed, compress
from auricle.codec.decompress import Decompressed, decompress
from auricle.codec.info import AurInfo, info

__all__ = ["AurInfo", "Compressed", "Decompressed", "compress", "decompress", "info"]

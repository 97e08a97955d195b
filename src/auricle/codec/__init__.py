"""Compression: sound to small, checkable files and back."""

from auricle.codec.compress import CompressResult, compress
from auricle.codec.decompress import DecompressResult, decompress
from auricle.codec.format.header import SampleSpan
from auricle.codec.info import AurInfo, info
from auricle.codec.repair import RepairResult, repair
from auricle.codec.verify import VerifyResult, verify

__all__ = [
    "AurInfo",
    "CompressResult",
    "DecompressResult",
    "RepairResult",
    "SampleSpan",
    "VerifyResult",
    "compress",
    "decompress",
    "info",
    "repair",
    "verify",
]

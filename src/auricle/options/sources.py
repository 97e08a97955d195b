"""What options name sounds by."""

from pathlib import Path
from typing import Any, BinaryIO

SoundSource = Path | str | BinaryIO | tuple[Any, int]
"""A file, an open binary file, or a sound as `auricle.read` gives it: ``(audio, sample_rate)``."""

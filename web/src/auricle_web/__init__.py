"""The runtime of Auricle's exported pages: files of onnxruntime-web."""

from pathlib import Path

RUNTIME = Path(__file__).parent / "runtime"
"""The folder that they lie in."""

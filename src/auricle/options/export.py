"""Options of export."""

from typing import Literal

ExportForm = Literal["onnx"]
"""For which programs a model is written."""

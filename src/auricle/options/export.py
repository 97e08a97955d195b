"""Options of export."""

from typing import Literal

ExportForm = Literal["onnx", "nn~", "browser"]
"""For which programs a model is written."""

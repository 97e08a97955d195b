"""Models for other programs: ONNX graphs, and TorchScript for nn~."""

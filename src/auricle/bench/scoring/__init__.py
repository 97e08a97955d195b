"""How good a codec is at a setting: clips, judges, metrics, and the curves that they make."""

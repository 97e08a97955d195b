"""Sets of notes that samplers play."""

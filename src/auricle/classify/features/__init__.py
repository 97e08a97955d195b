"""From a sound to one vector: what the encoder makes of it, and baselines that nobody trained."""

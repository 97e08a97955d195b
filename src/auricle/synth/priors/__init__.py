"""Priors over the latents, and their files."""

"""From a prior to latents."""

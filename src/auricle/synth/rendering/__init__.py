"""From latents to the files that a user gets."""

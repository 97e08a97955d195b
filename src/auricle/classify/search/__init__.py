"""Sounds like another, and which to label next."""

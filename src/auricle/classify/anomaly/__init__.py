"""Sounds unlike usual ones, without labels."""

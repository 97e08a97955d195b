"""Decoding in a process of its own, within limits: for files that nobody vouches for."""

"""Codecs to stand beside: one module each, found by listing this folder.

A module says in ``PEERS`` which names it offers and how each is made. A name that begins with an underscore is no peer;
nor are `base`, and `auricle`, which is asked for by its model.
"""

from auricle.bench.codecs._registry import Places, found, names, peer

__all__ = ["Places", "found", "names", "peer"]

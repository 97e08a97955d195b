"""Codecs to compare with: one module each, listed from this folder.

A module says in ``CODECS`` which names it offers and how each is made. Modules that begin with an
underscore offer none; nor do `base`, and `auricle`, which needs a model.
"""

from auricle.bench.codecs._registry import AssetPaths, codec_names, make_codec, registry

__all__ = ["AssetPaths", "codec_names", "make_codec", "registry"]

"""Corpora in shards: WebDataset tar files of sounds at one sample rate, and an index of their places."""

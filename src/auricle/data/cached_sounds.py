"""What caches of sounds have in common: those of sounds as they are, and those of notes at other pitches."""

from collections.abc import Mapping

import numpy as np

from auricle.data.decoded import DecodedSounds
from auricle.data.row_cache import RowCache


class CachedSounds(RowCache, DecodedSounds):
    """Sounds as int16 ``(t, channels)`` each, in one file on disk that is mapped into memory as it is read."""

    values_name = "samples.i16"
    dtype = np.int16

    @property
    def key(self) -> str:
        """Digest of what the cache was made of."""
        return self.folder.name

    def fingerprints(self) -> Mapping[str, int]:
        """Checksum of each sound's samples, by its name."""
        return dict(zip(self.names, self.checksums, strict=True))

    def channels(self, index: int) -> int:
        """Return how many channels a sound has here."""
        return self._entries[index].width

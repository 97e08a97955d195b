"""How Opus files are written so that sounds begin as they are.

libopus codes frames of 20 ms, whose windows overlap by 2.5 ms and spread their errors evenly. A sound that begins
inside one therefore begins with the errors of all that follows in it. Behind so much silence that the first sample of
it is the first that a decoder makes of a frame, it begins where that frame's window does, at nothing. Players skip the
silence: the header says how much there is.

Source: RFC 7845 (Ogg encapsulation of Opus), sections 3, 4.2 and 5.1.
"""

import struct
from pathlib import Path

from auricle.audio.formats.ogg import checksum, page_size

CLOCK_RATE = 48_000
"""In Hz, of a header's numbers, whatever the rate of the sound."""
LEAD_IN_SAMPLES = 648
"""Of silence, at 48 kHz: with the 312 by which libopus lags, a frame of 20 ms."""
_HEADER_START = b"OpusHead"
_PRE_SKIP_AT = 10
_CHECKSUM_AT = 22
_LONGEST_PAGE = 1 << 16
_BITS_PER_CHANNEL = 96_000
_LEAST_BITS, _MOST_BITS = 6_000, 256_000


def compression_level() -> float:
    """What libsndfile calls 96 kb/s for each channel, at any rate; its own choice is 27 at 24 kHz and 51 at 48 kHz."""
    return 1.0 - (_BITS_PER_CHANNEL - _LEAST_BITS) / (_MOST_BITS - _LEAST_BITS)


def skip_lead_in(path: Path) -> None:
    """Let the header of a file that begins with the silence say that it is to be skipped.

    Raises:
        OSError: the file can't be read or written.
    """
    with path.open("r+b") as file:
        page = bytearray(file.read(_LONGEST_PAGE))
        size, header = page_size(page), page.find(_HEADER_START)
        if size is None or not 0 <= header < size:
            raise OSError(f"{path} begins with no page of Opus")
        del page[size:]
        (pre_skip,) = struct.unpack_from("<H", page, header + _PRE_SKIP_AT)
        struct.pack_into("<H", page, header + _PRE_SKIP_AT, pre_skip + LEAD_IN_SAMPLES)
        struct.pack_into("<I", page, _CHECKSUM_AT, checksum(page))
        file.seek(0)
        file.write(page)

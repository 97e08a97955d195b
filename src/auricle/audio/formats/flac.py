"""What stands in front of FLAC frames (RFC 9639)."""


def stated_frames(start: bytes) -> int | None:
    """Samples per channel that the first 42 bytes of a FLAC stream promise, 0 for unknown; None if it is no FLAC."""
    if len(start) < 42 or start[:4] != b"fLaC" or start[4] & 0x7F or start[5:8] != b"\0\0\x22":
        return None
    return int.from_bytes(start[18:26], "big") & 0xF_FFFF_FFFF


def empty_flac(sample_rate: int, channels: int) -> bytes:
    """Return a 16-bit FLAC file of no samples, which libsndfile would leave without a header."""
    bits = sample_rate << 44 | (channels - 1) << 41 | (16 - 1) << 36
    info = (4096).to_bytes(2, "big") * 2 + bytes(6) + bits.to_bytes(8, "big") + bytes(16)
    return b"fLaC" + b"\x80" + len(info).to_bytes(3, "big") + info

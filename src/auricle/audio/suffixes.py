"""What the suffix of a file's name says."""

from pathlib import Path

from auricle.errors import OptionError, OutputError

_SNDFILE = """
    .wav .wave .bwf .rf64 .w64 .flac .ogg .oga .opus .mp3 .aif .aiff .aifc .au .snd .caf .voc .sph .nist
    .ircam .avr .paf .svx .8svx
"""
_PYAV = """
    .m4a .m4b .mp4 .mov .3gp .aac .wma .webm .mka .mkv .amr .ac3 .eac3 .dts .ape .wv .tta .mpc .mp2 .mpga
    .spx .tak .dsf .g722
"""
_READABLE = frozenset((*_SNDFILE.split(), *_PYAV.split()))
_WRITABLE = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".opus": ("OGG", "OPUS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
}
_RATES = {
    "OPUS": (8000, 12000, 16000, 24000, 48000),
    "MPEG_LAYER_III": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
}
_MOST_CHANNELS = {"MPEG_LAYER_III": 2}
_BITS = {"16": "PCM_16", "24": "PCM_24", "float": "FLOAT"}


def is_audio_name(path: Path | str) -> bool:
    """Whether the suffix of ``path`` is one of a format that soundfile or PyAV commonly reads."""
    return Path(path).suffix.lower() in _READABLE


def refuse_sound_name(path: Path, what: str, suffix: str) -> None:
    """Refuse a sound's name for what is none.

    Args:
        path: the file to write.
        what: it is, as ``a model``.
        suffix: of such files.

    Raises:
        OutputError: it is such a name.
    """
    if is_audio_name(path):
        raise OutputError(f"{path} would be {what} that has the name of a sound: end its name with {suffix}")


def has_ending(path: Path) -> bool:
    """Whether a new name is a file's, as ``boom.xyz``; ``boom``, ``take.3`` and ``v1.2-beta`` are those of folders."""
    return path.suffix[1:2].isalpha() or is_audio_name(path)


def writable_format(path: Path) -> tuple[str, str]:
    """Return libsndfile's names of the format and default subtype that the suffix of ``path`` stands for.

    Raises:
        OptionError: the suffix is none that is written.
    """
    names = _WRITABLE.get(path.suffix.lower())
    if names is None:
        raise OptionError(f"can't write {path}: end its name with {', '.join(_WRITABLE)}")
    return names


def subtype_of_bits(path: Path, bits: str | None) -> str | None:
    """libsndfile's name of the sample format of 16, 24 or float bits in the file ``path``; None for its default.

    Raises:
        OptionError: other bits, or the format has no such samples.
    """
    if bits is None:
        return None
    if bits not in _BITS:
        raise OptionError(f"samples of {bits} bits: choose {', '.join(_BITS)}")
    format, default = writable_format(path)
    if default != "PCM_16":
        raise OptionError(
            f"{path}: a {path.suffix} file has no bits per sample: leave them out, or write .wav or .flac"
        )
    if format == "FLAC" and bits == "float":
        raise OptionError(f"{path}: FLAC holds whole numbers only: choose 16 or 24 bits, or write .wav")
    return _BITS[bits]


def subtype_of_source(path: Path, bits: int) -> str | None:
    """libsndfile's name of the sample format in which a source of so many bits keeps its own in the file ``path``.

    Args:
        path: a name that can be written.
        bits: as `AudioInfo.bits` has them.

    Returns:
        None for the format's default: where it has no bits, and for 16 and unknown ones.
    """
    format, default = writable_format(path)
    if default != "PCM_16" or bits <= 16:
        return None
    return "FLOAT" if bits == 32 and format == "WAV" else "PCM_24"


def nearest_rate(path: Path, sample_rate: int) -> int:
    """The sample rate itself where the format of ``path`` holds it, else the next higher one, or the highest."""
    rates = _RATES.get(writable_format(path)[1], (sample_rate,))
    return min((rate for rate in rates if rate >= sample_rate), default=max(rates))


def check_format_limits(format: str, subtype: str, sample_rate: int, channels: int) -> None:
    """Refuse a rate or channels that a format can't hold, although others can.

    Raises:
        OptionError: it can't.
    """
    name = {"MPEG_LAYER_III": "MP3", "OPUS": "Opus"}.get(subtype, format)
    if sample_rate not in (rates := _RATES.get(subtype, (sample_rate,))):
        listed = ", ".join(map(str, rates))
        raise OptionError(f"{name} has no sample rate of {sample_rate} Hz, only {listed}: write .wav, .flac or .ogg")
    if channels > (most := _MOST_CHANNELS.get(subtype, channels)):
        raise OptionError(f"{name} holds {most} channels, not {channels}: write .wav, .flac or .ogg")

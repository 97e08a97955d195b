"""What the suffix of a file's name says."""

from pathlib import Path

from auricle.errors import OptionError

_SNDFILE = """
    .wav .wave .bwf .rf64 .w64 .flac .ogg .oga .opus .mp3 .aif .aiff .aifc .au .snd .caf .voc .sph .nist
    .ircam .avr .paf .svx .8svx
"""
_PYAV = """
    .m4a .m4b .mp4 .mov .3gp .aac .wma .webm .mka .mkv .amr .ac3 .eac3 .dts .ape .wv .tta .mpc .mp2 .mpga
    .spx .tak .dsf .g722
"""
_READABLE = frozenset((*_SNDFILE.split(), *_PYAV.split()))
_WRITABLE = {".wav": ("WAV", "PCM_16"), ".flac": ("FLAC", "PCM_16"), ".ogg": ("OGG", "VORBIS")}


def is_audio_name(path: Path | str) -> bool:
    """Whether the suffix of ``path`` is one of a format that soundfile or PyAV commonly reads."""
    return Path(path).suffix.lower() in _READABLE


def writable_format(path: Path) -> tuple[str, str]:
    """Return libsndfile's names of the format and default subtype that the suffix of ``path`` stands for.

    Raises:
        OptionError: the suffix is not .wav, .flac or .ogg.
    """
    names = _WRITABLE.get(path.suffix.lower())
    if names is None:
        raise OptionError(f"can't write {path}: end its name with {', '.join(_WRITABLE)}")
    return names

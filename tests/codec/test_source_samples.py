"""A sound comes back with as many bits a sample as its source had."""

from io import BytesIO
from pathlib import Path

import pytest
import soundfile
from codec_helpers import make_sound

from auricle import audio, codec
from auricle.model import Autoencoder
from auricle.options.coding import DecompressOptions


@pytest.mark.parametrize(
    ("suffix", "subtype", "bits", "back"),
    [
        (".wav", "PCM_U8", 16, "PCM_16"),
        (".wav", "PCM_16", 16, "PCM_16"),
        (".wav", "PCM_24", 24, "PCM_24"),
        (".wav", "PCM_32", 24, "PCM_24"),
        (".wav", "FLOAT", 32, "FLOAT"),
        (".flac", "PCM_16", 16, "PCM_16"),
        (".flac", "PCM_24", 24, "PCM_24"),
        (".aiff", "PCM_24", 24, "PCM_24"),
        (".ogg", "VORBIS", 0, "PCM_16"),
    ],
)
def test_bits_of_the_source(tiny: Autoencoder, tmp_path: Path, suffix: str, subtype: str, bits: int, back: str) -> None:
    source, coded = tmp_path / f"a{suffix}", tmp_path / "a.aur"
    soundfile.write(source, make_sound(1, 8000, 16000).T, 16000, subtype=subtype)
    assert audio.info(source).bits == audio.info(source, untrusted=True).bits == bits
    codec.compress(source, coded, model=tiny)
    codec.decompress(coded, tmp_path / "b.wav", model=tiny)
    assert soundfile.info(tmp_path / "b.wav").subtype == back
    codec.decompress(coded, tmp_path / "b.flac", model=tiny)
    assert soundfile.info(tmp_path / "b.flac").subtype == ("PCM_16" if back == "PCM_16" else "PCM_24")
    codec.decompress(coded, tmp_path / "c.wav", model=tiny, options=DecompressOptions(bits="16"))
    assert soundfile.info(tmp_path / "c.wav").subtype == "PCM_16"
    codec.decompress(coded, tmp_path / "b.ogg", model=tiny)
    with source.open("rb") as stream:
        piped, out = BytesIO(), BytesIO()
        codec.compress(stream, piped, model=tiny)
    codec.decompress(BytesIO(piped.getvalue()), out, model=tiny)
    assert soundfile.info(BytesIO(out.getvalue())).subtype == back

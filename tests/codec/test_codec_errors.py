import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from codec_helpers import make_model, make_sound, write_sound

from auricle import codec
from auricle.codec.coding import decoder
from auricle.codec.format.container import PacketReader, PacketWriter
from auricle.errors import AudioError, AuricleError, FormatError, ModelError, OptionError, OutputError
from auricle.model import Autoencoder, fingerprint, save
from auricle.model.bottleneck import IdentityConfig


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_sound(tmp_path / "a.wav", make_sound(1, 20_000, 16000), 16000)


@pytest.fixture
def compressed(source: Path, tiny: Autoencoder) -> Path:
    target = source.with_suffix(".aur")
    codec.compress(source, target, model=tiny)
    return target


def refused(kind: type[AuricleError], words: str, act: Callable[[], object], folder: Path) -> None:
    before = sorted(folder.iterdir())
    with pytest.raises(kind, match=words) as caught:
        act()
    assert "\n" not in str(caught.value)
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kbps": 0.0}, "bitrate of 0"),
        ({"kbps": -3.0}, "bitrate of -3"),
        ({"kbps": float("nan")}, "bitrate of nan"),
        ({"kbps": float("inf")}, "bitrate of inf"),
        ({"quality": -0.1}, "quality of -0.1.*from 0 to 2"),
        ({"quality": 2.1}, "quality of 2.1.*from 0 to 2"),
        ({"quality": float("nan")}, "quality of nan"),
        ({"kbps": 3.0, "quality": 1.0}, "both"),
    ],
)
def test_bad_dials(tiny: Autoencoder, source: Path, options: dict[str, float], words: str, tmp_path: Path) -> None:
    target = tmp_path / "b.aur"
    refused(OptionError, words, lambda: codec.compress(source, target, model=tiny, **options), tmp_path)


def test_an_existing_output_is_kept(tiny: Autoencoder, source: Path, compressed: Path, tmp_path: Path) -> None:
    refused(OutputError, "--force", lambda: codec.compress(source, compressed, model=tiny), tmp_path)
    refused(OutputError, "--force", lambda: codec.decompress(compressed, source, model=tiny), tmp_path)
    codec.compress(source, compressed, model=tiny, force=True)


def test_the_source_is_never_overwritten(tiny: Autoencoder, source: Path, compressed: Path, tmp_path: Path) -> None:
    for act in (
        lambda: codec.compress(source, source, model=tiny, force=True),
        lambda: codec.decompress(compressed, compressed, model=tiny, force=True),
    ):
        refused(OptionError, "is the source itself", act, tmp_path)


def test_an_output_in_no_folder(tiny: Autoencoder, source: Path, compressed: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "no" / "where"
    refused(OutputError, "no", lambda: codec.compress(source, nowhere / "b.aur", model=tiny), tmp_path)
    refused(OutputError, "no", lambda: codec.decompress(compressed, nowhere / "b.wav", model=tiny), tmp_path)


def test_an_output_of_unknown_format(tiny: Autoencoder, compressed: Path, tmp_path: Path) -> None:
    target = tmp_path / "b.xyz"
    refused(OptionError, "xyz", lambda: codec.decompress(compressed, target, model=tiny), tmp_path)


def test_sounds_that_can_not_be_read(tiny: Autoencoder, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("not a sound")
    audio = np.zeros(9000, np.float32)
    audio[7000] = np.nan
    soundfile.write(tmp_path / "nan.wav", audio, 16000, subtype="FLOAT")
    for name in ("text.wav", "nan.wav", "missing.wav"):
        for options in ({}, {"kbps": 3.0}):
            refused(
                AudioError,
                name,
                lambda n=name, o=options: codec.compress(tmp_path / n, tmp_path / "b.aur", model=tiny, **o),
                tmp_path,
            )


def test_files_that_are_not_aur(tiny: Autoencoder, source: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.aur").touch()
    for name, words in (
        ("a.wav", "not an .aur file"),
        ("empty.aur", "is empty"),
        ("missing.aur", "does not exist"),
        (".", "is a folder"),
    ):
        refused(FormatError, words, lambda n=name: codec.info(tmp_path / n), tmp_path)
        target = tmp_path / "b.wav"
        refused(FormatError, words, lambda n=name, t=target: codec.decompress(tmp_path / n, t, model=tiny), tmp_path)


def test_every_cut_of_a_real_file_is_refused(tiny: Autoencoder, compressed: Path, tmp_path: Path) -> None:
    data = compressed.read_bytes()
    for cut in range(0, len(data), 7):
        compressed.write_bytes(data[:cut])
        with pytest.raises(FormatError):
            codec.decompress(compressed, tmp_path / "b.wav", model=tiny)
    assert not (tmp_path / "b.wav").exists()


def test_codes_that_are_not_those_written_are_noticed(
    tiny: Autoencoder, compressed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoder, "codes_checksum", lambda codes, checksum: 1)
    refused(
        FormatError,
        "codes are not those",
        lambda: codec.decompress(compressed, tmp_path / "b.wav", model=tiny),
        tmp_path,
    )


def test_another_model_is_refused_naming_both(tiny: Autoencoder, compressed: Path, tmp_path: Path) -> None:
    stranger = make_model(strided=False, name="other", seed=5)
    words = f"{fingerprint(tiny)[:16]}.*{fingerprint(stranger)[:16]}"
    refused(ModelError, words, lambda: codec.decompress(compressed, tmp_path / "b.wav", model=stranger), tmp_path)


def test_a_model_that_is_not_shipped_must_be_given(compressed: Path, tmp_path: Path) -> None:
    refused(ModelError, "'tiny'.*--model", lambda: codec.decompress(compressed, tmp_path / "b.wav"), tmp_path)


def test_a_files_model_name_is_not_taken_for_a_path(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_model(strided=False, name="planted")
    save(model, tmp_path / "planted")
    codec.compress(source, tmp_path / "b.aur", model=model)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="not shipped"):
        codec.decompress(tmp_path / "b.aur", tmp_path / "b.wav")
    codec.decompress(tmp_path / "b.aur", tmp_path / "b.wav", model=tmp_path / "planted")


def test_the_shipped_model_is_found_by_name(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_model(strided=False, name="speech")
    save(model, tmp_path / "m.safetensors")
    codec.compress(source, tmp_path / "b.aur", model=str(tmp_path / "m.safetensors"))
    monkeypatch.setattr(decoder, "shipped", lambda: {"speech": tmp_path / "m.safetensors"})
    assert codec.decompress(tmp_path / "b.aur", tmp_path / "b.wav").samples == 20_000


def test_a_model_without_tables(source: Path, tmp_path: Path) -> None:
    model = make_model(strided=False)
    model.tables = None
    refused(
        ModelError, "no probability tables", lambda: codec.compress(source, tmp_path / "b.aur", model=model), tmp_path
    )


def test_a_continuous_model(source: Path, tmp_path: Path) -> None:
    config = make_model(strided=False).config
    model = Autoencoder(config.model_copy(update={"bottleneck": IdentityConfig(dim=12)})).eval()
    refused(ModelError, "continuous", lambda: codec.compress(source, tmp_path / "b.aur", model=model), tmp_path)


def test_an_unknown_model(source: Path, tmp_path: Path) -> None:
    refused(ModelError, "nobody", lambda: codec.compress(source, tmp_path / "b.aur", model="nobody"), tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"delay": 319}, "contradicts"),
        ({"tables": b"abcd"}, "contradicts"),
        ({"quality_step": 200}, "quality step is 200"),
    ],
)
def test_the_header_must_fit_the_model(
    tiny: Autoencoder, compressed: Path, change: dict[str, object], words: str, tmp_path: Path
) -> None:
    with compressed.open("rb") as file:
        reader = PacketReader(file, "a.aur")
        (packet,) = reader.packets()
    with compressed.open("wb") as file:
        PacketWriter(file, replace(reader.header, **change)).write(packet)
    refused(FormatError, words, lambda: codec.decompress(compressed, tmp_path / "b.wav", model=tiny), tmp_path)


def test_info_needs_no_torch(compressed: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from auricle.codec import info; "
        "assert info(Path(sys.argv[1])).samples == 20000; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(compressed)], check=True, env=os.environ)

"""The program in an exported folder: files from the outside, with nothing of Auricle."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from auricle import Encoder, compress, decompress, export_model, read, verify, write
from auricle.codec.coding.entropy_coder import PacketCoder
from auricle.codec.format.container import PacketWriter
from auricle.model import load, save
from auricle.model.bottleneck import Tables
from auricle.options.coding import CompressOptions, DecompressOptions
from auricle.training import named
from export.running import random_model, shared_hiss, snr_db

for _package in ("onnx", "onnxruntime"):
    pytest.importorskip(_package, reason="the extra export is not installed")

VECTORS = Path(__file__).parents[1] / "vectors"
RUN = """
import runpy, sys
sys.modules.update(dict.fromkeys(("auricle", "torch", "constriction", "google_crc32c", "soundfile", "safetensors")))
sys.argv = ["example.py", *sys.argv[1:]]
runpy.run_path("example.py", run_name="__main__")
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "random.auricle.safetensors"
    save(random_model(named("speech", "small").model), path)
    return path


@pytest.fixture(scope="module")
def folder(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    export_model(model, folder)
    return folder


def aur_of(folder: Path) -> ModuleType:
    spec = spec_from_file_location("aur", folder / "aur.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sound(path: Path, channels: int) -> np.ndarray:
    random = np.random.default_rng(channels)
    audio = 0.2 * random.standard_normal((channels, 36_123)) * np.abs(np.sin(np.arange(36_123) / 5000))
    write(path, audio, 16000)
    return read(path)[0]


@pytest.mark.parametrize("channels", [1, 2])
def test_the_example_and_auricle_read_each_other(channels: int, folder: Path, model: Path, tmp_path: Path):
    audio = sound(tmp_path / "in.wav", channels)
    words = [str(tmp_path / name) for name in ("in.wav", "a.aur", "back.wav")]
    subprocess.run([sys.executable, "-c", RUN, *words, "20"], cwd=folder, check=True)
    assert verify(tmp_path / "a.aur", model=model).codes
    decompress(tmp_path / "a.aur", tmp_path / "own.wav", model=model)
    back, own = (read(tmp_path / name)[0] for name in ("back.wav", "own.wav"))
    assert back.shape == own.shape == audio.shape and snr_db(own, back) > 60  # both are rounded to 16 bits
    encoder = Encoder(load(model), sample_rate=16000, channels=channels, quality=20 / 8, packet_seconds=4.0)
    with (tmp_path / "b.aur").open("wb") as file:
        writer = PacketWriter(file, encoder.header, {}, seekable=False)
        for packet in (*encoder.push(audio), *encoder.finish()):
            writer.write(packet)
    sizes = [(tmp_path / name).stat().st_size for name in ("a.aur", "b.aur")]
    assert abs(sizes[0] - sizes[1]) < 30
    aur, config = aur_of(folder), json.loads((folder / "config.json").read_text())
    tables = aur.load_tables(folder / "tables.json")
    codes = [
        np.concatenate([*aur.Reader((tmp_path / name).read_bytes(), config, tables)], axis=1)
        for name in ("a.aur", "b.aur")
    ]
    assert np.mean(codes[0] != codes[1]) < 1e-3


def test_channels_share_noise_as_their_file_says(folder: Path, model: Path, tmp_path: Path):
    compress((shared_hiss(20_000), 16000), tmp_path / "a.aur", model=model, quality=3)
    decode = "import runpy, sys; import numpy as np; from pathlib import Path; source, target = sys.argv[1:]; "
    decode += "np.save(target, runpy.run_path('example.py')['decode'](Path(source).read_bytes()))"
    files = [str(tmp_path / name) for name in ("a.aur", "a.npy")]
    subprocess.run([sys.executable, "-c", decode, *files], cwd=folder, check=True)
    decompress(tmp_path / "a.aur", tmp_path / "own.wav", model=model, options=DecompressOptions(bits="float"))
    assert snr_db(read(tmp_path / "own.wav")[0], np.load(tmp_path / "a.npy")) > 60


def test_an_empty_sound(folder: Path, model: Path, tmp_path: Path):
    write(tmp_path / "in.wav", np.zeros((1, 0), np.float32), 16000)
    words = [str(tmp_path / name) for name in ("in.wav", "a.aur", "back.wav")]
    subprocess.run([sys.executable, "-c", RUN, *words], cwd=folder, check=True)
    assert verify(tmp_path / "a.aur", model=model).codes
    assert read(tmp_path / "back.wav")[0].shape == (1, 0)


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folders = {kind: tmp_path_factory.mktemp(kind) for kind in ("entropy", "rvq")}
    for kind, folder in folders.items():
        export_model(VECTORS / f"{kind}.auricle.safetensors", folder)
    return folders


def readable() -> Iterator[str]:
    """Golden files at the model's own rate, without lost packets."""
    for path in sorted(VECTORS.glob("*.json")):
        about = json.loads(path.read_text())
        if about["sample_rate"] == 16000 and not about["lost_packets"]:
            yield path.stem


@pytest.mark.parametrize("name", [*readable()])
def test_golden_files_have_their_codes(name: str, golden: dict[str, Path]):
    about = json.loads((VECTORS / f"{name}.json").read_text())
    folder = golden[about["model"]]
    aur, config = aur_of(folder), json.loads((folder / "config.json").read_text())
    reader = aur.Reader((VECTORS / f"{name}.aur").read_bytes(), config, aur.load_tables(folder / "tables.json"))
    digest = hashlib.sha256()
    for codes in reader:
        digest.update(np.ascontiguousarray(codes.swapaxes(0, 1)).astype("<i4").tobytes())
    assert digest.hexdigest() == about["codes_sha256"]
    assert (reader.samples, reader.channels) == (about["samples"], about["channels"])


def test_payloads_are_auricles_own(golden: dict[str, Path]):
    aur, model = aur_of(golden["entropy"]), load(VECTORS / "entropy.auricle.safetensors")
    tables: Tables | None = model.tables
    assert tables is not None
    random = np.random.default_rng(0)
    for step in (0, 3, tables.last_step):
        own = PacketCoder(tables.at(step))
        other = aur.PayloadCoder(aur.load_tables(golden["entropy"] / "tables.json"), step)
        for spread in (0.3, 2.0, 400.0):
            codes = np.rint(spread * random.standard_normal((2, 40, model.bottleneck.codebooks))).astype(np.int32)
            assert other.encode(codes) == own.encode(codes)


def test_damage_is_told(folder: Path, model: Path, tmp_path: Path):
    sound(tmp_path / "in.wav", 1)
    compress(tmp_path / "in.wav", tmp_path / "a.aur", model=model, options=CompressOptions(packet_seconds=0.5))
    data = bytearray((tmp_path / "a.aur").read_bytes())
    aur, config = aur_of(folder), json.loads((folder / "config.json").read_text())
    tables = aur.load_tables(folder / "tables.json")
    for broken in (data[:-3], data[:20], b"AUR3" + data[4:], data[:60] + bytes((data[60] ^ 1,)) + data[61:]):
        with pytest.raises(ValueError, match=r"damaged|cut short|no \.aur"):
            list(aur.Reader(bytes(broken), config, tables))
    with pytest.raises(ValueError, match="another model"):
        aur.Reader(bytes(data), {**config, "fingerprint": "ab" * 32}, tables)


def test_torch_is_not_asked_for_gradients(model: Path):
    """Exporting leaves the model as it was."""
    loaded = load(model).train()
    before = {name: value.clone() for name, value in loaded.state_dict().items()}
    graphs = [type(module) for module in loaded.modules()]
    from auricle.export.portable import portable

    portable(loaded)
    assert loaded.training and graphs == [type(module) for module in loaded.modules()]
    assert all(torch.equal(value, before[name]) for name, value in loaded.state_dict().items())


def test_the_example_says_in_words_what_it_needs(folder: Path, tmp_path: Path):
    write(tmp_path / "other.wav", np.zeros((1, 8000), np.float32), 8000)
    for words, text in (([], "IN.wav OUT.aur BACK.wav"), ([str(tmp_path / "other.wav"), "a", "b"], "and 16000 Hz")):
        ran = subprocess.run([sys.executable, "-c", RUN, *words], cwd=folder, capture_output=True, text=True)
        assert ran.returncode == 1 and text in ran.stderr and "Traceback" not in ran.stderr

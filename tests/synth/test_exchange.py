"""Latents in files, and principal directions."""

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from auricle import Directions, decode_latents, export_latents, principal_directions, read, read_latents, shift_latents
from auricle.errors import AuricleError, DataError, ModelError, OptionError, OutputError
from auricle.model import save
from synth.synth_sounds import RATE, make_model, tone, wav

MODEL = make_model()


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_there_and_back(tmp_path: Path, suffix: str, channels: int):
    source = tone(440, 0.777, channels=channels)
    latents = read_latents(wav(tmp_path / "tone.wav", source), MODEL)
    assert latents.z.shape == (channels, MODEL.frames(source.shape[1]), MODEL.latent_dim)
    export_latents(latents, tmp_path / f"tone{suffix}")
    loaded = read_latents(tmp_path / f"tone{suffix}", MODEL)
    assert np.array_equal(latents.z, loaded.z) and loaded.samples == source.shape[1]
    sound = decode_latents(loaded, tmp_path / "back.wav")
    stored, rate = read(tmp_path / "back.wav")
    assert rate == RATE == sound.sample_rate and stored.shape == source.shape
    assert np.abs(stored - source).max() < 0.03


def test_two_channels_are_middle_and_side(tmp_path: Path):
    mono = tone(440, 0.5)
    latents = read_latents(wav(tmp_path / "equal.wav", np.concatenate((mono, mono))), MODEL)
    assert latents.z[1].abs().max() < 1e-3 < latents.z[0].abs().max()


def test_other_software_can_read_and_write(tmp_path: Path):
    latents = read_latents(wav(tmp_path / "tone.wav", tone(440, 0.5)), MODEL)
    export_latents(latents, tmp_path / "tone.safetensors")
    arrays = load_file(tmp_path / "tone.safetensors")
    assert set(arrays) == {"latents"} and arrays["latents"].dtype == np.float32
    np.savez(tmp_path / "plain.npz", latents=arrays["latents"][0].astype(np.float64))
    float64_latents = read_latents(tmp_path / "plain.npz", MODEL)
    assert float64_latents.z.shape == latents.z.shape and float64_latents.samples >= latents.samples
    with pytest.raises(ModelError, match="does not say which model"):
        read_latents(tmp_path / "plain.npz")


def test_the_model_is_found_beside_the_latents(tmp_path: Path):
    save(MODEL, tmp_path / "mine.auricle.safetensors")
    from auricle import load

    loaded = load(tmp_path / "mine.auricle.safetensors")
    export_latents(read_latents(wav(tmp_path / "tone.wav", tone(440, 0.5)), loaded), tmp_path / "tone.npz")
    assert read_latents(tmp_path / "tone.npz").model.name == "linear"


def test_other_latents_are_refused(tmp_path: Path):
    export_latents(read_latents(wav(tmp_path / "tone.wav", tone(440, 0.5)), MODEL), tmp_path / "tone.npz")
    with pytest.raises(ModelError, match=r"\(fingerprint [0-9a-f]{16}\), not of 'linear' \([0-9a-f]{16}\)"):
        read_latents(tmp_path / "tone.npz", make_model(latent=32))
    save_file({"latents": np.zeros((1, 5, 7), np.float32)}, tmp_path / "narrow.safetensors")
    with pytest.raises(ModelError, match="shape"):
        read_latents(tmp_path / "narrow.safetensors", MODEL)


def test_damaged_files_are_refused(tmp_path: Path):
    cases = {
        "text.npz": b"not a zip",
        "empty.npz": b"",
        "text.safetensors": b"neither",
    }
    for name, data in cases.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ModelError, match="can't be read"):
            read_latents(tmp_path / name, MODEL)
    with zipfile.ZipFile(tmp_path / "objects.npz", "w") as archive, archive.open("latents.npy", "w") as file:
        np.lib.format.write_array(file, np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(ModelError, match="can't be read"):
        read_latents(tmp_path / "objects.npz", MODEL)
    np.savez(tmp_path / "nan.npz", latents=np.full((1, 9, 320), np.nan, np.float32))
    with pytest.raises(ModelError, match="not finite"):
        read_latents(tmp_path / "nan.npz", MODEL)
    np.savez(tmp_path / "lies.npz", latents=np.zeros((1, 9, 320), np.float32), auricle=np.array("{}"))
    with pytest.raises(ModelError, match="does not say what it holds"):
        read_latents(tmp_path / "lies.npz", MODEL)
    with pytest.raises(ModelError, match="does not exist"):
        read_latents(tmp_path / "missing.npz", MODEL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Sounds whose frames are two patterns in changing amounts: much of one, little of the other."""
    place = tmp_path / "sounds"
    place.mkdir()
    random = np.random.default_rng(0)
    basis = np.linalg.qr(random.normal(size=(320, 2)))[0].T
    for index, (first_amount, second_amount) in enumerate(random.normal(size=(12, 2)) * (4.0, 1.0)):
        z = np.tile(3 * basis[0] + first_amount * basis[0] + second_amount * basis[1], (40, 1)).astype(np.float32)[None]
        np.savez(tmp_path / "z.npz", latents=z)
        sound = decode_latents(read_latents(tmp_path / "z.npz", MODEL), tmp_path / "z.wav", force=True)
        audio, _ = read(sound.path)
        wav(place / f"{index}.wav", audio)
    return place


def test_directions_come_in_the_order_of_their_variance(folder: Path):
    directions = principal_directions(folder, MODEL, count=5)
    assert directions.sounds == 12 and directions.axes.shape == (5, 320)
    assert np.allclose(directions.axes @ directions.axes.T, np.eye(5), atol=1e-4)
    assert list(directions.shares) == sorted(directions.shares, reverse=True)
    assert directions.shares[0] > 0.7 and directions.shares[:2].sum() > 0.9 and directions.shares.sum() <= 1.0 + 1e-6


def test_directions_are_kept_in_files(folder: Path, tmp_path: Path):
    directions = principal_directions(folder, MODEL, count=3)
    for name in ("d.npz", "d.safetensors"):
        directions.save(tmp_path / name)
        loaded = Directions.load(tmp_path / name)
        assert np.array_equal(directions.axes, loaded.axes) and loaded.model == directions.model and loaded.sounds == 12
        with pytest.raises(OutputError, match="exists already"):
            directions.save(tmp_path / name)
    with pytest.raises(ModelError, match="holds no principal directions"):
        np.savez(tmp_path / "other.npz", latents=np.zeros((1, 2, 3)))
        Directions.load(tmp_path / "other.npz")


def test_a_shift_moves_a_sound_along_its_direction_and_leaves_silence_silent(folder: Path, tmp_path: Path):
    directions = principal_directions(folder, MODEL, count=3)
    latents = read_latents(folder / "3.wav", MODEL)
    moved = shift_latents(latents, directions, ("PC1=+2", "pc2=-1.5"))
    change = directions.places(moved.z) - directions.places(latents.z)
    assert change == pytest.approx([2, -1.5, 0], abs=0.01)  # as far as they say
    half = tone(440, 1.0)
    half[:, 8000:] = 0
    parts = read_latents(wav(tmp_path / "half.wav", half), MODEL)
    shifted = shift_latents(parts, directions, ("PC1=-3",)).z - parts.z
    assert shifted[0, -10:].abs().max() < 0.02 * shifted[0, :10].abs().max()
    assert np.array_equal(shift_latents(latents, directions, ()).z, latents.z)
    assert np.array_equal(shift_latents(parts, directions, "PC1=-3").z - parts.z, shifted)  # one needs no tuple


def test_a_stereo_sound_moves_as_far_as_a_mono_one(folder: Path, tmp_path: Path):
    directions = principal_directions(folder, MODEL, count=3)
    latents = read_latents(wav(tmp_path / "wide.wav", tone(440, 1.0, channels=2)), MODEL)
    moved = shift_latents(latents, directions, ("PC1=+2",))
    assert (directions.places(moved.z) - directions.places(latents.z))[0] == pytest.approx(2, abs=0.01)
    assert np.array_equal(moved.z[1], latents.z[1])  # the side stays


@pytest.mark.parametrize("text", ["PC0=1", "PC4=1", "PC1", "1=2", "PC1=nan", "PC1=+-2", "PC1=11", "PC1=2,PC2=1"])
def test_bad_shifts(folder: Path, text: str):
    directions = principal_directions(folder, MODEL, count=3)
    with pytest.raises(OptionError, match="PC"):
        shift_latents(read_latents(folder / "3.wav", MODEL), directions, (text,))


def test_a_direction_is_named_once(folder: Path):
    directions = principal_directions(folder, MODEL, count=3)
    with pytest.raises(OptionError, match="once"):
        shift_latents(read_latents(folder / "3.wav", MODEL), directions, ("PC1=1", "PC1=2"))


@pytest.mark.parametrize(
    ("kind", "message", "count"),
    [
        (DataError, "12 usable sounds, too few for 12 principal directions", 12),
        (DataError, "too few for 40", 40),
        (OptionError, "0 directions", 0),
        (OptionError, "321 directions", 321),
    ],
)
def test_bad_numbers_of_directions(folder: Path, kind: type[AuricleError], message: str, count: int):
    with pytest.raises(kind, match=message):
        principal_directions(folder, MODEL, count=count)


def test_directions_belong_to_their_model(folder: Path, tmp_path: Path):
    directions = principal_directions(folder, MODEL, count=2)
    other_model = make_model(latent=32)
    with pytest.raises(ModelError, match="the directions are those of the model 'linear'"):
        shift_latents(read_latents(folder / "3.wav", other_model), directions, ("PC1=1",))


def test_directions_of_a_stranger_are_checked(folder: Path, tmp_path: Path):
    directions = principal_directions(folder, MODEL, count=2)
    directions.axes[0, 0] = np.nan
    directions.save(tmp_path / "wild.npz")
    with pytest.raises(ModelError, match="not finite"):
        Directions.load(tmp_path / "wild.npz")
    narrow = replace(directions, mean=directions.mean[:-1], axes=directions.axes[:, 1:])
    with pytest.raises(ModelError, match="features"):
        narrow.require(MODEL)
    np.savez(tmp_path / "deep.npz", latents=np.zeros((1, 5, 7), np.float32), auricle=np.array("[" * 100_000))
    with pytest.raises(ModelError, match="does not say"):
        read_latents(tmp_path / "deep.npz", MODEL)

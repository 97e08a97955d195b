"""Verbs of synthesis on the command line."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from auricle.audio import read
from auricle.audio.writer import write
from auricle.model import load
from auricle.synth import FlowConfig, Origin, PriorInfo
from auricle.synth.priors.file import save_prior

RATE = 16000


@pytest.fixture
def place(tmp_path: Path, model_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model, a prior beside it, and sounds."""
    place = tmp_path / "place"
    (place / "sounds").mkdir(parents=True)
    (place / "tiny.auricle.safetensors").write_bytes(model_file.read_bytes())
    model = load(model_file)
    torch.manual_seed(0)
    prior = FlowConfig(window=16, width=16, depth=1, heads=2).build(
        Origin.of(model, 1, ("dog", "cat")), PriorInfo(name="pets")
    )
    save_prior(prior, place / "pets.prior.safetensors")
    other = FlowConfig(window=16, width=16, depth=1, heads=2).build(
        Origin.of(load("speech"), 1, ()), PriorInfo(name="other")
    )
    save_prior(other, place / "other.prior.safetensors")
    random = np.random.default_rng(0)
    for index in range(4):
        write(place / "sounds" / f"{index}.wav", 0.1 * random.normal(size=(1, 8000)), RATE)
    write(place / "silent.wav", np.zeros((1, RATE)), RATE)
    (place / "there").mkdir()
    (place / "there" / "dog-001.wav").write_bytes(b"something else that must stay")
    (place / "there.npz").write_bytes(b"something else that must stay")
    monkeypatch.chdir(place)
    return place


def test_generate_tells_what_it_made(auricle, place: Path):
    ran = auricle(
        "generate", "--prior", "pets.prior.safetensors", "--class", "dog", "-n", "3", "--seconds", "0.5", "--json"
    )
    assert [sound["path"] for sound in ran.json["sounds"]] == [f"generated/dog-00{number}.wav" for number in (1, 2, 3)]
    assert ran.json["prior"] == "pets" and ran.json["sample_rate"] == RATE
    assert read(place / "generated" / "dog-003.wav")[0].shape == (1, 8000)


def test_generate_goes_on_after_what_is_there_and_tells_its_seed(auricle, place: Path):
    ran = auricle(
        "generate", *PRIOR.split(), "--class", "Dog,CAT", "--out", "there", "--format", "flac", "--bits", "24"
    )
    assert ran.code == 0 and "there/dog-002.flac: " in ran.out and "there/cat-001.flac: " in ran.out
    seed = ran.out.split()[-1]
    with soundfile.SoundFile(place / "there" / "dog-002.flac") as file:
        assert file.subtype == "PCM_24" and f"seed {seed}" in file.comment and "made by a model" in file.comment
    again = auricle("generate", *PRIOR.split(), "--class", "dog", "--seed", seed, "--out", "again.flac", "--json")
    assert again.json["seed"] == int(seed) and again.json["sounds"][0]["peak_dbfs"] < 0
    assert np.allclose(read(place / "again.flac")[0], read(place / "there" / "dog-002.flac")[0], atol=1e-4)


def test_a_version_is_a_folder_and_so_is_what_is_one(auricle, place: Path):
    (place / "boom.xyz").mkdir()
    for out in ("take.3", "v1.2-beta", "boom.xyz"):
        assert auricle("generate", *PRIOR.split(), "--class", "dog", "--out", out).code == 0
        assert (place / out / "dog-001.wav").is_file()


def test_a_loop_tells_its_seam(auricle, place: Path):
    ran = auricle("generate", "--prior", "pets.prior.safetensors", "--loop", "--seconds", "1")
    assert ran.code == 0 and "seam: step" in ran.out and "loop-001.wav" in ran.out


def test_variations_and_continuations_are_named_after_their_sound(auricle, place: Path):
    prior = ("--prior", "pets.prior.safetensors")
    assert auricle("generate", *prior, "--like", "sounds/1.wav", "--strength", "0.3", "-n", "2").code == 0
    assert auricle("generate", *prior, "--continue", "sounds/2.wav", "--seconds", "1", "--out", "more").code == 0
    assert {path.name for path in (place / "generated").iterdir()} == {"1-001.wav", "1-002.wav"}
    assert read(place / "more" / "2-001.wav")[0].shape[1] > 1.4 * RATE


def test_a_gap_between_two_sounds(auricle, place: Path):
    between = ("generate", *PRIOR.split(), "--between", "sounds/1.wav", "sounds/2.wav", "--seconds", "0.2")
    ran = auricle(*between, "-n", "2", "--seed", "5", "--json")
    assert ran.code == 0 and ran.json["between"] == "1.wav and 2.wav"
    assert [sound["path"] for sound in ran.json["sounds"]] == ["generated/1-2-001.wav", "generated/1-2-002.wav"]
    lengths = [read(place / "sounds" / name)[0].shape[1] for name in ("1.wav", "2.wav")]
    assert read(place / "generated" / "1-2-001.wav")[0].shape[1] == sum(lengths) + round(0.2 * RATE)
    with soundfile.SoundFile(place / "generated" / "1-2-002.wav") as file:
        assert "made by a model" in file.comment and "between 1.wav and 2.wav" in file.comment


def test_morph_transfer_and_latents(auricle, place: Path):
    model = ("--model", "tiny.auricle.safetensors")
    ran = auricle("morph", "sounds/0.wav", "sounds/1.wav", "--crossfade", *model, "--count", "3", "--json")
    assert [sound["share"] for sound in ran.json["sounds"]] == [0, 0.5, 1]
    assert (
        auricle(
            "morph", "sounds/0.wav", "sounds/1.wav", "--crossfade", *model, "--within", "--align", "--out", "one"
        ).code
        == 0
    )
    ran = auricle("transfer", "sounds/0.wav", "--onto", "tiny.auricle.safetensors", "--json")
    assert ran.json["sounds"][0]["path"] == "transfer/0-001.wav"
    ran = auricle("latents", "sounds/0.wav", "0.npz", *model, "--json")
    assert ran.json["frames"] == 26 and ran.json["features"] == 8
    assert auricle("latents", "0.npz", "back.wav").code == 0  # the model lies beside it
    assert read(place / "back.wav")[0].shape == (1, 8000)
    ran = auricle("latents", "sounds", "axes.safetensors", *model, "--count", "3", "--json")
    assert ran.json["sounds"] == 4 and len(ran.json["shares"]) == 3
    ran = auricle("latents", "sounds", *model, "--count", "2")
    assert ran.out.splitlines()[2].startswith("PC1 ")
    for number in range(6):
        (place / "sounds" / f"words{number}.wav").write_text("words")
    ran = auricle("latents", "sounds", *model, "--count", "2")
    lines = ran.err.splitlines()
    assert ran.code == 1 and lines[0] == "6 files were left out:" and lines[-1] == "  and 1 more: --json lists all"
    shifted = ("latents", "0.npz", "moved.npz", "--directions", "axes.safetensors", "--shift", "PC1=+2", "--json")
    before = auricle("latents", "0.npz", "--directions", "axes.safetensors", "--json").json["places"]
    after = auricle(*shifted).json["places"]
    assert after[0] > before[0] + 1 and after[1] == pytest.approx(before[1], abs=0.01)


PRIOR = "--prior pets.prior.safetensors"
MODEL = "--model tiny.auricle.safetensors"
STREAM = f"generate {PRIOR} --stream out.wav --seconds 1"
CASES = [
    ("no prior 'nothing'", "generate --prior nothing"),
    ("class 'cow' is unknown to the prior 'pets': choose one of dog, cat", f"generate {PRIOR} --class cow"),
    ("trained without classes", "generate --prior other.prior.safetensors --class dog"),
    ("not of 'tiny'", f"generate --prior other.prior.safetensors {MODEL}"),
    ("a sound of 0 s", f"generate {PRIOR} --seconds 0"),
    ("a sound of -2 s", f"generate {PRIOR} --seconds=-2"),
    ("0 sounds", f"generate {PRIOR} -n 0"),
    ("seed -1", f"generate {PRIOR} --seed=-1"),
    ("silent.wav is silent", f"generate {PRIOR} --like silent.wav"),
    ("missing.wav does not exist", f"generate {PRIOR} --continue missing.wav"),
    ("exclude each other", f"generate {PRIOR} --like silent.wav --loop"),
    ("requires 2 positional arguments", f"generate {PRIOR} --between sounds/0.wav"),
    ("missing.wav does not exist", f"generate {PRIOR} --between sounds/0.wav missing.wav"),
    ("silent.wav is silent", f"generate {PRIOR} --between silent.wav sounds/0.wav"),
    ("a gap of 70 s", f"generate {PRIOR} --between sounds/0.wav sounds/1.wav --seconds 70"),
    ("between and loop exclude each other", f"generate {PRIOR} --between sounds/0.wav sounds/1.wav --loop"),
    ("leave --between out", f"generate {PRIOR} --between sounds/0.wav sounds/1.wav --note C4"),
    ("a stream is one new sound", f"generate {PRIOR} --between sounds/0.wav sounds/1.wav --stream -"),
    ("a stream is one new sound", f"generate {PRIOR} --between sounds/0.wav sounds/1.wav --play"),
    ("silent.wav exists already", f"generate {PRIOR} --class dog --out silent.wav"),
    ("one file for 4 sounds", f"generate {PRIOR} --class dog,cat -n 2 --out new.wav"),
    ("can't write boom.xyz: end its name with .wav, .flac, .ogg, .opus, .mp3;", f"generate {PRIOR} --out boom.xyz"),
    ("a new folder's name has no ending", f"generate {PRIOR} --class dog,cat -n 2 --format flac --out boom.xyz"),
    ("can't write boom.m4a: end its name with .wav", f"generate {PRIOR} --class dog --out boom.m4a"),
    ("can't write boom.xyz", "morph sounds/0.wav sounds/1.wav --out boom.xyz"),
    ("can't write boom.xyz", "transfer sounds/0.wav --onto tiny.auricle.safetensors --out boom.xyz"),
    ("can't write there.npz", f"generate {PRIOR} --out there.npz"),
    ("no sample rate of 44000 Hz", f"generate {PRIOR} --format opus --rate 44000"),
    ("a stream is one new sound", f"generate {PRIOR} --stream out.wav -n 2"),
    ("a stream of -1 s", f"generate {PRIOR} --stream out.wav --seconds=-1"),
    ("end the name with .wav", f"generate {PRIOR} --stream out.flac"),
    ("silent.wav exists already", f"generate {PRIOR} --stream silent.wav"),
    ("at the model's rate, where --stream says: leave --rate and --bits out", STREAM + " --rate 48000 --bits 24"),
    ("leave --format and --out out", STREAM + " --format flac --out folder"),
    ("what is played goes into no file: leave --rate and --out out", f"generate {PRIOR} --play --rate 8000 --out a"),
    ("leave --level and -n and --snap out", f"generate {PRIOR} --note C4 -n 3 --level -12 --snap"),
    ("leave --play and --stream out", f"generate {PRIOR} --note C4 --play --stream out.wav"),
    ("a velocity of 20 is of a playable set", f"generate {PRIOR} --velocity 20"),
    ("are as long as they were recorded: leave the seconds out", "generate --recordings sounds --note C4 --seconds 1"),
    ("a class is of a prior: leave it out", "generate --recordings sounds --note C4 --class dog"),
    ("a morph of 1 sounds", "morph sounds/0.wav sounds/1.wav --count 1"),
    ("needs no model: leave the model out", f"morph sounds/0.wav sounds/1.wav {MODEL}"),
    ("align and snap are for crossfades", "morph sounds/0.wav sounds/1.wav --align"),
    ("silent.wav is silent", f"morph sounds/0.wav silent.wav --crossfade {MODEL}"),
    ("no sound, folder, prior or model 'nothing'", "transfer sounds/0.wav --onto nothing"),
    ("silent.wav is silent", "transfer silent.wav --onto tiny.auricle.safetensors"),
    ("4 usable sounds, too few for 4 principal directions", f"latents sounds --count 4 {MODEL}"),
    ("0 directions", f"latents sounds --count 0 {MODEL}"),
    ("--shift needs --directions", f"latents sounds/0.wav out.wav --shift PC1=1 {MODEL}"),
    ("there.npz exists already", f"latents sounds/0.wav there.npz {MODEL}"),
    ("there.npz can't be read", f"latents there.npz out.wav {MODEL}"),
    ("end the name with .npz or .safetensors", f"latents sounds axes.wav --count 2 {MODEL}"),
    ("missing.npz does not exist", f"latents missing.npz out.wav {MODEL}"),
]


@pytest.mark.parametrize(("said", "command"), CASES, ids=[command for _, command in CASES])
def test_one_line_and_nothing_made(auricle, place: Path, said: str, command: str):
    before = sorted(path for path in place.rglob("*"))
    ran = auricle(*command.split())
    lines = ran.err.splitlines()
    assert ran.code == 2 and ran.out == "" and len(lines) == 1
    assert lines[0].startswith("auricle: error: ") and said in lines[0]
    assert sorted(path for path in place.rglob("*")) == before


def test_a_stream_ends_quietly_when_its_pipe_closes(place: Path):
    command = [sys.executable, "-m", "auricle", "generate", *PRIOR.split(), "--stream", "-", "--steps", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        head = process.stdout.read(200_000)
        process.stdout.close()
        said = process.stderr.read()
        process.wait(30)
    assert head[:4] == b"RIFF" and len(head) == 200_000 and said == b""

"""Bad input: one clear line, exit code 2, and nothing left behind."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from auricle.audio.writer import write


def contents(folder: Path) -> dict[str, bytes | None]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def noise(seconds: float, rate: int = 16000) -> np.ndarray:
    return 0.1 * np.random.default_rng(0).standard_normal((1, round(seconds * rate)))


@pytest.fixture
def place(tmp_path: Path, model_file: Path) -> Path:
    """A folder with one of each thing that goes wrong."""
    place = tmp_path / "place"
    for name in ("empty", "texts", "cut", "nan", "nothing", "void", "good"):
        (place / name).mkdir(parents=True)
    (place / "texts" / "text.wav").write_text("these are words, not sound\n" * 20)
    (place / "texts" / "notes.txt").write_text("notes")
    write(place / "whole.flac", noise(3.0), 16000)
    (place / "cut" / "cut.flac").write_bytes((place / "whole.flac").read_bytes()[:30000])
    broken = noise(1.0)[0]
    broken[5000] = np.nan
    soundfile.write(place / "nan" / "nan.wav", broken, 16000, subtype="FLOAT")
    (place / "nothing" / "nothing.wav").write_bytes(b"")
    write(place / "void" / "void.wav", np.zeros((1, 0)), 16000)
    write(place / "good" / "good.wav", noise(1.0), 16000)
    write(place / "-dash.wav", noise(1.0), 16000)
    (place / "there.aur").write_bytes(b"something else that must stay")
    (place / "there.wav").write_bytes(b"something else that must stay")
    (place / "there.auricle.safetensors").write_bytes(b"something else that must stay")
    (place / "model.auricle.safetensors").write_bytes(model_file.read_bytes())
    return place


MODEL = "--model=model.auricle.safetensors"
CASES = [
    # what is said, and the command
    ("holds no audio files", "train empty"),
    ("does not exist", "train missing"),
    ("is a file", "train there.wav"),
    ("its only audio file can't be used", "train texts"),
    ("nan", "train nan"),
    ("cut", "train cut"),
    ("is empty", "train nothing"),
    ("lasts 0.000 s", "train void"),
    ("exists already", "train good --out there.auricle.safetensors"),
    ("speech is the name of a shipped model", "train good --out speech"),
    (
        "mine.wav would be a model that has the name of a sound: end its name with .auricle.safetensors",
        "train good --out mine.wav",
    ),
    ("x.flac would be a classifier that has the name of a sound: end its name with", "classify fit good --out x.flac"),
    ("x.ogg would be a prior that has the name of a sound: end its name with", f"train-prior good --out x.ogg {MODEL}"),
    ("environment is the name of a shipped classifier", "classify fit good --out environment"),
    ("environment is the name of a shipped classifier", "classify fit good --finetune --out environment"),
    ("missing does not exist", "train good --out missing/my.auricle.safetensors"),
    ("no model 'unknown'", "train good --base unknown"),
    ("no preset 'unknown'", "train good --preset unknown"),
    ("budget '-5m'", "train good --budget=-5m"),
    ("budget 'soon'", "train good --budget soon"),
    ("seed -1", "train good --seed -1"),
    ("--threads", "train good --threads 0"),
    ("--resume", "train good --resume"),
    ("no size 'huge'", "train good --size huge"),
    ("preset 'conv' has one size", "train good --preset conv --size large"),
    ("give one of the two", "train good --size large --base speech"),
    ("has another kind of bottleneck", "train good --preset conv-lstm --base speech"),
    ("--adversarial", "train good --adversarial 2"),
    ("precision 'int4'", "train good --precision int4"),
    ("a batch of 5000", "train good --batch 5000"),
    ("nonsense", "train good --trackers nonsense"),
    ("nonsense", "train nonsense://bucket/sounds"),
    ("--copies 1.5: give a whole number", "classify fit good --out x --copies 1.5"),
    ("-n 2.0: give a whole number", "generate -n 2.0"),
    ("-n 1.e400: give a whole number", "generate -n 1.e400"),
    ("--seed .5: give a whole number", "generate --seed=.5"),
    ("does not exist", "doctor missing"),
    ("holds no audio files", "doctor empty"),
    ("text.wav is not audio", f"compress texts/text.wav {MODEL}"),
    ("cut.flac", f"compress cut/cut.flac {MODEL}"),
    ("nan.wav holds the sample nan at 0.312 s", f"compress nan/nan.wav {MODEL}"),
    ("nothing.wav is empty", f"compress nothing/nothing.wav {MODEL}"),
    ("missing.wav does not exist", f"compress missing.wav {MODEL}"),
    ("is a folder", f"compress good {MODEL}"),
    ("no model 'unknown'", "compress whole.flac --model unknown"),
    ("is not a model file", "compress whole.flac --model there.wav"),
    ("does not exist", f"compress whole.flac missing/out.aur {MODEL}"),
    ("the folder whole.flac does not exist", f"compress whole.flac whole.flac/out.aur {MODEL}"),
    ("can't write to /proc", f"compress whole.flac /proc/out.aur {MODEL}"),
    ("there.aur exists already: use --force", f"compress whole.flac there.aur {MODEL}"),
    ("a bitrate of -3.0 kb/s", f"compress whole.flac --kbps -3 {MODEL}"),
    ("a bitrate of 0.0 kb/s", f"compress whole.flac --kbps 0 {MODEL}"),
    ("a bitrate of nan kb/s", f"compress whole.flac --kbps nan {MODEL}"),
    ("new.wav would be an .aur file that no player opens", f"compress whole.flac new.wav {MODEL}"),
    ("give one of them", f"compress whole.flac --kbps 3 --quality 1 {MODEL}"),
    ("a quality of 99", f"compress whole.flac --quality 99 {MODEL}"),
    ("there.aur is not an .aur file", f"decompress there.aur out.wav {MODEL}"),
    ("missing.aur does not exist", f"decompress missing.aur {MODEL}"),
    ("there.wav exists already", f"decompress there.aur {MODEL}"),
    ("there.aur is not an .aur file", "info there.aur"),
    ("whole.flac is not an .aur file, nor a model, prior or classifier", "info whole.flac"),
    ("no model 'unknown'", "info unknown"),
    ("is not a model file", "info there.auricle.safetensors"),
    ("holds no audio files", "demo empty"),
    ("its only audio file can't be used", f"demo texts {MODEL}"),
    ("no model 'unknown'", "demo good --model unknown"),
    ("does not exist", f"demo good --out missing/out {MODEL}"),
    ("whole.flac", f"demo good --out whole.flac {MODEL}"),
    ('Did you mean "push"? (see auricle --help)', "polish good"),
    ("'badname' is no repository of the hub", "push speech badname --dry-run"),
    ("no codec is called 'nonsense': choose from", "benchmark whole.flac --against nonsense"),
    ("whole.flac is a single sound: name a folder", f"similar whole.flac whole.flac {MODEL}"),
    ("depths of 'deep': choose from latent, hidden, all", f"features good --depths deep --out f.npz {MODEL}"),
    ("end its name with .npz or .safetensors for latents", f"latents whole.flac k.txt {MODEL}"),
    ("a suffix of 'flac': write it with a point", f"decompress good out --suffix flac {MODEL}"),
    ("a strength is of a variation or a gap", "generate --strength 0.9"),
    ("within makes one sound", "morph whole.flac whole.flac --within --count 4"),
    ("a mix of 0.5 needs a second sound", f"live whole.flac out.wav --mix 0.5 {MODEL}"),
    ("Unknown option", f"compress whole.flac --bitrate 3 {MODEL}"),
    ("'good' is one argument too many: see auricle similar --help", "similar whole.flac empty good"),
    ("'b', 'c' are arguments too many: see auricle doctor --help", "doctor a b c"),
    ("PATHS requires an argument: see auricle compress --help", "compress"),
    ("Invalid value", f"compress whole.flac --kbps many {MODEL}"),
    ('Did you mean "mp3"? (see auricle generate --help)', "generate --format .mp3"),
    ("-dash.wav is taken for an option: write ./-dash.wav for the file", f"compress -dash.wav {MODEL}"),
]


@pytest.mark.parametrize(("said", "command"), CASES, ids=[command.split(" --model=")[0] for _, command in CASES])
def test_one_line_and_nothing_left(auricle, place: Path, monkeypatch: pytest.MonkeyPatch, said: str, command: str):
    monkeypatch.chdir(place)
    before = contents(place)
    ran = auricle(*command.split())
    assert ran.code == 2
    assert ran.out == ""
    lines = ran.err.splitlines()
    assert lines[-1].startswith("auricle: error: ") and said in lines[-1]
    assert len(lines) == 1
    assert contents(place) == before


def test_a_damaged_file_is_refused_and_nothing_is_written(auricle, tmp_path: Path, tone_file: Path, model_file: Path):
    whole, broken = tmp_path / "whole.aur", tmp_path / "broken.aur"
    assert auricle("compress", tone_file, whole, "--model", model_file, "--quiet").code == 0
    data = bytearray(whole.read_bytes())
    for damaged in (data[:-7], data[: len(data) // 2], data[:150] + bytes([data[150] ^ 4]) + data[151:]):
        broken.write_bytes(damaged)
        before = contents(tmp_path)
        for command in (("decompress", broken, tmp_path / "out.wav", "--model", model_file), ("info", broken)):
            ran = auricle(*command)
            assert ran.code == 2 and len(ran.err.splitlines()) == 1 and "broken.aur" in ran.err
        assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("said", "command"),
    [
        ("missing.wav does not exist: check the name", ["compress", "missing.wav"]),
        ("holds no audio files", ["train", "."]),
        ("Unknown command", ["polish"]),
    ],
)
def test_as_a_real_process(tmp_path: Path, said: str, command: list[str]):
    ran = subprocess.run([sys.executable, "-m", "auricle", *command], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert len(ran.stderr.splitlines()) == 1 and said in ran.stderr
    assert not list(tmp_path.iterdir())

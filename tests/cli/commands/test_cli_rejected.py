"""Files that a verb leaves out: ``--json`` of every verb that reads a folder lists them alike."""

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import soundfile

from auricle.cli import main

RATE = 16000
MODEL = "--model=tiny.auricle.safetensors"
CLASSIFIER = "--classifier=kinds.classifier.safetensors"
QUICK = ("--budget=1", "--threads=1", "--trackers=none")
PRIOR = ("--kind=recurrent", "--batch=4", "--max-mel-distance=10")
VERBS = {
    "train": ("sounds", "--preset=conv", "--out=mine.auricle.safetensors", *QUICK),
    "train-prior": ("sounds", MODEL, "--out=mine.prior.safetensors", *PRIOR, *QUICK),
    "prepare": ("sounds", "corpus"),
    "latents": ("sounds", MODEL, "--count=2"),
    "transfer": ("sounds/tone/0.wav", "--onto=sounds"),
    "features": ("sounds", "--out=features.npz", MODEL),
    "classify predict": ("sounds", CLASSIFIER, MODEL),
    "classify predict, engine": ("sounds", CLASSIFIER, MODEL, "--manifest=ledger.jsonl"),
    "classify predict, timelines": ("sounds", CLASSIFIER, MODEL, "--timeline"),
    "classify detect": ("sounds", "--classifier=tones.classifier.safetensors", MODEL),
    "classify anomaly": ("sounds", MODEL),
    "classify suggest": ("sounds", MODEL),
    "similar": ("sounds/tone/0.wav", "sounds", MODEL),
    "index": ("sounds", "--out=sounds.index", MODEL),
    "doctor": ("sounds",),
    "demo": ("sounds", MODEL),
}
NEEDS = {"transfer": "swift_f0", "train": "accelerate", "train-prior": "accelerate"}


@pytest.fixture(scope="module")
def fitted(model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, classifiers of sounds and of events, and sounds, two of which can't be read."""
    place = tmp_path_factory.mktemp("fitted")
    shutil.copy(model_file, place / "tiny.auricle.safetensors")
    random, time = np.random.default_rng(0), np.arange(RATE // 2) / RATE
    for number in range(5):
        tone = sum(np.sin(2 * np.pi * (150 + 20 * number) * partial * time) / partial for partial in range(1, 9))
        for kind, sound in {"tone": tone, "hiss": random.standard_normal(len(time))}.items():
            (place / "sounds" / kind).mkdir(parents=True, exist_ok=True)
            soundfile.write(place / "sounds" / kind / f"{number}.wav", 0.1 * sound, RATE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("XDG_CACHE_HOME", str(place / "cache"))
        shutil.copytree("sounds", "long")
        recording = 0.003 * random.standard_normal(20 * RATE)
        for begin in range(2, 20, 4):
            recording[begin * RATE :][: len(time)] += 0.1 * tone
        soundfile.write("long/field.wav", recording, RATE)
        Path("field.txt").write_text("".join(f"{begin}\t{begin + 0.5}\ttone\n" for begin in range(2, 20, 4)))
        shutil.move("field.txt", "long/field.txt")
        assert main(["classify", "fit", "sounds", MODEL, "--out=kinds.classifier.safetensors"]) == 0
        events = ("--labels-table=long/field.txt", "--out=tones.classifier.safetensors")
        assert main(["classify", "fit", "long", MODEL, *events]) == 0
    for name in ("words.wav", "tone/cut.flac"):
        (place / "sounds" / name).write_bytes(b"RIFF words, not sound")
    return place


@pytest.mark.parametrize("verb", VERBS)
def test_what_is_left_out_is_listed_under_one_key(
    verb: str, auricle, fitted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if verb in NEEDS and find_spec(NEEDS[verb]) is None:
        pytest.skip(f"{verb} needs {NEEDS[verb]}")
    place = tmp_path / "place"
    shutil.copytree(fitted, place)
    monkeypatch.chdir(place)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    words = verb.partition(",")[0].split()
    ran = auricle(*words, *VERBS[verb], "--json")
    assert ran.out, ran.err
    values = json.loads(ran.out)
    assert sorted(Path(file["path"]).name for file in values["rejected"]) == ["cut.flac", "words.wav"], ran.err
    assert all(file.keys() == {"path", "reason"} and file["reason"] for file in values["rejected"])

"""Training from a corpus in shards: the same model as from the folder that it was made of."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

import auricle
from auricle.data.shards.index import INDEX_NAME, CorpusIndex
from auricle.model.files.writing import fingerprint
from auricle.options.training import DeviceConfig, TrainingOptions

RATE = 16000
OPTIONS = TrainingOptions(preset="conv", batch=2, trackers="none", seed=5)


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    folder = tmp_path / "sounds"
    for number in range(6):
        path = folder / "ab"[number % 2] / f"{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.random.default_rng(number).uniform(-0.3, 0.3, RATE + 1000 * number), RATE)
    return folder


def trained(source: Path, out: Path, options: TrainingOptions = OPTIONS) -> auricle.Trained:
    out.parent.mkdir()
    device = DeviceConfig(threads=1, cpu=True)
    return auricle.train(source, out=out, base="none", budget="3", options=options, device=device)


def test_a_corpus_in_shards_makes_the_same_model(sounds: Path, tmp_path: Path):
    corpus = tmp_path / "corpus"
    auricle.prepare([sounds], corpus, options=auricle.PrepareOptions(sample_rate=RATE))
    ours = trained(corpus, tmp_path / "ours" / "x.auricle.safetensors")
    theirs = trained(sounds, tmp_path / "theirs" / "x.auricle.safetensors")
    assert fingerprint(ours.model) == fingerprint(theirs.model)
    assert [sound.name for sound in ours.held_out] == [sound.name for sound in theirs.held_out]
    assert ours.corpus.hours == pytest.approx(theirs.corpus.hours) and len(ours.table) == len(theirs.table)
    assert not list((tmp_path / "ours" / "x.run").rglob("samples.i16"))  # nothing is decoded again


def test_another_sample_rate_is_refused_in_one_line(sounds: Path, tmp_path: Path):
    corpus = tmp_path / "corpus"
    auricle.prepare([sounds], corpus, options=auricle.PrepareOptions(sample_rate=8000))
    assert CorpusIndex.open(corpus / INDEX_NAME).sample_rate == 8000
    with pytest.raises(auricle.DataError, match=f"is at 8000 Hz, the model works at {RATE}: prepare it with"):
        trained(corpus, tmp_path / "ours" / "x.auricle.safetensors")

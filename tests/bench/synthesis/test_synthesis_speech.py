"""The learned embedding, where its weights are installed."""

import numpy as np
import pytest

from auricle.bench.synthesis.embedding_base import Embedding
from auricle.bench.synthesis.embeddings import EMBEDDINGS, usable_embeddings
from auricle.bench.synthesis.speech import SpeechEmbedding
from auricle.errors import OptionError


@pytest.fixture
def embedding() -> Embedding:
    made = SpeechEmbedding()
    if reason := made.missing():
        pytest.skip(reason)
    return made


def noise(seed: int, seconds: float) -> np.ndarray:
    return (0.1 * np.random.Generator(np.random.PCG64(seed)).normal(size=round(16000 * seconds))).astype(np.float32)


def test_sounds_of_any_length_have_96_numbers(embedding: Embedding):
    sounds = [noise(0, 0.01), noise(1, 0.8), noise(2, 15.0), np.zeros(1, np.float32)]
    found = embedding.embed(sounds)
    assert found.shape == (4, 96) and found.dtype == np.float32 and np.isfinite(found).all()


def test_a_sound_is_embedded_alike_whatever_comes_with_it(embedding: Embedding):
    one, two = noise(0, 1.3), noise(1, 0.4)
    together = embedding.embed([one, two])
    assert embedding.embed([two])[0] == pytest.approx(together[1], abs=1e-3)
    assert np.abs(together[0] - together[1]).max() > 1.0


def test_other_weights_are_not_taken_for_these(monkeypatch: pytest.MonkeyPatch, tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("melspectrogram.tflite", "embedding_model.tflite"):
        (folder / name).write_bytes(b"other weights")
    monkeypatch.setattr("auricle.bench.synthesis.speech._folder", lambda: folder)
    assert "another melspectrogram.tflite" in (SpeechEmbedding().missing() or "")


def test_without_its_package_it_is_left_out_but_not_in_silence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("auricle.bench.synthesis.speech._folder", lambda: None)
    used, notes = usable_embeddings((), 8000)
    assert [each.name for each in used] == ["log-mel at 8 kHz"]
    assert len(used) + len(notes) == len(EMBEDDINGS) and "pyopen-wakeword" in notes[0]
    with pytest.raises(OptionError, match="pyopen-wakeword"):
        usable_embeddings(["speech"], 8000)

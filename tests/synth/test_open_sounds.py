"""Sounds to vary or go on from that are open, or in memory."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auricle import generate, read
from auricle.errors import AudioError, OptionError
from auricle.options.synthesis import GenerationOptions, SamplingOptions
from auricle.synth.priors.base import Prior
from synth.synth_sounds import make_model, make_prior, tone, wav

MODEL = make_model(recurrent=True, latent=16)
FLOW, STEREO = make_prior(MODEL), make_prior(MODEL, channels=2)
ONE_STEP = SamplingOptions(steps=1)


def audio(prior: Prior, mode: str, source: Any) -> np.ndarray:
    options: dict[str, Any] = {mode: source}
    (sound,) = generate(prior, GenerationOptions(seed=1, **options), model=MODEL, sampling=ONE_STEP).sounds
    assert sound.audio is not None
    return sound.audio


@pytest.mark.parametrize("mode", ["like", "after"])
def test_a_sound_may_be_open_or_in_memory(mode: str, tmp_path: Path):
    path = wav(tmp_path / "tone.wav", tone(440, 0.7, rate=44100, channels=2), 44100)
    expected = audio(STEREO, mode, path)
    held = read(path)
    options: dict[str, Any] = {mode: held}
    for source in (held, io.BytesIO(path.read_bytes())):
        assert np.array_equal(audio(STEREO, mode, source), expected)
    made = generate(STEREO, GenerationOptions(count=2, **options), model=MODEL, out=tmp_path, sampling=ONE_STEP)
    assert [sound.path.name for sound in made.sounds if sound.path] == ["the_sound-001.wav", "the_sound-002.wav"]
    with path.open("rb") as file:
        options = {mode: file}
        generate(STEREO, GenerationOptions(**options), model=MODEL, out=tmp_path, sampling=ONE_STEP)
    assert (tmp_path / "tone-001.wav").exists()
    with pytest.raises(AudioError, match="the sound is silent"):
        audio(FLOW, mode, (np.zeros((1, 8000), "f4"), 16000))
    with pytest.raises(OptionError, match="an array without its sample rate"):
        audio(FLOW, mode, np.zeros((1, 8000), "f4"))

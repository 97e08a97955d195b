"""Directions called by what they do."""

from pathlib import Path

import numpy as np
import pytest

from auricle import Directions, principal_directions, read_latents, shift_latents
from auricle.errors import OptionError
from auricle.synth.descriptors import OPPOSITES, describe, describe_samples, name_directions
from auricle.synth.directions import parse_shifts
from synth.synth_sounds import RATE, make_model, tone, wav

MODEL = make_model()
WORDS = list(OPPOSITES)


@pytest.mark.parametrize(
    ("word", "less", "more"),
    [
        ("brighter", tone(300, 1.0), tone(2000, 1.0)),
        ("noisier", tone(1000, 1.0), 0.1 * np.random.default_rng(0).normal(size=(1, RATE))),
        ("louder", tone(500, 1.0, level=0.05), tone(500, 1.0, level=0.5)),
        ("longer", np.pad(tone(500, 0.2), ((0, 0), (0, RATE))), np.pad(tone(500, 0.9), ((0, 0), (0, RATE)))),
        ("softer", tone(500, 1.0) * np.linspace(1, 0.1, RATE), tone(500, 1.0) * np.linspace(0.1, 1, RATE)),
    ],
)
def test_descriptors_measure_what_they_are_called_by(word: str, less: np.ndarray, more: np.ndarray):
    index = WORDS.index(word)
    assert describe_samples(more[0], RATE)[index] > describe_samples(less[0], RATE)[index] + 0.5


def test_silence_and_single_samples_have_finite_descriptors(tmp_path: Path):
    assert np.isfinite(describe_samples(np.zeros(1, np.float32), RATE)).all()
    assert np.isfinite(describe(wav(tmp_path / "one.wav", np.ones((1, 1))))).all()


def test_a_direction_is_called_by_what_goes_with_it_or_not_at_all():
    random = np.random.default_rng(0)
    descriptors = random.normal(size=(200, 5))
    places = np.stack(
        (-descriptors[:, 3], random.normal(size=200), descriptors[:, 0] + 0.3 * descriptors[:, 3]), axis=1
    )
    names, signs = name_directions(places, list(descriptors))
    assert names == ["longer", "", "brighter"] and list(signs) == [-1, 1, 1]


def test_a_folder_of_levels_has_a_direction_of_loudness(tmp_path: Path):
    (tmp_path / "sounds").mkdir()
    for index in range(8):
        wav(tmp_path / "sounds" / f"{index}.wav", tone(440, 0.5, level=0.05 * (index + 1)))
    axes = principal_directions(tmp_path / "sounds", MODEL, count=2)
    assert axes.titles[0] == "PC1 louder"
    axes.save(tmp_path / "axes.npz")
    assert Directions.load(tmp_path / "axes.npz").names == axes.names
    assert parse_shifts(("quieter=+1.5",), axes) == parse_shifts(("pc1=-1.5",), axes) == {0: -1.5}
    latents = read_latents(tmp_path / "sounds" / "3.wav", MODEL)
    moved = axes.places(shift_latents(latents, axes, ("louder=2",)).z) - axes.places(latents.z)
    assert moved[0] == pytest.approx(2, abs=0.01)
    with pytest.raises(OptionError, match="no direction wetter: there are PC1 louder, PC2"):
        parse_shifts(("wetter=1",), axes)
    with pytest.raises(OptionError, match="once"):
        parse_shifts(("louder=1", "PC1=1"), axes)

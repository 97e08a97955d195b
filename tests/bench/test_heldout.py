from pathlib import Path

import numpy as np
import pytest
import torch

from auricle.bench import format_rows, make_codec
from auricle.bench.held_out import evaluate_held_out
from auricle.data import Sound
from auricle.errors import AudioError, OptionError
from auricle.progress import Progress
from bench.bench_sounds import babble, store
from model.tiny import BOTTLENECKS, tiny_model


@pytest.fixture
def sounds(tmp_path: Path) -> list[Sound]:
    return [
        store(tmp_path / "a.wav", babble(0.6, 16000), 16000),
        store(tmp_path / "b.wav", babble(0.4, 44100, channels=2, seed=1), 44100),
        store(tmp_path / "short.wav", babble(0.05, 8000, seed=2), 8000),
        store(tmp_path / "silent.wav", np.zeros((1, 8000), np.float32), 8000),
    ]


def test_real_files_at_several_qualities(sounds: list[Sound]):
    steps: list[Progress] = []
    rows = evaluate_held_out(tiny_model(), sounds, against=(), max_seconds=10, on_progress=steps.append)
    assert [row.setting for row in rows] == ["quality 0", "quality 1", "quality 2", "quality 3"]
    assert all((row.files, row.rejected) == (3, 1) for row in rows)
    rates = [row.kbps for row in rows]
    assert None not in rates
    assert rates == sorted(rates, key=lambda rate: rate or 0)
    assert all(row.mel is not None and row.si_sdr is not None for row in rows)
    assert (steps[0].done, steps[0].total) == (0, 12)
    assert (steps[-1].done, steps[-1].total) == (12, 12)
    assert "tiny" in format_rows(rows)


def test_qualities_can_be_chosen(sounds: list[Sound]):
    rows = evaluate_held_out(tiny_model(), sounds[:1], qualities=[1.5], against=())
    assert [row.setting for row in rows] == ["quality 1.5"]


@pytest.mark.skipif(make_codec("opus").missing() is not None, reason=str(make_codec("opus").missing()))
def test_opus_stands_beside(sounds: list[Sound]):
    rows = evaluate_held_out(tiny_model(), sounds[:2], qualities=[0, 3])
    assert [row.codec for row in rows][:2] == ["tiny", "tiny"]
    peers = [row for row in rows if row.codec == "opus"]
    assert 1 <= len(peers) <= 2
    assert all(row.kbps is not None and row.kbps > 4 for row in peers)


@pytest.mark.parametrize("kind", ["identity", "vae"])
def test_continuous_models_are_judged_without_files(sounds: list[Sound], kind: str):
    (row,) = evaluate_held_out(tiny_model(BOTTLENECKS[kind]), sounds[:2])
    assert row.kbps is None
    assert row.si_sdr is not None
    assert row.files == 2


@pytest.mark.parametrize("kind", ["rvq", "fsq"])
def test_other_codes_make_files(sounds: list[Sound], kind: str):
    rows = evaluate_held_out(tiny_model(BOTTLENECKS[kind]), sounds[:1], against=())
    assert all(row.kbps is not None for row in rows)


def test_a_model_without_tables_is_judged_without_files(sounds: list[Sound]):
    model = tiny_model()
    model.tables = None
    rows = evaluate_held_out(model, sounds[:1])
    assert [row.kbps for row in rows] == [None] * 4


def test_nothing_held_out(sounds: list[Sound]):
    assert evaluate_held_out(tiny_model(), ()) == ()
    notes: list[str] = []
    assert evaluate_held_out(tiny_model(), sounds[3:], on_note=notes.append) == ()
    assert len(notes) == len(sounds[3:]) and "left out of the figures: " in notes[0]


def test_a_length_that_makes_no_sense(sounds: list[Sound]):
    with pytest.raises(OptionError, match="0 s"):
        evaluate_held_out(tiny_model(), sounds, max_seconds=0)


def test_a_decoder_that_overshoots_is_judged(sounds: list[Sound]):
    """Its sounds may lie beyond what is accepted of files."""
    model, notes = tiny_model(), list[str]()
    with torch.no_grad():
        for weights in model.decoder.parameters():
            weights.mul_(30.0)
    with torch.inference_mode():
        loud = torch.from_numpy(babble(0.6, 16000))
        assert model.from_codes(model.codes(loud, quality=3), loud.shape[1], quality=3).abs().max() > 2.0
    rows = evaluate_held_out(model, sounds[:1], qualities=[3], against=(), on_note=notes.append)
    assert [(row.files, row.rejected) for row in rows] == [(1, 0)]
    assert notes == []


def test_a_sound_that_does_not_come_back_is_named(sounds: list[Sound], monkeypatch: pytest.MonkeyPatch):
    def refuse(*arguments: object) -> None:
        raise AudioError("there is no such sound")

    monkeypatch.setattr("auricle.bench.held_out.AuricleCodec.roundtrip", refuse)
    notes: list[str] = []
    rows = evaluate_held_out(tiny_model(), sounds[:1], qualities=[0, 3], against=(), on_note=notes.append)
    assert [(row.files, row.rejected) for row in rows] == [(0, 1), (0, 1)]
    (note,) = notes
    assert "a.wav" in note and "there is no such sound" in note

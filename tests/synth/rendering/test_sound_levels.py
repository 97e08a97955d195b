"""Levels, limiting, tails, alignment, seams: the parts without networks."""

import numpy as np
import pytest

from auricle.errors import OptionError, UnfitSoundError
from auricle.synth.latent_morph import align_latents
from auricle.synth.rendering.level import (
    CEILING,
    Limiter,
    SoundLevel,
    level_of,
    limit_blocks,
    matching_gain,
    refuse_other_level,
    trim_trailing_silence,
)
from auricle.synth.rendering.loop import measure_seam, measure_seams

RANDOM = np.random.default_rng(0)


def pieces(audio: np.ndarray, size: int):
    return (audio[:, at : at + size] for at in range(0, audio.shape[1], size))


@pytest.mark.parametrize("size", [1, 37, 1000, 100_000])
def test_a_limiter_passes_what_is_within_full_scale(size: int):
    audio = RANDOM.uniform(-1, 1, (2, 5000)).astype(np.float32)
    limiter = Limiter(2, 16000)
    assert np.array_equal(np.concatenate(list(limit_blocks(pieces(audio, size), limiter)), 1), audio)
    assert limiter.reduction == 1.0


def test_a_limiter_keeps_to_the_ceiling_and_turns_channels_down_alike():
    audio = RANDOM.uniform(-0.5, 0.5, (2, 8000)).astype(np.float32)
    audio[0, 4000:4010] = 3.0
    limiter = Limiter(2, 16000)
    limited = np.concatenate(list(limit_blocks(pieces(audio, 333), limiter)), 1)
    assert limited.shape == audio.shape and np.abs(limited).max() <= CEILING + 1e-6
    assert np.array_equal(limited[:, :3800], audio[:, :3800]) and np.array_equal(limited[:, 4200:], audio[:, 4200:])
    gain = limited / audio
    assert np.allclose(gain[0], gain[1], atol=1e-4) and np.abs(np.diff(gain[0])).max() < 0.02
    assert limiter.reduction == pytest.approx(CEILING / 3.0, rel=1e-3)


def test_a_limiter_does_not_depend_on_how_sound_arrives():
    audio = RANDOM.normal(0, 0.6, (1, 4000)).astype(np.float32)
    limited = [np.concatenate(list(limit_blocks(pieces(audio, size), Limiter(1, 16000))), 1) for size in (1, 64, 4000)]
    assert np.allclose(limited[0], limited[1], atol=1e-7) and np.allclose(limited[1], limited[2], atol=1e-7)


def test_levels_are_matched_unless_that_would_clip():
    level = SoundLevel()
    level.add(np.full((1, 100), 0.1, np.float32))
    assert matching_gain(0.2, level) == pytest.approx(2.0, rel=1e-5)
    assert matching_gain(50.0, level) == pytest.approx(CEILING / 0.1, rel=1e-5)
    assert matching_gain(0.2, SoundLevel()) == 1.0


def test_direct_current_is_not_heard():
    audio = RANDOM.normal(0.0, 0.01, (2, 40_000)).astype(np.float32)
    offset, level = audio + np.float32([[0.05], [-0.2]]), SoundLevel()
    for part in pieces(offset, 777):
        level.add(part)
    assert level.audible_rms == pytest.approx(level_of(audio).rms, rel=0.01) and level.rms > 0.1
    assert level_of(np.full((1, 1), 0.5)).audible_rms == level_of(np.full((1, 9), 0.5)).audible_rms == 0.5
    assert SoundLevel().audible_rms == level_of(np.zeros((1, 9))).audible_rms == 0.0


def test_a_tail_of_silence_is_cut():
    audio = np.zeros((1, 16000), np.float32)
    audio[0, :4000] = 0.5
    assert trim_trailing_silence(audio, 16000).shape[1] == 4000 + 480
    assert trim_trailing_silence(audio[:, :4000], 16000).shape[1] == 4000
    assert trim_trailing_silence(audio * 0, 16000).shape[1] == 16000


def test_alignment_finds_what_was_moved():
    events = RANDOM.normal(0, 1, (40, 6))
    quiet = 0.01 * RANDOM.normal(0, 1, (200, 6))
    first, second = quiet[:100].copy(), quiet[60:180].copy()
    first[10:30], first[50:70] = events[:20], events[20:]
    second[40:60], second[90:110] = events[:20], events[20:]
    path = align_latents(first, second)
    assert tuple(path[0]) == (0, 0) and tuple(path[-1]) == (99, 119)
    assert set(map(tuple, np.diff(path, axis=0))) <= {(0, 1), (1, 0), (1, 1)}
    partner = dict(map(tuple, path))
    assert abs(partner[20] - 50) <= 2 and abs(partner[60] - 100) <= 2


def test_alignment_has_a_limit():
    with pytest.raises(OptionError, match="too many to align"):
        align_latents(np.zeros((6000, 1)), np.zeros((6000, 1)))


def test_a_seam_is_found_where_there_is_one():
    time = np.arange(16000) / 16000
    periodic = np.sin(2 * np.pi * 200 * time)[None] + 0.01 * RANDOM.normal(0, 1, (1, 16000))  # 200 periods
    broken = periodic[:, :15940]  # the last period is cut at its peak
    good, bad = measure_seam(periodic), measure_seam(broken)
    assert good.flux < 1.5 and good.step < 1.5
    assert bad.flux > 3 and bad.step > 3 and bad.rank == 1.0


def test_seams_inside_are_compared_with_the_rest():
    noise = RANDOM.normal(0, 0.1, (1, 32000))
    places = np.array([8000, 20000])
    assert measure_seams(noise, places).rank < 1.0 or measure_seams(noise, places).flux < 1.1
    noise[:, 20000:] *= 10
    assert measure_seams(noise[:, :20500], places).flux > 2


@pytest.mark.parametrize(
    ("peak", "requested_db", "is_fit"),
    [
        (0.7, -3.0, True),
        (0.2, -3.0, True),
        (0.15, -3.0, False),
        (0.15, -6.0, True),
        (1.2, -3.0, False),
        (0.0, -90.0, False),
    ],
)
def test_a_sound_far_from_the_level_that_was_asked_for_is_refused(
    peak: float, requested_db: float, is_fit: bool
) -> None:
    level = level_of(np.array([[0.0, -peak, peak / 2]], np.float32))
    if is_fit:
        refuse_other_level(level, requested_db)
        return
    with pytest.raises(UnfitSoundError):
        refuse_other_level(level, requested_db)

from pathlib import Path

import numpy as np
import pytest

from auricle.bench import excerpts
from auricle.bench.scoring.clips import read_clip
from auricle.data import Sound
from auricle.errors import AudioError
from bench.bench_sounds import babble, store


def test_no_sounds_give_no_clips():
    assert excerpts((), max_seconds=10).clips == ()


def test_the_order_of_sounds_does_not_matter(tmp_path: Path):
    sounds = [store(tmp_path / f"{index}.wav", babble(2.0, 8000, seed=index), 8000) for index in range(6)]
    first, second = (excerpts(given, max_seconds=5, clip_seconds=1) for given in (sounds, sounds[::-1]))
    assert [clip.name for clip in first.clips] == [clip.name for clip in second.clips]
    assert len(first.clips) == 5
    assert first.seconds == pytest.approx(5.0)


def test_few_sounds_give_longer_clips(tmp_path: Path):
    sound = store(tmp_path / "a.wav", babble(8.0, 8000), 8000)
    assert excerpts([sound], max_seconds=5, clip_seconds=1).seconds == pytest.approx(5.0)
    assert excerpts([sound], max_seconds=50, clip_seconds=1).seconds == pytest.approx(8.0)


def test_a_clip_is_the_middle_of_the_first_minute(tmp_path: Path):
    audio = babble(80.0, 8000)
    sound = store(tmp_path / "a.wav", audio, 8000)
    (clip,) = excerpts([sound], max_seconds=2, clip_seconds=2).clips
    np.testing.assert_allclose(clip.audio, audio[:, 29 * 8000 : 31 * 8000], atol=1e-4)


def test_no_crumbs_at_the_end(tmp_path: Path):
    sounds = [store(tmp_path / f"{index}.wav", babble(1.3, 8000, seed=index), 8000) for index in range(4)]
    assert [clip.seconds for clip in excerpts(sounds, max_seconds=3).clips] == pytest.approx([1.3, 1.3])


def test_unusable_sounds_are_rejected_with_a_reason(tmp_path: Path):
    good = store(tmp_path / "good.wav", babble(0.06, 8000), 8000)
    silent = store(tmp_path / "silent.wav", np.zeros((1, 8000), np.float32), 8000)
    gone = Sound(tmp_path / "gone.wav", 8000, 1, 8000, "gone.wav")
    found = excerpts([good, silent, gone], max_seconds=10)
    assert [clip.name for clip in found.clips] == ["good.wav"]
    assert sorted(rejected.path.name for rejected in found.rejected) == ["gone.wav", "silent.wav"]
    assert all(rejected.reason for rejected in found.rejected)


def test_clips_have_two_channels_at_most(tmp_path: Path):
    sound = store(tmp_path / "a.wav", babble(0.5, 8000, channels=4), 8000)
    assert excerpts([sound], max_seconds=1).clips[0].audio.shape == (2, 4000)
    assert read_clip(sound.path, "a").audio.shape == (4, 4000)


def test_a_silent_file_is_no_clip(tmp_path: Path):
    silent = store(tmp_path / "silent.wav", np.zeros((1, 100), np.float32), 8000)
    with pytest.raises(AudioError, match="silent"):
        read_clip(silent.path, "silent")

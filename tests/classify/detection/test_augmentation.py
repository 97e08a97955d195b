"""Marked events in other surroundings: what is heard in them, and what they take."""

import tracemalloc

import numpy as np
import pytest
import soundfile

from auricle.audio import HeldAudio
from auricle.classify.detection.augmentation import augmented_recordings
from auricle.data.events import Recording, SoundEvent
from auricle.data.scan import Rejected, examine_header

RATE, SECONDS = 8000, 30


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[Recording]:
    """Hiss in four files, with a tone in each that is marked twice; the last one is cut."""
    folder, made = tmp_path_factory.mktemp("recordings"), []
    for number in range(4):
        audio = 0.01 * np.random.default_rng(number).standard_normal(SECONDS * RATE)
        audio[2 * RATE : 3 * RATE] += 0.5 * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)
        path = folder / f"{number}.flac"
        soundfile.write(path, audio, RATE)
        if number == 3:
            path.write_bytes(path.read_bytes()[:-9000])
        sound = examine_header(path, path.name, 0.0)
        assert not isinstance(sound, Rejected)
        made.append(Recording(sound, 2 * (SoundEvent(2.0, 3.0, "tone"),)))
    return made


def test_events_are_heard_where_they_are_marked(recordings: list[Recording]):
    made, parts = augmented_recordings(recordings, RATE, seed=0)
    assert parts == (0, 1, 2) and [len(recording.events) for recording in made] == [2, 2, 2]
    for recording in made:
        held = recording.sound.source
        assert isinstance(held, HeldAudio)
        for event in recording.events:
            spectrum = np.abs(np.fft.rfft(held.audio[0, round(event.begin * RATE) : round(event.end * RATE)]))
            assert np.argmax(spectrum) == 1000 and spectrum[1000] > 20 * np.median(spectrum)


def test_memory_does_not_grow_with_the_number_of_recordings(recordings: list[Recording]):
    """All backgrounds of forty such recordings would take 200 MB."""
    many = [Recording(recordings[number % 3].sound, recordings[0].events[:1]) for number in range(40)]
    augmented_recordings(recordings, RATE, seed=0)
    tracemalloc.start()
    augmented_recordings(many, RATE, seed=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50e6

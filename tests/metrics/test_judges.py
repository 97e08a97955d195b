"""Judges with weights: words, voices, and Zimtohrli. What they need may be missing; then they say so."""

import tracemalloc
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from auricle.audio import read
from auricle.errors import AudioError, MissingPackageError
from auricle.metrics import speaker_likeness, voice_embedding, voices, word_errors, words, zimtohrli
from auricle.metrics.words import edit_distance, normalised_words

SOUNDS = Path(__file__).parents[2] / "src" / "auricle" / "demo" / "sounds"
needs_recogniser = pytest.mark.skipif(find_spec("faster_whisper") is None, reason="faster-whisper is not installed")
needs_voices = pytest.mark.skipif(find_spec("resemblyzer") is None, reason="Resemblyzer is not installed")
needs_zimtohrli = pytest.mark.skipif(find_spec("zimtohrli") is None, reason="zimtohrli is not installed")


def speech(seconds: float = 5.0, name: str = "speech_1") -> tuple[np.ndarray, int]:
    audio, rate = read(SOUNDS / f"{name}.flac")
    return audio[0, : round(seconds * rate)], rate


def hiss(like: np.ndarray, level: float) -> np.ndarray:
    return level * np.random.default_rng(0).standard_normal(like.shape).astype(np.float32)


def test_words_are_compared_as_they_are_said():
    said = normalised_words("Mr. O'Neil has 1,200 ill-disposed dogs.")
    assert " ".join(said) == "mister oneil has one thousand two hundred ill disposed dogs"
    assert edit_distance(said, [*said, "and"]) == 1
    assert edit_distance(["four", "queen", "of", "clubs"], ["for", "queen", "clubs"]) == 2


@needs_recogniser
def test_what_is_drowned_in_noise_is_heard_wrongly():
    audio, rate = speech()
    wrong, count = word_errors(audio, audio, rate)
    assert wrong == 0 and count > 5
    wrong, same_count = word_errors(audio, audio + hiss(audio, 0.5), rate)
    assert wrong > 0.3 * count and same_count == count


@needs_recogniser
def test_no_words_are_heard_in_silence():
    with pytest.raises(AudioError, match="no words are heard"):
        word_errors(np.zeros(16000), np.zeros(16000), 16000)


def test_a_recogniser_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch):
    def missing(name: str) -> None:
        raise ImportError(name)

    words._recogniser.cache_clear()
    monkeypatch.setattr(words, "import_module", missing)
    with pytest.raises(MissingPackageError, match=r"auricle\[judges\]"):
        word_errors(np.ones(16000), np.ones(16000), 16000)


def test_originals_are_heard_once_and_not_kept(monkeypatch: pytest.MonkeyPatch):
    lengths: list[int] = []

    def hear(audio: np.ndarray) -> list[str]:
        lengths.append(len(audio))
        return ["word"] * 3

    monkeypatch.setattr(words, "transcribe", hear)
    sounds = np.random.default_rng(0).standard_normal((4, 100_000)).astype(np.float32)
    word_errors(sounds[0, :1600], sounds[0, :1600], 16000)
    lengths.clear()
    tracemalloc.start()
    for sound in (*sounds, sounds[0]):
        assert word_errors(sound, sound, 16000) == (0, 3)
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(lengths) == 4 + 5 and kept < sounds[0].nbytes


@needs_voices
def test_voices_take_memory_for_the_sound_and_not_for_its_frames(monkeypatch: pytest.MonkeyPatch):
    audio = np.resize(speech()[0], 120 * 16000)
    voice_embedding(audio[:16000], 16000)
    monkeypatch.setattr(voices, "_LAYERS", 1)  # the others take the same again, and most of the time
    tracemalloc.start()
    voices._spectrogram(audio)
    spectrogram = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    voice_embedding(audio, 16000)
    embedding = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert spectrogram < 60e6 and embedding < 120e6


@needs_voices
def test_a_voice_is_like_itself_and_less_like_another():
    (first, rate), (second, other_rate) = speech(), speech(name="speech_2")
    assert rate == other_rate
    assert speaker_likeness(first, first, rate) == pytest.approx(1.0, abs=1e-5)
    noisy = speaker_likeness(first, first + hiss(first, 0.02), rate)
    halves = [voice_embedding(half, rate) for half in np.array_split(first, 2)]
    other = float(voice_embedding(first, rate) @ voice_embedding(second, rate))
    assert 0.5 < noisy < 1.0 and other < float(halves[0] @ halves[1]) < 1.0


@needs_voices
def test_silence_does_not_change_a_voice():
    audio, rate = speech()
    padded = np.concatenate([audio, np.zeros(3 * rate, np.float32)])
    assert float(voice_embedding(audio, rate) @ voice_embedding(padded, rate)) > 0.99
    with pytest.raises(AudioError, match="no voice in silence"):
        speaker_likeness(np.zeros(rate), audio[:rate], rate)


def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Nothing in the file is ever unpickled, so a file that is not the known one is of no use."""
    (tmp_path / "resemblyzer").mkdir()
    (tmp_path / "resemblyzer" / "__init__.py").write_text("raise SystemExit('never imported')\n")
    (tmp_path / "resemblyzer" / "pretrained.pt").write_bytes(b"cos\nsystem\n(S'echo'\ntR.")
    voices._weights.cache_clear()
    monkeypatch.syspath_prepend(str(tmp_path))
    audio = np.random.default_rng(0).standard_normal(16000)
    with pytest.raises(MissingPackageError, match=r"not the network of Resemblyzer 0\.1\.4"):
        voice_embedding(audio, 16000)


@needs_zimtohrli
def test_zimtohrli_grows_with_what_is_added():
    rate = 48000
    t = np.arange(rate) / rate
    chord = sum(0.2 * np.sin(2 * np.pi * hertz * t) for hertz in (220, 277, 330)) * np.exp(-2 * t)
    sound = np.stack([chord, 0.5 * chord])
    distances = [zimtohrli(sound, sound + hiss(sound, level), rate) for level in (0.0, 0.001, 0.01, 0.1)]
    assert distances[0] == pytest.approx(0.0, abs=1e-6) and distances == sorted(distances)
    one_side = zimtohrli(sound, sound + np.stack([0 * chord, hiss(chord, 0.1)]), rate)
    assert distances[0] < one_side < distances[3]


@needs_zimtohrli
def test_zimtohrli_refuses_what_it_can_not_compare():
    with pytest.raises(AudioError, match="can't compare shapes"):
        zimtohrli(np.zeros(48000), np.zeros((2, 48000)), 48000)
    with pytest.raises(AudioError, match="a tenth of a second"):
        zimtohrli(np.zeros(100), np.zeros(100), 48000)

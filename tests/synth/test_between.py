"""Crossfades and transfer through a model."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from auricle import morph, read, read_latents, transfer
from auricle.errors import AudioError, AuricleError, ModelError, OptionError, OutputError
from auricle.options.synthesis import MorphOptions, SoundFileOptions
from auricle.synth.rendering.result import Sound
from synth.synth_sounds import RATE, make_model, tone, wav

MODEL = make_model()


def rms(audio: np.ndarray) -> float:
    return float(np.sqrt(np.square(audio).mean()))


def samples(sound: Sound) -> np.ndarray:
    assert sound.audio is not None
    return sound.audio


@pytest.fixture
def ends(tmp_path: Path) -> tuple[Path, Path]:
    loud, quiet = tone(330, 1.0, level=0.6), tone(1200, 0.5, level=0.06, rate=22050)
    return wav(tmp_path / "loud.wav", loud), wav(tmp_path / "quiet.wav", quiet, 22050)


@pytest.mark.parametrize("align", [False, True])
def test_steps_go_evenly_from_one_sound_to_the_other(ends: tuple[Path, Path], align: bool):
    output = morph(*ends, MorphOptions(5, crossfade=True, align=align), model=MODEL)
    sounds = [samples(sound) for sound in output.sounds]
    assert [sound.share for sound in output.sounds] == [0, 0.25, 0.5, 0.75, 1]
    assert [sound.shape[1] for sound in sounds] == [16000, 14000, 12000, 10000, 8000]
    levels = [20 * np.log10(rms(sound)) for sound in sounds]
    assert np.allclose(np.diff(levels), -5.0, atol=0.3), levels
    inside = slice(16, -160)  # the ends may fade
    assert np.abs(sounds[0] - tone(330, 1.0, level=0.6))[:, inside].max() < 0.03
    assert np.abs(sounds[-1] - tone(1200, 0.5, level=0.06))[:, inside].max() < 0.01


def test_sounds_in_memory_are_what_their_files_are(ends: tuple[Path, Path]):
    expected = [samples(sound) for sound in morph(*ends, MorphOptions(2, crossfade=True), model=MODEL).sounds]
    output = morph(read(ends[0]), io.BytesIO(ends[1].read_bytes()), MorphOptions(2, crossfade=True), model=MODEL)
    assert all(np.array_equal(samples(sound), other) for sound, other in zip(output.sounds, expected, strict=True))
    moved = samples(transfer(ends[0], MODEL).sounds[0])
    assert np.array_equal(samples(transfer(read(ends[0]), MODEL).sounds[0]), moved)
    with ends[0].open("rb") as file:
        assert np.array_equal(samples(transfer(file, MODEL).sounds[0]), moved)
    assert np.array_equal(read_latents(read(ends[0]), MODEL).z, read_latents(ends[0], MODEL).z)


def test_the_middle_holds_both(ends: tuple[Path, Path]):
    middle = samples(morph(*ends, MorphOptions(3, crossfade=True), model=MODEL).sounds[1])
    spectrum = np.abs(np.fft.rfft(middle[0, :8000] * np.hanning(8000)))
    peaks = {hertz: spectrum[round(hertz / 2) - 3 : round(hertz / 2) + 4].max() for hertz in (330, 1200, 2500)}
    assert peaks[330] > 20 * peaks[2500] and peaks[1200] > 5 * peaks[2500]


def test_alignment_moves_events_together(tmp_path: Path):
    click = tone(800, 0.1, level=0.5)
    first, second = np.zeros((1, RATE), np.float32), np.zeros((1, RATE), np.float32)
    first[:, 3200:4800], second[:, 9600:11200] = click, click
    paths = [wav(tmp_path / f"{name}.wav", audio) for name, audio in (("first", first), ("second", second))]
    unwarped, warped = (
        samples(morph(*paths, MorphOptions(3, crossfade=True, align=align), model=MODEL).sounds[1])[0]
        for align in (False, True)
    )

    def energy(audio: np.ndarray, start: int) -> float:
        return float(np.square(audio[start : start + 1600]).sum() / np.square(audio).sum())

    assert energy(unwarped, 3200) > 0.3 and energy(unwarped, 9600) > 0.3
    assert energy(warped, 6400) > 0.8  # in the middle of both places


def test_a_morph_within_one_sound(ends: tuple[Path, Path], tmp_path: Path):
    first, second = wav(tmp_path / "a.wav", tone(330, 2.0)), wav(tmp_path / "b.wav", tone(1200, 2.0, channels=2))
    output = morph(first, second, MorphOptions(crossfade=True, within=True), model=MODEL)
    (sound,) = output.sounds
    audio = samples(sound)
    assert output.channels == 2 and audio.shape == (2, 32000) and sound.share is None
    assert np.abs(audio[0, :1000] - tone(330, 1.0)[0, :1000]).max() < 0.1
    assert np.abs(audio[:, -1000:-160] - tone(1200, 2.0, channels=2)[:, -1000:-160]).max() < 0.1
    levels = [rms(audio[0, at : at + 3200]) for at in range(0, 32000, 3200)]
    assert max(levels) / min(levels) < 1.5  # no dip in the middle


def test_morphs_are_written_and_not_replaced(ends: tuple[Path, Path], tmp_path: Path):
    output = morph(*ends, MorphOptions(2, crossfade=True), model=MODEL, out=tmp_path / "out")
    assert [sound.path.name for sound in output.sounds if sound.path] == ["morph-001.wav", "morph-002.wav"]
    assert read(tmp_path / "out" / "morph-002.wav")[0].shape == (1, 8000)
    more = morph(*ends, MorphOptions(2, crossfade=True), model=MODEL, out=tmp_path / "out")
    assert [sound.path.name for sound in more.sounds if sound.path] == ["morph-003.wav", "morph-004.wav"]
    one = MorphOptions(crossfade=True, within=True)
    assert morph(*ends, one, model=MODEL, out=tmp_path / "one.flac").sounds[0].path == tmp_path / "one.flac"
    with pytest.raises(OutputError, match="exists already"):
        morph(*ends, one, model=MODEL, out=tmp_path / "one.flac")


@pytest.mark.parametrize(
    ("kind", "message", "options"),
    [
        (OptionError, "a morph of 1 sounds", {"count": 1}),
        (OptionError, "a morph of -3 sounds", {"count": -3}),
        (ModelError, "no model 'unknown'", {"model": "unknown"}),
        (AudioError, "missing.wav does not exist", {"second": "missing.wav"}),
        (AudioError, "silent.wav is silent", {"second": "silent.wav"}),
    ],
)
def test_bad_morphs(kind: type[AuricleError], message: str, options: dict, tmp_path: Path, ends, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wav(Path("silent.wav"), np.zeros((1, RATE)))
    second, model = options.get("second", ends[1]), options.get("model", MODEL)
    with pytest.raises(kind, match=message):
        morph(ends[0], second, MorphOptions(options.get("count", 5), crossfade=True), model=model, out="new")
    assert not Path("new").exists()


@pytest.mark.parametrize(("rate", "channels", "seconds"), [(16000, 1, 1.0), (44100, 2, 0.777), (22050, 6, 0.4)])
def test_transfer_keeps_rate_channels_length_and_level(tmp_path: Path, rate: int, channels: int, seconds: float):
    source = 0.5 * tone(500, seconds, rate=rate, channels=channels)
    output = transfer(wav(tmp_path / "sound.wav", source, rate), MODEL)
    audio = samples(output.sounds[0])
    assert (output.sample_rate, output.channels) == (rate, channels) and audio.shape == source.shape
    assert rms(audio) == pytest.approx(rms(source), rel=0.01)
    assert np.abs(audio - source)[:, rate // 10 : -rate // 10].max() < 0.05  # this model rebuilds all sound


def test_transfer_at_low_quality_keeps_the_level(tmp_path: Path):
    source = tone(500, 1.0, level=0.1) + 0.02 * np.random.default_rng(0).normal(0, 1, (1, RATE)).astype(np.float32)
    path = wav(tmp_path / "sound.wav", source)
    fine, coarse = (samples(transfer(path, MODEL, quality=quality).sounds[0]) for quality in (3, 0))
    assert rms(coarse) == pytest.approx(rms(source), rel=0.01)
    assert np.abs(coarse - source).mean() > 3 * np.abs(fine - source).mean()


def test_transfer_to_a_file_is_named_after_its_sound(tmp_path: Path):
    path = wav(tmp_path / "my voice.wav", tone(500, 0.5))
    output = transfer(path, MODEL, out=tmp_path / "out")
    assert output.sounds[0].path == tmp_path / "out" / "my_voice-001.wav"
    assert read(tmp_path / "out" / "my_voice-001.wav")[0].shape == (1, 8000)
    named = transfer(path, MODEL, out=tmp_path / "mine.flac", files=SoundFileOptions(rate=44100, bits="24"))
    assert named.sounds[0].path == tmp_path / "mine.flac" and named.sample_rate == 44100
    info = soundfile.info(tmp_path / "mine.flac")
    assert (info.samplerate, info.subtype, info.frames) == (44100, "PCM_24", 22050)


def test_transfer_of_what_was_cut_out_of_a_sound_does_not_click(tmp_path: Path):
    path = wav(tmp_path / "cut.wav", tone(440, 1.0)[:, 9:-9])
    audio = samples(transfer(path, MODEL).sounds[0])
    assert np.abs(audio[:, [0, -1]]).max() < 0.003 < np.abs(audio[:, 16:32]).min(axis=1).max()


@pytest.mark.parametrize(
    ("kind", "message", "name", "options"),
    [
        (AudioError, "silent.wav is silent", "silent.wav", {}),
        (AudioError, "missing.wav does not exist", "missing.wav", {}),
        (OptionError, "quality 9 is not on the dial", "tone.wav", {"quality": 9.0}),
        (OptionError, "quality nan is not on the dial", "tone.wav", {"quality": float("nan")}),
    ],
)
def test_bad_transfers(kind: type[AuricleError], message: str, name: str, options: dict, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wav(Path("silent.wav"), np.zeros((1, RATE)))
    wav(Path("tone.wav"), tone(440, 0.5))
    with pytest.raises(kind, match=message):
        transfer(name, MODEL, out="new", **options)
    assert not Path("new").exists()

"""A sound's pitch, loudness and rhythm with the timbre of others."""

import json
from pathlib import Path

import numpy as np
import pytest

from auricle import transfer, write
from auricle.cli import main
from auricle.errors import AudioError, AuricleError, DataError, OptionError
from auricle.synth.harmonic.analysis import measure_pitch
from synth.harmonic.test_harmonic_morphs import RATE, noise, note
from synth.synth_sounds import make_model, make_prior, wav

pytest.importorskip("swift_f0", reason="swift-f0 tracks pitch: pip install 'auricle[synth]'")


def melody() -> np.ndarray:
    """Three notes of a bright voice with a pause, the last one softer, with vibrato."""
    return np.concatenate(
        (
            note(220, 0.5, partials=20, vibrato=30),
            np.zeros((1, 1600), np.float32),
            note(277.2, 0.4, partials=20, vibrato=30),
            note(330, 0.5, partials=20, vibrato=30, level=0.05),
        ),
        axis=1,
    )


@pytest.fixture
def hollow(tmp_path: Path) -> Path:
    """A folder of dark notes that have odd partials alone."""
    folder = tmp_path / "hollow"
    folder.mkdir()
    for hertz in (180, 240, 300, 360):
        tone = note(hertz, 1.0, partials=1) + note(3 * hertz, 1.0, partials=1) / 4
        wav(folder / f"{hertz}.wav", tone + noise(1.0, level=0.001), RATE)
    return folder


def played(onto: object, sound: np.ndarray | None = None) -> np.ndarray:
    output = transfer((melody() if sound is None else sound, RATE), onto)  # type: ignore[arg-type]
    audio = output.sounds[0].audio
    assert audio is not None and output.sample_rate == RATE
    return audio


def powers(audio: np.ndarray) -> np.ndarray:
    return np.square(audio[0][: audio.shape[1] // 320 * 320].reshape(-1, 320)).mean(axis=1)


def test_pitch_loudness_and_rhythm_stay(hollow: Path):
    source, result = melody(), played(hollow)
    assert result.shape == source.shape
    before, after = (measure_pitch(audio[0], RATE) for audio in (source, result))
    both = before.voiced & after.voiced
    cents = 1200 * np.abs(np.log2(after.hertz[both] / before.hertz[both]))
    assert both.sum() > 0.9 * before.voiced.sum() and np.mean(cents < 20) > 0.9
    loud = powers(source) > 1e-4
    assert np.abs(10 * np.log10(powers(result)[loud] / powers(source)[loud])).mean() < 1.5
    assert powers(result)[26:29].max() < 1e-4 * powers(result).max()  # the pause


def test_direct_current_of_a_recording_makes_nothing_louder(hollow: Path):
    quiet = 0.05 * noise(1.0)
    for onto in (hollow, make_model()):
        plain, offset = (transfer((sound, RATE), onto).sounds[0].audio for sound in (quiet, quiet + np.float32(0.2)))
        assert plain is not None and offset is not None
        inside = slice(RATE // 10, -RATE // 10)  # what fades at the ends is direct current as well
        assert offset[:, inside].std() == pytest.approx(plain[:, inside].std(), rel=0.2)


def test_of_direct_current_there_is_nothing_to_transfer(hollow: Path):
    constant = np.full((1, RATE), 0.5, np.float32)
    with pytest.raises(AudioError, match="nothing but direct current"):
        transfer((constant, RATE), hollow)


def test_the_spectrum_is_that_of_the_examples(hollow: Path):
    result = played(hollow)[0, 800:7200]
    spectrum = np.abs(np.fft.rfft(result * np.hanning(len(result))))
    partials = [spectrum[round(k * 220 * len(result) / RATE) + np.arange(-12, 13)].max() for k in (1, 3, 6, 12)]
    levels = 20 * np.log10(np.array(partials) / partials[0])
    assert levels[1] == pytest.approx(-12, abs=5) and levels[3] < -25
    assert levels[3] < 20 * np.log10(1 / 12) - 5  # far from the voice's


def test_onto_noise_the_loudness_stays(tmp_path: Path):
    path = wav(tmp_path / "rain.wav", noise(1.0, level=0.05), RATE)
    result, source = played(path), melody()
    loud = powers(source) > 1e-4
    assert np.abs(10 * np.log10(powers(result)[loud] / powers(source)[loud])).mean() < 3
    assert np.abs(np.fft.rfft(result[0]))[3 * len(result[0]) // 8 :].mean() > 0.5  # up to the highest frequencies


@pytest.mark.parametrize("folder", ["tonal", "with noise"])
def test_only_a_timbre_without_noise_goes_on_through_consonants(folder: str, hollow: Path):
    if folder == "with noise":
        wav(hollow / "breath.wav", noise(2.0, level=0.05), RATE)
    hiss = noise(0.2, level=0.1)
    source = np.concatenate((note(240, 0.5, partials=20), hiss, note(240, 0.5, partials=20)), axis=1)
    middle = played(hollow, source)[0, 8400:10800]
    spectrum = np.square(np.abs(np.fft.rfft(middle * np.hanning(len(middle)))))
    partials = np.rint(240 * np.array([1, 3]) * len(middle) / RATE).astype(int)
    share = spectrum[partials[:, None] + np.arange(-3, 4)].sum() / spectrum.sum()
    assert (share > 0.8) == (folder == "tonal")


@pytest.mark.parametrize(("seconds", "bright"), [(0.1, True), (1.0, False)], ids=["a syllable's end", "a tone's end"])
def test_only_a_tone_that_dies_away_gets_the_spectrum_of_the_ends_of_notes(
    seconds: float, bright: bool, tmp_path: Path
):
    def fading(hertz: float, duration: float) -> np.ndarray:
        """Falls by 20 dB at the end of 1.5 s and stays there for .3 s."""
        time = np.arange(round(1.8 * RATE)) / RATE
        return (10 ** -np.clip((time - 1.5) / duration + 1, 0, 1) * note(hertz, 1.8, partials=1)).astype(np.float32)

    for hertz in (180, 240, 300):
        sound = fading(hertz, 0.5)
        sound[:, : round(1.35 * RATE)] += 0.5 * note(3 * hertz, 1.35, partials=1)
        wav(tmp_path / f"{hertz}.wav", sound, RATE)
    end = played(tmp_path, fading(240, seconds))[0, round(1.45 * RATE) : round(1.55 * RATE)]
    spectrum = np.abs(np.fft.rfft(end * np.hanning(len(end))))
    first, third = (spectrum[round(k * 24) + np.arange(-2, 3)].max() for k in (1, 3))
    assert (third > first / 4) == bright


def test_softer_than_any_example_the_spectrum_is_that_of_the_pitch(tmp_path: Path):
    dull, bright = note(180, 1.0, partials=1), note(360, 1.0, partials=1) + 0.5 * note(1080, 1.0, partials=1)
    dull[:, : RATE // 12] *= 0.03  # a soft beginning, of another pitch
    for name, sound in (("dull", dull), ("bright", bright)):
        wav(tmp_path / f"{name}.wav", sound, RATE)
    source = np.concatenate((note(360, 0.5), note(360, 0.5, level=0.006)), axis=1)
    soft = played(tmp_path, source)[0, round(0.6 * RATE) : round(0.9 * RATE)]
    spectrum = np.abs(np.fft.rfft(soft * np.hanning(len(soft))))
    first, third = (spectrum[round(k * 108) + np.arange(-2, 3)].max() for k in (1, 3))
    assert third > first / 4


def test_a_prior_gives_examples_and_channels_stay():
    prior = make_prior(make_model(), with_sizes=True)
    stereo = np.concatenate((melody(), melody()))
    with pytest.raises(AuricleError):
        transfer((stereo, RATE), prior)  # in memory it lies beside no model


def damaged(path: Path) -> Path:
    """A sound with a header that is right and samples that do not decode."""
    write(path, noise(1.0), RATE)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 4] + bytes(len(data) - len(data) // 4))
    return path


def test_files_that_cannot_be_read_are_left_out(hollow: Path):
    whole = played(hollow)
    words, flac = hollow / "words.wav", damaged(hollow / "damaged.flac")
    words.write_text("words, not sound")
    output = transfer((melody(), RATE), hollow)
    assert {file.path for file in output.rejected} == {words, flac}
    audio = output.sounds[0].audio
    assert (
        audio is not None and audio.shape == whole.shape and not transfer((melody(), RATE), hollow / "180.wav").rejected
    )


def test_where_no_file_can_be_read_that_is_one_line(tmp_path: Path):
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "words.wav").write_text("words, not sound")
    with pytest.raises(DataError, match=r"its only audio file can't be used; .*words\.wav"):
        transfer((melody(), RATE), folder)
    flac = damaged(folder / "damaged.flac")
    for onto in (folder, flac):
        with pytest.raises(AudioError, match=r"damaged\.flac is damaged"):
            transfer((melody(), RATE), onto)
    damaged(folder / "other.flac")
    with pytest.raises(AudioError, match="none of 2 sounds of bad can be read; the first problem"):
        transfer((melody(), RATE), folder)


def test_the_verb_says_what_it_left_out_and_exits_with_1(
    hollow: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    voice = wav(tmp_path / "voice.wav", melody(), RATE)
    command = ["transfer", str(voice), "--onto", str(hollow), "--out", str(tmp_path / "out")]
    assert main(command) == 0
    capsys.readouterr()
    damaged(hollow / "damaged.flac")
    assert main([*command, "--json"]) == 1
    ran = capsys.readouterr()
    values = json.loads(ran.out)
    assert ran.err.startswith("1 file was left out:") and "damaged.flac" in ran.err
    assert [Path(file["path"]).name for file in values["rejected"]] == ["damaged.flac"]
    assert Path(values["sounds"][0]["path"]).is_file()


@pytest.mark.parametrize(("kind", "message", "quality"), [(OptionError, "quality is that of a model", 1.0)])
def test_what_is_refused(kind: type[AuricleError], message: str, quality: float, hollow: Path, tmp_path: Path):
    with pytest.raises(kind, match=message):
        transfer((melody(), RATE), hollow, quality=quality)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError):
        transfer((melody(), RATE), tmp_path / "empty")
    with pytest.raises(OptionError, match="lasts 130 s"):
        transfer((np.tile(melody(), 87), RATE), hollow)


def plucked(hertz: float, seconds: float = 1.5) -> np.ndarray:
    """A tone whose fundamental falls by 9 dB a second, and its fourth partial by 60."""
    time = np.arange(round(seconds * RATE)) / RATE
    tones = [
        10 ** (-fall * time / 20) * np.sin(2 * np.pi * number * hertz * time) for number, fall in ((1, 9), (4, 60))
    ]
    return (0.2 * np.minimum(1, time / 0.003) * sum(tones))[None].astype(np.float32)


def test_tones_that_die_away_are_as_bright_as_they_are_old(tmp_path: Path):
    """A note that keeps its level gets the spectrum of a young tone first and of an old one later; where tones last,
    age says nothing."""
    balances = {}
    for kind in ("plucked", "steady"):
        (tmp_path / kind).mkdir()
        for hertz in (196, 247, 311):
            tone = plucked(hertz) if kind == "plucked" else note(hertz, 1.5, partials=4)
            wav(tmp_path / kind / f"{hertz}.wav", tone, RATE)
        held = played(tmp_path / kind, note(247, 1.2, partials=6))[0]
        balances[kind] = []
        for second in (0.1, 0.8):
            piece = held[round(second * RATE) : round((second + 0.2) * RATE)]
            spectrum = np.abs(np.fft.rfft(piece * np.hanning(len(piece))))
            low, high = (spectrum[round(hertz * 0.2) - 3 : round(hertz * 0.2) + 4].max() for hertz in (247, 988))
            balances[kind].append(20 * np.log10(high / low))
    assert balances["plucked"][0] - balances["plucked"][1] > 8
    assert abs(balances["steady"][0] - balances["steady"][1]) < 3


def test_speech_stops_no_faster_onto_tones_than_these_are_damped(hollow: Path):
    """Where half of a sound is noise it is no phrase of notes: its gaps are rounded, those of notes are not."""
    gap = np.zeros((1, round(0.1 * RATE)), np.float32)
    vowel = note(220, 0.3, partials=20)
    phrases = {
        "speech": (vowel, noise(0.3, level=0.03), vowel, gap, vowel),
        "notes": (vowel, vowel, vowel, gap, vowel),
    }
    fallen = {}
    for kind, parts in phrases.items():
        sound = played(hollow, np.concatenate(parts, axis=1))
        level = 10 * np.log10(powers(sound) + 1e-12)
        before = round(sum(part.shape[1] for part in parts[:3]) / 320)
        fallen[kind] = float(level[before - 5 : before].max() - level[before + 1])
    assert fallen["speech"] < 32 and fallen["notes"] > 40
    cut = played(hollow, np.concatenate((*phrases["speech"], gap[:, :160]), axis=1))
    assert np.abs(cut[0, -16:]).max() < 0.01 * np.abs(cut).max(), "no click at the end"


def test_onto_tones_the_loudness_of_speech_moves_half_as_far(hollow: Path):
    """That of notes stays as it is."""
    loud, soft = note(220, 0.4, partials=20), 0.1 * note(220, 0.4, partials=20)
    speech, notes = (loud, noise(0.3, level=0.03), soft, loud), (loud, loud, soft, loud)
    fallen = []
    for parts in (speech, notes):
        level = 10 * np.log10(powers(played(hollow, np.concatenate(parts, axis=1))) + 1e-12)
        begin = round((parts[0].shape[1] + parts[1].shape[1]) / 320)
        fallen.append(float(np.median(level[3:17]) - np.median(level[begin + 6 : begin + 17])))
    assert fallen == pytest.approx([10.0, 20.0], abs=1.5)

"""Sets of notes that samplers play."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from auricle import NoteOptions, SamplingOptions, SoundFileOptions, make_playable, read
from auricle.errors import AuricleError, DataError, OptionError
from auricle.synth.playable.note_names import NamedNote, note_hertz, note_name, parse_file_name, parse_notes
from auricle.synth.playable.recordings import RecordedNote, recorded_notes, velocity_layers
from synth.synth_sounds import wav

RATE = 16000


@pytest.mark.parametrize(
    ("stem", "named"),
    [
        ("00137_e4_f_rr2_dnm", NamedNote(64, 96)),
        ("00561_MF_C4", NamedNote(60, 80)),
        ("060-C4-FF", NamedNote(60, 112)),
        ("A2v16", NamedNote(45, None, 16)),
        ("killer_bass_gb3_vl2", NamedNote(54, None, 2)),
        ("MartinGM2_077__F5_1", NamedNote(77)),
        ("strings", None),
        ("kick 03", None),
    ],
)
def test_names_tell_notes_and_dynamics(stem: str, named: NamedNote | None):
    assert parse_file_name(stem) == named


def test_notes_are_asked_for_by_name_number_and_range():
    assert parse_notes("C4") == (60,) and parse_notes("c3..d3,60,Bb3") == (48, 49, 50, 60, 58)
    assert [note_name(note) for note in (60, 61, 0)] == ["c4", "c#4", "c-1"]
    for text in ("C5..C4", "H2", "", "C4..", "200", "C4v3"):
        with pytest.raises(OptionError):
            parse_notes(text)


def test_each_dynamic_is_a_layer():
    notes = [RecordedNote(Path(), 60, velocity) for velocity in (49, 96, 112)]
    assert velocity_layers((note.velocity for note in notes), 1, 127) == ((49, 1, 72), (96, 73, 104), (112, 105, 127))
    assert velocity_layers((note.velocity for note in notes), 100, 100) == ((96, 100, 100),)


def pluck(note: float, *, seconds: float = 0.8, cents: float = 0.0) -> np.ndarray:
    """A string: higher partials die sooner."""
    time = np.arange(round(seconds * RATE)) / RATE
    hertz = note_hertz(note + cents / 100)
    partials = [np.sin(2 * np.pi * k * hertz * time) / k * np.exp(-3 * k**0.5 * time) for k in range(1, 9)]
    return (0.2 * np.minimum(1, time / 0.005) * sum(partials))[None].astype(np.float32)


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Three notes, out of tune, which are an octave above what their names say."""
    pytest.importorskip("swift_f0", reason="swift-f0 tracks pitch: pip install 'auricle[synth]'")
    folder = tmp_path / "string"
    folder.mkdir()
    for name, note, cents in (("C3", 60, 15), ("E3", 64, -20), ("G3", 67, 8)):
        wav(folder / f"string_{name}_mf.wav", pluck(note, cents=cents), RATE)
    return folder


def peak_hertz(audio: np.ndarray, rate: int) -> float:
    size = 1 << 18
    spectrum = np.abs(np.fft.rfft(audio[0, : rate // 2] * np.hanning(rate // 2), size))
    return float(spectrum.argmax() * rate / size)


def test_a_set_is_tuned_also_between_the_recorded_notes(recordings: Path, tmp_path: Path):
    out = tmp_path / "set"
    result = make_playable(recordings, NoteOptions("c4..e4"), out=out, files=SoundFileOptions(rate=44100))
    assert [note.note for note in result.notes] == [60, 61, 62, 63, 64] and result.recorded == 3
    for note in result.notes:
        path = out / f"string-080-{note_name(note.note)}.wav"
        assert note.sound.path == path and soundfile.info(path).subtype == "PCM_24"
        audio, rate = read(path)
        assert rate == 44100 and abs(1200 * np.log2(peak_hertz(audio, rate) / note_hertz(note.note))) < 5
    regions = re.findall(r"<region> sample=(\S+) key=(\d+) lovel=1 hivel=127", (out / "string.sfz").read_text())
    assert [(out / name).is_file() for name, _ in regions] == [True] * 5 and regions[0][1] == "60"


def test_a_lone_dynamic_sounds_however_hard_a_key_is_struck(recordings: Path, tmp_path: Path):
    result = make_playable(recordings, NoteOptions("c4", velocity="64"), out=tmp_path / "set")
    assert [(note.lowest, note.highest) for note in result.notes] == [(1, 127)]


def test_notes_without_names_are_told_by_their_pitch(recordings: Path):
    for index, path in enumerate(sorted(recordings.iterdir())):
        path.rename(recordings / f"take {index}.wav")
    assert [(note.note, note.velocity) for note in recorded_notes(recordings)] == [(60, 127), (64, 127), (67, 127)]


def test_a_note_that_one_dynamic_lacks_is_refused_with_those_that_have_it(recordings: Path, tmp_path: Path):
    """Three soft notes from C4 to G4, one loud one an octave higher, and one that is louder still."""
    for path in list(recordings.iterdir()):
        path.rename(path.with_name(path.name.replace("mf", "p")))
    soft = next(recordings.iterdir())
    for name in ("string_C5_f.wav", "string_C3_ff.wav"):
        shutil.copy(soft, recordings / name)
    message = (
        r"c6 is over an octave from the notes recorded at velocity 49, c4 to g4: name notes within an octave of one of "
        r"them, or a velocity that has some near it: 96$"
    )
    with pytest.raises(OptionError, match=message):
        make_playable(recordings, NoteOptions("c6"), out=tmp_path / "set")
    with pytest.raises(
        OptionError, match=r"c8 is .* velocity 49, c4 to g4: name notes within an octave of one of them$"
    ):
        make_playable(recordings, NoteOptions("c8"), out=tmp_path / "set")
    assert not (tmp_path / "set").exists()
    (note,) = make_playable(recordings, NoteOptions("c6", "96"), out=tmp_path / "set").notes
    assert (note.note, note.velocity) == (84, 96)


@pytest.mark.parametrize(
    ("kind", "message", "note"),
    [
        (OptionError, "c6 is over an octave from the recorded notes, c4 to g4", "C6"),
        (OptionError, "no note 'X'", "X"),
        (OptionError, "go down", "C4..C3"),
        (OptionError, "notes 'C4 E4': put commas between them", "C4 E4"),
    ],
)
def test_notes_that_no_set_has(kind: type[AuricleError], message: str, note: str, recordings: Path, tmp_path: Path):
    with pytest.raises(kind, match=message):
        make_playable(recordings, NoteOptions(note), out=tmp_path / "set")
    assert not list((tmp_path / "set").glob("*"))
    for unfit, sampling in (
        (NoteOptions("C4", seed=1), SamplingOptions()),
        (NoteOptions("C4"), SamplingOptions(steps=8)),
    ):
        with pytest.raises(OptionError, match="nothing is drawn"):
            make_playable(recordings, unfit, sampling=sampling, out=tmp_path / "set")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError):
        make_playable(tmp_path / "empty", NoteOptions("C4"), out=tmp_path / "set")

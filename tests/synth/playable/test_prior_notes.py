"""Priors that know notes: they learn them at pitches that fit frames, and make any other, in tune."""

from pathlib import Path

import numpy as np
import pytest
import torch

import auricle
from auricle.errors import AudioError, AuricleError, DataError, ModelError, OptionError
from auricle.model.files.writing import save
from auricle.options.synthesis import NoteOptions, SamplingOptions, SoundFileOptions
from auricle.synth import FlowConfig
from auricle.synth.harmonic.analysis import measure_pitch
from auricle.synth.harmonic.locking import locked_note
from auricle.synth.playable.note_names import note_hertz, note_name
from auricle.synth.playable.performance import frame_levels, phrase_pieces
from auricle.synth.playable.prior_instrument import breaks_off
from auricle.synth.priors.file import load_prior, save_prior
from auricle.synth.priors.notes import RequestedNote, locked_hertz, playing_ratio
from auricle.synth.priors.sizes import draw_size, note_size
from auricle.synth.training.noted_sounds import listed_notes
from synth.synth_sounds import RATE, make_model, make_prior, wav

FRAME_RATE = RATE / 320
NOTES = (57, 59, 61, 63, 65)


def reed(note: float, *, seconds: float = 0.7, cents: float = 0.0, level: float = 0.3) -> np.ndarray:
    """A steady tone with eight partials of any phases, a soft beginning and a soft end."""
    time = np.arange(round(seconds * RATE)) / RATE
    hertz = note_hertz(note + cents / 100)
    phases = np.random.default_rng(round(100 * note)).uniform(0, 2 * np.pi, 9)
    partials = sum(np.sin(2 * np.pi * k * hertz * time + phases[k]) / k for k in range(1, 9))
    edges = np.minimum(1, np.minimum(time / 0.03, (seconds - time) / 0.1))
    return (level * edges * partials / np.abs(partials).max())[None].astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Notes at two dynamics, some out of tune."""
    pytest.importorskip("swift_f0", reason="swift-f0 tracks pitch: pip install 'auricle[synth]'")
    home = tmp_path_factory.mktemp("reed")
    for note in NOTES:
        for dynamics, level in (("p", 0.1), ("f", 0.4)):
            name = note_name(note).replace("#", "s")
            path = home / f"reed_{name.replace('s', '#')}_{dynamics}.wav"
            wav(path, reed(note, cents=8 if note == 59 else 0, level=level), RATE)
    return home


@pytest.fixture(scope="module")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "linear.auricle.safetensors"
    save(make_model(), path)
    return path


@pytest.fixture(scope="module")
def trained(folder: Path, model_path: Path) -> auricle.TrainedPrior:
    return auricle.train_prior(
        folder,
        model=model_path,
        out=model_path.parent / "reed.prior.safetensors",
        options=auricle.PriorTrainingOptions(notes=True, budget="60", batch=8, trackers="none", max_mel_distance=10.0),
        config=FlowConfig(times="mixed", window=32, width=48, depth=2, heads=2),
        device=auricle.DeviceConfig(cpu=True, threads=1),
    )


def cents_off(audio: np.ndarray, rate: int, note: int) -> float:
    middle = audio[0, round(0.15 * rate) : round(0.45 * rate)]
    size = 1 << 20
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), size))
    low, high = (round(note_hertz(note + step) * size / rate) for step in (-1, 1))
    return 1200 * float(np.log2((low + spectrum[low:high].argmax()) * rate / size / note_hertz(note)))


def test_pitches_that_fit_frames_are_octaves_apart():
    for note in range(30, 100):
        locked = locked_hertz(note_hertz(note), FRAME_RATE)
        assert np.log2(locked / FRAME_RATE) % 1 == 0 and 0.84 <= playing_ratio(note, FRAME_RATE) < 1.681
    assert playing_ratio(float("nan"), FRAME_RATE) == 1.0


def test_a_note_that_fits_frames_has_steady_latents_and_periods_that_begin_alike(folder: Path):
    model = make_model()

    def latents(audio: np.ndarray) -> np.ndarray:
        z = model.encode(torch.from_numpy(np.ascontiguousarray(audio)))[0, 8:24].numpy()
        return z / np.sqrt(np.square(z).mean())

    def likeness(one: np.ndarray, other: np.ndarray) -> float:
        return float((one * other).mean())

    first, second = reed(61), reed(63)
    locked = [locked_note(audio, RATE, FRAME_RATE, near=note_hertz(n)) for audio, n in ((first, 61), (second, 63))]
    assert locked[0] is not None and locked[1] is not None
    assert locked[0][1] == pytest.approx(note_hertz(61), rel=1e-3)
    before, after, other = latents(first), latents(locked[0][0]), latents(locked[1][0])
    assert likeness(before[:-1], before[1:]) < 0.5 and likeness(after[:-1], after[1:]) > 0.98
    assert likeness(before, latents(second)) < 0.5 and likeness(after, other) > 0.95
    noise = np.random.default_rng(0).standard_normal((1, RATE)).astype(np.float32)
    assert locked_note(0.1 * noise, RATE, FRAME_RATE) is None


def test_silence_before_a_note_goes(folder: Path):
    locked = locked_note(np.pad(reed(61), ((0, 0), (4000, 0))), RATE, FRAME_RATE, near=note_hertz(61))
    assert locked is not None
    loud = np.flatnonzero(np.abs(locked[0][0]) > 0.03)
    assert loud[0] < 0.015 * RATE


def test_notes_that_were_learned_and_others_are_made_in_tune(trained: auricle.TrainedPrior, tmp_path: Path):
    prior = load_prior(trained.path)
    assert prior.config.notes and prior.sizes is not None and prior.sizes.shape[1] == 5
    assert {round(note) for note in prior.sizes[:, 3].tolist()} <= set(NOTES)
    assert set(prior.sizes[:, 4].tolist()) == {49.0, 96.0}
    options = NoteOptions("a3..c#4", seconds=0.6, seed=1)
    result = auricle.make_playable(trained.path, options, out=tmp_path, files=SoundFileOptions(rate=48000))
    assert [(note.note, note.velocity) for note in result.notes] == [(n, v) for n in range(57, 62) for v in (49, 96)]
    assert result.seed == 1 and (tmp_path / "reed.sfz").read_text().count("<region>") == 10
    for note in result.notes:
        assert note.sound.path == tmp_path / f"reed-{note.velocity:03d}-{note_name(note.note)}.wav"
        assert note.sound.path is not None
        audio, rate = auricle.read(note.sound.path)
        assert rate == 48000 and abs(cents_off(audio, rate, note.note)) < 10
        assert note.sound.seconds == 0.6
    loud, soft = (np.median([n.sound.peak_dbfs for n in result.notes if n.velocity == v]) for v in (96, 49))
    assert loud - soft == pytest.approx(12.0, abs=2.0)


def test_a_note_depends_on_its_seed_alone(trained: auricle.TrainedPrior, tmp_path: Path):
    def made(notes: str, out: str) -> np.ndarray:
        options = NoteOptions(notes, "96", seconds=0.3, seed=3)
        result = auricle.make_playable(trained.path, options, out=tmp_path / out)
        path = next(note.sound.path for note in result.notes if note.note == 60)
        assert path is not None
        return auricle.read(path)[0]

    assert np.array_equal(made("c4", "one"), made("b3..d4", "more"))


def test_new_sounds_and_loops_have_notes_that_were_learned(trained: auricle.TrainedPrior):
    for options in (
        auricle.GenerationOptions(count=2, seed=0),
        auricle.GenerationOptions(seconds=0.8, seed=0),
        auricle.GenerationOptions(seconds=1.2, loop=True, seed=0),
    ):
        for sound in auricle.generate(trained.path, options).sounds:
            assert sound.audio is not None
            assert min(abs(cents_off(sound.audio, RATE, note)) for note in NOTES) < (20 if options.loop else 10)
            assert options.seconds is None or sound.seconds == options.seconds


@pytest.mark.parametrize(
    ("kind", "message", "options"),
    [
        (
            OptionError,
            "over an octave from the notes that were learned, a3 to f4: name notes from a2 to f5",
            {"note": "C6"},
        ),
        (OptionError, "trained without classes", {"note": "C4", "label": "soft"}),
    ],
)
def test_notes_that_a_prior_does_not_make(
    trained: auricle.TrainedPrior, kind: type[AuricleError], message: str, options: dict[str, str], tmp_path: Path
):
    with pytest.raises(kind, match=message):
        auricle.make_playable(
            trained.path, NoteOptions(options["note"], label=options.get("label")), out=tmp_path / "set"
        )
    assert not (tmp_path / "set").exists()


def test_what_priors_of_notes_do_not_do(trained: auricle.TrainedPrior, folder: Path, tmp_path: Path):
    sound = next(folder.iterdir())
    with pytest.raises(OptionError, match="makes notes"):
        auricle.generate(trained.path, auricle.GenerationOptions(like=sound))
    plain = make_prior(make_model(), with_sizes=True)
    with pytest.raises(ModelError, match="knows no notes"):
        auricle.make_playable(plain, NoteOptions("C4"), model=make_model(), out=tmp_path / "set")
    with pytest.raises(OptionError, match="recurrent"):
        auricle.PriorTrainingOptions(kind="recurrent", notes=True)
    with pytest.raises(OptionError, match="notes of -1 s"):
        NoteOptions("C4", seconds=-1.0)


def test_a_note_gets_the_level_and_length_of_its_neighbours():
    table = torch.tensor([[0.0, 1.0, -20.0, 60, 49], [0.0, 2.0, -6.0, 60, 96], [0.0, 3.0, -6.0, 72, 96]])
    random = torch.Generator().manual_seed(0)
    size = note_size(table, -1, RequestedNote(61, 50), random)
    assert size[:4] == (1.0, -20.0, 61, 50) and np.isnan(size.attack)
    assert note_size(table, 0, RequestedNote(70, 127), random).level_db == -6.0
    nothing = torch.tensor([[0.0, 1.0, -20.0, -1, -1]])
    assert np.isnan(draw_size(nothing, -1, random).note)


def test_a_prior_of_notes_is_written_and_read(trained: auricle.TrainedPrior, tmp_path: Path):
    prior = load_prior(trained.path)
    save_prior(prior, tmp_path / "again.prior.safetensors")
    again = load_prior(tmp_path / "again.prior.safetensors")
    assert again.config == prior.config
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in prior.state_dict().items())


def test_tables_tell_notes(tmp_path: Path):
    table = tmp_path / "notes.csv"
    for mark in (",", ";", "\t"):
        table.write_text("path,note,velocity\na.wav,C4,40\nlow/b.wav,61,\n".replace(",", mark))
        assert listed_notes(table) == {"a.wav": (60, 40), "low/b.wav": (61, 127)}
    for text, message in (
        ("path,label\na,b\n", "needs the columns path and note"),
        ("path,note\na.wav,H9\n", "line 2: no note 'H9'"),
        ("path,note,velocity\na.wav,C4,200\n", "line 2: velocity '200'"),
        ("path,note,velocity\na.wav,C4,4²\n", "line 2: velocity '4²'"),
    ):
        table.write_text(text, "utf-8")
        with pytest.raises(DataError, match=message):
            listed_notes(table)


def test_one_velocity_is_made_as_asked_for(trained: auricle.TrainedPrior, tmp_path: Path):
    sampling = SamplingOptions(steps=1)
    options = NoteOptions("c4", "70", seconds=0.2, seed=0)
    (note,) = auricle.make_playable(trained.path, options, sampling=sampling, out=tmp_path).notes
    assert (note.velocity, note.lowest, note.highest) == (70, 1, 127), "a lone dynamic answers however hard one plays"


def glide() -> np.ndarray:
    """A phrase of two notes, of which the second one slides and swells."""
    first = reed(57, seconds=0.4)
    time = np.arange(round(0.7 * RATE)) / RATE
    cycles = np.cumsum(note_hertz(62) * 2 ** (time / 12)) / RATE
    second = sum(np.sin(2 * np.pi * k * cycles) / k**2 for k in range(1, 5)) * np.minimum(0.3, 0.05 + time / 2)
    return np.concatenate((first, np.zeros((1, RATE // 10)), second[None]), 1).astype(np.float32)


def test_a_prior_plays_a_phrase_with_its_pitch_and_loudness(trained: auricle.TrainedPrior):
    phrase = glide()
    (sound,) = auricle.transfer((phrase, RATE), trained.path).sounds
    assert sound.audio is not None and sound.audio.shape == phrase.shape
    before, after = (measure_pitch(audio[0], RATE) for audio in (phrase, sound.audio))
    both = before.voiced & after.voiced
    cents = 1200 * np.abs(np.log2(after.hertz[both] / before.hertz[both]))
    assert both.mean() > 0.6 and np.mean(cents < 20) > 0.9
    frames = len(before.hertz)
    levels = [frame_levels(audio[0], RATE, frames) for audio in (phrase, sound.audio)]
    inner = both & (levels[0] > levels[0].max() - 20)
    assert np.median(np.abs((levels[0] - levels[1])[inner])) < 1.5


def test_phrases_are_cut_where_pitch_jumps_or_has_drifted():
    hertz = np.concatenate((np.full(20, 200.0), np.full(20, 300.0), 300 * 2 ** (np.arange(60) / 120)))
    heard = np.ones(100, bool)
    heard[8:12] = False
    pieces = phrase_pieces(hertz, heard)
    assert [piece[:2] for piece in pieces[:3]] == [(0, 8), (12, 20), (20, pieces[2].end)]
    assert pieces[2].end > 50 and all(piece.continues for piece in pieces[3:]) and not pieces[2].continues


def test_what_has_no_pitch_can_not_be_played(trained: auricle.TrainedPrior):
    noise = 0.1 * np.random.default_rng(0).standard_normal((1, RATE)).astype(np.float32)
    with pytest.raises(AudioError, match="nothing in the sound has a pitch"):
        auricle.transfer((noise, RATE), trained.path)


def test_notes_with_gaps_or_early_ends_are_told_from_those_that_last_and_decay():
    steady = reed(60, seconds=1.5)
    decaying = steady * np.exp(-4 * np.arange(steady.shape[1]) / RATE).astype(np.float32)
    gap, early, late = steady.copy(), steady.copy(), steady.copy()
    gap[:, 9000:11000] *= 0.01
    early[:, 9000:] = 0.0
    late[:, :3000] = 0.0
    broken = [breaks_off(audio, RATE, 1.5) for audio in (steady, decaying, gap, early, late, 0 * steady)]
    assert broken == [False, False, True, True, True, True]


def test_the_shipped_saxophone_plays_any_note_in_tune(tmp_path: Path):
    pytest.importorskip("swift_f0", reason="swift-f0 tracks pitch: pip install 'auricle[synth]'")
    options = NoteOptions("d3,g#3,f4,c5", "90", seconds=0.7, seed=0)
    result = auricle.make_playable("saxophone", options, out=tmp_path)
    for note in result.notes:
        assert note.sound.path is not None and abs(note.tuned_cents) < 10
        audio, rate = auricle.read(note.sound.path)
        assert rate == 44100 and abs(cents_off(audio, rate, note.note)) < 10

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from small_sounds import RATE, sound

from auricle import IndexOptions, SearchOptions, index, read, similar
from auricle.classify.features.scaling import Scaling
from auricle.classify.search.index_file import read_index, write_index
from auricle.cli import main
from auricle.errors import AudioError, AuricleError, DataError, ModelError, OptionError, OutputError


@pytest.fixture
def index_file(sounds: Path, model_file: Path) -> Path:
    path = sounds.parent / "sounds.index"
    index(sounds, path, model=model_file)
    return path


@pytest.fixture
def long_sound(tmp_path: Path) -> Path:
    """Twelve seconds: hiss, with tones from second 3 to 4 and 8 to 9, and clicks from 6 to 7."""
    parts = [sound("hiss", second, 1.0) for second in range(12)]
    for second, kind in ((3, "tone"), (6, "click"), (8, "tone")):
        parts[second] = sound(kind, 0, 1.0)
    (tmp_path / "long").mkdir()
    soundfile.write(tmp_path / "long" / "field.wav", np.concatenate(parts), RATE)
    return tmp_path / "long"


def test_an_index_finds_what_a_folder_finds(sounds: Path, index_file: Path, model_file: Path):
    query = sounds / "tone" / "tone0_maker0.wav"
    by_index = similar(query, index_file, model=model_file)
    by_folder = similar(query, sounds, model=model_file)
    assert [hit.path for hit in by_index.hits] == [hit.path for hit in by_folder.hits]
    assert np.allclose([hit.cosine for hit in by_index.hits], [hit.cosine for hit in by_folder.hits], atol=1e-3)
    assert by_index.hits[0].name.startswith("sounds/tone/")


def test_sounds_are_added_changed_and_forgotten(sounds: Path, index_file: Path, model_file: Path, tmp_path: Path):
    assert index(sounds, index_file, model=model_file).fresh == 0
    (sounds / "tone" / "tone1_maker1.wav").unlink()
    shutil.copy(sounds / "hiss" / "hiss0_maker0.wav", sounds / "click" / "click0_maker0.wav")
    soundfile.write(sounds / "new.wav", sound("tone", 77), RATE)
    result = index(sounds, index_file, model=model_file)
    assert (result.files, result.fresh, result.removed, result.fitted_on) == (24, 2, 1, 24)
    other = tmp_path / "other"
    other.mkdir()
    soundfile.write(other / "far.wav", sound("tone", 78), RATE)
    assert index(other, index_file, model=model_file).files == 25
    assert index(sounds, index_file, model=model_file).files == 25  # sounds of another folder stay
    removed = index(sounds / "hiss", index_file, options=IndexOptions(remove=True))
    assert (removed.files, removed.removed) == (17, 8)
    removed = index(sounds / "new.wav", index_file, options=IndexOptions(remove=True))
    assert (removed.files, removed.removed) == (16, 1)
    with pytest.raises(DataError, match="holds nothing of"):
        index(sounds / "hiss", index_file, options=IndexOptions(remove=True))


@pytest.mark.parametrize("options", [IndexOptions(), IndexOptions(window=0.3)], ids=["files", "windows"])
def test_a_broken_file_alone_is_added_as_rejected(sounds: Path, model_file: Path, options: IndexOptions):
    path = sounds.parent / "some.index"
    index(sounds, path, model=model_file, options=options)
    (sounds / "broken.wav").write_bytes(b"RIFF nothing")
    result = index(sounds, path, model=model_file)
    assert (result.files, result.fresh, [bad.path.name for bad in result.rejected]) == (24, 1, ["broken.wav"])


def test_an_index_and_its_sounds_can_be_moved(index_file: Path, model_file: Path, tmp_path: Path):
    moved = tmp_path / "moved"
    moved.mkdir()
    shutil.move(index_file, moved / "sounds.index")
    shutil.move(tmp_path / "sounds", moved / "sounds")
    result = similar(moved / "sounds" / "tone" / "tone0_maker0.wav", moved / "sounds.index", model=model_file)
    assert all(hit.path.exists() for hit in result.hits)
    assert index(moved / "sounds", moved / "sounds.index", model=model_file).fresh == 0


def test_windows_tell_where_in_a_recording(long_sound: Path, model_file: Path, tmp_path: Path):
    path = tmp_path / "long.index"
    made = index(long_sound, path, model=model_file, options=IndexOptions(window=1.0))
    assert (made.files, made.points) == (1, 24)
    soundfile.write(tmp_path / "tone.wav", sound("tone", 0, 1.0), RATE)
    hits = similar(tmp_path / "tone.wav", path, model=model_file, options=SearchOptions(count=9)).hits
    assert round(float(hits[0].begin or 0)) in (3, 8)
    begins = sorted(float(hit.begin or 0) for hit in hits)
    assert np.diff(begins).min() >= 1  # of windows that overlap the best is named
    assert all(hit.end == pytest.approx((hit.begin or 0) + 1) for hit in hits)
    options = SearchOptions(count=1, at=3.0)
    copy = shutil.copy(long_sound / "field.wav", tmp_path / "copy.wav")
    (first,) = similar(copy, path, model=model_file, options=options).hits
    assert abs(float(first.begin or 0) - 3.0) <= 0.5
    with pytest.raises(OptionError, match="ends before"):
        similar(copy, path, model=model_file, options=SearchOptions(at=99.0))


def test_a_moment_is_looked_for_in_its_own_recording(long_sound: Path, model_file: Path, tmp_path: Path):
    """All of it but the moment itself, also where that is the end."""
    path = tmp_path / "long.index"
    index(long_sound, path, model=model_file, options=IndexOptions(window=1.0))
    recording = long_sound / "field.wav"
    seconds = soundfile.info(recording).duration
    for at in (3.0, seconds):
        hits = similar(recording, path, model=model_file, options=SearchOptions(count=9, at=at)).hits
        begins = [float(hit.begin or 0) for hit in hits]
        assert begins
        assert min(abs(begin - min(at, seconds - 1)) for begin in begins) >= 1
    assert similar(recording, path, model=model_file).hits == ()  # without a moment the query is all of it


@pytest.mark.parametrize(("seconds", "window", "last"), [(2.3, 1.0, 1.3), (0.7, 1.0, 0.0)])
def test_no_hit_ends_behind_its_file(
    model_file: Path, tmp_path: Path, seconds: float, window: float, last: float
) -> None:
    """Windows at the end are moved inside, and a hit says where to."""
    (tmp_path / "some").mkdir()
    soundfile.write(tmp_path / "some" / "a.wav", sound("hiss", 0, seconds), RATE)
    soundfile.write(tmp_path / "tone.wav", sound("tone", 0, 1.0), RATE)
    path = tmp_path / "some.index"
    index(tmp_path / "some", path, model=model_file, options=IndexOptions(window=window))
    assert read_index(path)[0].begins[-1] == pytest.approx(last)
    hits = similar(tmp_path / "tone.wav", path, model=model_file, options=SearchOptions(count=9)).hits
    assert all(
        (hit.end or 0) <= seconds and hit.end == pytest.approx(min(seconds, (hit.begin or 0) + window)) for hit in hits
    )


def test_counter_examples_push_away_what_is_not_meant(sounds: Path, index_file: Path, model_file: Path):
    """Between tone and hiss lies what is asked for; with hiss as counter-example no hiss comes first."""
    tone, hiss = sounds / "tone" / "tone0_maker0.wav", sounds / "hiss" / "hiss0_maker0.wav"
    both = similar(tone, index_file, model=model_file, options=SearchOptions(like=(hiss,), count=22)).hits
    unlike = similar(tone, index_file, model=model_file, options=SearchOptions(unlike=(hiss,), count=22)).hits
    by_hiss = [np.mean([hit.cosine for hit in hits if hit.path.parent.name == "hiss"]) for hits in (both, unlike)]
    assert by_hiss[1] < by_hiss[0] - 0.3
    assert {hit.path.parent.name for hit in unlike[:7]} == {"tone"}
    assert not {tone, hiss} & {hit.path for hit in (*both, *unlike)}
    with hiss.open("rb") as file:
        open_file = similar(tone, index_file, model=model_file, options=SearchOptions(unlike=(file,), count=30)).hits
    array = similar(tone, index_file, model=model_file, options=SearchOptions(unlike=(read(hiss),), count=30)).hits
    as_read = similar(tone, index_file, model=model_file, options=SearchOptions(like=(read(hiss),), count=30)).hits
    for hits, of_path in ((open_file, unlike), (array, unlike), (as_read, both)):
        cosines = {hit.path: hit.cosine for hit in hits}
        assert all(cosines[hit.path] == pytest.approx(hit.cosine, abs=1e-6) for hit in of_path)
    with pytest.raises(AudioError, match="counter-example 1"):
        options = SearchOptions(unlike=((np.zeros((1, 800), np.float32), 16000),))
        similar(tone, index_file, model=model_file, options=options)


def test_what_can_not_be_is_refused(sounds: Path, index_file: Path, model_file: Path, tmp_path: Path):
    query = sounds / "tone" / "tone0_maker0.wav"
    with pytest.raises(OptionError, match="no windows"):
        similar(query, index_file, model=model_file, options=SearchOptions(at=1.0))
    with pytest.raises(OptionError, match="has whole files"):
        index(sounds, index_file, model=model_file, options=IndexOptions(window=1.0))
    with pytest.raises(OutputError, match=r"talk\.wav would be an index that has the name of a sound"):
        index(sounds, sounds / "talk.wav", model=model_file, options=IndexOptions(force=True))
    with pytest.raises(ModelError, match="name the model it was made with"):
        similar(query, index_file, model="speech")
    with pytest.raises(ModelError, match="name its file"):
        similar(query, index_file)
    with pytest.raises(OptionError, match="every"):
        IndexOptions(hop=0.5)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no usable sound"):
        index(tmp_path / "empty", tmp_path / "no.index")
    assert not (tmp_path / "no.index").exists()
    (tmp_path / "text.index").write_text("nothing")
    with pytest.raises(ModelError, match="not a sound index file"):
        index(sounds, tmp_path / "text.index", model=model_file)


def test_an_index_of_other_features_is_refused(sounds: Path, index_file: Path, model_file: Path):
    contents, metadata = read_index(index_file)
    space = contents.space
    shorter = Scaling(space.scaling.mean[:-1], space.scaling.scale[:-1], space.scaling.rotation[:-1])
    write_index(index_file, replace(contents, space=replace(space, scaling=shorter)), metadata, force=True)
    with pytest.raises(ModelError, match=r"features a sound, but they are \d+ now: make it anew"):
        similar(sounds / "tone" / "tone0_maker0.wav", index_file, model=model_file)


def test_every_flipped_byte_of_an_index_is_told(index_file: Path):
    intact = index_file.read_bytes()
    places = np.random.default_rng(0).integers(0, len(intact), 60)
    for place in (*range(8), *places.tolist()):
        flipped = bytearray(intact)
        flipped[place] ^= 0x10
        index_file.write_bytes(flipped)
        with pytest.raises(AuricleError):
            read_index(index_file)
    index_file.write_bytes(intact[:-7])
    with pytest.raises(AuricleError):
        read_index(index_file)


def test_a_space_is_learned_from_some_of_very_many(sounds: Path, model_file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("auricle.classify.search.index_update._FIT_POINTS", 6)
    result = index(sounds, sounds.parent / "some.index", model=model_file)
    assert (result.files, result.fitted_on) == (24, 6)
    query = sounds / "tone" / "tone0_maker0.wav"
    hits = similar(query, sounds.parent / "some.index", model=model_file, options=SearchOptions(count=3)).hits
    assert {hit.path.parent.name for hit in hits} == {"tone"}


@pytest.mark.parametrize("options", [IndexOptions(), IndexOptions(window=0.3)], ids=["files", "windows"])
def test_processes_make_the_same_index(sounds: Path, model_file: Path, tmp_path: Path, options: IndexOptions):
    (sounds / "broken.wav").write_bytes(b"RIFF no sound")
    alone, many = tmp_path / "alone.index", tmp_path / "many.index"
    index(sounds, alone, model=model_file, options=options)
    arguments = ["index", str(sounds), "--model", str(model_file), "--out", str(many), "--jobs", "2"]
    if options.window:
        arguments += ["--window", str(options.window)]
    assert main(arguments) == 1  # one of the files is broken
    left, right = read_index(alone)[0], read_index(many)[0]
    assert left.names == right.names
    assert left.rejected.keys() == right.rejected.keys()
    assert np.array_equal(left.begins, right.begins)
    assert np.allclose(left.points, right.points, atol=1e-3)
    ledger = tmp_path / "many.index.manifest.jsonl"
    assert ledger.is_file()
    many.unlink()
    assert main(arguments) == 1  # goes on from the ledger
    assert np.array_equal(read_index(many)[0].points, right.points)
    (sounds / "broken.wav").unlink()
    soundfile.write(sounds / "new.wav", sound("tone", 77), RATE)
    assert main(arguments) == 0
    assert len(read_index(many)[0].names) == len(right.names) + 1

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from heard import KINDS, RATE, sound

from auricle import CacheOptions, SuggestionOptions, similar, suggest
from auricle.classify.classifier import Classifier
from auricle.classify.search.feature_index import FeatureIndex
from auricle.errors import AudioError, DataError, OptionError


def test_the_nearest_sounds_are_of_the_same_kind(sounds: Path, model_file: Path):
    for kind in KINDS:
        query = next((sounds / kind).iterdir())
        found = similar(query, sounds, model=model_file, count=5)
        assert (found.files, len(found.hits)) == (24, 5)
        assert all(hit.path != query for hit in found.hits)
        assert sum(hit.name.startswith(kind) for hit in found.hits) >= 4
        assert sorted((hit.cosine for hit in found.hits), reverse=True) == [hit.cosine for hit in found.hits]


def test_a_copy_elsewhere_is_found_first(sounds: Path, model_file: Path, tmp_path: Path):
    original = sounds / KINDS[0] / f"{KINDS[0]}3_maker3.wav"
    shutil.copy(original, tmp_path / "query.wav")
    first, *_ = similar(tmp_path / "query.wav", sounds, model=model_file).hits
    assert first.path == original
    assert first.cosine > 0.999


def test_only_what_changed_is_read_again(sounds: Path, model_file: Path, monkeypatch: pytest.MonkeyPatch):
    query = sounds / KINDS[0] / f"{KINDS[0]}0_maker0.wav"
    before = similar(query, sounds, model=model_file)
    assert before.fresh == 24
    again = similar(query, sounds, model=model_file)
    assert (again.fresh, again.hits) == (0, before.hits)
    changed = sounds / KINDS[1] / f"{KINDS[1]}2_maker2.wav"
    soundfile.write(changed, soundfile.read(query)[0], RATE)
    (sounds / KINDS[2] / f"{KINDS[2]}4_maker0.wav").unlink()
    later = similar(query, sounds, model=model_file)
    assert (later.fresh, later.files) == (1, 23)
    assert later.hits[0].path == changed
    assert not any(f"{KINDS[2]}4" in hit.name for hit in similar(query, sounds, model=model_file, count=30).hits)


def test_a_damaged_index_is_made_anew(sounds: Path, model_file: Path, own_cache: Path):
    query = sounds / KINDS[0] / f"{KINDS[0]}0_maker0.wav"
    before = similar(query, sounds, model=model_file)
    (index_file,) = (own_cache.parent / "search").glob("*.library.safetensors")
    index_file.write_bytes(index_file.read_bytes()[:-100])
    assert similar(query, sounds, model=model_file).hits == before.hits


def test_another_model_has_another_index(sounds: Path, model_file: Path, own_cache: Path):
    query = sounds / KINDS[0] / f"{KINDS[0]}0_maker0.wav"
    similar(query, sounds, model=model_file)
    similar(query, sounds, model="speech")
    assert len(list((own_cache.parent / "search").iterdir())) == 2


def test_files_that_do_not_decode_are_told_once_and_not_tried_again(sounds: Path, model_file: Path):
    (sounds / "broken.wav").write_bytes(b"RIFF nothing")
    query = sounds / KINDS[0] / f"{KINDS[0]}0_maker0.wav"
    for fresh in (25, 0):
        found = similar(query, sounds, model=model_file)
        assert (found.fresh, found.files, [bad.path.name for bad in found.skipped]) == (fresh, 24, ["broken.wav"])


def test_nothing_is_kept_where_that_was_asked_for(sounds: Path, model_file: Path, own_cache: Path):
    similar(
        sounds / KINDS[0] / f"{KINDS[0]}0_maker0.wav", sounds, model=model_file, caching=CacheOptions(no_cache=True)
    )
    assert not own_cache.parent.exists()


def test_bad_searches_are_refused(sounds: Path, model_file: Path, tmp_path: Path):
    query = sounds / KINDS[0] / f"{KINDS[0]}0_maker0.wav"
    with pytest.raises(AudioError, match="does not exist"):
        similar(tmp_path / "nothing.wav", sounds, model=model_file)
    with pytest.raises(DataError, match="does not exist"):
        similar(query, tmp_path / "nowhere", model=model_file)
    with pytest.raises(OptionError, match="1 to"):
        similar(query, sounds, model=model_file, count=0)
    soundfile.write(tmp_path / "short.wav", np.zeros(100), RATE)
    with pytest.raises(AudioError, match=r"lasts 0\.0"):
        similar(tmp_path / "short.wav", sounds, model=model_file)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no audio files"):
        similar(query, tmp_path / "empty", model=model_file)


def test_a_folder_of_one_sound_has_no_other(tmp_path: Path, model_file: Path):
    (tmp_path / "one").mkdir()
    query = tmp_path / "one" / "a.wav"
    soundfile.write(query, sound(KINDS[0], 0), RATE)
    assert similar(query, tmp_path / "one", model=model_file).hits == ()


def test_sounds_of_every_kind_are_proposed_first(sounds: Path, model_file: Path):
    found = suggest(sounds, model=model_file, options=SuggestionOptions(count=3))
    assert (found.method, found.files, found.labelled) == ("typical", 24, 0)
    assert {each.name.split("/")[0] for each in found.sounds} == set(KINDS)
    assert all(each.guess is None for each in found.sounds)


def test_with_labels_enough_the_unsure_ones_are_proposed(sounds: Path, model_file: Path, tmp_path: Path):
    table = tmp_path / "labels.csv"
    rows = [f"{kind}/{kind}{index}_maker{index % 4}.wav,{kind}" for kind in KINDS for index in range(4)]
    table.write_text("path,label\n" + "\n".join([*rows, "gone.wav,nothing"]) + "\n")
    notes: list[str] = []
    found = suggest(
        sounds, model=model_file, options=SuggestionOptions(labels_table=table, count=4), on_note=notes.append
    )
    assert (found.method, found.labelled, len(found.sounds)) == ("uncertain", 12, 4)
    assert all(f"{each.name},{each.guess}" not in rows for each in found.sounds)
    assert sum(each.name.startswith(str(each.guess)) for each in found.sounds) >= 2
    assert notes == ["1 row of the table names no usable sound"]


def test_a_classifier_knows_folders_of_its_classes(sounds: Path, model_file: Path):
    able = Classifier.fit(sounds, model_file)
    (sounds / "unsorted").mkdir()
    for index, kind in enumerate(KINDS):
        soundfile.write(sounds / "unsorted" / f"{index}.wav", sound(kind, 900 + index), RATE)
    found = suggest(sounds, classifier=able)
    assert (found.labelled, found.files) == (24, 27)
    assert {each.name for each in found.sounds} == {"unsorted/0.wav", "unsorted/1.wav", "unsorted/2.wav"}


def test_copies_outliers_and_wrong_labels_are_told(sounds: Path, model_file: Path, tmp_path: Path):
    original = sounds / KINDS[0] / f"{KINDS[0]}1_maker1.wav"
    quieter = soundfile.read(original)[0] * 0.7
    soundfile.write(sounds / KINDS[0] / "again.wav", quieter, RATE)
    table = tmp_path / "labels.csv"
    names = [path.relative_to(sounds).as_posix() for path in sorted(sounds.rglob("*.wav"))]
    wrong = names[-1]
    table.write_text(
        "path,label\n" + "".join(f"{name},{KINDS[0] if name == wrong else name.split('/')[0]}\n" for name in names)
    )
    found = suggest(sounds, model=model_file, options=SuggestionOptions(labels_table=table))
    assert found.method == "none"
    assert tuple(sorted((f"{KINDS[0]}/again.wav", f"{KINDS[0]}/{KINDS[0]}1_maker1.wav"))) in found.duplicates
    assert wrong in [each.name for each in found.doubtful]


def test_too_many_or_none_can_not_be_proposed(sounds: Path, model_file: Path):
    with pytest.raises(OptionError, match="1 to"):
        suggest(sounds, model=model_file, options=SuggestionOptions(count=0))


def test_an_index_is_the_same_however_it_came_about(sounds: Path, model_file: Path, tmp_path: Path):
    from auricle.classify.features.latents import LatentFeatures
    from auricle.model import load

    extractor = LatentFeatures(load(model_file))
    unstored, _ = FeatureIndex.of_folder(sounds, extractor, caching=CacheOptions(no_cache=True))
    FeatureIndex.of_folder(sounds, extractor, caching=CacheOptions(cache=tmp_path))
    stored, fresh = FeatureIndex.of_folder(sounds, extractor, caching=CacheOptions(cache=tmp_path))
    assert fresh == 0
    assert stored.names == unstored.names
    assert np.array_equal(stored.points, unstored.points)
    assert np.array_equal(stored.stamps, unstored.stamps)


def test_nothing_is_like_silence(sounds: Path, model_file: Path, tmp_path: Path):
    soundfile.write(tmp_path / "mute.wav", np.zeros(RATE), RATE)
    with pytest.raises(AudioError, match="is silent"):
        similar(tmp_path / "mute.wav", sounds, model=model_file)

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from small_sounds import KINDS, RATE, sound

from auricle import CacheOptions, SearchOptions, SuggestionOptions, similar, suggest
from auricle.classify.classifier import Classifier
from auricle.classify.search.folder_index import folder_index
from auricle.errors import AudioError, DataError, OptionError

LATENTS = SearchOptions(features="latents")


def test_the_nearest_sounds_are_of_the_same_kind(sounds: Path, model_file: Path):
    for kind in KINDS:
        query = next((sounds / kind).iterdir())
        result = similar(query, sounds, model=model_file, options=SearchOptions(count=5))
        assert (result.files, len(result.hits)) == (24, 5)
        assert all(hit.path != query for hit in result.hits)
        assert sum(hit.name.startswith(kind) for hit in result.hits) >= 4
        assert sorted((hit.cosine for hit in result.hits), reverse=True) == [hit.cosine for hit in result.hits]


def test_a_copy_elsewhere_is_found_first(sounds: Path, model_file: Path, tmp_path: Path):
    original = sounds / KINDS[0] / f"{KINDS[0]}3_maker3.wav"
    shutil.copy(original, tmp_path / "query.wav")
    first, *_ = similar(tmp_path / "query.wav", sounds, model=model_file).hits
    assert first.path == original
    assert first.cosine > 0.999


def test_only_what_changed_is_read_again(sounds: Path, model_file: Path, monkeypatch: pytest.MonkeyPatch):
    query = sounds / KINDS[0] / f"{KINDS[0]}0_maker0.wav"
    first = similar(query, sounds, model=model_file)
    assert first.fresh == 24
    second = similar(query, sounds, model=model_file)
    assert (second.fresh, second.hits) == (0, first.hits)
    changed = sounds / KINDS[1] / f"{KINDS[1]}2_maker2.wav"
    soundfile.write(changed, soundfile.read(query)[0], RATE)
    (sounds / KINDS[2] / f"{KINDS[2]}4_maker0.wav").unlink()
    third = similar(query, sounds, model=model_file)
    assert (third.fresh, third.files) == (1, 23)
    assert third.hits[0].path == changed
    assert not any(
        f"{KINDS[2]}4" in hit.name
        for hit in similar(query, sounds, model=model_file, options=SearchOptions(count=30)).hits
    )


def test_a_damaged_index_is_made_anew(sounds: Path, model_file: Path, own_cache: Path):
    query = sounds / KINDS[0] / f"{KINDS[0]}0_maker0.wav"
    before = similar(query, sounds, model=model_file)
    (index_file,) = (own_cache.parent / "search").glob("*.index")
    intact = index_file.read_bytes()
    flipped = bytearray(intact)
    flipped[-100] ^= 1
    for damaged in (intact[:-100], bytes(flipped)):
        index_file.write_bytes(damaged)
        notes: list[str] = []
        assert similar(query, sounds, model=model_file, options=LATENTS, on_note=notes.append).hits == before.hits
        assert notes == [f"the index {index_file} is damaged: it is made anew"]


def test_another_model_has_another_index(sounds: Path, model_file: Path, own_cache: Path):
    query = sounds / KINDS[0] / f"{KINDS[0]}0_maker0.wav"
    similar(query, sounds, model=model_file)
    similar(query, sounds, model="speech")
    assert len(list((own_cache.parent / "search").iterdir())) == 2


def test_files_that_do_not_decode_are_told_once_and_not_tried_again(sounds: Path, model_file: Path):
    (sounds / "broken.wav").write_bytes(b"RIFF nothing")
    query = sounds / KINDS[0] / f"{KINDS[0]}0_maker0.wav"
    for fresh in (25, 0):
        result = similar(query, sounds, model=model_file)
        assert (result.fresh, result.files, [bad.path.name for bad in result.rejected]) == (fresh, 24, ["broken.wav"])


def test_a_broken_file_that_comes_later_is_told(sounds: Path, model_file: Path):
    query = sounds / KINDS[0] / f"{KINDS[0]}0_maker0.wav"
    similar(query, sounds, model=model_file)
    (sounds / "broken.wav").write_bytes(b"RIFF nothing")
    result = similar(query, sounds, model=model_file)
    assert (result.fresh, result.files, [bad.path.name for bad in result.rejected]) == (1, 24, ["broken.wav"])


def test_nothing_is_kept_where_that_was_asked_for(sounds: Path, model_file: Path, own_cache: Path):
    similar(
        sounds / KINDS[0] / f"{KINDS[0]}0_maker0.wav", sounds, model=model_file, options=SearchOptions(no_cache=True)
    )
    assert not own_cache.parent.exists()


def test_bad_searches_are_refused(sounds: Path, model_file: Path, tmp_path: Path):
    query = sounds / KINDS[0] / f"{KINDS[0]}0_maker0.wav"
    with pytest.raises(AudioError, match="does not exist"):
        similar(tmp_path / "nothing.wav", sounds, model=model_file)
    with pytest.raises(DataError, match="does not exist"):
        similar(query, tmp_path / "nowhere", model=model_file)
    with pytest.raises(OptionError, match="1 to"):
        similar(query, sounds, model=model_file, options=SearchOptions(count=0))
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
    suggestions = suggest(sounds, model=model_file, options=SuggestionOptions(count=3))
    assert (suggestions.method, suggestions.files, suggestions.labelled) == ("typical", 24, 0)
    assert {suggestion.name.split("/")[0] for suggestion in suggestions.sounds} == set(KINDS)
    assert all(suggestion.guess is None for suggestion in suggestions.sounds)


def test_with_labels_enough_the_unsure_ones_are_proposed(sounds: Path, model_file: Path, tmp_path: Path):
    table = tmp_path / "labels.csv"
    rows = [f"{kind}/{kind}{index}_maker{index % 4}.wav,{kind}" for kind in KINDS for index in range(4)]
    table.write_text("path,label\n" + "\n".join([*rows, "gone.wav,nothing"]) + "\n")
    notes: list[str] = []
    options = SuggestionOptions(labels_table=table, count=4, features="latents")
    suggestions = suggest(sounds, model=model_file, options=options, on_note=notes.append)
    assert (suggestions.method, suggestions.labelled, len(suggestions.sounds)) == ("uncertain", 12, 4)
    assert all(f"{suggestion.name},{suggestion.guess}" not in rows for suggestion in suggestions.sounds)
    assert sum(suggestion.name.startswith(str(suggestion.guess)) for suggestion in suggestions.sounds) >= 2
    assert notes == ["1 row of the table names no usable sound"]


def test_a_classifier_knows_folders_of_its_classes(sounds: Path, model_file: Path):
    classifier = Classifier.fit(sounds, model_file)
    (sounds / "unsorted").mkdir()
    for index, kind in enumerate(KINDS):
        soundfile.write(sounds / "unsorted" / f"{index}.wav", sound(kind, 900 + index), RATE)
    suggestions = suggest(sounds, classifier=classifier)
    assert (suggestions.labelled, suggestions.files) == (24, 27)
    assert {suggestion.name for suggestion in suggestions.sounds} == {
        "unsorted/0.wav",
        "unsorted/1.wav",
        "unsorted/2.wav",
    }


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
    suggestions = suggest(sounds, model=model_file, options=SuggestionOptions(labels_table=table))
    assert suggestions.method == "none"
    assert tuple(sorted((f"{KINDS[0]}/again.wav", f"{KINDS[0]}/{KINDS[0]}1_maker1.wav"))) in suggestions.duplicates
    assert wrong in [sound_to_check.name for sound_to_check in suggestions.doubtful]


def test_too_many_or_none_can_not_be_proposed(sounds: Path, model_file: Path):
    with pytest.raises(OptionError, match="1 to"):
        suggest(sounds, model=model_file, options=SuggestionOptions(count=0))


def test_an_index_is_the_same_however_it_came_about(sounds: Path, model_file: Path, tmp_path: Path):
    from auricle.classify.features.latents import LatentFeatures
    from auricle.model import load

    extractor = LatentFeatures(load(model_file))
    unstored, _ = folder_index(sounds, extractor, caching=CacheOptions(no_cache=True))
    folder_index(sounds, extractor, caching=CacheOptions(cache=tmp_path))
    stored, fresh = folder_index(sounds, extractor, caching=CacheOptions(cache=tmp_path))
    assert fresh == 0
    assert stored.names == unstored.names
    assert np.array_equal(stored.points, unstored.points)
    assert np.array_equal(stored.stamps, unstored.stamps)


def test_nothing_is_like_silence(sounds: Path, model_file: Path, tmp_path: Path):
    soundfile.write(tmp_path / "mute.wav", np.zeros(RATE), RATE)
    with pytest.raises(AudioError, match="is silent"):
        similar(tmp_path / "mute.wav", sounds, model=model_file)


def test_of_long_recordings_the_stretches_to_listen_to_are_proposed(tmp_path: Path, model_file: Path):
    random = np.random.default_rng(0)
    audio = 0.003 * random.standard_normal(60 * RATE).astype(np.float32)
    for number, kind in enumerate(("tone", "click")):
        for second in (5 + 10 * number, 35 + 10 * number):
            audio[second * RATE : (second + 3) * RATE] += sound(kind, second, 3.0)
    (tmp_path / "field").mkdir()
    soundfile.write(tmp_path / "field" / "dawn.wav", audio, RATE)
    options = SuggestionOptions(count=3, window=5.0, features="latents")
    first = suggest(tmp_path / "field", model=model_file, options=options)
    assert (first.files, first.labelled, first.method) == (12, 0, "typical")
    assert all(moment.end == pytest.approx((moment.begin or 0) + 5) for moment in first.sounds)
    assert {moment.begin for moment in first.sounds} & {5.0, 15.0, 35.0, 45.0}
    track = tmp_path / "dawn.txt"
    track.write_text("5.0\t8.0\ttone\n15.0\t18.0\tclick\n")
    marked = SuggestionOptions(count=3, window=5.0, features="latents", labels_table=track)
    second = suggest(tmp_path / "field", model=model_file, options=marked)
    assert second.labelled == 2
    assert not {moment.begin for moment in second.sounds} & {5.0, 15.0}
    with pytest.raises(OptionError, match="give 1 to 30"):
        SuggestionOptions(window=100)

"""A corpus in shards: what is in it, and that training sees what it sees of a folder."""

import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from auricle.archive.prepare import prepare
from auricle.data import AudioCache, CropSampler, scan, split
from auricle.data.shards.corpus import PreparedCorpus, is_prepared
from auricle.data.shards.files import RemoteShards
from auricle.data.shards.index import INDEX_NAME, CorpusIndex, Names
from auricle.errors import DataError
from auricle.options.archive import ArchiveOptions, PrepareOptions

RATE = 8000
OPTIONS = PrepareOptions(sample_rate=RATE)


def write(path: Path, seconds: float, rate: int, channels: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(len(path.name)).uniform(-0.6, 0.6, (round(seconds * rate), channels))
    soundfile.write(path, noise, rate)
    os.utime(path, (1e9, 1e9))


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sounds")
    for number in range(12):
        write(folder / f"{number % 3}" / f"sound.{'x' * number}.wav", 0.2 + 0.1 * number, 16000 if number % 2 else RATE)
    write(folder / "stereo.flac", 1.5, RATE, channels=2)
    (folder / "broken.wav").write_text("no sound")
    return folder


@pytest.fixture(scope="module")
def prepared(sounds: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("prepared") / "corpus"
    result = prepare([sounds], out, options=OPTIONS)
    assert (result.sounds, result.shards, result.failed) == (13, 1, ())
    assert [name for name, _ in result.rejected] == ["broken.wav"] and "broken.wav" in result.rejected[0][1]
    return out


def test_crops_are_those_of_the_folder(sounds: Path, prepared: Path, tmp_path: Path):
    learned, held_out = split(scan(sounds).sounds)
    cache = AudioCache.build(learned, tmp_path, sample_rate=RATE)
    shards, spared = PreparedCorpus.open(prepared, tmp_path).parts()
    assert list(shards.names) == list(cache.names) and spared is not None
    assert list(spared.names) == [sound.name for sound in held_out]
    arguments = {"length": 6000, "batch": 4, "seed": 3, "rarities": True}
    ours, theirs = CropSampler(shards, **arguments), CropSampler(cache, **arguments)
    for step, shard in ((0, 0), (1, 0), (7, 2)):
        np.testing.assert_array_equal(ours.batch(step, shard), theirs.batch(step, shard))


def test_the_corpus_tells_what_the_folder_does(sounds: Path, prepared: Path, tmp_path: Path):
    ours, theirs = PreparedCorpus.open(prepared, tmp_path).corpus, scan(sounds)
    assert [sound.name for sound in ours.sounds] == [sound.name for sound in theirs.sounds]
    assert ours.hours == pytest.approx(theirs.hours) and len(ours.rejected) == len(theirs.rejected) == 1


def test_others_can_read_it(prepared: Path):
    with tarfile.open(next(prepared.glob("*.tar"))) as archive:
        members = {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]
    keys = {name.partition(".")[0] for name in members if not name.startswith("__")}
    assert len(keys) == 13
    for key in keys:
        facts = json.loads(members[f"{key}.json"])
        audio, rate = soundfile.read(io.BytesIO(members[f"{key}.wav"]))
        assert rate == RATE and len(audio) == facts["frames"] and np.abs(audio * facts["gain"]).max() < 0.8


def test_held_out_sounds_become_files(sounds: Path, prepared: Path, tmp_path: Path):
    _, spared = PreparedCorpus.open(prepared, tmp_path).parts()
    assert spared is not None
    (sound, *_) = spared.written_out(tmp_path / "files")
    audio, rate = soundfile.read(sound.path)
    np.testing.assert_allclose(audio, spared.sound(0)[0], atol=1e-4)
    assert rate == RATE and sound.frames == len(audio)


def test_again_it_goes_quickly_and_comes_to_the_same(sounds: Path, prepared: Path, tmp_path: Path):
    before = {path.name: path.read_bytes() for path in prepared.iterdir() if path.suffix in (".tar", ".safetensors")}
    assert prepare([sounds], prepared, options=OPTIONS).skipped == 1
    prepare([sounds], tmp_path / "new", options=OPTIONS)
    assert {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir() if path.name in before} == before


def test_what_is_added_or_mended_is_read(sounds: Path, tmp_path: Path):
    folder, out = tmp_path / "in", tmp_path / "out"
    write(folder / "a.wav", 1, RATE)
    (folder / "b.wav").write_text("no sound")
    assert len(prepare([folder], out, options=OPTIONS).rejected) == 1
    write(folder / "b.wav", 1, RATE)
    result = prepare([folder], out, options=OPTIONS)
    assert (result.sounds, result.skipped, result.rejected) == (2, 0, ())


def test_a_wrong_name_leaves_the_corpus_as_it_is(sounds: Path, prepared: Path, tmp_path: Path):
    before = {path: path.read_bytes() for path in prepared.rglob("*") if path.is_file()}
    (tmp_path / "list").write_text(f"{tmp_path}/gone.wav\n{tmp_path}/lost.wav\n")
    for paths, listed in (([tmp_path / "nope"], None), ([sounds, tmp_path / "nope"], None), ([], tmp_path / "list")):
        with pytest.raises(DataError, match="does not exist"):
            prepare(paths, prepared, options=OPTIONS, archive=ArchiveOptions(files_from=listed))
    assert {path: path.read_bytes() for path in prepared.rglob("*") if path.is_file()} == before
    with pytest.raises(DataError, match="does not exist"):
        prepare([tmp_path / "nope"], tmp_path / "new", options=OPTIONS)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("fate", ["overwritten", "cut short", "its link leads nowhere"])
def test_a_sound_that_can_no_longer_be_read_leaves_the_corpus_as_it_is(fate: str, tmp_path: Path):
    folder, out, away = tmp_path / "in", tmp_path / "out", tmp_path / "away.flac"
    write(folder / "a.wav", 1, RATE)
    write(away, 1, RATE)
    sound = folder / "b.flac"
    sound.symlink_to(away)
    assert prepare([folder], out, options=OPTIONS).sounds == 2
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    if fate == "overwritten":
        away.write_text("words, not sound")
    elif fate == "cut short":
        away.write_bytes(away.read_bytes()[:4000])
    else:
        away.unlink()
    write(folder / "c.wav", 1, RATE)
    with pytest.raises(DataError, match=r"can't be read any more, and would lose them: .*b\.flac"):
        prepare([folder], out, options=OPTIONS)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    forced = prepare([folder], out, options=OPTIONS, force=True)
    assert forced.sounds == 2 and [name for name, _ in forced.rejected] == ["b.flac"]


@pytest.mark.parametrize("damage", [b'{"name": "a', b"\xff\xfe\n", b"[]\n", b'{"name": "a.wav"}\n'])
def test_a_damaged_list_is_written_anew(damage: bytes, tmp_path: Path):
    folder, out = tmp_path / "in", tmp_path / "out"
    for name in "ab":
        write(folder / f"{name}.wav", 1, RATE)
    prepare([folder], out, options=OPTIONS)
    (listed,) = (out / "lists").iterdir()
    whole = listed.read_bytes()
    listed.write_bytes(damage)
    stages: list[tuple[str, int, int]] = []
    result = prepare(
        [folder],
        out,
        options=OPTIONS,
        on_progress=lambda part: stages.append((part.stage, int(part.done), int(part.total or 0))),
    )
    assert result.sounds == 2 and listed.read_bytes() == whole
    assert stages[:2] == [("checking", 1, 2), ("checking", 2, 2)]


def test_a_sound_that_was_deleted_leaves_the_corpus(tmp_path: Path):
    folder = tmp_path / "in"
    for name in "ab":
        write(folder / f"{name}.wav", 1, RATE)
    assert prepare([folder], tmp_path / "out", options=OPTIONS).sounds == 2
    (folder / "b.wav").unlink()
    assert prepare([folder], tmp_path / "out", options=OPTIONS).sounds == 1


def test_sounds_of_which_none_decodes_leave_the_corpus_as_it_is(sounds: Path, tmp_path: Path):
    folder = tmp_path / "sounds"
    shutil.copytree(sounds, folder)
    prepare([folder], tmp_path / "corpus")
    before = {path: path.read_bytes() for path in (tmp_path / "corpus").rglob("*") if path.is_file()}
    for path in list(folder.rglob("*.*")):
        path.unlink()
    for number in range(3):
        path = folder / f"{number}.flac"
        soundfile.write(path, np.random.default_rng(number).uniform(-1, 1, 40_000), 16000)
        path.write_bytes(path.read_bytes()[:500])
    for target in (tmp_path / "corpus", tmp_path / "new"):
        with pytest.raises(DataError, match=r"none of 3 sounds can be decoded; the first problem: .*flac"):
            prepare([folder], target)
    assert not (tmp_path / "new").exists()
    assert before == {path: path.read_bytes() for path in (tmp_path / "corpus").rglob("*") if path.is_file()}


def test_damage_is_told(prepared: Path, tmp_path: Path):
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in prepared.glob("*.*"):
        (copy / path.name).write_bytes(path.read_bytes())
    shard = next(copy.glob("*.tar"))
    sounds, _ = PreparedCorpus.open(copy, tmp_path).parts()
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)
    with pytest.raises(DataError, match=r"has changed in sounds-000000-of-000001\.tar"):
        for index in range(len(sounds)):
            sounds.sound(index)
    shard.unlink()
    with pytest.raises(DataError, match=r"lacks sounds-000000-of-000001\.tar"):
        PreparedCorpus.open(copy, tmp_path)
    index = copy / INDEX_NAME
    index.write_bytes(index.read_bytes()[:-3] + b"abc")
    with pytest.raises(DataError, match="damaged"):
        CorpusIndex.open(index)
    index.write_bytes(b"nonsense")
    with pytest.raises(DataError, match="can't be read"):
        CorpusIndex.open(index)


@pytest.fixture
def memory(prepared: Path) -> Iterator[str]:
    import fsspec

    system = fsspec.filesystem("memory")
    system.store.clear()
    for path in prepared.iterdir():
        if path.is_file():
            system.pipe(f"/corpus/{path.name}", path.read_bytes())
    yield "memory://corpus"
    system.store.clear()


def test_a_corpus_at_a_url_is_read_where_it_lies(memory: str, prepared: Path, tmp_path: Path):
    assert is_prepared(memory) and not is_prepared("memory://elsewhere") and not is_prepared(tmp_path)
    there, _ = PreparedCorpus.open(memory, tmp_path).parts()
    here, _ = PreparedCorpus.open(prepared, tmp_path).parts()
    np.testing.assert_array_equal(there.sound(3), here.sound(3))
    assert there.key == here.key and there.fingerprints() == here.fingerprints()


def test_a_request_that_fails_is_made_again(monkeypatch: pytest.MonkeyPatch):
    class Flaky:
        failures = 2

        def cat_file(self, path: str, start: int, end: int) -> bytes:
            self.failures -= 1
            if self.failures >= 0:
                raise TimeoutError("slow down")
            return bytes(end - start)

    monkeypatch.setattr("auricle.data.shards.files._PAUSE_SECONDS", 0.0)
    system = Flaky()
    assert RemoteShards(system, "bucket", "s3://bucket").read("x.tar", 3, 5) == bytes(5)
    system.failures = 100
    with pytest.raises(DataError, match="4 times: TimeoutError: slow down"):
        RemoteShards(system, "bucket", "s3://bucket").read("x.tar", 3, 5)


def test_names_of_any_kind():
    names = ["a/b.wav", "", "käse \udce9.wav", "日本"]
    assert list(Names.of(names)) == names and Names.of(names)[-1] == "日本" and Names.of(names)[1:3] == names[1:3]

"""The folder as a library: what comes in, how it is listed and looked at, what is wrong with it, what goes."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auricle import OutputError, read, write
from auricle.model import save
from auricle.progress import ignore_progress
from auricle.studio.server.catalog import Catalog
from auricle.studio.server.library import Library, sound_id
from auricle.studio.server.workspace import Workspace
from auricle.studio.tasks.folder_sounds import list_sounds, remove_sounds, restore_sounds
from auricle.studio.tasks.making import find_directions, list_priors, make_sounds
from auricle.studio.tasks.sounds import playable
from auricle.synth.priors.file import save_prior
from studio.conftest import RunningStudio, tones
from synth.synth_sounds import make_model, make_prior

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a confined process")


@pytest.fixture
def library(tmp_path: Path) -> Iterator[RunningStudio]:
    running = RunningStudio(tones(tmp_path / "sounds", count=3))
    yield running
    running.end()


def names(studio: RunningStudio) -> list[str]:
    return [row[1] for row in studio.json("/api/sounds/list")["sounds"]]


def test_sounds_that_are_sent_get_plain_names_and_nothing_is_overwritten(library: RunningStudio):
    first = library.upload_sound("kick.wav")
    assert first[1] == "kick.wav" and library.upload_sound("kick.wav")[1] == "kick 2.wav"
    assert library.upload_sound("../../<b>x\n.wav")[1] == "_b_x_n.wav"
    assert library.upload_sound(".hidden.wav")[1] == "hidden.wav"
    assert {path.parent for path in library.folder.rglob("*.wav")} == {library.folder}
    for name, data in [("a.wav", b"RIFF" * 99), ("a.exe", b"MZ" * 99), ("b.mp3", b""), ("c", b"x" * 99)]:
        assert library.refusal(f"/api/uploads?to=folder&name={name}", body=data)[0] == 400
    assert len(names(library)) == 7
    assert not any((library.folder / ".studio" / "items").iterdir())


def test_looks_are_remembered_until_a_file_changes(library: RunningStudio):
    ids = [row[0] for row in library.json("/api/sounds/list")["sounds"]]
    looks = library.json("/api/sounds/looks", {"ids": [*ids, "0" * 16, "../x"]})["looks"]
    assert set(looks) == set(ids)
    assert looks[ids[0]]["seconds"] == 1.0 and -15 < looks[ids[0]]["dbfs"] < -12
    assert library.ask(looks[ids[0]]["thumb_url"], token=False)[2].startswith(b"\x89PNG")
    assert library.ask(looks[ids[0]]["url"], token=False)[2].startswith(b"RIFF")
    assert library.ask(looks[ids[0]]["thumb_url"][:-3] + "abc", token=False)[0] == 403
    held = library.ask(looks[ids[0]]["url"], token=False)[1]
    assert held["cache-control"] == "private, no-cache"
    known = {"If-None-Match": held["etag"]}
    assert library.ask(looks[ids[0]]["url"], token=False, headers=known)[::2] == (304, b"")
    write(library.folder / "tone 0.wav", np.zeros((1, 8_000), np.float32), 16_000, force=True)
    (library.folder / "tone 1.wav").write_bytes(b"RIFF no more")
    rows = {row[1]: row for row in library.json("/api/sounds/list")["sounds"]}
    assert rows["tone 0.wav"][4] is None and rows["tone 2.wav"][4] == 1.0
    looks = library.json("/api/sounds/looks", {"ids": ids})["looks"]
    assert looks[ids[0]]["seconds"] == 0.5 and not looks[ids[0]]["thumb"]
    assert library.ask(looks[ids[0]]["url"], token=False, headers=known)[0] == 200
    assert "error" in looks[ids[1]] and str(library.folder) not in looks[ids[1]]["error"]


def test_a_damaged_catalog_is_made_anew(tmp_path: Path):
    space = Workspace(tones(tmp_path / "sounds", count=2))
    space.prepare()
    (space.state / "sounds.db").write_bytes(b"no database" * 999)
    catalog = Catalog(space)
    catalog.refresh(["tone 0.wav", "tone 1.wav", "gone.wav"])
    assert list(catalog.names().values()) == ["tone 0.wav", "tone 1.wav"]


def test_sounds_that_are_removed_are_kept_aside_and_come_back(library: RunningStudio):
    ids = [row[0] for row in library.json("/api/sounds/list")["sounds"]]
    assert library.json("/api/sounds/remove", {"ids": [ids[0], "../../x"]})["names"] == ["tone 0.wav"]
    assert names(library) == ["tone 1.wav", "tone 2.wav"]
    assert library.json("/api/sounds/restore", {"ids": ids})["restored"] == 1
    assert names(library) == ["tone 0.wav", "tone 1.wav", "tone 2.wav"]


def test_a_sound_is_opened_by_its_number_and_opened_again_from_what_was_made(library: RunningStudio):
    id = library.json("/api/sounds/list")["sounds"][0][0]
    facts = library.json("/api/sounds/open", {"id": id})
    assert library.ask(facts["file_url"], token=False)[2].startswith(b"fLaC")
    made = (library.folder / ".studio" / "opened" / id / "play.flac").stat().st_mtime_ns
    library.json("/api/sounds/open", {"id": id})
    assert (library.folder / ".studio" / "opened" / id / "play.flac").stat().st_mtime_ns == made
    assert library.refusal("/api/sounds/open", {"id": "0" * 16})[0] == 400


def mapped(folder: Path, *names: str) -> Library:
    """A library whose map has these sounds."""
    space = Workspace(folder)
    space.prepare()
    library = Library(space)
    library.write(
        {"model": "music", "sounds": [{"id": sound_id(name), "name": name} for name in names], "rejected": []}
    )
    return library


def test_labels_of_sounds_that_are_not_on_the_map_stay(tmp_path: Path):
    mapped(tmp_path, "a.wav", "b.wav").label([sound_id("a.wav"), sound_id("b.wav")], "kick")
    library = mapped(tmp_path, "b.wav", "c.wav")  # drawn anew while a.wav was away
    assert library.label([sound_id("c.wav")], "snare") == library.labels()
    assert library.label([sound_id("b.wav")], None) == {sound_id("a.wav"): "kick", sound_id("c.wav"): "snare"}
    table = (tmp_path / ".studio" / "labels.csv").read_text()
    assert table.splitlines() == ["path,label", "a.wav,kick", "c.wav,snare"]


def test_a_map_that_was_drawn_before_has_its_rejected_files(tmp_path: Path):
    library = mapped(tmp_path, "a.wav")
    library.write({"model": "music", "sounds": [], "skipped": ["b.wav is no sound"]})
    assert library.read() == {"model": "music", "sounds": [], "rejected": ["b.wav is no sound"]}


def test_what_was_kept_is_not_cleared_away_after_a_month(tmp_path: Path):
    space = Workspace(tmp_path)
    space.prepare()
    items = {kept: space.new_item(kind="made", name="sound", kept=kept) for kept in (1e9, 0.0)}
    for item in items.values():
        os.utime(item.folder, (1e9, 1e9))
    space.prepare()
    assert [item.id for item in space.all_items()] == [items[1e9].id]


def test_shipped_priors_are_listed_where_a_folder_has_the_name_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "drums").mkdir()
    monkeypatch.chdir(tmp_path)
    listed = list_priors(Workspace(tmp_path), {}, ignore_progress)["priors"]
    assert [prior["name"] for prior in listed] == ["drums", "saxophone"]


def moving(folder: Path) -> Callable[..., dict[str, Any]]:
    """A function that removes or restores sounds of a folder by their names, as the room Sounds does."""
    space = Workspace(folder)
    space.prepare()

    def move(task: Callable[..., dict[str, Any]], *names: str) -> dict[str, Any]:
        list_sounds(space, {}, ignore_progress)
        return task(space, {"ids": [sound_id(name) for name in names]}, ignore_progress)

    return move


def test_a_name_can_be_removed_again_and_its_newest_sound_comes_back(tmp_path: Path):
    move, sound = moving(tmp_path), tmp_path / "a.wav"
    for text in ("old", "new"):
        sound.write_text(text)
        assert move(remove_sounds, "a.wav")["names"] == ["a.wav"] and not sound.exists()
    sound.write_text("another")
    assert move(restore_sounds, "a.wav")["restored"] == 0 and sound.read_text() == "another"
    sound.unlink()
    assert move(restore_sounds, "a.wav")["restored"] == 1 and sound.read_text() == "new"


def test_a_relative_link_that_is_removed_comes_back(tmp_path: Path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.wav").write_text("sound")
    (tmp_path / "link.wav").symlink_to("real/a.wav")
    move = moving(tmp_path)
    assert move(remove_sounds, "link.wav")["names"] == ["link.wav"]
    assert move(restore_sounds, "link.wav")["restored"] == 1
    assert (tmp_path / "link.wav").is_symlink() and (tmp_path / "link.wav").read_text() == "sound"


def test_what_can_not_be_moved_keeps_no_other_sound_from_it_and_disks_may_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("busy.wav", "far.wav", "near.wav"):
        (tmp_path / name).write_text(name)
    move, replace = moving(tmp_path), Path.replace

    def limited(path: Path, target: Path) -> Path:
        if path.name in ("busy.wav", "far.wav"):
            number = errno.EACCES if path.name == "busy.wav" else errno.EXDEV
            raise OSError(number, os.strerror(number))
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", limited)
    assert set(move(remove_sounds, "busy.wav", "far.wav", "near.wav")["names"]) == {"far.wav", "near.wav"}
    assert [path.name for path in tmp_path.glob("*.wav")] == ["busy.wav"]
    assert (tmp_path / ".studio" / "removed" / "far.wav").read_text() == "far.wav"
    with pytest.raises(OutputError, match=r"^can't move busy\.wav: Permission denied$"):
        move(remove_sounds, "busy.wav")


@pytest.mark.parametrize("rate", [192_000, 176_400])
def test_what_only_a_higher_rate_holds_is_not_folded_into_what_is_played(tmp_path: Path, rate: int):
    space = Workspace(tmp_path)
    space.prepare()
    item, clock = space.new_item(kind="sound", name="high"), np.arange(rate) / rate
    audible, beyond = (0.3 * np.sin(2 * np.pi * hertz * clock) for hertz in (1_000, 70_000))
    facts = playable(item, "play", np.stack((audible, beyond)).astype(np.float32), rate)
    audio, played = read(item.file("play.flac"))
    assert played == rate / 2 and audio.shape == (2, played) and facts["rate"] == rate
    loud = np.abs(audio[:, played // 4 : -played // 4]).max(axis=1)
    assert 0.29 < loud[0] < 0.31 and loud[1] < 1e-3


def test_a_prior_that_is_replaced_is_loaded_again_and_has_directions_of_its_own(tmp_path: Path):
    space = Workspace(tmp_path)
    space.prepare()
    model = make_model()
    save(model, tmp_path / "tiny.auricle.safetensors")
    name, sounds = "mine.prior.safetensors", list[bytes]()
    for recurrent in (False, True):
        save_prior(make_prior(model, recurrent=recurrent), tmp_path / name, force=True)
        (made,) = make_sounds(space, {"prior": name, "count": 1, "seconds": 0.4}, ignore_progress)["sounds"]
        sounds.append(space.item(made["id"]).file("sound.wav").read_bytes())
        find_directions(space, {"prior": name}, ignore_progress)
    assert sounds[0] != sounds[1]
    assert len(list((space.state / "directions").glob("*.npz"))) == 2


def test_a_name_that_is_not_utf8_is_listed_looked_at_removed_and_comes_back(library: RunningStudio):
    name = os.fsdecode(b"caf\xe9.wav")
    (library.folder / "tone 0.wav").rename(library.folder / name)
    id, shown = sound_id(name), r"caf\udce9.wav"
    assert names(library) == [shown, "tone 1.wav", "tone 2.wav"]
    assert library.json("/api/sounds/looks", {"ids": [id]})["looks"][id]["seconds"] == 1.0
    assert library.json("/api/sounds/open", {"id": id})["name"] == shown
    assert library.json("/api/sounds/remove", {"ids": [id]})["names"] == [shown]
    assert library.json("/api/sounds/restore", {"ids": [id]})["restored"] == 1 and (library.folder / name).exists()
    mapped(library.folder, name, "tone 1.wav")
    assert [sound["name"] for sound in library.json("/api/label/library")["sounds"]] == [shown, "tone 1.wav"]
    refusal = library.refusal("/api/label/label", {"ids": [id], "label": "tone"})
    assert refusal == (400, rf"the name of {shown} is not UTF-8, as a table of labels is: rename the file")

"""Which files are found, and what they are called."""

import os
from pathlib import Path

import pytest

from auricle.archive.sources import SourceList, find_sources, read_list
from auricle.errors import DataError, OptionError


def accepts(name: str) -> bool:
    return name.endswith((".wav", ".flac"))


def names(found: SourceList) -> list[str]:
    return [source.name for source in found.sources]


def find(*paths: Path, listed: tuple[Path, ...] = ()) -> SourceList:
    return find_sources(paths, listed, accepts, "audio files")


def test_a_folder_is_named_from_inside(folder: Path):
    found = find(folder)
    assert names(found) == ["a.wav", "low/b.wav", "low/deep/c.flac"]
    assert found.others == 1 and not found.rejected and not found.notes


def test_several_folders_keep_their_names(folder: Path):
    assert names(find(folder / "low", folder / "a.wav")) == ["a.wav", "low/b.wav", "low/deep/c.flac"]


def test_files_that_are_only_read_keep_their_paths(folder: Path):
    paths = (folder / "low", folder / "a.wav")
    found = find_sources(paths, (), accepts, "audio files", as_named=True)
    assert names(found) == [str(folder / name) for name in ("a.wav", "low/b.wav", "low/deep/c.flac")]


def test_a_glob_is_named_below_its_fixed_part(folder: Path):
    assert names(find(folder / "**" / "*.wav")) == ["a.wav", "low/b.wav"]
    assert names(find(folder / "*")) == ["a.wav", "low/b.wav", "low/deep/c.flac"]
    with pytest.raises(DataError, match=r"nothing matches .*\*\.ogg"):
        find(folder / "*.ogg")


def test_a_glob_reads_no_folder_twice(folder: Path, tmp_path: Path):
    (folder / "low" / "up").symlink_to(folder)
    (folder / "early").symlink_to(folder / "low")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "d.wav").write_text("sound")
    (folder / "linked").symlink_to(elsewhere)
    (folder / "same.wav").symlink_to(folder / "a.wav")  # a link to a file has a name of its own
    found = find(folder / "**" / "*.wav")
    assert names(found) == ["a.wav", "linked/d.wav", "low/b.wav", "same.wav"]
    assert sorted(found.notes) == [
        f"left out: {folder / 'early'} leads to {folder / 'low'}, which is read there",
        f"left out: {folder / 'low' / 'up'} leads to {folder}, which is read there",
    ]
    assert names(find(folder / "a*", folder / "*.wav", folder / ".." / folder.name / "a*")) == ["a.wav", "same.wav"]


def test_a_list_of_windows_begins_with_a_mark(folder: Path):
    assert read_list(["\ufeffa.wav\r\n", "b.wav\r\n"]) == (Path("a.wav"), Path("b.wav"))


def test_what_is_no_list_is_refused_in_a_line():
    with pytest.raises(
        OptionError, match=r"the list names\.bin holds zero bytes: give a text file with one path a line"
    ):
        read_list(["a.wav\0b.wav\0"], "names.bin")


def test_a_list_keeps_folders_below_the_shared_one(folder: Path):
    listed = read_list([f"{folder / 'low' / 'b.wav'}\n", "\n", f"{folder / 'low' / 'deep' / 'c.flac'}\n"])
    assert names(find(listed=listed)) == ["b.wav", "deep/c.flac"]


def test_a_file_that_is_named_twice_counts_once(folder: Path):
    assert len(find(folder / "a.wav", folder / "a.wav").sources) == 1


def test_what_is_left_out_of_a_folder_that_is_named_twice_counts_once(folder: Path):
    for paths in ((folder, folder), (folder / "*", folder), (folder / "*", folder / "*.txt")):
        found = find(*paths)
        assert (len(found.sources), found.others) == (3, 1), paths
    assert find(listed=(folder, folder)).others == 1
    (folder / "loop.wav").symlink_to(folder / "loop.wav")
    assert len(find(folder, folder).rejected) == 1


def test_links_in_a_circle_end(folder: Path):
    (folder / "low" / "up").symlink_to(folder)
    (folder / "loop.wav").symlink_to(folder / "loop.wav")
    found = find(folder)
    assert names(found) == ["a.wav", "low/b.wav", "low/deep/c.flac"]
    assert len(found.notes) == 1 and "low/up leads to" in found.notes[0]
    assert len(found.rejected) == 1 and "loop.wav" in found.rejected[0][1]


def test_a_linked_folder_is_read_and_a_real_place_comes_first(folder: Path, tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "d.wav").write_text("sound")
    (folder / "early").symlink_to(folder / "low")
    (folder / "linked").symlink_to(elsewhere)
    assert names(find(folder)) == ["a.wav", "linked/d.wav", "low/b.wav", "low/deep/c.flac"]


@pytest.mark.skipif(os.name == "nt", reason="names are bytes on POSIX systems only")
def test_names_of_other_encodings(folder: Path):
    (folder / os.fsdecode(b"caf\xe9.wav")).write_text("sound")
    assert os.fsdecode(b"caf\xe9.wav") in names(find(folder))


def test_nothing_found_is_said(tmp_path: Path):
    with pytest.raises(DataError, match="holds no audio files"):
        find(tmp_path)
    with pytest.raises(OptionError, match="nothing to read"):
        find()


def test_a_name_that_is_nowhere_is_said_unless_others_are_there(folder: Path, tmp_path: Path):
    with pytest.raises(DataError, match=r"typo does not exist: check the name"):
        find(tmp_path / "typo")
    with pytest.raises(DataError, match=r"none of 2 files is there; the first: .*a\.wav does not exist"):
        find(tmp_path / "a.wav", tmp_path / "b.wav")
    assert "a.wav" in names(find(tmp_path / "a.wav", folder)), "one among others is a line in the ledger"

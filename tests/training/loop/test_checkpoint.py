"""The last good checkpoint always loads, whatever happened to the folder."""

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from auricle.errors import ModelError, OutputError
from auricle.training.loop.checkpoint import Checkpoints, Snapshot
from auricle.training.loop.schedule import Budget, Clock
from auricle.training.loop.settings import changed_settings


def snapshot(step: int, **values) -> Snapshot:
    tensors = {"model.weight": torch.full((3, 4), float(step)), "optimiser.0.step": torch.tensor(float(step))}
    return replace(Snapshot(tensors, Clock(step=step, progress=step / 100), "{}"), **values)


def filled(folder: Path, *steps: int, best: int | None = None) -> Checkpoints:
    checkpoints = Checkpoints(folder / "checkpoints")
    for step in steps:
        checkpoints.save(snapshot(step), best=step == best)
    return checkpoints


def names(checkpoints: Checkpoints) -> list[str]:
    return sorted(path.name for path in checkpoints.folder.iterdir())


def damage(path: Path, place: int = -5) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_what_was_saved_comes_back(tmp_path):
    saved = snapshot(7, figure=0.5, best=0.25, balance={"norm.mel": 0.1, "steps.mel": 3.0}, budget=Budget(steps=9))
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    assert not checkpoints
    checkpoints.save(saved)
    assert checkpoints
    loaded = checkpoints.load("{}")
    assert loaded.tensors.keys() == saved.tensors.keys()
    assert all(torch.equal(loaded.tensors[name], saved.tensors[name]) for name in saved.tensors)
    assert replace(loaded, tensors={}) == replace(saved, tensors={})


def test_the_last_three_and_the_best_are_kept(tmp_path):
    checkpoints = filled(tmp_path, 10, 20, 30, 40, 50, 60, best=20)
    assert names(checkpoints) == ["00000020", "00000040", "00000050", "00000060", "best", "latest"]
    assert checkpoints.load("{}").clock.step == 60
    best = checkpoints.load_best("{}")
    assert best is not None and best.clock.step == 20


def test_a_better_one_takes_the_place_of_the_best(tmp_path):
    checkpoints = filled(tmp_path, 10, best=10)
    for step in (20, 30, 40):
        checkpoints.save(snapshot(step), best=True)
    checkpoints.save(snapshot(50))
    assert names(checkpoints) == ["00000030", "00000040", "00000050", "best", "latest"]


@pytest.mark.parametrize("pointer", [None, b"", b"00000099", b"../..", b"\xff\xfe", b"latest"])
def test_without_a_good_pointer_the_newest_is_found(tmp_path, pointer):
    checkpoints = filled(tmp_path, 10, 20)
    path = checkpoints.folder / "latest"
    if pointer is None:
        path.unlink()
    else:
        path.write_bytes(pointer)
    assert checkpoints.load("{}").clock.step == 20


@pytest.mark.parametrize("name", ["state.safetensors", "state.json", "checksum"])
@pytest.mark.parametrize("how", ["flipped", "short", "empty", "gone"])
def test_from_a_damaged_state_the_one_before_is_taken(tmp_path, name, how):
    checkpoints = filled(tmp_path, 10, 20)
    path = checkpoints.folder / "00000020" / name
    if how == "gone":
        path.unlink()
    elif how == "flipped":
        damage(path)
    else:
        path.write_bytes(path.read_bytes()[:-3] if how == "short" else b"")
    notes: list[str] = []
    assert checkpoints.load("{}", notes.append).clock.step == 10
    (note,) = notes
    assert note.startswith("the checkpoint 00000020: ") and note.endswith("the run goes on from step 10")
    assert "\n" not in note


@pytest.mark.parametrize("name", ["state.safetensors", "state.json"])
def test_every_flipped_bit_is_found(tmp_path, name):
    checkpoints = filled(tmp_path, 10)
    path = checkpoints.folder / "00000010" / name
    whole = path.read_bytes()
    for place in range(0, len(whole), 37):
        damage(path, place)
        with pytest.raises(ModelError, match="checksum"):
            checkpoints.load("{}")
        path.write_bytes(whole)
    assert checkpoints.load("{}").clock.step == 10


def test_a_damaged_state_is_replaced_when_the_run_comes_there_again(tmp_path):
    checkpoints = filled(tmp_path, 10, 20)
    damage(checkpoints.folder / "00000020" / "state.safetensors")
    checkpoints.save(snapshot(20))
    assert checkpoints.load("{}").clock.step == 20
    assert names(checkpoints) == ["00000010", "00000020", "latest"]


def test_what_a_killed_run_left_goes_with_the_next_save(tmp_path):
    checkpoints = filled(tmp_path, 10)
    half = checkpoints.folder / ".half-x"
    half.mkdir()
    (half / "state.safetensors").write_bytes(b"half")
    (checkpoints.folder / ".latest-x").write_text("000")
    (checkpoints.folder / ".best-x").write_text("")
    (checkpoints.folder / ".auricle-0123456789abcdef").write_text("000")
    assert checkpoints.load("{}").clock.step == 10
    checkpoints.save(snapshot(20))
    assert names(checkpoints) == ["00000010", "00000020", "latest"]


def test_a_state_without_its_pointer_is_no_harm(tmp_path):
    """Killed between the two: the run goes on from the state before, and gets there again."""
    checkpoints = filled(tmp_path, 10, 20)
    (checkpoints.folder / "latest").write_text("00000010")
    assert checkpoints.load("{}").clock.step == 10
    checkpoints.save(snapshot(20))
    assert checkpoints.load("{}").clock.step == 20


def test_a_lost_best_one_is_none(tmp_path):
    checkpoints = filled(tmp_path, 10, 20)
    assert checkpoints.load_best("{}") is None
    (checkpoints.folder / "best").write_text("00000005")
    assert checkpoints.load_best("{}") is None
    checkpoints.save(snapshot(30), best=True)
    damage(checkpoints.folder / "00000030" / "state.safetensors")
    assert checkpoints.load_best("{}") is None


def test_another_configuration_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"other settings \(seed: none before, 1 now\): name the same ones"):
        filled(tmp_path, 10).load('{"seed": 1}')


def test_settings_that_differ_are_named():
    before = '{"seed": 0, "model": {"encoder": [{"dim": 8}], "kind": "a"}, "batch": 4}'
    now = '{"seed": 1, "model": {"encoder": [{"dim": 16}, {"dim": 8}], "kind": "a"}, "batch": 4}'
    assert changed_settings(before, now) == (
        "seed: 0 before, 1 now; model.encoder.0.dim: 8 before, 16 now; model.encoder.1.dim: none before, 8 now"
    )
    many = {f"{index}": index for index in range(9)}
    assert changed_settings("{}", json.dumps(many)).endswith("3: none before, 3 now; and 5 more")


def test_nothing_there_is_one_line(tmp_path):
    with pytest.raises(ModelError, match=r"there is none.*without --resume") as caught:
        Checkpoints(tmp_path / "checkpoints").load("{}")
    assert "\n" not in str(caught.value)


def test_an_older_version_is_not_guessed_at(tmp_path):
    checkpoints = filled(tmp_path, 10)
    folder = checkpoints.folder / "00000010"
    values = json.loads((folder / "state.json").read_text("utf-8"))
    (folder / "state.json").write_text(json.dumps({**values, "version": 1}), "utf-8")
    parts = [hashlib.sha256((folder / name).read_bytes()).digest() for name in ("state.safetensors", "state.json")]
    (folder / "checksum").write_text(hashlib.sha256(b"".join(parts)).hexdigest())
    with pytest.raises(ModelError, match="version 1"):
        checkpoints.load("{}")


def test_files_hold_no_pickle(tmp_path):
    folder = filled(tmp_path, 10).folder / "00000010"
    assert sorted(path.name for path in folder.iterdir()) == ["checksum", "state.json", "state.safetensors"]
    header = int.from_bytes((folder / "state.safetensors").read_bytes()[:8], "little")
    assert json.loads((folder / "state.safetensors").read_bytes()[8 : 8 + header])


def test_a_folder_that_can_not_be_made_is_one_line(tmp_path):
    (tmp_path / "checkpoints").write_text("in the way")
    with pytest.raises(OutputError, match=r"can't save a checkpoint in .*: .*--resume") as caught:
        filled(tmp_path, 10)
    assert "\n" not in str(caught.value)


def test_a_failed_save_leaves_the_others_as_they_were(tmp_path):
    """A limit on the size of files is what a full disk is to a process, without a mount."""
    resource = pytest.importorskip("resource")
    checkpoints = filled(tmp_path, 10, 20)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal = pytest.importorskip("signal")
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(OutputError, match="File too large; the one before is whole"):
            checkpoints.save(snapshot(30))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert names(checkpoints) == ["00000010", "00000020", "latest"]
    assert checkpoints.load("{}").clock.step == 20
    checkpoints.save(snapshot(30))
    assert checkpoints.load("{}").clock.step == 30


def test_saving_leaves_no_open_file(tmp_path):
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        pytest.skip("needs /proc")
    before = len(os.listdir(descriptors))  # noqa: PTH208
    filled(tmp_path, 10, 20, 30)
    assert len(os.listdir(descriptors)) == before  # noqa: PTH208

"""Holding files out."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auricle.data import Sound, split
from auricle.data.split import Side, sides
from auricle.errors import OptionError

names = st.lists(st.text("abcdé/01 ", min_size=1, max_size=8), unique=True, max_size=60)


def sounds(names: list[str], root: str = "/corpus") -> list[Sound]:
    return [Sound(Path(root, name), 16000, 1, 16000, name) for name in names]


@given(names=names, share=st.floats(0, 0.99), seed=st.integers(0, 10))
def test_a_partition(names: list[str], share: float, seed: int) -> None:
    corpus = sounds(names)
    train, held_out = split(corpus, held_out=share, seed=seed)
    assert sorted(train + held_out, key=lambda s: s.name) == sorted(corpus, key=lambda s: s.name)
    assert list(train) == [sound for sound in corpus if sound in train]
    if len(corpus) > 1:
        assert train
        assert bool(held_out) == (share > 0)
        assert share == 0 or abs(len(held_out) - share * len(corpus)) <= 1


@given(names=names, data=st.data())
def test_neither_order_nor_place_matters(names: list[str], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(names))
    first = {sound.name for sound in split(sounds(names))[1]}
    assert first == {sound.name for sound in split(sounds(shuffled, "/elsewhere"))[1]}


def test_one_sound_is_trained_on() -> None:
    corpus = sounds(["a.wav"])
    assert split(corpus) == (tuple(corpus), ())


def test_two_sounds_hold_one_out() -> None:
    train, held_out = split(sounds(["a.wav", "b.wav"]))
    assert len(train) == len(held_out) == 1


def test_the_seed_matters() -> None:
    corpus = sounds([f"{i}.wav" for i in range(100)])
    assert split(corpus, seed=1) != split(corpus, seed=2)
    assert len(split(corpus)[1]) == 10


def test_the_choice_stays_the_same_for_ever() -> None:
    corpus = sounds([f"{i}.wav" for i in range(20)])
    assert [sound.name for sound in split(corpus)[1]] == ["13.wav", "14.wav"]


def test_growing_changes_little() -> None:
    few = {sound.name for sound in split(sounds([f"{i}.wav" for i in range(200)]))[1]}
    more = {sound.name for sound in split(sounds([f"{i}.wav" for i in range(220)]))[1]}
    assert len(few & more) >= 18


@pytest.mark.parametrize("held_out_folder", ["valid", "validation", "heldout", "held_out", "held-out", "Valid"])
def test_folders_decide(held_out_folder: str) -> None:
    corpus = sounds(["train/a.wav", "train/x/b.wav", f"{held_out_folder}/c.wav", "test/d.wav", "e.wav"])
    train, held_out = split(corpus, held_out=0.9)
    assert [sound.name for sound in train] == ["train/a.wav", "train/x/b.wav"]
    assert [sound.name for sound in held_out] == [f"{held_out_folder}/c.wav"]


@pytest.mark.parametrize(
    "names", [["train/a.wav", "train/b.wav"], ["valid/a.wav", "x/train/b.wav"], ["train.wav", "valid/b.wav"]]
)
def test_folders_decide_only_as_a_pair(names: list[str]) -> None:
    train, held_out = split(sounds(names))
    assert len(train) == len(held_out) == 1


@pytest.mark.parametrize("share", [-0.1, 1.0, 2.0, float("nan")])
def test_share_out_of_range(share: float) -> None:
    with pytest.raises(OptionError, match="held-out share"):
        split(sounds(["a.wav"]), held_out=share)


@given(names=names, seed=st.integers(0, 5))
def test_sides_by_name_are_those_of_sounds(names: list[str], seed: int) -> None:
    train, held_out = split(sounds(names), seed=seed)
    side_by_name = dict(zip(names, sides(names, seed=seed).tolist(), strict=True))
    assert {name for name, side in side_by_name.items() if side == Side.train} == {sound.name for sound in train}
    assert {name for name, side in side_by_name.items() if side == Side.held_out} == {sound.name for sound in held_out}


def test_what_is_on_neither_side() -> None:
    assert sides(["train/a", "valid/b", "test/c"]).tolist() == [Side.train, Side.held_out, Side.neither]
    assert sides([]).tolist() == []

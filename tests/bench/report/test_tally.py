"""The reckoning of the listening test in the page's own script: answers added up, trials drawn, levels matched."""

import json
from functools import partial
from typing import Any

import pytest

from bench import page_scripts

in_node = partial(page_scripts.in_node, ("answers.js", "tally.js"))

A, B = {"codec": "speech", "setting": "6 kb/s"}, {"codec": "opus", "setting": "6.4 kb/s"}


def answer(
    name: str, chosen: str, *, kind: str = "nearer", right: str | None = None, swap: bool = False
) -> dict[str, Any]:
    first, second = (B, A) if swap else (A, B)
    return {"id": name, "kind": kind, "first": first, "second": second, "chosen": chosen, "right": right, "file": "f"}


MANY = [
    answer("1", "first"),
    answer("2", "second", swap=True),  # speech again
    answer("3", "first", swap=True),  # opus
    answer("4", "first", kind="same", right="first"),
    answer("5", "first", kind="same", right="second", swap=True),
    answer("6", "second", kind="same", right="second"),
]


def saved(*answers: Any) -> str:
    return json.dumps({"format": "auricle-abx", "version": 1, "report": "r", "answers": answers})


def test_answers_are_added_up_by_pair_whatever_stood_first_and_count_once():
    nearer, same = in_node("Tally.sum([...input, ...input])", *MANY)
    assert (nearer["kind"], nearer["first"], nearer["second"]) == ("nearer", "opus 6.4 kb/s", "speech 6 kb/s")
    assert (nearer["wins"], nearer["trials"], nearer["p"]) == (1, 3, 1.0)
    assert (same["kind"], same["wins"], same["trials"], same["p"]) == ("same", 2, 3, pytest.approx(0.5))


@pytest.mark.parametrize(
    ("wins", "trials", "two_sided", "expected"),
    [
        (0, 0, True, 1.0),
        (5, 5, False, 1 / 32),
        (5, 5, True, 1 / 16),
        (0, 5, True, 1 / 16),
        (0, 5, False, 1.0),
        (12, 16, False, 2517 / 65536),
        (12, 16, True, 2517 / 32768),
        (8, 16, True, 1.0),
    ],
)
def test_the_binomial_test_is_exact(wins: int, trials: int, two_sided: bool, expected: float):
    (p,) = in_node("input.map(([wins, trials, two]) => Tally.binomial(wins, trials, two))", (wins, trials, two_sided))
    assert p == pytest.approx(expected)


def test_the_binomial_test_is_that_of_scipy():
    stats = pytest.importorskip("scipy.stats", reason="needs scipy")
    cases = [
        (wins, trials, two_sided)
        for trials in (1, 16, 150, 3000)
        for wins in (0, trials // 3, trials)
        for two_sided in (False, True)
    ]
    values = in_node("input.map(([wins, trials, two]) => Tally.binomial(wins, trials, two))", *cases)
    for (wins, trials, two_sided), p in zip(cases, values, strict=True):
        alternative = "two-sided" if two_sided else "greater"
        expected = stats.binomtest(wins, trials, alternative=alternative).pvalue
        assert p == pytest.approx(expected, rel=1e-8, abs=1e-300)


@pytest.mark.parametrize(
    "senseless",
    [
        None,
        7,
        {},
        answer("", "first"),
        answer("1", "third"),
        answer("1", "first", kind="best"),
        answer("1", "first", right="first"),
        answer("1", "first", kind="same"),
        {**answer("1", "first"), "second": A},
        {**answer("1", "first"), "first": {"codec": 3, "setting": "x"}},
        {**answer("1", "first"), "first": None},
    ],
)
def test_answers_that_make_no_sense_are_counted_apart(senseless: Any):
    loaded = in_node("Tally.loaded(input[0])", saved(senseless, answer("ok", "first")))
    assert (len(loaded["values"]), loaded["refused"]) == (1, 1)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"format": "else", "version": 1, "answers": []}',
                                  '{"format": "auricle-abx", "version": 2, "answers": []}',
                                  '{"format": "auricle-abx", "version": 1}'])  # fmt: skip
def test_files_that_are_none_are_refused_in_one_line(text: str):
    work = "(() => { try { return Tally.loaded(input[0]).refused; } catch (error) { return error.message; } })()"
    assert in_node(work, text) in ("is not JSON", "was not saved by this test")


def test_draws_reach_every_pair_and_side_and_hide_x_evenly():
    sounds = [{"pairs": [[0, 1], [0, 2]]}, {"pairs": [[1, 2]]}]
    work = """Array.from({ length: 3000 }, () => Tally.draw(input, "same", Math.random)).map(
      ({ sound, a, b, x }) => [input.indexOf(sound), a, b, x])"""
    draws = in_node(work, *sounds)
    kinds = {tuple(draw) for draw in draws}
    pairs = {(0, 0, 1), (0, 1, 0), (0, 0, 2), (0, 2, 0), (1, 1, 2), (1, 2, 1)}
    assert kinds == {(*pair, x) for pair in pairs for x in ("first", "second")}
    assert all(120 < sum(tuple(draw) == kind for draw in draws) < 400 for kind in kinds)
    assert in_node('Tally.draw(input, "nearer", Math.random).x', *sounds) is None


def test_levels_are_matched_without_clipping():
    levels = [
        {"rms": 0.1, "peak": 0.5},
        {"rms": 0.05, "peak": 0.6},
        {"rms": 0.2, "peak": 0.9},
        {"rms": 0.0, "peak": 0.0},
    ]
    gains = in_node("Tally.gains(input)", *levels)
    powers = [gain * level["rms"] for gain, level in zip(gains[:3], levels[:3], strict=True)]
    assert powers == pytest.approx([powers[0]] * 3)
    assert max(gain * level["peak"] for gain, level in zip(gains, levels, strict=True)) == pytest.approx(0.98)
    assert in_node("Tally.gains(input)", *levels[2:3]) == [1]

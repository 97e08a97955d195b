"""Text of strangers on its way to a terminal or a page."""

import pytest

from auricle.html import document, escape
from auricle.printable import none_usable, printable, rejected_lines, without_controls


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, Träum, 日本, a\\b", "plain, Träum, 日本, a\\b"),
        ("narrow\u202fand\u00a0fixed and\u3000wide spaces", "narrow\u202fand\u00a0fixed and\u3000wide spaces"),
        ("\x1b[2J\x07\x9b1m\x7f", "\\x1b[2J\\x07\\x9b1m\\x7f"),
        ("a\nb\r\tc\u2028d\x85", "a\\nb\\r\\tc\\u2028d\\x85"),
        ("gpj\u202e.wav\u2066x\u2069\u200f", "gpj\\u202e.wav\\u2066x\\u2069\\u200f"),
        ("a\u200bb\u200dc\ufeff\u00ad", "a\\u200bb\\u200dc\\ufeff\\xad"),
        ("tag \U000e0041", "tag \\U000e0041"),
        (b"caf\xe9.wav".decode(errors="surrogateescape"), "caf\\udce9.wav"),
    ],
)
def test_what_a_terminal_obeys_is_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(shown) == shown
    shown.encode()


def test_a_length_holds_for_what_is_shown() -> None:
    assert printable("\x1b" * 100, 6) == "\\x1b\\x"
    assert printable("short", 60) == "short"


def test_what_is_kept_loses_controls_and_keeps_lines() -> None:
    assert without_controls("Qui\u00a0?\n\x1b[2Jnobody\u202e\x00") == "Qui\u00a0?\n[2Jnobody"


def test_pages_are_escaped_twice_over() -> None:
    assert escape("<b>\u202e\x1b\n'\"&") == "&lt;b&gt;\\u202e\\x1b\\n&#x27;&quot;&amp;"
    assert "<title>&lt;x&gt;\\u202egpj</title>" in document("<x>\u202egpj", "")


def test_files_that_are_left_out_are_noted_in_one_way() -> None:
    files = [(f"{letter}.wav", "is silent" if letter == "c" else f"{letter}.wav is no sound") for letter in "abcdefg"]
    assert rejected_lines([]) == ()
    assert rejected_lines(files[:1]) == ("1 file was left out: a.wav is no sound",)
    assert rejected_lines(files[2:4], "sound") == (
        "2 sounds were left out:",
        "  c.wav: is silent",
        "  d.wav is no sound",
    )
    assert rejected_lines(files, most=1) == ("7 files were left out; the first: a.wav is no sound",)
    lines = rejected_lines(files)
    assert (len(lines), lines[0], lines[-1]) == (7, "7 files were left out:", "  and 2 more: --json lists all")


def test_nothing_that_can_be_used_is_told_with_the_first_problem() -> None:
    assert none_usable(["a is no sound"]) == "the only sound can't be decoded; the first problem: a is no sound"
    assert none_usable(["a", "b"], "file", can="be used") == "none of 2 files can be used; the first problem: a"
    assert none_usable(["a", "b"], "file", can="be used", of_folder=True).startswith("none of its 2 files can be used;")

"""What a resumed run says of the sounds, labels and machine that it finds otherwise."""

from dataclasses import replace
from pathlib import Path

import pytest

from auricle.api.run_record import RECORD, RunRecord

BEGAN = RunRecord(
    {"a.wav": 1, "b.wav": 2, "c.wav": 3}, ("held.wav",), {"a.wav": "kick", "b.wav": "snare"}, {"threads": 2}, ""
)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (BEGAN, ()),
        (replace(BEGAN, sounds={"a.wav": 1, "b.wav": 2}), ("1 sound gone (c.wav)",)),
        (replace(BEGAN, sounds={**BEGAN.sounds, "d.wav": 4, "e.wav": 5}), ("2 sounds new (d.wav, ...)",)),
        (replace(BEGAN, sounds={"a.wav": 1, "b.wav": 2, "z.wav": 3}), ("1 sound renamed (c.wav to z.wav)",)),
        (replace(BEGAN, sounds={"a.wav": 1, "b.wav": 2, "c.wav": 9}), ("1 sound changed (c.wav)",)),
        (replace(BEGAN, labels={"a.wav": "tom"}), ("2 sounds relabelled (a.wav from kick to tom, ...)",)),
        (replace(BEGAN, machine={"threads": 4}), ("threads: 2 before, 4 now",)),
        (replace(BEGAN, base="b" * 64), (f"base: none before, {'b' * 16} now",)),
        (replace(BEGAN, held_out=()), ("1 sound gone of those held out (held.wav)",)),
        (
            replace(BEGAN, sounds={**BEGAN.sounds, "held.wav": 7}, held_out=()),
            ("1 sound learned from now, held out before (held.wav)",),
        ),
        (
            replace(BEGAN, sounds={"a.wav": 1, "b.wav": 2}, held_out=("c.wav", "held.wav")),
            ("1 sound held out now, learned from before (c.wav)",),
        ),
    ],
)
def test_changes(now: RunRecord, said: tuple[str, ...]) -> None:
    assert now.changes(BEGAN) == said


def test_it_is_compared_with_the_beginning_however_often_the_run_is_resumed(tmp_path: Path) -> None:
    notes: list[str] = []
    BEGAN.compare_or_write(tmp_path, resume=False, on_note=notes.append)
    BEGAN.compare_or_write(tmp_path, resume=True, on_note=notes.append)
    assert not notes
    for _ in range(2):
        replace(BEGAN, machine={"threads": 4}).compare_or_write(tmp_path, resume=True, on_note=notes.append)
    line = "since this run began: threads: 2 before, 4 now; it goes on with what there is now"
    assert notes == [line, line]


def test_a_run_of_an_older_version_has_no_record(tmp_path: Path) -> None:
    notes: list[str] = []
    (tmp_path / RECORD).write_text("[")
    BEGAN.compare_or_write(tmp_path, resume=True, on_note=notes.append)
    assert not notes
    replace(BEGAN, sounds={}).compare_or_write(tmp_path, resume=True, on_note=notes.append)
    assert "3 sounds gone (a.wav, ...)" in notes[0]

"""Events go out to the programs of the field and come back; recordings are found, and times of day."""

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
import soundfile

from auricle.data.event_formats import EVENT_FORMATS, event_format, event_rows, names_events
from auricle.data.event_labels import labelled_events
from auricle.data.events import Recording, SoundEvent
from auricle.data.recorded_at import recorded_at
from auricle.data.scan import Rejected, Sound
from auricle.errors import DataError, OptionError

EVENTS = (SoundEvent(1.5, 2.25, "crow, near", 0.9, 0.5), SoundEvent(3600.125, 3601.0, "rooster", 0.75, 2.0))
DAWN = Recording(
    Sound(Path("a/20190521_053000.wav"), 48000, 1, 2 * 3600 * 48000, "a/20190521_053000.wav"),
    EVENTS,
    datetime(2019, 5, 21, 5, 30, tzinfo=UTC),
)
NOON = Recording(Sound(Path("noon.wav"), 48000, 1, 60 * 48000, "noon.wav"), (SoundEvent(2.0, 3.0, "crow"),))


@pytest.mark.parametrize("name", ["csv", "audacity", "raven"])
def test_what_is_written_is_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"20190521_053000{EVENT_FORMATS[name].suffix}"
    path.write_text(EVENT_FORMATS[name].text([DAWN], highest_hertz=24000.0))
    assert names_events(path)
    events = [row.event for row in event_rows(path)]
    assert events == [SoundEvent(event.begin, event.end, event.label) for event in EVENTS]


def test_several_recordings_in_one_table(tmp_path: Path) -> None:
    text = EVENT_FORMATS["raven"].text([DAWN, NOON], highest_hertz=24000.0)
    rows = list(csv.DictReader(text.splitlines(), delimiter="\t"))
    assert [float(row["Begin Time (s)"]) for row in rows] == [1.5, 3600.125, 7202.0]
    assert rows[2]["Begin File"] == "noon.wav" and float(rows[2]["File Offset (s)"]) == 2.0
    assert rows[1]["Begin Date Time"].startswith("2019-05-21T06:30:00.125")
    (tmp_path / "all.txt").write_text(text)
    assert event_rows(tmp_path / "all.txt")[2] == ("noon.wav", SoundEvent(2.0, 3.0, "crow"))
    (values, _) = json.loads(EVENT_FORMATS["json"].text([DAWN, NOON], highest_hertz=24000.0))["recordings"]
    assert values["events"][0]["time"] == "2019-05-21T05:30:01.500+00:00"
    table = list(csv.DictReader(EVENT_FORMATS["csv"].text([NOON], highest_hertz=24000.0).splitlines()))
    assert table[0]["score"] == "" and table[0]["time"] == ""
    with pytest.raises(OptionError, match="no format 'praat'"):
        event_format("praat")


def test_json_has_paths_as_they_are_and_no_control_characters() -> None:
    name = "a\x1b[2J\n\x7f\u202e\udce9.wav"
    recording = replace(NOON, sound=replace(NOON.sound, name=name))
    rejected = Rejected(Path("low") / name, f"low/{name} is no sound")
    text = EVENT_FORMATS["json"].text([recording], highest_hertz=24000.0, rejected=[rejected])
    values = json.loads(text)
    assert values["recordings"][0]["path"] == name
    assert values["rejected"] == [{"path": f"low/{name}", "reason": f"low/{name} is no sound"}]
    assert all(letter == "\n" or letter.isprintable() for letter in text) and text.isascii()


FOREIGN = {
    "raven views": (
        "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tSpecies\n"
        "1\tWaveform 1\t1\t1.0\t2.0\twren\n1\tSpectrogram 1\t1\t1.0\t2.0\twren\n"
    ),
    "spectral labels": "1.0\t2.0\twren\n\\\t1000.0\t2000.0\n",
    "semicolons": "path;begin;end;label\nx.wav;1.0;2.0;wren\n",
    "decimal commas": "path;begin;end;label\nx.wav;1,0;2,0;wren\n",
    "windows lines": "1.0\t2.0\twren\r\n",
    "onset and offset": "filename\tonset\toffset\tevent_label\nx.wav\t1.0\t2.0\twren\n",
    "other columns": "Start,End,note,Label\n1,2,far,wren\n",
}


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN.keys())
def test_tables_of_other_programs(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert [row.event for row in event_rows(path)] == [SoundEvent(1.0, 2.0, "wren")]


BAD = {
    "1.0\t2.0\n": "line 1: the event at 1 s has no label",
    "2.0\t1.0\twren\n": "ends at 1 s and begins at 2 s",
    "1.0\t2.0\twren\nnan\t2\twren\n": "line 2: 'nan' is no time",
    "begin,label\n1,wren\n": "has no column end: it has begin, label",
    "begin,end,label\n1,2,wr\x1ben\n": "can't be printed",
    "-1\t2\twren\n": "is no time",
}


@pytest.mark.parametrize(("text", "words"), BAD.items())
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "x.txt").write_text(text)
    with pytest.raises(DataError) as refusal:
        event_rows(tmp_path / "x.txt")
    assert words in str(refusal.value) and "\n" not in str(refusal.value)


def test_a_table_of_labels_names_no_events(tmp_path: Path) -> None:
    for mark in (",", ";", "\t"):
        (tmp_path / "a.csv").write_text(f"path{mark}label\nx.wav{mark}wren\n")
        assert not names_events(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="can't be read"):
        names_events(tmp_path / "a.csv")


@pytest.mark.parametrize("label", ["start", "name", "end"])
def test_a_label_may_be_called_as_a_column(tmp_path: Path, label: str) -> None:
    path = tmp_path / "x.txt"
    path.write_text(f"0.5\t1.0\t{label}\n")
    assert names_events(path) and [row.event for row in event_rows(path)] == [SoundEvent(0.5, 1.0, label)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "long"
    (root / "b").mkdir(parents=True)
    for name in ("dawn.wav", "dawn.2.wav", "b/noon.wav", "dusk.wav"):
        soundfile.write(root / name, np.zeros(8000 * 4), 8000)
    return root


def test_labels_are_matched_with_recordings(folder: Path, tmp_path: Path) -> None:
    track = tmp_path / "dawn.2.Table.1.selections.txt"
    track.write_text("")
    (tmp_path / "dawn.txt").write_text("1\t9\twren\n")
    table = tmp_path / "rest.csv"
    table.write_text("path,begin,end,label\nC:\\field\\noon.wav,1,2,crow\nlost.wav,1,2,crow\n")
    labels = labelled_events(folder, [track, tmp_path / "dawn.txt", table])
    events = {recording.sound.name: recording.events for recording in labels.recordings}
    wren = SoundEvent(1.0, 4.0, "wren")  # clipped at the recording's end
    assert events == {"b/noon.wav": (SoundEvent(1.0, 2.0, "crow"),), "dawn.2.wav": (), "dawn.wav": (wren,)}
    assert labels.unlabelled == ("dusk.wav",) and labels.unmatched == ("lost.wav",)
    assert labels.classes == ("crow", "wren") and labels.counts == {"crow": 1, "wren": 1}


def test_labels_of_no_recording_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "night.txt").write_text("1\t2\twren\n")
    with pytest.raises(DataError, match="speaks of no recording"):
        labelled_events(folder, [tmp_path / "night.txt"])
    (tmp_path / "moved.csv").write_text("path,begin,end,label\ndwan.wav,1,2,crow\nlost.wav,1,2,crow\n")
    with pytest.raises(DataError, match=r"no recording that it names lies below .*; the first is dwan\.wav"):
        labelled_events(folder, [tmp_path / "moved.csv"])
    (tmp_path / "dusk.txt").write_text("5\t6\twren\n")
    with pytest.raises(DataError, match=r"begins at 5 s, but dusk\.wav lasts 4\.0 s"):
        labelled_events(folder, [tmp_path / "dusk.txt"])
    soundfile.write(folder / "noon.wav", np.zeros(8000), 8000)
    (tmp_path / "noon.txt").write_text("0.1\t0.2\twren\n")
    with pytest.raises(DataError, match=r"may mean b/noon\.wav or noon\.wav"):
        labelled_events(folder, [tmp_path / "noon.txt"])


TIMES = {
    "20190521_053000.wav": datetime(2019, 5, 21, 5, 30),
    "SM4A_20190521_053000.wav": datetime(2019, 5, 21, 5, 30),
    "site-2_2019-05-21T05-30-00+0200.flac": datetime(2019, 5, 21, 5, 30, tzinfo=timezone(timedelta(hours=2))),
    "20190521T053000Z.wav": datetime(2019, 5, 21, 5, 30, tzinfo=UTC),
    "20191321_053000.wav": None,
    "hour.wav": None,
    "1234567890123456.wav": None,
}


@pytest.mark.parametrize(("name", "time"), TIMES.items())
def test_times_in_names(tmp_path: Path, name: str, time: datetime | None) -> None:
    assert recorded_at(tmp_path / name) == time


def test_what_an_audiomoth_writes(tmp_path: Path) -> None:
    path = tmp_path / "20190521_053000.wav"
    with soundfile.SoundFile(path, "w", 8000, 1) as file:
        file.comment = (
            "Recorded at 07:30:00 21/05/2019 (UTC+2) by AudioMoth 24F3 at medium gain while battery was 4.5V."
        )
        file.write(np.zeros(800))
    assert recorded_at(path) == datetime(2019, 5, 21, 7, 30, tzinfo=timezone(timedelta(hours=2)))

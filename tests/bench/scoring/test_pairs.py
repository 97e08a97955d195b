"""Differences between codecs on the same files."""

import pytest

from auricle.bench.report.text_summary import difference_text, pair_tables, pairs_markdown
from auricle.bench.scoring.pairs import file_groups, paired_differences
from auricle.bench.scoring.results import Curve, Estimate, FileResult, Point
from auricle.errors import DataError

FILES = [f"{speaker}_{number}.wav" for speaker in "abcde" for number in range(4)]


def curve(codec: str, *rates: float) -> Curve:
    points = [Point(f"{kbps:g}", Estimate(kbps, kbps, kbps), {}, len(FILES)) for kbps in rates]
    return Curve(codec, "", (*points, Point("out of reach", None, {}, 0)))


def results(codec: str, kbps: float, better_by: float) -> list[FileResult]:
    """Files differ a lot, codecs by so much, and a little by speaker."""
    return [
        FileResult(
            codec,
            f"{kbps:g}",
            name,
            1000,
            {"pesq": 1.0 + 0.1 * index + better_by * (1 + 0.1 * "abcde".index(name[0])), "mel": 2.0 - better_by},
        )
        for index, name in enumerate(FILES)
    ]


def test_pairing_sees_what_intervals_of_means_hide():
    curves = [curve("own", 3.0, 6.0), curve("peer", 3.2, 9.0)]
    scores = [*results("own", 3.0, 0.05), *results("own", 6.0, 0.05), *results("peer", 3.2, 0.0)]
    low, high = paired_differences(curves, scores, {}, seed=0)
    assert (low.setting, low.peer_setting, low.files, low.groups) == ("3", "3.2", 20, 20)
    assert low.differences["pesq"].mean == pytest.approx(0.06)
    assert 0.05 < low.differences["pesq"].low < low.differences["pesq"].high < 0.07
    assert (high.peer_setting, high.files, high.differences) == ("9", 0, {})  # the nearest by ratio came not back


def test_intervals_are_over_groups():
    curves = [curve("own", 3.0), curve("peer", 3.2)]
    scores = [*results("own", 3.0, 0.05), *results("peer", 3.2, 0.0)]
    (by_file,) = paired_differences(curves, scores, {}, seed=0)
    (by_speaker,) = paired_differences(curves, scores, file_groups(FILES, "^(.)_"), seed=0)
    assert by_speaker.groups == 5
    assert by_speaker.differences["pesq"].mean == pytest.approx(by_file.differences["pesq"].mean)
    width = [e.high - e.low for e in (by_file.differences["pesq"], by_speaker.differences["pesq"])]
    assert width[1] > 1.5 * width[0]


def test_files_count_by_their_weight():
    def words(codec: str, wrong: float, weights: tuple[float, float]) -> list[FileResult]:
        scores = {"a": (wrong, weights[0]), "b": (0.0, weights[1])}
        return [FileResult(codec, "3", name, 1, {"words": s}, weights={"words": w}) for name, (s, w) in scores.items()]

    curves = [curve("own", 3.0), curve("peer", 3.0)]
    (pair,) = paired_differences(curves, words("own", 50.0, (10, 90)) + words("peer", 0.0, (10, 90)), {}, seed=0)
    assert pair.differences["words"].mean == pytest.approx(5.0)


def test_tables_say_better_only_where_the_whole_interval_is():
    curves = [curve("own", 3.0), curve("peer", 3.2), curve("silent")]
    scores = [*results("own", 3.0, 0.05), *results("peer", 3.2, 0.0)]
    pairs = paired_differences(curves, scores, {}, seed=0)
    assert difference_text(pairs[0], "pesq").endswith(" better")
    assert difference_text(pairs[0], "mel") == "-0.050 (-0.050 to -0.050) better"
    (swapped,) = paired_differences([curves[1], curves[0]], scores, {}, seed=0)
    assert difference_text(swapped, "mel").endswith(" worse") and difference_text(swapped, "stoi") == "-"
    ((title, (heads, rows)),) = pair_tables(pairs)
    assert (title, heads) == ("own less peer", ["kb/s", "3.00 and 3.20"])
    assert [row[0] for row in rows] == ["PESQ-WB", "mel distance nepers", "files, groups"]
    assert "| PESQ-WB | +0.06" in pairs_markdown(pairs)


def test_no_peers_no_pairs():
    assert paired_differences([curve("own", 3.0)], results("own", 3.0, 0.0), {}, seed=0) == ()


def test_groups_in_names():
    assert file_groups(["x/7_jackson_1.wav"], "_([a-z]+)_") == {"x/7_jackson_1.wav": "jackson"}
    assert file_groups(["12-a.wav"], "^[0-9]+") == {"12-a.wav": "12"}
    with pytest.raises(DataError, match=r"find nothing in b\.wav"):
        file_groups(["1.wav", "b.wav"], "[0-9]")

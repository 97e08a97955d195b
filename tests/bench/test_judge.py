import numpy as np
import pytest

from auricle.bench import Clip, Decoded, Peer, Yardstick, bootstrap, format_rows, score
from auricle.bench.judge import at, matched, real_kbps
from auricle.bench.rows import row
from auricle.bench.table import markdown, plain
from auricle.errors import AudioError
from bench.bench_sounds import babble


class Greedy(Peer):
    """Stores 40 % more than it is asked to, and can't take stereo."""

    name = "greedy"

    def available(self) -> str | None:
        return None

    @property
    def bitrates(self) -> tuple[float, ...]:
        return (5.0, 100.0)

    def nearest(self, kbps: float) -> float:
        return min(max(kbps, 5.0), 100.0)

    def code(self, audio: np.ndarray, sample_rate: int, kbps: float) -> Decoded:
        if audio.shape[0] > 1:
            raise AudioError("greedy takes mono only")
        return Decoded.of(audio, sample_rate, round(175 * kbps * audio.shape[1] / sample_rate))


def clip(channels: int = 1, seconds: float = 1.0) -> Clip:
    return Clip(f"{channels} channels", babble(seconds, 16000, channels=channels), 16000)


def test_a_perfect_codec():
    verdict = Yardstick(16000, speech=False).judge(clip(), at(Greedy(), 8.0))
    assert verdict.kbps == pytest.approx(11.2)
    assert verdict.scores is not None
    assert verdict.scores.mel == 0.0
    assert verdict.scores.si_sdr == 100.0
    assert verdict.scores.pesq is None


def test_a_refusal_is_a_verdict():
    verdict = Yardstick(16000, speech=False).judge(clip(2), at(Greedy(), 8.0))
    assert verdict.scores is None
    assert verdict.kbps is None
    assert "mono" in verdict.problem


def test_the_setting_is_corrected_by_what_was_stored():
    assert matched(Greedy(), 14.0, [clip()]) == pytest.approx(10.0)
    assert matched(Greedy(), 2.0, [clip()]) == 5.0
    assert matched(Greedy(), 14.0, [clip(2)]) == 14.0


def test_bitrates_add_up_by_bytes():
    assert real_kbps([(1000, 1.0), (None, 5.0), (500, 2.0)]) == pytest.approx(4.0)
    assert real_kbps([(None, 1.0)]) is None


def test_an_error_that_mono_would_hide_counts():
    sound = babble(1.0, 16000, channels=2)
    wrong = sound + np.array([[0.1], [-0.1]], np.float32) * babble(1.0, 16000, seed=9)
    scores = score(sound, wrong, 16000, judged_rate=16000, speech=False)
    assert scores.si_sdr < 40.0
    assert scores.mel > 0.01


def test_speech_metrics_leave_out_what_they_can_not_judge():
    sound = babble(0.1, 16000)
    scores = score(sound, sound, 16000, judged_rate=8000, speech=True)
    assert (scores.pesq, scores.stoi) == (None, None)
    assert scores.mel == 0.0


def test_rows_are_means_and_count_what_is_missing():
    yardstick = Yardstick(16000, speech=False)
    verdicts = [yardstick.judge(given, at(Greedy(), 8.0)) for given in (clip(), clip(2), clip(seconds=3.0))]
    summed = row("greedy", "8 kb/s", verdicts, skipped=2)
    assert (summed.files, summed.skipped, summed.seconds) == (2, 3, 4.0)
    assert summed.kbps == pytest.approx(11.2)
    assert summed.si_sdr == 100.0
    text = format_rows([summed])
    assert "PESQ" not in text
    assert "3 more could not be judged" in text


def test_a_row_of_nothing():
    empty = row("greedy", "8 kb/s", [])
    assert (empty.kbps, empty.mel, empty.files) == (None, None, 0)
    assert format_rows([]) == ""
    assert "greedy" in format_rows([empty])


def test_tables_line_up():
    lines = plain(["name", "value"], [["a", "1.0"], ["longer", "-"]]).splitlines()
    assert lines == ["name    value", "------  -----", "a         1.0", "longer      -"]
    assert markdown(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_bootstrap_of_known_cases():
    assert bootstrap([]) is None
    same = bootstrap([2.0, 2.0, 2.0])
    assert same is not None
    assert (same.mean, same.low, same.high) == (2.0, 2.0, 2.0)
    values = np.random.default_rng(0).standard_normal(400)
    interval = bootstrap(list(values))
    assert interval is not None
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    assert interval.low < interval.mean < interval.high
    assert interval == bootstrap(list(values))
    assert interval.text(1).count("(") == 1

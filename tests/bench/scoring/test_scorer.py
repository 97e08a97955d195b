from dataclasses import replace

import numpy as np
import pytest

from auricle.bench import Clip, Scorer, bootstrap, format_rows, score_sound
from auricle.bench.scoring import metrics
from auricle.bench.scoring.metrics import METRICS, usable_metrics
from auricle.bench.scoring.rate_search import real_kbps
from auricle.bench.scoring.rows import summarise_row
from auricle.bench.scoring.scorer import at_setting
from auricle.bench.text_table import markdown, plain
from bench.bench_codecs import Broken, Greedy
from bench.bench_sounds import babble


def clip(channels: int = 1, seconds: float = 1.0) -> Clip:
    return Clip(f"{channels} channels", babble(seconds, 16000, channels=channels), 16000)


def test_a_perfect_codec():
    verdict = Scorer(16000, speech=False).score(clip(), at_setting(Greedy(), 8.0))
    assert verdict.kbps == pytest.approx(11.2)
    assert verdict.scores is not None
    assert verdict.scores.values == {"mel": 0.0, "si_sdr": 100.0}
    assert verdict.metric_seconds > 0


def test_a_refusal_is_a_verdict():
    verdict = Scorer(16000, speech=False).score(clip(2), at_setting(Greedy(), 8.0))
    assert verdict.scores is None
    assert verdict.kbps is None
    assert "mono" in verdict.problem


def test_a_codec_that_breaks_is_a_verdict():
    verdict = Scorer(16000, speech=False).score(clip(), at_setting(Broken(), 8.0))
    assert verdict.scores is None
    assert verdict.problem == "ZeroDivisionError: two lines of it"


def test_bitrates_add_up_by_bytes():
    assert real_kbps([(1000, 1.0), (None, 5.0), (500, 2.0)]) == pytest.approx(4.0)
    assert real_kbps([(None, 1.0)]) is None


def test_an_error_that_mono_would_hide_counts():
    sound = babble(1.0, 16000, channels=2)
    wrong = sound + np.array([[0.1], [-0.1]], np.float32) * babble(1.0, 16000, seed=9)
    scores = score_sound(sound, wrong, 16000, scoring_rate=16000, speech=False)
    assert scores.values["si_sdr"] < 40.0
    assert scores.values["mel"] > 0.01


def test_metrics_say_what_they_can_not_judge():
    pytest.importorskip("pesq")
    pytest.importorskip("pystoi")
    sound = babble(0.1, 16000)
    scores = score_sound(sound, sound, 16000, scoring_rate=8000, speech=True)
    assert set(scores.values) == {"mel", "si_sdr"}
    assert "a quarter of a second" in scores.problems["pesq"]
    assert "half a second" in scores.problems["stoi"]


def test_metrics_of_speech_are_for_speech():
    sound = babble(1.0, 16000)
    scores = score_sound(sound, sound, 16000, scoring_rate=16000, speech=False, metrics=METRICS)
    assert not {"pesq", "stoi"} & ({*scores.values} | {*scores.problems})
    assert scores.values["stft"] == 0.0 and scores.values["high_band"] == 0.0


def test_a_metric_without_its_package_is_left_out_and_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert usable_metrics(("mel", "visqol", "pesq"), speech=True) == ("mel",)
    assert METRICS["visqol"].missing() == "ViSQOL needs visqol, ai_edge_litert: pip install 'auricle[bench]'"


def test_rows_are_means_and_count_what_is_missing():
    scorer = Scorer(16000, speech=False)
    verdicts = [scorer.score(given, at_setting(Greedy(), 8.0)) for given in (clip(), clip(2), clip(seconds=3.0))]
    summed = summarise_row("greedy", "8 kb/s", verdicts, rejected=2)
    assert (summed.files, summed.rejected, summed.seconds) == (2, 3, 4.0)
    assert summed.kbps == pytest.approx(11.2)
    assert summed.si_sdr == 100.0
    text = format_rows([summed])
    assert "PESQ" not in text
    assert "3 more could not be judged" in text


def test_a_row_of_nothing():
    empty = summarise_row("greedy", "8 kb/s", [])
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


def test_bootstrap_of_a_ratio():
    ratio = bootstrap([8.0, 24.0], [1.0, 3.0])
    assert ratio is not None
    assert (ratio.mean, ratio.low, ratio.high) == (8.0, 8.0, 8.0)
    bits = bootstrap([10.0, 0.0], [1.0, 4.0])
    assert bits is not None
    assert (bits.mean, bits.low, bits.high) == (2.0, 0.0, 10.0)
    assert bootstrap(list(np.arange(50.0) ** 2), seed=1) != bootstrap(list(np.arange(50.0) ** 2), seed=2)


def test_a_metric_that_breaks_is_told_and_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(pair: object) -> float:
        raise ValueError("no numbers today")

    monkeypatch.setattr(metrics, "METRICS", {**metrics.METRICS, "mel": replace(metrics.METRICS["mel"], measure=broken)})
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 16000)).astype(np.float32)
    found = metrics.score_sound(noise, noise, 16000, scoring_rate=16000, speech=False, metrics=["mel", "stft"])
    assert found.values.keys() == {"stft"} and "no numbers today" in found.problems["mel"]

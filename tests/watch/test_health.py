"""Verdicts on made-up runs, one for each thing that can go wrong."""

import math
from dataclasses import replace

import pytest

from auricle.errors import FormatError
from auricle.verdict import Level, Verdict
from auricle.watch import Recorder, examine_run, is_run, verdicts
from auricle.watch.history import Entry, History
from auricle.watch.trend import participants, trend
from watch.watched import CONFIG, course, report


def judged(reports) -> dict[str, Verdict]:
    history = History().begun(CONFIG)
    for each in reports:
        history = history.plus(Entry.of(each))
    return {verdict.topic: verdict for verdict in verdicts(history)}


def learning(share: float) -> dict[str, float]:
    return {"mel": 0.4 + 0.6 * math.exp(-3 * share), "rate": 4.0}


def test_a_good_run_is_fine_everywhere():
    found = judged(course(terms=learning))
    assert list(found) == ["improvement", "overfitting", "gradients", "numbers", "speed", "dimensions"]
    assert {verdict.level for verdict in found.values()} == {Level.fine}
    assert "2 of 3 dimensions carry 95% of 161 bits per second" in found["dimensions"].text
    assert "more minutes would help" in found["improvement"].text
    assert all("\n" not in verdict.text for verdict in found.values())


def test_nothing_is_said_before_there_is_anything():
    assert verdicts(History()) == ()
    assert set(judged([report(10)])) == {"numbers"}


def test_a_run_that_goes_on_is_let_run():
    half = course(60)[:30]
    assert "let it run" in judged(half)["improvement"].text


@pytest.mark.parametrize(
    ("mel", "level", "words"),
    [
        (lambda x: 0.5, Level.fine, "stands still at 0.5"),
        (lambda x: 0.5 + 0.1 * x, Level.warning, "rose 5.9% in the last third, to 0.6: lower"),
        (lambda x: 0.2 + x, Level.bad, "rose"),
        (lambda x: math.nan if x > 0.95 else 0.5, Level.bad, "not finite"),
    ],
)
def test_improvement(mel, level, words):
    verdict = judged(course(mel=mel))["improvement"]
    assert verdict.level is level and words in verdict.text


def test_without_held_out_sounds_the_loss_is_judged():
    reports = course(every=1000, loss=lambda x: 3 - x)
    assert judged(reports)["improvement"].text.startswith("the training loss fell")


def test_one_outlier_is_no_trend():
    verdict = judged(course(mel=lambda x: 9.0 if x == 1.0 else 0.5))["improvement"]
    assert verdict.level is Level.fine


def test_overfitting():
    verdict = judged(course(mel=lambda x: 0.5 + 0.5 * x, terms=learning))["overfitting"]
    assert verdict.level is Level.bad and "by heart" in verdict.text and verdict.values["held_out"] > 0.1


def test_what_was_learned_by_heart_is_told_after_its_phase_too():
    first = course(mel=lambda x: 0.5 + 0.5 * x, terms=learning)
    second = [replace(entry, step=600 + entry.step) for entry in course(terms=learning, phase="adversarial")]
    verdict = judged([*first, *second])["overfitting"]
    assert verdict.level is Level.bad and "by heart" in verdict.text


@pytest.mark.parametrize(
    ("norm", "level", "words"),
    [
        (lambda x: 0.5, Level.fine, "above the limit of 1 in 0% of reports"),
        (lambda x: 3.0, Level.fine, "in 100% of reports"),
        (lambda x: 30.0, Level.warning, "cut off"),
        (lambda x: 1e-9, Level.bad, "nothing is learned"),
        (lambda x: math.exp(8 * x), Level.warning, "grew from"),
    ],
)
def test_gradients(norm, level, words):
    verdict = judged(course(gradient_norm=norm))["gradients"]
    assert verdict.level is level and words in verdict.text


def test_the_limit_of_gradients_is_that_of_the_phase():
    verdict = judged(course(gradient_norm=1.5, phase="adversarial"))["gradients"]
    assert "limit of 2 in 0%" in verdict.text


@pytest.mark.parametrize(("bad", "level"), [(0, Level.fine), (3, Level.warning), (60, Level.bad)])
def test_steps_that_were_not_finite(bad, level):
    verdict = judged(course(bad_steps=bad, events=("went back",) if bad else ()))["numbers"]
    assert verdict.level is level and (not bad or verdict.text.endswith("went back"))


@pytest.mark.parametrize(
    ("real", "fake", "level", "words"),
    [
        (0.7, 0.6, Level.fine, "balanced"),
        (0.99, 0.98, Level.warning, "win by far"),
        (0.51, 0.5, Level.warning, "guess"),
        (0.99, 0.01, Level.warning, "collapsed"),
    ],
)
def test_discriminators(real, fake, level, words):
    terms = {"mel": 0.5, "real_right": real, "fake_right": fake}
    verdict = judged(course(terms=terms, phase="adversarial"))["discriminators"]
    assert verdict.level is level and words in verdict.text


def test_a_busy_machine():
    verdict = judged(course(audio_per_second=lambda x: 20.0 if x < 0.8 else 6.0))["speed"]
    assert verdict.level is Level.warning and "6 s of sound per second, 20 before" in verdict.text


@pytest.mark.parametrize(
    ("usage", "topic", "level", "words"),
    [
        ({"bits": (0.1,) * 64}, "dimensions", Level.bad, "collapsed"),
        ({"bits": (900.0,) + (0.01,) * 63}, "dimensions", Level.warning, "1 of 64"),
        ({"bits": (math.nan, 900.0)}, "dimensions", Level.fine, "1 of 2"),
        ({"nats": (0.01, 0.02)}, "dimensions", Level.bad, "collapsed"),
        ({"nats": (1.0, 1.0)}, "dimensions", Level.fine, "2 of 2 dimensions carry 95% of 2 nats"),
        ({"variance": (1.0, 1e-6)}, "dimensions", Level.fine, "1 of 2"),
        ({"variance": (0.0, 0.0)}, "dimensions", Level.bad, "collapsed"),
        ({"perplexity": (500.0, 200.0), "codes": (1024.0, 1024.0)}, "codebooks", Level.fine, "number 2"),
        ({"perplexity": (500.0, 12.0), "codes": (1024.0, 1024.0)}, "codebooks", Level.warning, "12.0 codes of 1024"),
        ({"perplexity": (1.0, 4.0), "codes": (5.0, 5.0)}, "codebooks", Level.bad, "number 1"),
    ],
)
def test_what_passes_the_bottleneck(usage, topic, level, words):
    verdict = judged(course(usage=usage))[topic]
    assert verdict.level is level and words in verdict.text


def test_a_phase_is_judged_by_itself():
    first = course(30, loss=1.0, every=1000)
    second = [report(300 + 10 * i, of=600, loss=5.0, phase="adversarial") for i in range(1, 31)]
    assert "stands still at 5" in judged([*first, *second])["improvement"].text


def test_a_configuration_of_another_kind_is_no_obstacle():
    history = History().begun({"phases": 3, "objective": None})
    for each in course():
        history = history.plus(Entry.of(each))
    assert "limit" not in {v.topic: v for v in verdicts(history)}["gradients"].text


def test_a_folder_is_examined(tmp_path):
    assert not is_run(tmp_path)
    with pytest.raises(FormatError):
        examine_run(tmp_path)
    with Recorder(tmp_path, CONFIG, trackers=()) as recorder:
        for each in course():
            recorder.record(each)
        said = recorder.verdicts
    assert is_run(tmp_path)
    health = examine_run(tmp_path)
    assert health.verdicts == said and health.folder == tmp_path and health.history.config == CONFIG


def test_trends_and_participants():
    line = trend([(x, 10.0 - x) for x in range(6)], least=3)
    assert line and line.start == pytest.approx(10) and line.end == pytest.approx(5)
    assert line.change == pytest.approx(-0.5) and line.noise == pytest.approx(0)
    assert trend([(0, 1.0), (1, math.nan)], least=2) is None and trend([(1, 1.0), (1, 2.0)], least=2) is None
    assert participants([5.0, 90.0, 5.0], 0.95) == 2
    assert participants([0.0, 0.0], 0.95) == 0 and participants([1.0] * 20, 0.95) == 19

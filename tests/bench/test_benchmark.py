"""The whole benchmark, on sounds that are made and a model that was not trained."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auricle.bench import METRICS, AssetPaths, BenchmarkResult, codec_names, make_codec
from auricle.bench.benchmark import benchmark
from auricle.bench.report.text_summary import format_result, quality_markdown
from auricle.errors import DataError, ModelError, OptionError, OutputError
from auricle.options.benchmark import BenchmarkOptions
from auricle.progress import Progress
from bench.bench_sounds import babble, store
from model.tiny import BOTTLENECKS, tiny_model

QUICK = ("mel", "si_sdr", "stft")
SIGNAL_METRICS = {"mel", "stft", "si_sdr", "high_band", "buzz", "levels_40ms", "levels_8ms"}
needs_opus = pytest.mark.skipif(make_codec("opus").missing() is not None, reason=str(make_codec("opus").missing()))


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sounds")
    store(folder / "a.wav", babble(1.2, 16000), 16000)
    store(folder / "b.wav", babble(1.0, 16000, seed=1), 16000)
    store(folder / "c" / "stereo.wav", babble(1.0, 22050, channels=2, seed=2), 22050)
    store(folder / "short.wav", babble(0.1, 16000, seed=3), 16000)
    store(folder / "silent.wav", np.zeros((1, 8000), np.float32), 16000)
    (folder / "words.wav").write_text("words")
    return folder


@pytest.fixture(scope="module")
def result(sounds: Path) -> BenchmarkResult:
    return benchmark(
        sounds,
        model=tiny_model(),
        options=BenchmarkOptions(
            against=("vorbis", "opus", "mp3", "lyra", "opus-nolace"),
            kbps=(12, 0.3, 24),
            metrics=QUICK,
            skip_cost=True,
            seconds=1.0,
        ),
    )


def options(**values: Any) -> BenchmarkOptions:
    return BenchmarkOptions(**{"against": (), "kbps": (12,), "skip_cost": True, **values})


def test_no_codec_is_dropped_and_each_says_why(result: BenchmarkResult):
    assert [curve.codec for curve in result.curves] == ["tiny", "vorbis", "opus", "mp3", "lyra", "opus-nolace"]
    notes = {curve.codec: curve.note for curve in result.curves if not curve.points}
    assert {"lyra", "opus-nolace"} <= set(notes)
    assert all(notes.values())
    assert "give --lyra DIR" in notes["lyra"]
    text = format_result(result)
    assert all(note in text for note in notes.values())


def test_no_bitrate_is_dropped(result: BenchmarkResult):
    assert [point.setting for point in result.curves[0].points] == ["0.3 kb/s", "12 kb/s", "24 kb/s"]
    for curve in result.curves[1:]:
        if curve.points:
            lost = [point for point in curve.points if not point.files]
            assert [point.setting for point in lost][:1] == ["0.3 kb/s"]
            assert all("out of reach" in point.problems[0] for point in lost)
            assert any(point.files for point in curve.points)


def test_a_bitrate_that_the_model_can_not_keep_is_told(result: BenchmarkResult):
    lowest = result.curves[0].points[0]
    assert lowest.kbps is not None and lowest.kbps.mean > 0.4
    assert "0.3 kb/s was asked for" in lowest.problems[0]


def test_files_that_are_left_out_are_listed(result: BenchmarkResult):
    reasons = {file.name: file.problem for file in result.files}
    assert set(reasons) == {"a.wav", "b.wav", "c/stereo.wav", "short.wav", "silent.wav", "words.wav"}
    assert [name for name, problem in reasons.items() if problem] == ["words.wav", "silent.wav"]
    assert "is silent" in reasons["silent.wav"] and "is not audio" in reasons["words.wav"]
    assert all("/" not in problem for problem in reasons.values())
    text = format_result(result)
    assert re.search(r"2 files were left out:\n +words.wav .*is not audio.*\n +silent.wav is silent", text), text
    assert "several sample rates: 3 of 16000 Hz, 1 of 22050 Hz" in text


def test_every_file_has_a_result(result: BenchmarkResult):
    own = [verdict for verdict in result.file_results if (verdict.codec, verdict.setting) == ("tiny", "12 kb/s")]
    assert [verdict.file for verdict in own] == ["a.wav", "b.wav", "c/stereo.wav", "short.wav"]
    assert all(verdict.bytes and set(verdict.scores) == set(QUICK) for verdict in own)
    point = result.curves[0].points[1]
    assert point.scores["mel"].mean == pytest.approx(np.mean([verdict.scores["mel"] for verdict in own]))
    seconds = sum(file.seconds for file in result.files)
    assert point.kbps is not None
    assert point.kbps.mean == pytest.approx(sum(verdict.bytes or 0 for verdict in own) * 8 / 1000 / seconds)
    assert point.overhead is not None and 0 < point.overhead < 1


def test_json_and_back(result: BenchmarkResult):
    text = json.dumps(result.to_json(), allow_nan=False)
    assert BenchmarkResult.from_json(json.loads(text)) == result
    with pytest.raises(DataError, match="not a benchmark's result: title"):
        BenchmarkResult.from_json({})


def test_settings_and_times(result: BenchmarkResult):
    assert (result.settings["sample_rate"], result.settings["score_as"]) == (16000, "speech")
    assert (result.settings["models"], result.settings["kbps"]) == (["tiny"], [0.3, 12, 24])
    assert 0 < result.metric_seconds < result.work_seconds < result.wall_seconds + 1
    assert quality_markdown(result.curves).startswith("| codec | setting | kb/s |")


def test_differences_are_of_the_same_files(result: BenchmarkResult):
    first = result.pairs[0]
    assert {pair.codec for pair in result.pairs} == {"tiny"} and {pair.peer for pair in result.pairs} >= {"vorbis"}
    scores = {(file.codec, file.setting, file.file): file.scores["mel"] for file in result.file_results if file.scores}
    names = [file.name for file in result.files if not file.problem]
    differences = [
        scores[first.codec, first.setting, name] - scores[first.peer, first.peer_setting, name] for name in names
    ]
    assert first.differences["mel"].mean == pytest.approx(np.mean(differences))
    assert (first.files, first.groups) == (4, 4)
    assert "tiny less vorbis" in format_result(result)


def test_files_of_one_group_count_as_one(sounds: Path):
    values = {"against": ("vorbis",), "metrics": ("mel",), "groups": "^(.)"}
    grouped = benchmark(sounds, model=tiny_model(), options=options(**values))
    assert grouped.settings["groups"] == "^(.)"
    assert [(pair.files, pair.groups) for pair in grouped.pairs] == [(4, 4)]
    one = benchmark(sounds, model=tiny_model(), options=options(**values | {"groups": "wav"})).pairs[0]
    assert (one.files, one.groups) == (4, 1)
    assert one.differences["mel"].low == pytest.approx(one.differences["mel"].high)
    with pytest.raises(DataError, match=r"find nothing in a\.wav"):
        benchmark(sounds, model=tiny_model(), options=options(groups="speaker"))


@needs_opus
def test_savings_are_against_opus(result: BenchmarkResult):
    saved = {curve.codec: curve.bd_rate for curve in result.curves}
    assert saved["opus"] == {} and saved["lyra"] == {}
    assert set(saved["mp3"]) == set(QUICK)


def test_models_side_by_side_have_different_names(sounds: Path):
    models = [tiny_model(), tiny_model()]
    first, second = benchmark(sounds / "a.wav", model=models, options=options(metrics=("mel",))).curves
    assert (first.codec, second.codec) == ("tiny (1)", "tiny (2)")
    assert first.points[0].scores == second.points[0].scores


def test_a_model_that_makes_no_files(sounds: Path):
    model = tiny_model(BOTTLENECKS["identity"])
    (curve,) = benchmark(sounds / "a.wav", model=model, options=options(metrics=("mel",))).curves
    assert curve.points == () and "makes no files" in curve.note


def test_too_short_for_metrics(sounds: Path):
    pytest.importorskip("pesq")
    pytest.importorskip("pystoi")
    metrics = ("mel", "pesq", "stoi")
    result = benchmark(sounds / "short.wav", model=tiny_model(), options=options(metrics=metrics))
    (point,) = result.curves[0].points
    assert set(point.scores) == {"mel"} and point.files == 1
    assert any("PESQ-WB could not judge 1 of 1 file" in problem for problem in point.problems)
    assert "STOI" in format_result(result) and "PESQ" in result.file_results[0].problem


def test_the_seed_chooses_files(sounds: Path):
    def selection(seed: int) -> list[str]:
        paths = [sounds / "a.wav", sounds / "b.wav", sounds / "c"]
        result = benchmark(paths, model=tiny_model(), options=options(files=1, metrics=("mel",), seed=seed))
        return [file.name for file in result.files]

    selections = [selection(seed) for seed in (0, 0, 1, 2, 3, 4)]
    assert selections[0] == selections[1]
    assert len({tuple(names) for names in selections}) > 1


def test_a_file_that_can_not_be_used_is_replaced_by_another(sounds: Path):
    for seed in range(4):
        result = benchmark(sounds, model=tiny_model(), options=options(files=3, metrics=("mel",), seed=seed))
        assert result.curves[0].points[0].files == 3, "two of the files are silent or words"


def test_channels_are_compared_where_there_are_two(sounds: Path):
    def metrics(path: Path) -> list[str]:
        result = benchmark(path, model=tiny_model(), options=options(score_as="audio", kbps=(12,)))
        return result.settings["metrics"]

    assert "image" not in metrics(sounds / "a.wav") and "image" in metrics(sounds / "c")


def test_speech_or_not(sounds: Path):
    def settings(**values: Any) -> dict[str, Any]:
        return dict(benchmark(sounds / "a.wav", model=tiny_model(), options=options(**values)).settings)

    assert settings(sample_rate=32000, metrics=("mel",))["score_as"] == "audio"
    assert settings(sample_rate=32000, score_as="speech", metrics=("mel",))["score_as"] == "speech"
    assert settings(score_as="audio", metrics=("mel", "pesq"))["metrics"] == ["mel"]


def test_metrics_that_are_not_installed_are_told(sounds: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    result = benchmark(sounds / "a.wav", model=tiny_model(), options=options())
    assert any("not measured: ViSQOL needs" in note for note in result.notes)
    assert set(result.curves[0].points[0].scores) == {
        "mel",
        "stft",
        "si_sdr",
        "high_band",
        "buzz",
        "levels_40ms",
        "levels_8ms",
    }


def test_progress_ends_where_it_should(sounds: Path):
    steps: list[Progress] = []
    benchmark(
        sounds / "a.wav",
        model=tiny_model(),
        options=options(against=("opus-nolace", "vorbis"), kbps=(2, 12), metrics=("mel",)),
        on_progress=steps.append,
    )
    assert steps[0] == Progress("tiny", 0.0, 3, "codecs") and steps[-1] == Progress("report", 3, 3, "codecs")
    assert steps == sorted(steps, key=lambda step: step.done)
    assert list(dict.fromkeys(step.stage for step in steps)) == ["tiny", "opus-nolace", "vorbis", "report"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"kbps": ()}, "bitrates of nothing"),
        ({"against": ("opsu",)}, "no codec is called 'opsu': choose from .*opus"),
        ({"kbps": (3, -1)}, "give numbers above 0"),
        ({"kbps": (float("nan"),)}, "give numbers above 0"),
        ({"files": 0}, "0 files"),
        ({"seconds": 0}, "excerpts of 0 s"),
        ({"sample_rate": 100}, "at 100 Hz"),
        ({"score_as": "ear"}, "scored as 'ear': choose from auto"),
        ({"jobs": -1}, "-1 processes"),
        ({"groups": "("}, "no regular expression"),
        ({"metrics": ("beauty",)}, "no metric is called 'beauty': choose from visqol"),
    ],
)
def test_options_that_make_no_sense(sounds: Path, wrong: dict[str, Any], message: str):
    with pytest.raises(OptionError, match=message):
        benchmark(sounds, options=BenchmarkOptions(**wrong))


def test_other_bad_input(sounds: Path, tmp_path: Path):
    with pytest.raises(DataError, match="the only file can't be used; the first problem"):
        benchmark(sounds / "silent.wav")
    with pytest.raises(DataError, match=r"the only file can't be used; .*gone.wav does not exist"):
        benchmark(tmp_path / "gone.wav")
    with pytest.raises(DataError, match="holds no audio files"):
        benchmark(tmp_path)
    with pytest.raises(ModelError):
        benchmark(sounds / "a.wav", model="nonsense")
    page = tmp_path / "page.html"
    page.touch()
    with pytest.raises(OutputError):
        benchmark(sounds / "a.wav", out=page)


def test_processes_score_alike(sounds: Path):
    def scores(jobs: int) -> object:
        result = benchmark(sounds / "a.wav", model=tiny_model(), options=options(metrics=QUICK, jobs=jobs))
        return result.curves[0].points

    assert scores(1) == scores(2)


def test_names_and_metrics_are_known():
    assert "opus" in codec_names()
    signals = ["mel", "stft", "si_sdr", "high_band", "buzz", "levels_40ms", "levels_8ms"]
    judges = ["image", "zimtohrli", "dnsmos", "dnsmos_signal", "words", "speaker"]
    assert list(METRICS) == ["visqol", "pesq", "stoi", *signals, *judges]
    assert AssetPaths() == AssetPaths(None, None, None)

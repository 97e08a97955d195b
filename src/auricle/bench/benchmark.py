"""``auricle.benchmark``: codecs side by side."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, final

from auricle.atomic import check_writable
from auricle.bench.codecs import codec_names, make_codec
from auricle.bench.codecs.auricle import model_codecs
from auricle.bench.codecs.base import Codec, DecodedSound
from auricle.bench.corpus import BenchmarkCorpus, select_clips
from auricle.bench.cost.cost import codec_cost, model_cost
from auricle.bench.cost.pool import scoring_pool
from auricle.bench.machine_info import cores, describe_machine
from auricle.bench.scoring.clips import Clip
from auricle.bench.scoring.curves import bd_rates, file_result, summarise_point, unreachable_point
from auricle.bench.scoring.metrics import METRICS, usable_metrics
from auricle.bench.scoring.pairs import file_groups, paired_differences
from auricle.bench.scoring.rate_search import Setting, SettingSearch
from auricle.bench.scoring.results import ORIGINAL, BenchmarkResult, Cost, Curve, FileResult, Point, Sample
from auricle.bench.scoring.scorer import ClipResult, Scorer, at_setting, run_codec
from auricle.errors import OptionError
from auricle.extras import require
from auricle.model import Autoencoder, default_model, load
from auricle.options.benchmark import AssetPaths, BenchmarkOptions
from auricle.options.field_types import check_arguments
from auricle.progress import OnProgress, Progress, ignore_progress

ANCHOR = "opus"
_LISTENING_FILES = 3
_COST_KBPS = 6.0
_MOST_JOBS = 8


@final
@dataclass(frozen=True)
class _Entry:
    """A codec to compare: with what measures its cost, or why it can't run."""

    name: str
    codec: Codec | None
    reason: str = ""
    cost: Callable[[Clip, float], Cost] | None = None


@final
@dataclass
class _Run:
    """What has been measured so far."""

    scorer: Scorer
    pool: Executor
    options: BenchmarkOptions
    results: list[FileResult] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    metric_seconds: float = 0.0
    other_seconds: float = 0.0


@check_arguments()
def benchmark(
    sounds: str | Path | Sequence[str | Path],
    *,
    model: Autoencoder | str | Path | Sequence[Autoencoder | str | Path] | None = None,
    options: BenchmarkOptions | None = None,
    paths: AssetPaths | None = None,
    out: str | Path | None = None,
    force: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> BenchmarkResult:
    """Compress real files with Auricle and with other codecs, at the same bitrates, and score what comes back.

    Nothing that was asked for is left out in silence: a codec that can't run, a bitrate that is out of its reach and a
    file that can't be scored are in the result, each with the reason.

    Args:
        sounds: an audio file, a folder, or several of them.
        model: a shipped name, model file or model, or several of them. By default ``speech`` for sounds that are scored
            as speech, else ``music``.
        options: which codecs, at which bitrates, by which metrics.
        paths: where files of some codecs lie.
        out: HTML page to write, with sounds to listen to.
        force: replace ``out``.
        on_progress: is told how far the work is; its stages are the codecs.

    Raises:
        OptionError: an argument has a value that can't be used.
        DataError: no file can be used, or ``options.groups`` finds nothing in a file's name.
        ModelError: a model is unknown or malformed.
        OutputError: ``out`` can't be written.
    """
    started = time.perf_counter()
    options = options or BenchmarkOptions()
    for name in options.metrics:
        if name not in METRICS:
            raise OptionError(f"no metric is called {name!r}: choose from {', '.join(METRICS)}")
    for name in options.against:
        if name not in codec_names():
            raise OptionError(f"no codec is called {name!r}: choose from {', '.join(codec_names())}")
    if out is not None:
        require("matplotlib", extra="bench", purpose="curves on the page")
        check_writable(Path(out), force=force)
    sources = [sounds] if isinstance(sounds, str | Path) else list(sounds)
    corpus = select_clips(sources, files=options.files, seconds=options.seconds, seed=options.seed)
    groups = file_groups([clip.name for clip in corpus.clips], options.groups)
    sample_rate = options.sample_rate or corpus.sample_rate
    speech = {"auto": default_model(sample_rate) == "speech", "speech": True, "audio": False}[options.score_as]
    channels = max(len(clip.audio) for clip in corpus.clips)
    names = options.metrics or tuple(name for name, metric in METRICS.items() if metric.channels <= channels)
    scorer = Scorer(sample_rate, speech, usable_metrics(names, speech=speech))
    models = [model] if isinstance(model, Autoencoder | str | Path) else list(model or ())
    own_entries = _model_entries(models or ["speech" if speech else "music"], options.against)
    entries = [*own_entries, *_codec_entries(options.against, paths or AssetPaths())]
    with scoring_pool(options.jobs or min(_MOST_JOBS, cores())) as pool:
        run = _Run(scorer, pool, options)
        if out is not None:
            run.samples += [
                Sample(clip.name, ORIGINAL, "", None, clip.audio, clip.sample_rate)
                for clip in corpus.clips[:_LISTENING_FILES]
            ]
        curves = []
        for index, entry in enumerate(entries):

            def show(share: float, index: int = index, entry: _Entry = entry) -> None:
                on_progress(Progress(entry.name, index + share, len(entries), "codecs"))

            curves.append(_curve(entry, corpus.clips, run, show))
        on_progress(Progress("report", len(entries), len(entries), "codecs"))
    model_names = [entry.name for entry in own_entries]
    wall_seconds = time.perf_counter() - started
    result = BenchmarkResult(
        title=_title(model_names, options.against, corpus, sources),
        date=date.today().isoformat(),
        machine=describe_machine(),
        settings=_settings(options, scorer) | {"models": model_names, "sounds": [Path(path).name for path in sources]},
        curves=_with_bd_rates(curves),
        files=corpus.files,
        file_results=tuple(run.results),
        notes=(*corpus.notes, *_missing_metrics(names, speech)),
        wall_seconds=wall_seconds,
        metric_seconds=run.metric_seconds,
        work_seconds=run.metric_seconds + run.other_seconds,
        pairs=paired_differences(curves, run.results, groups, seed=options.seed),
    )
    if out is not None:
        from auricle.bench.report import report

        report(result, run.samples, Path(out), force=force)
    return result


def _settings(options: BenchmarkOptions, scorer: Scorer) -> dict[str, Any]:
    """Everything that decides the figures, by name."""
    return {
        "against": list(options.against),
        "kbps": sorted(set(options.kbps)),
        "files": options.files,
        "seconds": options.seconds,
        "sample_rate": scorer.sample_rate,
        "score_as": "speech" if scorer.speech else "audio",
        "metrics": list(scorer.metrics),
        "groups": options.groups,
        "anchor": ANCHOR,
        "seed": options.seed,
        "jobs": options.jobs,
    }


def _model_entries(models: Sequence[Autoencoder | str | Path], against: Sequence[str]) -> list[_Entry]:
    loaded = [model if isinstance(model, Autoencoder) else load(model) for model in models]
    labels = [
        str(index) if isinstance(model, Autoencoder) else Path(model).name
        for index, model in enumerate(models, start=1)
    ]
    return [
        _Entry(codec.name, codec, "", lambda clip, setting, model=model: model_cost(model, clip, setting))
        for codec, model in zip(model_codecs(loaded, labels, against), loaded, strict=True)
    ]


def _codec_entries(against: Sequence[str], paths: AssetPaths) -> Iterator[_Entry]:
    for name in dict.fromkeys(against):
        codec = make_codec(name, paths)
        reason = codec.missing()
        yield _Entry(
            name,
            None if reason else codec,
            reason or "",
            lambda clip, setting, name=name: codec_cost(name, paths, clip, setting),
        )


def _curve(entry: _Entry, clips: Sequence[Clip], run: _Run, show: Callable[[float], None]) -> Curve:
    show(0.0)
    codec = entry.codec
    reason = entry.reason or (codec.missing() if codec else "")
    if codec is None or reason:
        return Curve(entry.name, "", (), note=reason or "")
    not_scored = codec.not_scored()
    started = time.perf_counter()
    settings = [] if not_scored else _find_settings(codec, clips, sorted(set(run.options.kbps)))
    run.other_seconds += time.perf_counter() - started
    points = _points(entry.name, codec, settings, clips, run, show)
    cost = None
    if not run.options.skip_cost and entry.cost is not None:
        started = time.perf_counter()
        cost = entry.cost(max(clips, key=lambda clip: clip.seconds), _middle_setting(codec, settings))
        run.other_seconds += time.perf_counter() - started
    return Curve(entry.name, codec.version(), points, cost, note=not_scored or codec.note())


def _middle_setting(codec: Codec, settings: Sequence[Setting]) -> float:
    """The middle one of those in reach; without any, the one nearest to 6 kb/s."""
    values = [setting.value for setting in settings if setting.in_reach]
    if values:
        return values[len(values) // 2]
    setting_range = codec.setting_range
    return min(setting_range.steps or (setting_range.low,), key=lambda value: abs(value - _COST_KBPS))


def _find_settings(codec: Codec, clips: Sequence[Clip], kbps: Sequence[float]) -> list[Setting]:
    """One for each bitrate, and for those out of reach the nearest one besides."""
    search = SettingSearch(codec, clips)
    settings = [search.find(bitrate) for bitrate in kbps]
    by_value: dict[float, Setting] = {}  # bitrates so near to each other that they are one setting count once
    for setting in sorted(settings, key=lambda setting: not setting.in_reach):
        nearest = setting if setting.in_reach else replace(setting, target_kbps=setting.kbps or setting.target_kbps)
        by_value.setdefault(setting.value, nearest)
    unreachable = [setting for setting in settings if not setting.in_reach]
    return sorted([*by_value.values(), *unreachable], key=lambda setting: setting.target_kbps)


def _points(
    name: str,
    codec: Codec,
    settings: Sequence[Setting],
    clips: Sequence[Clip],
    run: _Run,
    show: Callable[[float], None],
) -> tuple[Point, ...]:
    pending: list[list[Future[ClipResult]]] = []
    for index, setting in enumerate(settings):
        show(index / len(settings))
        pending.append([_submit(name, codec, setting, clip, run) for clip in clips] if setting.in_reach else [])
    points = []
    for setting, futures in zip(settings, pending, strict=True):
        if not setting.in_reach:
            points.append(unreachable_point(setting))
            continue
        results = [future.result() for future in futures]
        run.metric_seconds += sum(result.metric_seconds for result in results)
        text = codec.setting_text(setting.value)
        run.results += [file_result(name, text, result) for result in results]
        points.append(summarise_point(text, setting, results, seed=run.options.seed))
    return tuple(points)


def _submit(name: str, codec: Codec, setting: Setting, clip: Clip, run: _Run) -> Future[ClipResult]:
    """Code a clip now; it may be scored later."""
    started = time.perf_counter()
    decoded = run_codec(clip, at_setting(codec, setting.value))
    run.other_seconds += time.perf_counter() - started
    match decoded:
        case ClipResult():
            failed = Future[ClipResult]()
            failed.set_result(decoded)
            return failed
        case DecodedSound():
            if any(clip.name == sample.file for sample in run.samples):
                text = codec.setting_text(setting.value)
                run.samples.append(Sample(clip.name, name, text, decoded.kbps, decoded.audio, clip.sample_rate))
            return run.pool.submit(run.scorer.score_decoded, clip, decoded)


def _with_bd_rates(curves: Sequence[Curve]) -> tuple[Curve, ...]:
    """Curves with their BD-rates against the anchor, if it ran."""
    anchor = next((curve for curve in curves if curve.codec == ANCHOR and curve.points), None)
    if anchor is None:
        return tuple(curves)
    return tuple(
        replace(curve, bd_rate=bd_rates(anchor, curve)) if curve is not anchor and curve.points else curve
        for curve in curves
    )


def _missing_metrics(names: Sequence[str], speech: bool) -> list[str]:
    metrics = [METRICS[name] for name in names]
    reasons = [metric.missing() for metric in metrics if metric.judges(speech=speech)]
    return [f"not measured: {reason}" for reason in reasons if reason]


def _title(
    models: Sequence[str], against: Sequence[str], corpus: BenchmarkCorpus, sources: Sequence[str | Path]
) -> str:
    beside = f" beside {', '.join(against)}" if against else ""
    folder = f" of {Path(sources[0]).name}" if len(sources) == 1 else ""
    count = len(corpus.clips)
    return f"{', '.join(models)}{beside}: {count} file{'s' if count > 1 else ''}{folder}"

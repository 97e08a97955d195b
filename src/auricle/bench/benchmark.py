"""``auricle.benchmark``: codecs side by side."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any, final

from auricle.atomic import check_writable
from auricle.bench.codecs import Places, names, peer
from auricle.bench.codecs.auricle import named
from auricle.bench.codecs.base import Decoded, Peer
from auricle.bench.corpus import Material, gather
from auricle.bench.cost.cost import model_cost, peer_cost
from auricle.bench.cost.pool import scorer
from auricle.bench.machine_info import machine
from auricle.bench.scoring.clips import Clip
from auricle.bench.scoring.curves import file_verdict, point, savings, unreached
from auricle.bench.scoring.judge import Verdict, Yardstick, at, coded
from auricle.bench.scoring.metrics import METRICS, usable
from auricle.bench.scoring.rate_search import Fitter, Setting
from auricle.bench.scoring.results import ORIGINAL, BenchmarkResult, Cost, Curve, FileVerdict, Point, Sample
from auricle.errors import OptionError
from auricle.extras import require
from auricle.model import Autoencoder, default_model, load

KBPS = (1.5, 3.0, 6.0, 9.0, 12.0, 24.0)
ANCHOR = "opus"
_HEARD_FILES = 3
_COST_KBPS = 6.0

Progress = Callable[[float, str], None]
"""Is told the share that is done, 0 to 1, and which codec is at work."""


@final
@dataclass(frozen=True)
class _Entry:
    """A codec that was asked for: with what measures its cost, or why there is none."""

    name: str
    codec: Peer | None
    reason: str = ""
    cost: Callable[[Clip, float], Cost] | None = None


@final
@dataclass
class _Work:
    """What has been done so far."""

    yardstick: Yardstick
    pool: Executor
    seed: int
    verdicts: list[FileVerdict] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    metric_seconds: float = 0.0
    other_seconds: float = 0.0


def benchmark(
    sounds: str | Path | Sequence[str | Path],
    *,
    models: Sequence[Autoencoder | str | Path] | None = None,
    against: Sequence[str] = (ANCHOR,),
    kbps: Sequence[float] = KBPS,
    files: int = 12,
    seconds: float = 10.0,
    rate: int | None = None,
    speech: bool | None = None,
    metrics: Sequence[str] | None = None,
    lyra: str | Path | None = None,
    weights: str | Path | None = None,
    libopus: str | Path | None = None,
    cost: bool = True,
    jobs: int = 1,
    out: str | Path | None = None,
    force: bool = False,
    seed: int = 0,
    on_progress: Progress = lambda share, codec: None,
) -> BenchmarkResult:
    """Compress real files with Auricle and with other codecs, at the same bitrates, and judge what comes back.

    Nothing that was asked for is left out in silence: a codec that can't run, a bitrate that is out of its reach and a
    file that can't be judged are in the result, each with the reason.

    Args:
        sounds: an audio file, a folder, or several of them.
        models: Auricle's: shipped names, model files or models. By default ``speech`` for sounds that are judged as
            speech, else ``music``.
        against: names of other codecs; ``auricle.bench.names()`` tells all.
        kbps: bitrates to compare at, all channels together.
        files: how many files at most; the seed chooses.
        seconds: longest excerpt of a file.
        rate: at which sounds are judged, in Hz; by default the most frequent one of the files, at most 48000.
        speech: whether to judge as speech; by default up to 24 kHz.
        metrics: names of those wanted (see ``auricle.bench.METRICS``), by default all that are installed.
        lyra: folder with Lyra V2's released TFLite files.
        weights: folder with weights of neural peers, one folder each.
        libopus: a shared library of libopus with its neural decoder.
        cost: whether to measure speed, memory and operations.
        jobs: processes that score. More than one needs a program whose main module may be imported.
        out: HTML page to write, with sounds to listen to.
        force: replace ``out``.
        seed: decides which files are used, and the bootstrap.
        on_progress: is told how far the work is.

    Raises:
        OptionError: an argument has a value that can't be used.
        DataError: no file can be used.
        ModelError: a model is unknown or malformed.
        OutputError: ``out`` can't be written.
    """
    started = time.perf_counter()
    _check(kbps, files, seconds, rate, jobs, metrics)
    if out is not None:
        require("matplotlib", extra="bench", purpose="curves on the page")
        check_writable(Path(out), force=force)
    given = [sounds] if isinstance(sounds, str | Path) else list(sounds)
    material = gather(given, files=files, seconds=seconds, seed=seed)
    judged = rate or material.rate
    as_speech = default_model(judged) == "speech" if speech is None else speech
    yardstick = Yardstick(judged, as_speech, usable(metrics or METRICS, speech=as_speech))
    places = Places(*(None if each is None else Path(each) for each in (lyra, weights, libopus)))
    ours = _own(models or ("speech" if as_speech else "music",), against)
    entries = [*ours, *_peers(against, places)]
    with scorer(jobs) as pool:
        work = _Work(yardstick, pool, seed)
        work.samples += [] if out is None else _originals(material.clips)
        curves = []
        for index, entry in enumerate(entries):
            tell = partial(_tell, on_progress, entry.name, index, len(entries))
            curves.append(_curve(entry, material.clips, sorted(set(kbps)), work, cost, tell))
        on_progress(1.0, "")
    own = [entry.name for entry in ours]
    wall = time.perf_counter() - started
    result = BenchmarkResult(
        title=_title(own, against, material, given),
        made=date.today().isoformat(),
        machine=machine(),
        settings={
            "models": own,
            "against": list(against),
            "sounds": [Path(each).name for each in given],
            "kbps": sorted(set(kbps)),
            "files": files,
            "seconds": seconds,
            **_judged(yardstick),
            "anchor": ANCHOR,
            "seed": seed,
            "jobs": jobs,
        },
        curves=_compared(curves),
        files=material.files,
        verdicts=tuple(work.verdicts),
        notes=(*material.notes, *_missing(metrics or METRICS, as_speech)),
        wall_seconds=wall,
        metric_seconds=work.metric_seconds,
        work_seconds=work.metric_seconds + work.other_seconds,
    )
    if out is not None:
        from auricle.bench.report import report

        report(result, work.samples, Path(out), force=force)
    return result


def _judged(yardstick: Yardstick) -> dict[str, Any]:
    return {
        "judged at Hz": yardstick.rate,
        "judged as": "speech" if yardstick.speech else "audio",
        "metrics": list(yardstick.metrics),
    }


def _own(models: Sequence[Autoencoder | str | Path], against: Sequence[str]) -> list[_Entry]:
    loaded = [each if isinstance(each, Autoencoder) else load(each) for each in models]
    labels = [str(index + 1) if isinstance(each, Autoencoder) else Path(each).name for index, each in enumerate(models)]
    return [
        _Entry(codec.name, codec, "", lambda clip, setting, model=model: model_cost(model, clip, setting))
        for codec, model in zip(named(loaded, labels, against), loaded, strict=True)
    ]


def _peers(against: Sequence[str], places: Places) -> Iterator[_Entry]:
    for name in dict.fromkeys(against):
        if name not in names():
            yield _Entry(name, None, f"no codec is called {name!r}: choose from {', '.join(names())}")
            continue
        codec = peer(name, places)
        reason = codec.available()
        yield _Entry(
            name,
            None if reason else codec,
            reason or "",
            lambda clip, setting, name=name: peer_cost(name, places, clip, setting),
        )


def _curve(
    entry: _Entry, clips: Sequence[Clip], kbps: Sequence[float], work: _Work, cost: bool, tell: Callable[[float], None]
) -> Curve:
    tell(0.0)
    codec = entry.codec
    reason = entry.reason or (codec.available() if codec else "")
    if codec is None or reason:
        return Curve(entry.name, "", (), note=reason or "")
    unjudged = codec.unjudged()
    started = time.perf_counter()
    settings = [] if unjudged else _settings(codec, clips, kbps)
    work.other_seconds += time.perf_counter() - started
    points = _points(entry.name, codec, settings, clips, work, tell)
    needs = None
    if cost and entry.cost is not None:
        started = time.perf_counter()
        longest = max(clips, key=lambda clip: clip.seconds)
        reached = [setting.value for setting in settings if setting.in_reach]
        middle = reached[len(reached) // 2] if reached else min(codec.dial.steps or (codec.dial.low,), key=_far)
        needs = entry.cost(longest, middle)
        work.other_seconds += time.perf_counter() - started
    return Curve(entry.name, codec.version(), points, needs, note=unjudged or codec.note())


def _far(setting: float) -> float:
    return abs(setting - _COST_KBPS)


def _settings(codec: Peer, clips: Sequence[Clip], kbps: Sequence[float]) -> list[Setting]:
    """One for each bitrate, and for those out of reach the nearest one besides."""
    fitter = Fitter(codec, clips)
    fitted = [fitter.fit(each) for each in kbps]
    used: dict[float, Setting] = {}  # bitrates so near to each other that they are one setting count once
    for each in sorted(fitted, key=lambda each: not each.in_reach):
        used.setdefault(each.value, each if each.in_reach else replace(each, asked=each.reached or each.asked))
    far = [each for each in fitted if not each.in_reach]
    return sorted([*used.values(), *far], key=lambda each: each.asked)


def _points(
    name: str,
    codec: Peer,
    settings: Sequence[Setting],
    clips: Sequence[Clip],
    work: _Work,
    tell: Callable[[float], None],
) -> tuple[Point, ...]:
    pending: list[list[Future[Verdict]]] = []
    for index, setting in enumerate(settings):
        tell(index / len(settings))
        heard = clips if setting.in_reach else ()
        pending.append([_submitted(name, codec, setting, clip, work) for clip in heard])
    points = []
    for setting, futures in zip(settings, pending, strict=True):
        if not setting.in_reach:
            points.append(unreached(setting))
            continue
        verdicts = [future.result() for future in futures]
        work.metric_seconds += sum(verdict.metric_seconds for verdict in verdicts)
        text = codec.text(setting.value)
        work.verdicts += [file_verdict(name, text, verdict) for verdict in verdicts]
        points.append(point(text, setting, verdicts, seed=work.seed))
    return tuple(points)


def _submitted(name: str, codec: Peer, setting: Setting, clip: Clip, work: _Work) -> Future[Verdict]:
    """Code a clip now; it may be scored later."""
    started = time.perf_counter()
    decoded = coded(clip, at(codec, setting.value))
    work.other_seconds += time.perf_counter() - started
    match decoded:
        case Verdict():
            return work.pool.submit(_itself, decoded)
        case Decoded():
            if any(clip.name == sample.file for sample in work.samples):
                text = codec.text(setting.value)
                work.samples.append(Sample(clip.name, name, text, decoded.kbps, decoded.audio, clip.sample_rate))
            return work.pool.submit(work.yardstick.compare, clip, decoded)


def _itself(verdict: Verdict) -> Verdict:
    return verdict


def _originals(clips: Sequence[Clip]) -> list[Sample]:
    return [Sample(clip.name, ORIGINAL, "", None, clip.audio, clip.sample_rate) for clip in clips[:_HEARD_FILES]]


def _compared(curves: Sequence[Curve]) -> tuple[Curve, ...]:
    """Curves with their savings against the anchor, if it ran."""
    anchor = next((curve for curve in curves if curve.codec == ANCHOR and curve.points), None)
    if anchor is None:
        return tuple(curves)
    return tuple(
        replace(curve, bd_rate=savings(anchor, curve)) if curve is not anchor and curve.points else curve
        for curve in curves
    )


def _missing(metrics: Iterable[str], speech: bool) -> list[str]:
    wanted = [METRICS[name] for name in metrics]
    absent = [metric.missing() for metric in wanted if speech or not metric.speech_only]
    return [f"not measured: {reason}" for reason in absent if reason]


def _title(own: Sequence[str], against: Sequence[str], material: Material, given: Sequence[str | Path]) -> str:
    beside = f" beside {', '.join(against)}" if against else ""
    where = f" of {Path(given[0]).name}" if len(given) == 1 else ""
    count = len(material.clips)
    return f"{', '.join(own)}{beside}: {count} file{'s' if count > 1 else ''}{where}"


def _tell(on_progress: Progress, name: str, index: int, entries: int, share: float) -> None:
    on_progress((index + share) / entries, name)


def _check(
    kbps: Sequence[float], files: int, seconds: float, rate: int | None, jobs: int, metrics: Sequence[str] | None
) -> None:
    if not kbps or not all(isfinite(each) and each > 0 for each in kbps):
        raise OptionError(f"bitrates of {', '.join(map(str, kbps)) or 'nothing'} kb/s: give numbers above 0")
    if files < 1:
        raise OptionError(f"{files} files: give 1 or more")
    if not (isfinite(seconds) and seconds > 0):
        raise OptionError(f"excerpts of {seconds:g} s: give a positive length")
    if rate is not None and not 8000 <= rate <= 192_000:
        raise OptionError(f"sounds can't be judged at {rate} Hz: give 8000 to 192000")
    if jobs < 1:
        raise OptionError(f"{jobs} processes can't score anything: give 1 or more")
    for name in metrics or ():
        if name not in METRICS:
            raise OptionError(f"no metric is called {name!r}: choose from {', '.join(METRICS)}")

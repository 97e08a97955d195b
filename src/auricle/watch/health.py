"""How a run is doing, in plain words with the number and what to do: pure functions on its history."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import final

import numpy as np

from auricle.verdict import Level, Verdict
from auricle.watch.history import HISTORY, Entry, History, read_history
from auricle.watch.run_config import RunConfig
from auricle.watch.trend import Trend, participants, trend

_SHARE = 0.95
_WIDE, _FEW = 16, 0.05
_EARLY = 0.1
_IDLE, _DEAD = 0.5, 0.1
_STILL, _WORSE, _MUCH_WORSE = 0.01, 0.02, 0.1
_FEW_MEASUREMENTS, _FEW_REPORTS = 3, 12
_STEADY = 5  # points, of which one may be an outlier without turning the line
_VANISHED, _GROWN, _OVER_CLIP = 1e-6, 5.0, 10.0
_CERTAIN, _GUESSING, _ONE_SIDED = 0.97, 0.53, 0.95
_SLOW = 0.5
_MANY_BAD = 0.01
_LEVELS = tuple(Level)


@final
@dataclass(frozen=True)
class _Measure:
    """Of dimensions: its name in the usage, the format of its sum, below which sum nothing passes, and the cure."""

    name: str
    sum_format: str
    least: float
    cure: str


_MEASURES = (
    _Measure("bits", "{:.0f} bits per second", 50.0, "lower the weight of the rate"),
    _Measure("nats", "{:.3g} nats per frame", 0.1, "lower the weight of the divergence kl"),
    _Measure("variance", "a variance of {:.3g}", 1e-8, "lower the learning rate, or check the sounds"),
)


def traffic(history: History) -> tuple[Verdict, ...]:
    """Judge the last measurement; nothing before there is one."""
    if not history.measured:
        return ()
    entry, last = history.measured[-1]
    early = entry.progress < _EARLY
    verdicts = [
        _dimensions(measure, last.usage[measure.name], early) for measure in _MEASURES if measure.name in last.usage
    ]
    if {"perplexity", "codes"} <= last.usage.keys():
        verdicts.append(_codebooks(last.usage, early))
    return tuple(verdicts)


def _dimensions(measure: _Measure, amounts: Sequence[float], early: bool) -> Verdict:
    finite = [amount if math.isfinite(amount) else 0.0 for amount in amounts]
    total, busy = sum(finite), participants(finite, _SHARE)
    summary = f"{busy} of {len(finite)} dimensions carry {_SHARE:.0%} of {measure.sum_format.format(total)}"
    values = {"active": float(busy), "dimensions": float(len(finite)), measure.name: total}
    if total < measure.least:
        carried = measure.sum_format.format(total)
        text = f"the latent has collapsed, all dimensions together carry {carried}: {measure.cure}"
        return Verdict("dimensions", Level.warning if early else Level.bad, text, values)
    if len(finite) >= _WIDE and busy <= _FEW * len(finite):
        text = f"{summary}: most of the latent is idle, {measure.cure} or make the latent narrower"
        return Verdict("dimensions", Level.warning, text, values)
    return Verdict("dimensions", Level.fine, f"{summary}: fine", values)


def _codebooks(usage: Mapping[str, tuple[float, ...]], early: bool) -> Verdict:
    """By the share of its bits that a codebook uses: log of the perplexity over log of the codes."""
    shares = [_used(used, codes) for used, codes in zip(usage["perplexity"], usage["codes"], strict=True)]
    worst = min(range(len(shares)), key=shares.__getitem__)
    used, codes = usage["perplexity"][worst], usage["codes"][worst]
    values = {"codebooks": float(len(shares)), "worst": worst + 1.0, "perplexity": used, "codes": codes}
    summary = f"of {len(shares)} codebooks, number {worst + 1} is used least: like {used:.1f} codes of {codes:.0f}"
    if shares[worst] >= _IDLE:
        return Verdict("codebooks", Level.fine, f"{summary}: fine", values)
    idle = sum(share < _IDLE for share in shares)
    level = Level.bad if shares[worst] < _DEAD and not early else Level.warning
    advice = f"{idle} use less than half of their bits, make codebooks fewer or smaller, or train longer"
    return Verdict("codebooks", level, f"{summary}: {advice}", values)


def _used(perplexity: float, codes: float) -> float:
    return math.log(max(1.0, perplexity)) / math.log(codes) if codes > 1 else 1.0


@final
@dataclass(frozen=True)
class RunHealth:
    """What a run's folder tells: the verdicts, and the history that they rest on."""

    folder: Path
    verdicts: tuple[Verdict, ...]
    history: History


def is_run(folder: Path) -> bool:
    """Whether a folder is that of a training run."""
    return (folder / HISTORY).is_file()


def examine_run(folder: Path) -> RunHealth:
    """Judge a run, also while it goes on.

    Raises:
        FormatError: the folder holds no history of a run.
    """
    history = read_history(folder)
    return RunHealth(folder, verdicts(history), history)


def verdicts(history: History) -> tuple[Verdict, ...]:
    """Everything that can be said so far, always in the same order."""
    verdicts_or_none = [check(history) for check in _CHECKS]
    return (*(verdict for verdict in verdicts_or_none if verdict is not None), *traffic(history))


def improvement(history: History) -> Verdict | None:
    """Is it still improving? The held-out distance over the last third of the run, or the loss before there is one."""
    measured = history.measured
    if measured and not np.isfinite(measured[-1][1].figure):
        text = "the decoded held-out sound is not finite: stop, and resume with a lower learning rate"
        return Verdict("improvement", Level.bad, text)
    entries = _phase(history)
    figures = [(entry.seconds, entry.measured.figure) for entry in entries if entry.measured]
    line = _line(figures, _FEW_MEASUREMENTS)
    if line is not None:
        return _improvement(f"the held-out {measured[-1][1].measure}", line, done=entries[-1].progress >= 1.0)
    line = _line([(entry.seconds, entry.loss) for entry in entries], _FEW_REPORTS)
    return line and _improvement("the training loss", line, done=entries[-1].progress >= 1.0)


def _improvement(name: str, line: Trend, *, done: bool) -> Verdict:
    span = f"{abs(line.change):.1%} in the last third, to {line.end:.3g}"
    level = Level.fine
    if line.change <= -_STILL:
        text = f"{name} fell {span}: {'more minutes would help' if done else 'still improving, let it run'}"
    elif line.change < max(_WORSE, line.noise):
        text = (
            f"{name} stands still at {line.end:.3g} ({line.change:+.1%} in the last third): more minutes add little; "
            "more sounds or a larger size may"
        )
    else:
        level = Level.bad if line.change >= _MUCH_WORSE else Level.warning
        text = f"{name} rose {span}: lower the learning rate, or stop here and keep the best checkpoint"
    return Verdict("improvement", level, text, {"change": line.change, "now": line.end})


def overfitting(history: History) -> Verdict | None:
    """Does the distance on training sounds fall while that on held-out ones rises? The worst of all phases."""
    phases = [tuple(entries) for _, entries in groupby(history.entries, key=lambda entry: entry.phase)]
    verdicts = [verdict for entries in phases if (verdict := _overfitting(history, entries))]
    return max(reversed(verdicts), key=lambda verdict: _LEVELS.index(verdict.level), default=None)


def _overfitting(history: History, entries: Sequence[Entry]) -> Verdict | None:
    plan = RunConfig.of(history.config)
    held_out = _line([(e.seconds, e.measured.figure) for e in entries if e.measured], _FEW_MEASUREMENTS + 1)
    learned = _line([(e.seconds, plan.distance(e)) for e in entries], _FEW_REPORTS)
    if held_out is None or learned is None:
        return None
    measure = next(entry.measured.measure for entry in reversed(entries) if entry.measured)
    summary = f"training {learned.change:+.1%}, held-out {measure} {held_out.change:+.1%} in the last third"
    values = {"training": learned.change, "held_out": held_out.change}
    if learned.change < -_STILL and held_out.change > max(_WORSE, held_out.noise):
        level = Level.bad if held_out.change >= _MUCH_WORSE else Level.warning
        advice = "it learns its sounds by heart: add sounds, or use a smaller size or budget"
        return Verdict("overfitting", level, f"{summary}: {advice}", values)
    return Verdict("overfitting", Level.fine, f"{summary}: no sign of it", values)


def gradients(history: History) -> Verdict | None:
    """Gradient norms of the last third against those before and against the limit."""
    entries = [entry for entry in _phase(history) if np.isfinite(entry.gradient_norm)]
    if len(entries) < _FEW_REPORTS:
        return None
    norms = np.array([entry.gradient_norm for entry in entries])
    third = len(norms) // 3
    now, before = float(np.median(norms[-third:])), float(np.median(norms[-2 * third : -third]))
    clip = RunConfig.of(history.config).clip(entries[-1].phase)
    clipped = float((norms[-third:] > clip).mean())
    values = {"norm": now, "before": before, "clipped": clipped}
    level, advice = Level.fine, f"the median norm is {now:.3g}"
    if np.isfinite(clip):
        advice += f", above the limit of {clip:g} in {clipped:.0%} of reports"
    if now < _VANISHED:
        level, advice = Level.bad, f"the median norm is {now:.1e}: nothing is learned, raise the weights of the losses"
    elif now > _GROWN * before:
        level = Level.warning
        advice = f"the median norm grew from {before:.3g} to {now:.3g} in the last third: lower the learning rate"
    elif now > _OVER_CLIP * clip:
        level, advice = Level.warning, f"{advice}: almost all is cut off, raise the limit or lower the losses' weights"
    return Verdict("gradients", level, advice, values)


def finiteness(history: History) -> Verdict | None:
    """Steps that were left out because a number was not finite."""
    if history.last is None:
        return None
    bad, steps = history.bad_steps, history.last.step
    values = {"bad_steps": float(bad), "steps": float(steps)}
    if not bad:
        return Verdict("numbers", Level.fine, f"all of {steps} steps were finite", values)
    level = Level.bad if bad > _MANY_BAD * steps else Level.warning
    last = f"; the last event: {history.events[-1].text}" if history.events else ""
    text = f"{bad} of {steps} steps were not finite and were left out"
    advice = "check the sounds with auricle doctor, lower the learning rate or train in float32"
    return Verdict("numbers", level, f"{text}: {advice}{last}", values)


def balance(history: History) -> Verdict | None:
    """How often the discriminators are right, over the last third of their phase; 50 % is guessing."""
    entries = [entry for entry in _phase(history) if {"real_right", "fake_right"} <= entry.terms.keys()]
    if len(entries) < _FEW_MEASUREMENTS:
        return None
    late = entries[-max(1, len(entries) // 3) :]
    real, fake = (float(np.nanmedian([e.terms[name] for e in late])) for name in ("real_right", "fake_right"))
    values = {"real_right": real, "fake_right": fake}
    summary = f"the discriminators tell {real:.0%} of originals and {fake:.0%} of decoded sounds right"
    if min(real, fake) >= _CERTAIN:
        advice = "they win by far and teach little, lower their learning rate or give them a smaller network"
    elif max(real, fake) >= _ONE_SIDED and min(real, fake) <= 1 - _ONE_SIDED:
        advice = "they have collapsed and say the same of everything, lower their learning rate"
    elif (real + fake) / 2 <= _GUESSING:
        advice = "they guess and teach little, give them more steps before the phase or a higher learning rate"
    else:
        return Verdict("discriminators", Level.fine, f"{summary}: balanced", values)
    return Verdict("discriminators", Level.warning, f"{summary}: {advice}", values)


def speed(history: History) -> Verdict | None:
    """Seconds of sound per second, lately against the whole phase."""
    entries = [entry for entry in _phase(history) if entry.audio_per_second > 0]
    if len(entries) < _FEW_REPORTS:
        return None
    usual = float(np.median([entry.audio_per_second for entry in entries]))
    late = entries[-max(5, len(entries) // 10) :]
    now = float(np.median([entry.audio_per_second for entry in late]))
    values = {"now": now, "usual": usual}
    if now < _SLOW * usual:
        text = f"{now:.0f} s of sound per second, {usual:.0f} before: the machine is busy, look for other work on it"
        return Verdict("speed", Level.warning, text, values)
    return Verdict("speed", Level.fine, f"{now:.0f} s of sound per second", values)


_CHECKS: tuple[Callable[[History], Verdict | None], ...] = (
    improvement,
    overfitting,
    gradients,
    finiteness,
    balance,
    speed,
)


def _phase(history: History) -> tuple[Entry, ...]:
    """Entries of the phase that goes on: losses of two phases can't be compared."""
    entries = history.entries
    return tuple(entry for entry in entries if entry.phase == entries[-1].phase)


def _line(points: list[tuple[float, float]], least: int) -> Trend | None:
    """Through the last third of the time, or through more of it where that holds too few points."""
    finite = [(x, y) for x, y in points if np.isfinite(y)]
    if not finite:
        return None
    begin = finite[-1][0] - (finite[-1][0] - finite[0][0]) / 3
    late = sum(x >= begin for x, _ in finite)
    return trend(finite[-max(late, least, _STEADY) :], least=least)

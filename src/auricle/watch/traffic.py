"""What passes through the bottleneck: verdicts on its dimensions and codebooks."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from auricle.verdict import Level, Verdict
from auricle.watch.history import History
from auricle.watch.trend import participants

_SHARE = 0.95
_WIDE, _FEW = 16, 0.05
_EARLY = 0.1
_IDLE, _DEAD = 0.5, 0.1


@final
@dataclass(frozen=True)
class _Measure:
    """Of dimensions: its name in the usage, how its sum is told, below which sum nothing passes, and the cure."""

    name: str
    told: str
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
    found = [
        _dimensions(measure, last.usage[measure.name], early) for measure in _MEASURES if measure.name in last.usage
    ]
    if {"perplexity", "codes"} <= last.usage.keys():
        found.append(_codebooks(last.usage, early))
    return tuple(found)


def _dimensions(measure: _Measure, amounts: Sequence[float], early: bool) -> Verdict:
    finite = [amount if math.isfinite(amount) else 0.0 for amount in amounts]
    total, busy = sum(finite), participants(finite, _SHARE)
    said = f"{busy} of {len(finite)} dimensions carry {_SHARE:.0%} of {measure.told.format(total)}"
    values = {"active": float(busy), "dimensions": float(len(finite)), measure.name: total}
    if total < measure.least:
        text = f"the latent has collapsed, all dimensions together carry {measure.told.format(total)}: {measure.cure}"
        return Verdict("dimensions", Level.warning if early else Level.bad, text, values)
    if len(finite) >= _WIDE and busy <= _FEW * len(finite):
        text = f"{said}: most of the latent is idle, {measure.cure} or make the latent narrower"
        return Verdict("dimensions", Level.warning, text, values)
    return Verdict("dimensions", Level.fine, f"{said}: fine", values)


def _codebooks(usage: Mapping[str, tuple[float, ...]], early: bool) -> Verdict:
    """By the share of its bits that a codebook uses: log of the perplexity over log of the codes."""
    shares = [_used(used, codes) for used, codes in zip(usage["perplexity"], usage["codes"], strict=True)]
    worst = min(range(len(shares)), key=shares.__getitem__)
    used, codes = usage["perplexity"][worst], usage["codes"][worst]
    values = {"codebooks": float(len(shares)), "worst": worst + 1.0, "perplexity": used, "codes": codes}
    said = f"of {len(shares)} codebooks, number {worst + 1} is used least: like {used:.1f} codes of {codes:.0f}"
    if shares[worst] >= _IDLE:
        return Verdict("codebooks", Level.fine, f"{said}: fine", values)
    idle = sum(share < _IDLE for share in shares)
    level = Level.bad if shares[worst] < _DEAD and not early else Level.warning
    advice = f"{idle} use less than half of their bits, make codebooks fewer or smaller, or train longer"
    return Verdict("codebooks", level, f"{said}: {advice}", values)


def _used(perplexity: float, codes: float) -> float:
    return math.log(max(1.0, perplexity)) / math.log(codes) if codes > 1 else 1.0

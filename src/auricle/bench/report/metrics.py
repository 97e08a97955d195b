"""How metrics are named on the page."""

from dataclasses import dataclass
from typing import final

from auricle.bench.scoring.metrics import METRICS

_BETTER = {True: "higher is better", False: "lower is better", None: "0 is best"}


@final
@dataclass(frozen=True)
class Column:
    """A metric as a column and a chart.

    Attributes:
        name: its key in a result.
        title: for people.
        unit: after a value; empty for none.
        better: which values are good.
        digits: after the point.
    """

    name: str
    title: str
    unit: str
    better: str
    digits: int


def metric_column(name: str) -> Column:
    """What is known of a metric; one that is unknown, from a later version, keeps its name."""
    metric = METRICS.get(name)
    if metric is None:
        return Column(name, name, "", "", 3)
    title = metric.label[:1].upper() + metric.label[1:]
    return Column(name, title, metric.unit, _BETTER[metric.higher_is_better], metric.digits)


def ordered(names: set[str]) -> list[str]:
    """In the order of tables, unknown ones last."""
    return [name for name in METRICS if name in names] + sorted(names - METRICS.keys())

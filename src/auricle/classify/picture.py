"""The confusion matrix as a picture."""

from pathlib import Path

import numpy as np

from auricle.atomic import fresh_file
from auricle.classify.evaluation import Evaluation

_MOST_NUMBERS = 30
"""With more classes than this the cells' numbers could not be read."""
_MOST_NAMES = 60


def draw_confusion(found: Evaluation, path: Path, *, force: bool = False) -> None:
    """Write a PNG: rows are true, columns predicted classes; colours are shares of a row.

    Raises:
        OutputError: the file exists and ``force`` is false, or can't be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    counts, names = found.confusion, [name[-24:] for name in found.classes]
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    side = min(24.0, 3.0 + 0.4 * len(names))
    figure = Figure((side + 1, side), layout="constrained")
    axes = figure.add_subplot()
    image = axes.imshow(shares, vmin=0, vmax=1, cmap="Blues")
    figure.colorbar(image, ax=axes, label="share of the true class")
    if len(names) <= _MOST_NAMES:
        axes.set_xticks(range(len(names)), names, rotation=90)
        axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="predicted", ylabel="true", title=f"accuracy {found.accuracy.value:.1%}")
    if len(names) <= _MOST_NUMBERS:
        for row, column in zip(*np.nonzero(counts), strict=True):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour, fontsize=8)
    with fresh_file(path, force=force) as temporary:
        FigureCanvasAgg(figure).print_figure(temporary, dpi=110, format="png")

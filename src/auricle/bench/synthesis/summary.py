"""An evaluation of generated sounds as text."""

from collections.abc import Iterator, Sequence

from auricle.bench.synthesis.results import FLOOR, GENERATED, HELD_OUT, Figure, Measured, SynthesisResult
from auricle.bench.text_table import markdown, plain

Table = tuple[list[str], list[list[str]]]


def format_synthesis(result: SynthesisResult) -> str:
    """Tables of each embedding, then what to know."""
    parts = [result.title, plain(*sets_table(result))]
    for measured in result.measured:
        parts.append(f"{measured.embedding}: {measured.about}")
        parts += [plain(*table) for table in tables(measured) if table[1]]
        parts.append("\n".join(_verdicts(measured)))
    parts.append("in parentheses: 95 % intervals by half samples, of accuracy by a bootstrap over sounds")
    parts.append("\n".join(result.notes))
    parts.append(f"{result.wall_seconds:.0f} s")
    return "\n\n".join(part for part in parts if part)


def sets_table(result: SynthesisResult) -> Table:
    """How many sounds there are."""
    heads = ["sounds", "folder", "files", "seconds", "classes"]
    rows = [
        [
            each.name,
            each.folder,
            str(each.sounds),
            f"{each.seconds:.0f}",
            str(len(each.classes)) if each.classes else "-",
        ]
        for each in result.sets
    ]
    return heads, rows


def tables(measured: Measured) -> list[Table]:
    """Distances, classes, and copies; a table without rows where there is nothing to tell."""
    return [distance_table(measured), class_table(measured), copy_table(measured), pair_table(measured)]


def distance_table(measured: Measured) -> Table:
    """Distances from the reference, fidelity and diversity."""
    heads = ["set", "n", "KAD", "x floor", "FAD∞", "x floor", "precision", "recall", "density", "coverage", "diversity"]
    floor = measured.comparison(FLOOR)
    rows = []
    for each in measured.comparisons:
        shapes = (each.precision, each.recall, each.density, each.coverage)
        rows.append(
            [
                each.set,
                f"{each.sounds} : {each.reference}",
                each.kad.text(2),
                _times(each.kad, floor and floor.kad),
                each.fad_infinity.text(1) if each.fad_infinity else "-",
                _times(each.fad_infinity, floor and floor.fad_infinity),
                *(f"{shape.value:.2f}" for shape in shapes),
                f"{each.diversity.value:.2f}",
            ]
        )
    return heads, rows


def class_table(measured: Measured) -> Table:
    """What the classifier says."""
    heads = ["set", "n", "class accuracy", "inception score", "worst class"]
    rows = []
    for each in measured.judged:
        worst = min(each.classes, key=lambda label: each.classes[label])
        rows.append(
            [
                each.set,
                str(each.sounds),
                each.accuracy.text(3),
                each.inception.text(2),
                f"{worst} {each.classes[worst]:.2f}",
            ]
        )
    return heads, rows


def copy_table(measured: Measured) -> Table:
    """Distances to the nearest training sound."""
    heads = ["set", "n", "median distance to training", "nearer than held out", "nearer than 99 % of them"]
    rows = [
        [each.set, str(each.sounds), f"{each.median:.2f}", each.nearer.text(2), f"{each.suspects:.1%}"]
        for each in measured.nearness
    ]
    return heads, rows


def pair_table(measured: Measured) -> Table:
    """The nearest pairs."""
    heads = ["generated", "nearest training sound", "distance", "waveforms correlate", ""]
    rows = [
        [
            each.generated,
            each.training,
            f"{each.distance:.2f}",
            f"{each.correlation:.2f}",
            "suspect" if each.suspect else "",
        ]
        for each in measured.pairs
    ]
    return heads, rows


def markdown_tables(measured: Measured, kinds: Sequence[int] = (0, 1, 2)) -> list[str]:
    """Tables in Markdown: 0 distances, 1 classes, 2 copies, 3 pairs."""
    found = tables(measured)
    return [markdown(*found[kind]) for kind in kinds if found[kind][1]]


def _times(figure: Figure | None, floor: Figure | None) -> str:
    """How many times the floor; where that can't be told from zero, how many times its upper bound."""
    if figure is None or floor is None or floor.low is None or floor.high is None or figure is floor:
        return "-"
    if floor.low > 0:
        return f"{figure.value / floor.value:.1f}"
    return "at the floor" if figure.value <= floor.high else f"> {figure.value / floor.high:.1f}"


def _verdicts(measured: Measured) -> Iterator[str]:
    made, truth = measured.judgement(GENERATED), measured.judgement(HELD_OUT)
    if made and truth and truth.accuracy.value > 0:
        share = made.accuracy.value / truth.accuracy.value
        yield f"class accuracy of generated sounds is {share:.0%} of that of held-out real ones"
    own = next((each for each in measured.nearness if each.set == GENERATED), None)
    if own is not None and own.nearer.low is not None and own.nearer.low > 0.5 and own.suspects > 0.02:
        yield f"{own.suspects:.1%} of the generated sounds lie suspiciously near to training sounds: hear the pairs"

"""An evaluation of generated sounds as text."""

from collections.abc import Iterator, Sequence

from auricle.bench.synthesis.results import FLOOR, GENERATED, HELD_OUT, EmbeddingResult, Figure, SynthesisResult
from auricle.bench.text_table import markdown, plain
from auricle.printable import printable

Table = tuple[list[str], list[list[str]]]


def format_synthesis(result: SynthesisResult) -> str:
    """Tables of each embedding, then what to know."""
    parts = [printable(result.title), plain(*sets_table(result))]
    for embedding in result.embeddings:
        parts.append(f"{embedding.embedding}: {embedding.about}")
        parts += [plain(*table) for table in tables(embedding) if table[1]]
        parts.append("\n".join(_remarks(embedding)))
    parts.append("in parentheses: 95 % intervals by half samples, of accuracy by a bootstrap over sounds")
    parts.append("\n".join(map(printable, result.notes)))
    parts.append(f"{result.wall_seconds:.0f} s")
    return "\n\n".join(part for part in parts if part)


def sets_table(result: SynthesisResult) -> Table:
    """How many sounds there are."""
    heads = ["sounds", "folder", "files", "seconds", "classes"]
    rows = [
        [
            summary.name,
            summary.folder,
            str(summary.sounds),
            f"{summary.seconds:.0f}",
            str(len(summary.classes)) if summary.classes else "-",
        ]
        for summary in result.sets
    ]
    return heads, rows


def tables(embedding: EmbeddingResult) -> list[Table]:
    """Distances, classes, and copies; a table without rows where there is nothing to tell."""
    return [distance_table(embedding), class_table(embedding), copy_table(embedding), pair_table(embedding)]


def distance_table(embedding: EmbeddingResult) -> Table:
    """Distances from the reference, fidelity and diversity."""
    heads = ["set", "n", "KAD", "x floor", "FAD∞", "x floor", "precision", "recall", "density", "coverage", "diversity"]
    floor = embedding.comparison(FLOOR)
    rows = []
    for comparison in embedding.comparisons:
        shapes = (comparison.precision, comparison.recall, comparison.density, comparison.coverage)
        rows.append(
            [
                comparison.set,
                f"{comparison.sounds} : {comparison.reference}",
                comparison.kad.text(2),
                _times(comparison.kad, floor and floor.kad),
                comparison.fad_infinity.text(1) if comparison.fad_infinity else "-",
                _times(comparison.fad_infinity, floor and floor.fad_infinity),
                *(f"{shape.value:.2f}" for shape in shapes),
                f"{comparison.diversity.value:.2f}",
            ]
        )
    return heads, rows


def class_table(embedding: EmbeddingResult) -> Table:
    """What the classifier says."""
    heads = ["set", "n", "class accuracy", "inception score", "worst class"]
    rows = []
    for accuracy in embedding.class_accuracies:
        worst = min(accuracy.classes, key=lambda label: accuracy.classes[label])
        rows.append(
            [
                accuracy.set,
                str(accuracy.sounds),
                accuracy.accuracy.text(3),
                accuracy.inception.text(2),
                f"{worst} {accuracy.classes[worst]:.2f}",
            ]
        )
    return heads, rows


def copy_table(embedding: EmbeddingResult) -> Table:
    """Distances to the nearest training sound."""
    heads = ["set", "n", "median distance to training", "nearer than held out", "nearer than 99 % of them"]
    rows = [
        [
            nearness.set,
            str(nearness.sounds),
            f"{nearness.median:.2f}",
            nearness.nearer.text(2),
            f"{nearness.suspects:.1%}",
        ]
        for nearness in embedding.nearness
    ]
    return heads, rows


def pair_table(embedding: EmbeddingResult) -> Table:
    """The nearest pairs."""
    heads = ["generated", "nearest training sound", "distance", "waveforms correlate", ""]
    rows = [
        [
            pair.generated,
            pair.training,
            f"{pair.distance:.2f}",
            f"{pair.correlation:.2f}",
            "suspect" if pair.suspect else "",
        ]
        for pair in embedding.pairs
    ]
    return heads, rows


def markdown_tables(embedding: EmbeddingResult, kinds: Sequence[int] = (0, 1, 2)) -> list[str]:
    """Tables in Markdown: 0 distances, 1 classes, 2 copies, 3 pairs."""
    all_tables = tables(embedding)
    return [markdown(*all_tables[kind]) for kind in kinds if all_tables[kind][1]]


def _times(figure: Figure | None, floor: Figure | None) -> str:
    """How many times the floor; where that can't be told from zero, how many times its upper bound."""
    if figure is None or floor is None or floor.low is None or floor.high is None or figure is floor:
        return "-"
    if floor.low > 0:
        return f"{figure.value / floor.value:.1f}"
    return "at the floor" if figure.value <= floor.high else f"> {figure.value / floor.high:.1f}"


def _remarks(embedding: EmbeddingResult) -> Iterator[str]:
    generated, real = embedding.class_accuracy(GENERATED), embedding.class_accuracy(HELD_OUT)
    if generated and real and real.accuracy.value > 0:
        share = generated.accuracy.value / real.accuracy.value
        yield f"class accuracy of generated sounds is {share:.0%} of that of held-out real ones"
    near = next((nearness for nearness in embedding.nearness if nearness.set == GENERATED), None)
    if near is not None and near.nearer.low is not None and near.nearer.low > 0.5 and near.suspects > 0.02:
        yield f"{near.suspects:.1%} of the generated sounds lie suspiciously near to training sounds: hear the pairs"

"""Model cards: what a file knows about itself, as the README of its repository."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

from auricle.printable import without_controls

_LICENCES = frozenset(
    [
        "apache-2.0",
        "mit",
        "cc0-1.0",
        "cc-by-4.0",
        "cc-by-3.0",
        "cc-by-sa-4.0",
        "cc-by-sa-3.0",
        "cc-by-nc-4.0",
        "cc-by-nc-sa-4.0",
        "bsd-3-clause",
        "bsd-2-clause",
        "gpl-3.0",
        "lgpl-3.0",
        "agpl-3.0",
        "mpl-2.0",
        "openrail",
        "unlicense",
    ]
)
"""Licences by the hub's own names, as far as models are likely to have them."""


@final
@dataclass(frozen=True)
class CardFacts:
    """What a card tells.

    Attributes:
        noun: model, prior or classifier.
        name: its own name.
        description: what it is for.
        licence: of the weights; empty where none is stated.
        data: what it learned from, with licences.
        training: how it was trained, by key.
        metrics: figures on sounds that were held out, by key.
        facts: what else can be said, in lines.
        tags: for the hub's search.
        usage: commands and Python that use it, where ``{repo}`` stands for the repository.
        pipeline: the hub's name of what it does.
    """

    noun: str
    name: str
    description: str = ""
    licence: str = ""
    data: str = ""
    training: Mapping[str, object] = field(default_factory=dict)
    metrics: Mapping[str, object] = field(default_factory=dict)
    facts: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    usage: str = ""
    pipeline: str = "audio-to-audio"


def card(facts: CardFacts, repo: str) -> str:
    """The card in Markdown, with the front matter that the hub reads.

    What the file does not know is said to be unknown; nothing is made up.
    """
    stated = facts.licence or "not stated"
    sections = (
        f"# {_text(facts.name)}",
        _text(facts.description) or f"An Auricle {facts.noun}. Its file does not say what it is for.",
        "\n".join(f"- {_text(line)}" for line in (f"Licence of the weights: {stated}", *facts.facts)),
        f"## Use\n\n    pip install 'auricle[hub]'\n\n{facts.usage.format(repo=repo)}",
        f"## Training data\n\n{_text(facts.data) or 'The file does not say.'}",
        _table("Training", facts.training),
        _table("Figures on held-out sounds", facts.metrics) or "## Figures\n\nThe file has none.",
    )
    return f"{_front_matter(facts)}\n" + "\n\n".join(section for section in sections if section) + "\n"


def _front_matter(facts: CardFacts) -> str:
    licence = facts.licence.strip().lower().replace(" ", "-")
    lines = ["library_name: auricle", f"pipeline_tag: {facts.pipeline}", "tags:"]
    lines += [f"- {tag}" for tag in ("audio", "auricle", facts.noun, *facts.tags)]
    if licence in _LICENCES:
        lines.insert(0, f"license: {licence}")
    elif licence:
        lines[:0] = [
            "license: other",
            f"license_name: {''.join(c for c in licence if c.isalnum() or c in '-._') or 'other'}",
        ]
    return "\n".join(("---", *lines, "---", ""))


def _table(title: str, values: Mapping[str, object]) -> str:
    if not values:
        return ""
    rows = "\n".join(f"| {_cell(key)} | {_cell(value)} |" for key, value in values.items())
    return f"## {title}\n\n| what | value |\n| --- | --- |\n{rows}"


def _cell(value: object) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return _text(text).replace("|", "\\|")


def _text(text: str) -> str:
    """One paragraph that can't be markup of its own: a file may come from a stranger."""
    return " ".join(without_controls(text).split()).replace("<", "&lt;")

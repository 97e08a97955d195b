"""Make anew, and ship, everything that stands on the latents of a shipped model: run it whenever a model was replaced.

    python recipes/dependents.py corpora --work built

CORPORA holds a folder for each corpus, as recipes/README.md builds them: speech and music (hearing files, half a minute
each), esc10 (the classifier environment, some minutes; the data set as it was published), drums and saxophone. What was
built before lies in --work, and is shipped again without training when it still belongs to the shipped model.
`--only NAME` makes one of them.
"""

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import ship
from auricle.classify.features.hearing_file import hearing_path
from auricle.model import fingerprint, load
from auricle.synth.priors.file import load_prior
from environment import ship_environment
from hearing import learn_hearing

DRUMS_MINUTES, SAXOPHONE_MINUTES = 78, 40


@dataclass(frozen=True)
class PriorRecipe:
    """How a shipped prior is trained."""

    name: str
    model: str
    summary: str
    minutes: int
    seed: int = 1
    options: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """Its file's name."""
        return f"{self.name}{ship.PRIOR_SUFFIX}"

    def command(self, corpora: Path, out: Path) -> tuple[str, ...]:
        """What trains it, for `auricle`."""
        return (
            *("train-prior", str(corpora / self.name), "--model", self.model, "--threads", "1"),
            *("--seed", str(self.seed), "--budget", f"{self.minutes}m", "--force", "--out", str(out), *self.options),
        )


DEPENDENTS = MappingProxyType(
    {
        recipe.name: recipe
        for recipe in (
            PriorRecipe(
                "drums",
                "music",
                "Drum one-shots in eight classes, 44.1 kHz mono, up to 1.7 s.",
                DRUMS_MINUTES,
                options=("--temperature", "0.8"),
            ),
            PriorRecipe(
                "saxophone",
                "music",
                "Notes of a saxophone before two microphones, 44.1 kHz mono: generate --note.",
                SAXOPHONE_MINUTES,
                options=("--notes",),
            ),
        )
    }
)


HEARING = MappingProxyType({f"{name}-hearing": name for name in ("speech", "music", "live")})
"""Models that a hearing file lies beside."""
ENVIRONMENT = "environment"
"""The shipped classifier, which hears with the model ``music`` and its hearing file."""


def belongs(path: Path, model: str) -> bool:
    """Whether a prior's file is there and made for a model as it is shipped now."""
    return path.is_file() and load_prior(path).fingerprint == fingerprint(load(model))


def build(recipe: PriorRecipe, corpora: Path, work: Path, figures: Path | None) -> None:
    """Train a dependent, if it is not there already, and ship it with its card."""
    trained = work / recipe.file
    if not belongs(trained, recipe.model):
        subprocess.run((sys.executable, "-m", "auricle", *recipe.command(corpora, trained)), check=True)
    corpus = corpora / recipe.name
    sources = ship.training_sources(corpus)
    about: dict[str, Any] = {
        "name": recipe.name,
        "description": recipe.summary,
        "licence": ship.LICENCE,
        "data": ship.data_line(sources),
        "training": load_prior(trained).info.training,
    }
    info, facts = ship.ship_prior(trained, about, ship.SHIPPED / recipe.file)
    text = figures.read_text("utf-8") if figures else ship.NOT_MEASURED
    (ship.SHIPPED / f"{recipe.name}.md").write_text(ship.card(info, facts, sources, text), encoding="utf-8")


def build_hearing(model: str, corpora: Path) -> None:
    """Learn the patches that help a shipped model to hear, and put them beside it."""
    learn_hearing(corpora / model, load(model), hearing_path(model))


def main() -> None:
    """Read the command line, build what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", type=Path, help="folder with a folder for each corpus")
    parser.add_argument("--work", type=Path, default=Path("built"), help="where trainings lie")
    parser.add_argument(
        "--only", nargs="*", choices=sorted((*DEPENDENTS, *HEARING, ENVIRONMENT)), help="by default all"
    )
    parser.add_argument("--figures", type=Path, help="folder with NAME.md: figures for the cards")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    selected = options.only or (*HEARING, ENVIRONMENT, *DEPENDENTS)
    for name in (name for name in HEARING if name in selected):
        build_hearing(HEARING[name], options.corpora)
    if ENVIRONMENT in selected:
        ship_environment(options.corpora / "esc10")
    for name in (name for name in DEPENDENTS if name in selected):
        figures = options.figures / f"{name}.md" if options.figures else None
        build(DEPENDENTS[name], options.corpora, options.work, figures if figures and figures.is_file() else None)


if __name__ == "__main__":
    main()

"""Give a trained model its name, origin and card, and put it where the package ships its models.

    python recipes/ship.py speech.auricle.safetensors --name speech --corpus corpora/speech \
        --summary "Voices, 16 kHz mono." --training steps=8000 hours=1.5
"""

import argparse
import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from auricle.model import Autoencoder, ModelInfo
from auricle.model.file import SUFFIX, fingerprint, load, save

SECONDS_PER_HOUR = 3600.0
SHIPPED = Path(__file__).parents[1] / "src" / "auricle" / "pretrained"
LICENCE = "Apache-2.0"


@dataclass(frozen=True)
class Source:
    """What one source gave to training."""

    name: str
    licences: tuple[str, ...]
    hours: float


def training_sources(corpus: Path) -> tuple[Source, ...]:
    """Hours and licences of what a corpus' manifest says was trained on."""
    seconds: dict[str, float] = defaultdict(float)
    licences: dict[str, set[str]] = defaultdict(set)
    with (corpus / "manifest.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["split"] == "train":
                seconds[row["source"]] += float(row["seconds"])
                licences[row["source"]].add(row["licence"])
    return tuple(
        Source(name, tuple(sorted(licences[name])), seconds[name] / SECONDS_PER_HOUR) for name in sorted(seconds)
    )


def card(model: Autoencoder, sources: tuple[Source, ...], figures: str) -> str:
    """The model card in Markdown."""
    info = model.info
    lines = [
        f"# {info.name}",
        "",
        info.description,
        "",
        f"- Licence of the weights: {info.licence}",
        f"- Sample rate {model.sample_rate} Hz, {model.sample_rate / model.hop_length:.1f} frames a second of "
        f"{model.latent_dim} features, {sum(p.numel() for p in model.parameters()) / 1e6:.2f} million parameters",
        f"- Quality dial: 0 to {model.bottleneck.quality_levels - 1}",
        f"- Algorithmic latency: {model.lag / model.sample_rate * 1000:.0f} ms and the packet",
        f"- Fingerprint: `{fingerprint(model)}`",
        *(f"- {name}: {value}" for name, value in info.training.items()),
        "",
        "## Training data",
        "",
        "| source | licence | hours |",
        "| --- | --- | --- |",
        *(f"| {source.name} | {', '.join(source.licences)} | {source.hours:.2f} |" for source in sources),
        f"| together | | {sum(source.hours for source in sources):.2f} |",
        "",
        "[recipes/README.md](../../../recipes/README.md) says where each source is had and how it is split.",
        "",
        "## Figures",
        "",
        figures.strip(),
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Read the command line, write model and card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="a trained model file")
    parser.add_argument("--name", required=True, help="the name that files and commands use")
    parser.add_argument("--corpus", type=Path, required=True, help="the folder it learned from, with manifest.csv")
    parser.add_argument("--summary", required=True, help="what the model is for, in a sentence or two")
    parser.add_argument("--training", nargs="*", default=[], metavar="KEY=VALUE", help="how it was trained")
    parser.add_argument("--figures", type=Path, help="Markdown with figures on held-out files")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="folder to write into")
    options = parser.parse_args()

    trained = load(options.model)
    sources = training_sources(options.corpus)
    data = "; ".join(f"{s.name} {s.hours:.2f} h ({', '.join(s.licences)})" for s in sources)
    training = dict(pair.split("=", 1) for pair in options.training)
    info = ModelInfo(name=options.name, description=options.summary, licence=LICENCE, data=data, training=training)
    model = Autoencoder(trained.config, info, trained.tables).eval()
    model.load_state_dict(trained.state_dict())
    figures = options.figures.read_text("utf-8") if options.figures else "Not measured yet."
    save(model, options.out / f"{options.name}{SUFFIX}", force=True)
    (options.out / f"{options.name}.md").write_text(card(model, sources, figures), encoding="utf-8")


if __name__ == "__main__":
    main()

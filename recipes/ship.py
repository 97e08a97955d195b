"""Give a trained model or prior its name, origin and card, and put it where the package ships its models.

    python recipes/ship.py speech.auricle.safetensors --name speech --corpus corpora/speech \
        --summary "Voices, 16 kHz mono." --training steps=8000 hours=1.5
    python recipes/ship.py drums.prior.safetensors --name drums --corpus corpora/drums \
        --summary "Drum one-shots." --training steps=1000 minutes=20

Beside a model goes its hearing file (recipes/hearing.py), some 20 seconds more, unless `--without-hearing` is given.

A model that was in a release stays in the package for ever: with `--keep-replaced` the model that is replaced goes to
`pretrained/earlier`, where files find it. Where only the decoder is another, the new model decodes the old one's files,
and the priors in the folder belong to it at once: their latents are the same. What else stands on a replaced model is
made anew by recipes/dependents.py, and tests/model/test_shipped_dependents.py fails until then.
"""

import argparse
import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from auricle.classify.features.hearing_file import hearing_path
from auricle.classify.features.latents import encoder_fingerprint
from auricle.model import Autoencoder, ModelInfo
from auricle.model.files.file import load
from auricle.model.files.writing import SUFFIX, fingerprint, save
from auricle.synth.playable.note_names import note_name
from auricle.synth.priors.base import Prior, PriorInfo
from auricle.synth.priors.file import SUFFIX as PRIOR_SUFFIX
from auricle.synth.priors.file import load_prior, save_prior
from auricle.synth.priors.sizes import learned_notes
from hearing import learn_hearing

SECONDS_PER_HOUR = 3600.0
SHIPPED = Path(__file__).parents[1] / "src" / "auricle" / "pretrained"
LICENCE = "Apache-2.0"
FINGERPRINT_DIGITS = 16
NOT_MEASURED = "Not measured yet."


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


def data_line(sources: tuple[Source, ...]) -> str:
    """The sources as one line for the file itself."""
    return "; ".join(f"{s.name} {s.hours:.2f} h ({', '.join(s.licences)})" for s in sources)


def model_facts(model: Autoencoder) -> tuple[str, ...]:
    """What a model's card says before its training."""
    return (
        f"Sample rate {model.sample_rate} Hz, {model.sample_rate / model.hop_length:.1f} frames a second of "
        f"{model.latent_dim} features, {millions(model)} million parameters",
        f"Quality dial: 0 to {model.bottleneck.quality_levels - 1}",
        f"Algorithmic latency: {model.lag / model.sample_rate * 1000:.0f} ms and the packet",
        f"Fingerprint: `{fingerprint(model)}`",
    )


def prior_facts(prior: Prior) -> tuple[str, ...]:
    """What a prior's card says before its training."""
    return (
        f"Latents of `{prior.origin.model}`, fingerprint `{prior.fingerprint}`",
        f"Kind `{prior.config.kind}`, {millions(prior)} million parameters, windows of {prior.window} frames "
        f"({prior.window / prior.frame_rate:.2f} s), {prior.channels} channel{'s' * (prior.channels > 1)}",
        f"Classes: {', '.join(prior.classes) or 'none'}",
        *_note_facts(prior),
    )


def _note_facts(prior: Prior) -> tuple[str, ...]:
    if not prior.config.notes or prior.sizes is None:
        return ()
    lowest, highest, velocities = learned_notes(prior.sizes)
    return (f"Notes: {note_name(lowest)} to {note_name(highest)}, at velocities {', '.join(map(str, velocities))}",)


def millions(module: torch.nn.Module) -> str:
    """Number of parameters."""
    return f"{sum(parameter.numel() for parameter in module.parameters()) / 1e6:.2f}"


def card(info: ModelInfo | PriorInfo, facts: tuple[str, ...], sources: tuple[Source, ...], figures: str) -> str:
    """The card in Markdown."""
    about = (f"Licence of the weights: {info.licence}", *facts, *(f"{name}: {v}" for name, v in info.training.items()))
    return "\n".join(
        (
            f"# {info.name}",
            "",
            info.description,
            "",
            *(f"- {line}" for line in about),
            "",
            "## Training data",
            "",
            "| source | licence | hours |",
            "| --- | --- | --- |",
            *(f"| {source.name} | {', '.join(source.licences)} | {source.hours:.2f} |" for source in sources),
            f"| together | | {sum(source.hours for source in sources):.2f} |",
            "",
            "[recipes/README.md](../../../recipes/README.md) says where to get each source and how it is split.",
            "",
            "## Figures",
            "",
            figures.strip(),
            "",
        )
    )


def _keep_earlier(target: Path, replaced_by: str) -> None:
    """Put the model that is replaced where its files and priors find it."""
    if not target.is_file() or (old := fingerprint(load(target))) == replaced_by:
        return
    name = target.name.removesuffix(SUFFIX)
    (target.parent / "earlier").mkdir(exist_ok=True)
    target.rename(target.parent / "earlier" / f"{name}-{old[:FINGERPRINT_DIGITS]}{SUFFIX}")


def has_same_latents(one: Autoencoder, other: Autoencoder) -> bool:
    """Whether two models differ in nothing but their decoders."""
    states = (model.bottleneck.state_dict() for model in (one, other))
    first, second = (dict(state) for state in states)
    return (
        encoder_fingerprint(one) == encoder_fingerprint(other)
        and one.config.bottleneck == other.config.bottleneck
        and first.keys() == second.keys()
        and all(torch.equal(tensor, second[name]) for name, tensor in first.items())
    )


def _is_same(one: Autoencoder, other: Autoencoder) -> bool:
    fingerprints = [(fingerprint(model), encoder_fingerprint(model)) for model in (one, other)]
    return fingerprints[0] == fingerprints[1] and one.info == other.info


def _decoded_files(old: Autoencoder, new: Autoencoder) -> tuple[str, ...]:
    """Fingerprints of models before, whose files the new one decodes: where only the decoder is another."""
    if not has_same_latents(old, new) or old.tables is None or new.tables is None:
        return ()
    if old.tables.digest != new.tables.digest:
        return ()
    before = (fingerprint(old), *old.info.decodes)
    return tuple(digits for digits in before if digits != fingerprint(new))


def _take_priors_along(old: Autoencoder, new: Autoencoder, folder: Path) -> None:
    """Let the old model's priors belong to the new one, if they make latents of both."""
    if not has_same_latents(old, new):
        return
    for path in sorted(folder.glob(f"*{PRIOR_SUFFIX}")):
        prior = load_prior(path)
        if prior.fingerprint == fingerprint(old):
            prior.origin = prior.origin.model_copy(update={"fingerprint": fingerprint(new)})
            save_prior(prior, path, force=True)


def ship_model(
    path: Path, about: dict[str, Any], target: Path, *, keep_replaced: bool
) -> tuple[ModelInfo, tuple[str, ...]]:
    """Write a model under its name; what its card needs."""
    trained = load(path)
    info = ModelInfo(**about)
    model = Autoencoder(trained.config, info, trained.tables).eval()
    model.load_state_dict(trained.state_dict())
    old = load(target) if target.is_file() else None
    if old is not None:
        _take_priors_along(old, model, target.parent)
        info = model.info = info.model_copy(update={"decodes": _decoded_files(old, model)})
    if keep_replaced:
        _keep_earlier(target, fingerprint(model))
    if old is None or not _is_same(old, model):  # the same model makes other bytes each time it is written
        save(model, target, force=True)
    return info, model_facts(model)


def ship_prior(path: Path, about: dict[str, Any], target: Path) -> tuple[PriorInfo, tuple[str, ...]]:
    """Write a prior under its name; what its card needs."""
    prior = load_prior(path)
    prior.info = PriorInfo(**{**about, "metrics": prior.info.metrics})
    save_prior(prior, target, force=True)
    return prior.info, prior_facts(prior)


def main() -> None:
    """Read the command line, write model and card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="a trained model or prior file")
    parser.add_argument("--name", required=True, help="the name that files and commands use")
    parser.add_argument("--corpus", type=Path, required=True, help="the folder it learned from, with manifest.csv")
    parser.add_argument("--summary", required=True, help="what the model is for, in a sentence or two")
    parser.add_argument("--training", nargs="*", default=[], metavar="KEY=VALUE", help="how it was trained")
    parser.add_argument("--figures", type=Path, help="Markdown with figures on held-out files")
    parser.add_argument("--keep-replaced", action="store_true", help="the replaced model was in a release: keep it")
    parser.add_argument("--without-hearing", action="store_true", help="ship no hearing file beside the model")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="folder to write into")
    options = parser.parse_args()

    sources = training_sources(options.corpus)
    about = {
        "name": options.name,
        "description": options.summary,
        "licence": LICENCE,
        "data": data_line(sources),
        "training": dict(pair.split("=", 1) for pair in options.training),
    }
    is_prior = options.model.name.endswith(PRIOR_SUFFIX)
    target = options.out / f"{options.name}{PRIOR_SUFFIX if is_prior else SUFFIX}"
    if is_prior:
        info, facts = ship_prior(options.model, about, target)
    else:
        info, facts = ship_model(options.model, about, target, keep_replaced=options.keep_replaced)
        if not options.without_hearing:
            learn_hearing(options.corpus, load(target), hearing_path(target))
    figures = options.figures.read_text("utf-8") if options.figures else NOT_MEASURED
    (options.out / f"{options.name}.md").write_text(card(info, facts, sources, figures), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Publish a model, prior or classifier file on the hub."""

from pathlib import Path
from typing import Any

from auricle.api.info import (
    CLASSIFIER_SUFFIX,
    PRIOR_SUFFIX,
    ClassifierSummary,
    ModelSummary,
    PriorSummary,
    info,
)
from auricle.errors import ModelError, OptionError
from auricle.hub.card import CardFacts, card
from auricle.hub.download import is_hub_name
from auricle.hub.upload import Publication, PushResult, check_repository, upload
from auricle.options.field_types import check_arguments
from auricle.options.hub import PushOptions

_PRIOR_USAGE = "    auricle generate --prior hf://{repo} --out sounds"
_CLASSIFIER_USAGE = "    auricle classify predict sound.wav --classifier hf://{repo}"


@check_arguments()
def push(
    file: str | Path, repo: str, options: PushOptions = PushOptions(), *, token: str | bool | None = None
) -> PushResult:
    """Publish a model, prior or classifier in a repository of the hub, which is made where there is none.

    The repository gets the file (``model.auricle.safetensors``, ``model.prior.safetensors`` or
    ``model.classifier.safetensors``), its configuration as ``config.json``, and a card of what the file knows about
    itself: data, licence, training, figures. A card that is there already stays.

    Args:
        file: a file, or a shipped model's or prior's name.
        repo: ``owner/name``.
        options: visibility, branch, pull request, message.
        token: of the account; by default the one that ``hf auth login`` stored.

    Raises:
        MissingPackageError: huggingface_hub is not installed.
        ModelError: the file is none of them, or the hub can't be reached, or refuses.
        OptionError: the repository is no ``owner/name``.
    """
    return upload(publication_of(file, repo), repo, options, token=token)


def publication_of(file: str | Path, repo: str) -> Publication:
    """What `push` commits.

    Raises:
        ModelError: the file is no model, prior or classifier.
        OptionError: it is on the hub already, or the repository is no ``owner/name``.
    """
    check_repository(repo)
    if is_hub_name(file):
        raise OptionError(f"{file} is on the hub already: name a file")
    summary = info(file)
    match summary:
        case ModelSummary():
            from auricle.model import load  # loads torch
            from auricle.model.files.hub import model_publication

            return model_publication(load(file), summary.path, repo)
        case PriorSummary():
            return Publication(summary.path, _values(summary), card(_prior_facts(summary), repo), PRIOR_SUFFIX)
        case ClassifierSummary():
            about = card(_classifier_facts(summary), repo)
            return Publication(summary.path, {"config": summary.config}, about, CLASSIFIER_SUFFIX)
    raise ModelError(f"{file} is no model, prior or classifier: only those are published")


def _values(summary: PriorSummary) -> dict[str, Any]:
    return {"config": summary.config, "origin": summary.origin, "info": summary.info}


def _prior_facts(summary: PriorSummary) -> CardFacts:
    about, origin = summary.info, summary.origin
    facts = (
        f"Latents of the model {origin['model']}, fingerprint {origin['fingerprint']}",
        f"Kind {summary.config['kind']}",
        f"Classes: {', '.join(origin['classes']) or 'none'}",
    )
    return CardFacts(
        noun="prior",
        **{key: about[key] for key in ("name", "description", "licence", "data", "training", "metrics")},
        facts=facts,
        tags=("audio-generation",),
        usage=_PRIOR_USAGE,
    )


def _classifier_facts(summary: ClassifierSummary) -> CardFacts:
    learned = ", ".join(f"{name} ({count})" for name, count in summary.files.items())
    facts = (f"Features of the model {summary.model}", f"Classes: {', '.join(summary.classes)}")
    name = summary.path.name.removesuffix(CLASSIFIER_SUFFIX)
    data = f"Sounds of each class that it learned from: {learned}" if learned else ""
    return CardFacts(
        "classifier",
        name,
        data=data,
        metrics=summary.judged,
        facts=facts,
        usage=_CLASSIFIER_USAGE,
        pipeline="audio-classification",
    )

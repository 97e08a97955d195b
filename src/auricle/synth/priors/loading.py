"""A prior and the autoencoder that it belongs to."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import final

from auricle.errors import AuricleError, ModelError
from auricle.model import Autoencoder, load
from auricle.model.files.file import earlier, read_metadata, shipped
from auricle.model.files.tensor_file import short_digest
from auricle.model.files.writing import SUFFIX
from auricle.options.field_types import check_arguments
from auricle.synth.priors.base import Prior
from auricle.synth.priors.file import PRIOR_FILE, load_prior


@final
@dataclass(frozen=True, eq=False)
class PriorAndModel:
    """A prior, and the autoencoder whose latents it makes."""

    prior: Prior
    model: Autoencoder


@check_arguments()
def load_prior_and_model(prior: Prior | Path | str, model: Autoencoder | Path | str | None) -> PriorAndModel:
    """Load both, or find the model: among the shipped ones, or beside the prior's file.

    Raises:
        OptionError: an argument of the wrong type.
        ModelError: one of them is unknown or malformed, no model was found, or the prior belongs to another one.
    """
    folder = None if isinstance(prior, Prior) else PRIOR_FILE.resolve(prior).parent
    loaded_prior = prior if isinstance(prior, Prior) else load_prior(prior)
    if model is None:
        origin = loaded_prior.origin
        model = find_model(origin.model, origin.fingerprint, folder, f"the prior {loaded_prior.info.name!r}")
    loaded_model = model if isinstance(model, Autoencoder) else load(model)
    loaded_prior.require(loaded_model)
    return PriorAndModel(loaded_prior, loaded_model)


def find_model(name: str, fingerprint: str, folder: Path | None, purpose: str) -> Path:
    """The model of a fingerprint, among the shipped ones and those in a folder.

    Args:
        name: of the model, for the message.
        fingerprint: of the model.
        folder: where else to look.
        purpose: what needs it, for the message.

    Raises:
        ModelError: there is none.
    """
    for path in _candidates(folder):
        try:
            if read_metadata(path)["fingerprint"] == fingerprint:
                return path
        except AuricleError:  # something else that is no model
            continue
    raise ModelError(
        f"{purpose} needs the model {name!r} (fingerprint {short_digest(fingerprint)}): name its file with --model, or "
        "put it beside it"
    )


def _candidates(folder: Path | None) -> Iterator[Path]:
    yield from (*shipped().values(), *earlier().values())
    if folder is not None:
        yield from sorted(folder.glob(f"*{SUFFIX}"))

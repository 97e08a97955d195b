"""A model on the hub: its card, and how it gets there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from torch.nn import Parameter

from auricle.atomic import atomic_write, check_writable, temporary_folder
from auricle.hub.card import CardFacts, card
from auricle.hub.upload import CARD, CONFIG, Publication, PushResult, upload
from auricle.model.bottleneck import Bottleneck
from auricle.model.files.writing import SUFFIX, StorableModel, fingerprint, save
from auricle.options.hub import PushOptions

_USAGE = """    auricle compress talk.flac talk.aur --model hf://{repo}
    auricle decompress talk.aur talk.wav --model hf://{repo}

```python
import auricle

model = auricle.Autoencoder.from_pretrained("{repo}")
```"""


class PublishableModel(StorableModel, Protocol):
    """What of an autoencoder a card tells."""

    hop_length: int
    bottleneck: Bottleneck

    @property
    def sample_rate(self) -> int: ...

    @property
    def latent_dim(self) -> int: ...

    @property
    def lag(self) -> int: ...

    def parameters(self) -> Iterator[Parameter]: ...


def model_card_facts(model: PublishableModel) -> CardFacts:
    """What a model tells about itself."""
    about, parameters = model.info.model_dump(), sum(parameter.numel() for parameter in model.parameters())
    levels = model.bottleneck.quality_levels
    facts = (
        f"Sample rate {model.sample_rate} Hz, {model.sample_rate / model.hop_length:.4g} frames a second of "
        f"{model.latent_dim} features, {parameters / 1e6:.3g} million parameters",
        f"Bottleneck {model.config.bottleneck.kind}" + (f", quality dial 0 to {levels - 1}" if levels > 1 else ""),
        f"Latency of encoder and decoder {model.lag / model.sample_rate * 1000:.0f} ms",
        f"Fingerprint {fingerprint(model)}",
    )
    return CardFacts(
        noun="model",
        **{key: about[key] for key in ("name", "description", "licence", "data", "training", "metrics")},
        facts=facts,
        tags=("codec",),
        usage=_USAGE,
    )


def model_publication(model: PublishableModel, path: Path, repo: str) -> Publication:
    """A model's file with what goes beside it."""
    values = {"config": model.config.model_dump(mode="json"), "info": model.info.model_dump(mode="json")}
    return Publication(path, values, card(model_card_facts(model), repo), SUFFIX)


def push_model(model: PublishableModel, repo: str, options: PushOptions, token: str | bool | None) -> PushResult:
    """Publish a model as it is in memory.

    Raises:
        MissingPackageError, ModelError, OptionError: as `upload`.
    """
    with temporary_folder() as folder:
        path = folder / f"model{SUFFIX}"
        save(model, path)
        return upload(model_publication(model, path, repo), repo, options, token=token)


def save_files(model: PublishableModel, folder: Path, *, force: bool) -> None:
    """Write file, configuration and card into a folder, which is made where it does not exist.

    Raises:
        ModelError: a weight is not finite, or too large for float16.
        OutputError: a file exists and ``force`` is false, or can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"model{SUFFIX}"
    publication = model_publication(model, path, "owner/name")
    texts = {CONFIG: publication.config_json.decode(), CARD: publication.card}
    for name in texts:
        check_writable(folder / name, force=force)
    save(model, path, force=force)
    for name, text in texts.items():
        with atomic_write(folder / name, force=force) as temporary:
            temporary.write_text(text, "utf-8")

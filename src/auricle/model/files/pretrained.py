"""What `Autoencoder.from_pretrained` takes."""

import re
from pathlib import Path

from auricle.errors import ModelError
from auricle.hub.download import HubAccess, is_hub_name, local_path
from auricle.model.autoencoder import Autoencoder
from auricle.model.files.file import load, shipped
from auricle.model.files.writing import SUFFIX

_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


def load_pretrained(name_or_path: Path | str, access: HubAccess) -> Autoencoder:
    """A shipped model, a file, the one in a folder, or one on the hub: the first of them that is there.

    Raises:
        MissingPackageError: it is on the hub, and huggingface_hub is not installed.
        ModelError: it can't be had, or is malformed.
    """
    name, path = str(name_or_path), Path(name_or_path)
    if name in shipped() or path.is_file():
        return load(name_or_path)
    if path.is_dir():
        return load(_only_model(path))
    if not is_hub_name(name) and isinstance(name_or_path, str) and _REPOSITORY.fullmatch(name):
        name = f"hf://{name}"
    return load(local_path(name, (SUFFIX,), access))


def _only_model(folder: Path) -> Path:
    paths = sorted(folder.glob(f"*{SUFFIX}"))
    if len(paths) != 1:
        raise ModelError(f"the folder {folder} holds {len(paths)} {SUFFIX} files: name the file")
    return paths[0]

"""``hf://owner/name@revision``: a file of a repository, from the hub or from huggingface_hub's own cache."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import final
from urllib.parse import unquote

from auricle.errors import ModelError
from auricle.extras import require

_NAME = re.compile(r"hf:/{1,2}(?P<repo>[^/@]+/[^/@]+)(@(?P<revision>[^/]+))?(/(?P<file>.+))?")
"""One slash is what `pathlib.Path` leaves of two."""
SUFFIXES = (".auricle.safetensors", ".prior.safetensors", ".classifier.safetensors")


@final
@dataclass(frozen=True)
class HubAccess:
    """How the hub is asked; by default as huggingface_hub's own settings say (``HF_HOME``, ``HF_HUB_OFFLINE``, ...).

    Attributes:
        revision: branch, tag or commit; the one in the name goes before.
        cache_dir: where downloads are kept.
        token: of the account; by default the one that ``hf auth login`` stored.
        local_files_only: take nothing that is not in the cache.
        force_download: fetch again what is in the cache.
    """

    revision: str | None = None
    cache_dir: Path | str | None = None
    token: str | bool | None = None
    local_files_only: bool = False
    force_download: bool = False


def is_hub_name(name: Path | str) -> bool:
    """Whether it names a place on the hub."""
    return str(name).startswith("hf:/")


def local_path(name: Path | str, suffixes: tuple[str, ...] = SUFFIXES, access: HubAccess = HubAccess()) -> Path:
    """Path of a file: of a hub name's copy in the cache, which is brought there or up to date; of any other the same.

    Args:
        name: a path, or ``hf://owner/name``, with ``@revision`` (its slashes as ``%2F``) and ``/file`` if need be.
        suffixes: of the file that is looked for where the name states none.
        access: how the hub is asked.

    Raises:
        MissingPackageError: huggingface_hub is not installed.
        ModelError: the name is malformed; there is no such repository, revision or file, or it may not be read; or
            the hub can't be reached and the cache has no copy.
    """
    if not is_hub_name(name):
        return Path(name)
    parts = _NAME.fullmatch(str(name))
    if parts is None:
        raise ModelError(f"{str(name)!r} is no place on the hub: write hf://owner/name or hf://owner/name@revision")
    revision = unquote(parts["revision"]) if parts["revision"] else access.revision
    folder = _snapshot(parts["repo"], revision, parts["file"], access)
    if parts["file"]:
        path = folder / parts["file"]
        if not path.is_file():
            raise ModelError(f"{parts['repo']} on the hub has no file {parts['file']}: look at its files")
        return path
    return _only_file(parts["repo"], folder, suffixes)


def _snapshot(repo: str, revision: str | None, file: str | None, access: HubAccess) -> Path:
    hub = require("huggingface_hub", extra="hub", purpose="names that begin with hf://")
    with hub_errors(repo, revision):
        folder = hub.snapshot_download(
            repo,
            revision=revision,
            cache_dir=access.cache_dir,
            token=access.token,
            local_files_only=access.local_files_only,
            force_download=access.force_download,
            allow_patterns=[file] if file else [f"*{suffix}" for suffix in SUFFIXES],
            library_name="auricle",
        )
    return Path(folder)


def _only_file(repo: str, folder: Path, suffixes: tuple[str, ...]) -> Path:
    paths = [path for suffix in suffixes for path in sorted(folder.glob(f"*{suffix}"))]
    if not paths:
        raise ModelError(f"{repo} on the hub holds no {' or '.join(suffixes)} file: name another repository")
    if len(paths) > 1:
        names = ", ".join(path.name for path in paths)
        raise ModelError(f"{repo} on the hub holds several: {names}: name one as hf://{repo}/{paths[0].name}")
    return paths[0]


@contextmanager
def hub_errors(repo: str, revision: str | None = None) -> Iterator[None]:
    """Turn what huggingface_hub raises into one line that says what to do.

    Raises:
        ModelError: for any of them.
    """
    errors = require("huggingface_hub.errors", extra="hub", purpose="names that begin with hf://")
    try:
        yield
    except errors.GatedRepoError as error:
        raise ModelError(f"{repo} on the hub asks for permission: get it on its page, then `hf auth login`") from error
    except errors.RepositoryNotFoundError as error:
        raise ModelError(
            f"there is no {repo} on the hub, or you may not see it: look at the name, or `hf auth login`"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise ModelError(f"{repo} on the hub has no revision {revision}: name a branch, tag or commit") from error
    except errors.LocalEntryNotFoundError as error:
        raise ModelError(
            f"{repo} is not in the cache of the hub, and the hub can't be reached or may not be asked: connect, unset "
            "HF_HUB_OFFLINE, or name a file"
        ) from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        advice = "log in with `hf auth login` and a token that may write" if status in (401, 403) else "try again later"
        raise ModelError(f"the hub answers {status} for {repo}: {advice}") from error
    except (errors.HFValidationError, errors.LocalTokenNotFoundError) as error:
        raise ModelError(f"the hub can't be asked for {repo}: {_first_line(error)}") from error
    except (errors.HTTPError, OSError) as error:
        raise ModelError(f"the hub can't be reached for {repo}: {_first_line(error)}: try again later") from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(". ")

"""A file, its configuration and its card become a commit in a repository of the hub."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final
from urllib.parse import quote

from auricle.errors import OptionError
from auricle.extras import require
from auricle.hub.download import hub_errors
from auricle.options.hub import PushOptions

CARD = "README.md"
CONFIG = "config.json"
"""The hub counts downloads of this name."""


@final
@dataclass(frozen=True)
class PushResult:
    """What `push` published.

    Attributes:
        repo: owner and name.
        url: of the commit, or of the pull request.
        commit: its hash: ``hf://owner/name@hash`` is this very file for ever.
        files: names in the repository, with their bytes.
        revision: branch or pull request that has the commit; empty for the main branch.
    """

    repo: str
    url: str
    commit: str
    files: dict[str, int]
    revision: str = ""

    @property
    def place(self) -> str:
        """What names the file here: ``hf://owner/name``, with a revision where it is not on the main branch."""
        return f"hf://{self.repo}" + (f"@{quote(self.revision, safe='')}" if self.revision else "")


@final
@dataclass(frozen=True)
class Publication:
    """What is committed.

    Attributes:
        path: the file.
        config: its configuration and origin as plain values.
        card: its card in Markdown.
        suffix: that names its kind, whatever the file is called here.
    """

    path: Path
    config: Mapping[str, Any]
    card: str
    suffix: str

    @property
    def config_json(self) -> bytes:
        """The configuration as it is written."""
        return json.dumps(self.config, indent=1, default=str).encode() + b"\n"

    @property
    def name(self) -> str:
        """Its name in the repository: one of each kind, so that a later one replaces it."""
        return f"model{self.suffix}"


def check_repository(repo: str) -> None:
    """Refuse what can't be a repository of the hub.

    Raises:
        OptionError: it is no ``owner/name``.
    """
    if repo.count("/") != 1 or not all(repo.split("/")):
        raise OptionError(f"{repo!r} is no repository of the hub: write owner/name")


def upload(publication: Publication, repo: str, options: PushOptions, *, token: str | bool | None = None) -> PushResult:
    """Commit to a repository, which is made where it does not exist yet.

    Raises:
        MissingPackageError: huggingface_hub is not installed.
        ModelError: the hub can't be reached, or refuses.
        OptionError: the repository is no ``owner/name``.
    """
    hub = require("huggingface_hub", extra="hub", purpose="models on the hub")
    check_repository(repo)
    contents: dict[str, Path | bytes] = {publication.name: publication.path, CONFIG: publication.config_json}
    api = hub.HfApi(token=token, library_name="auricle")
    with hub_errors(repo, options.branch):
        api.create_repo(repo, private=options.private or None, exist_ok=True)
        if options.branch:
            api.create_branch(repo, branch=options.branch, exist_ok=True)
        if options.replace_card or not api.file_exists(repo, CARD, revision=options.branch):
            contents[CARD] = publication.card.encode()
        commit = api.create_commit(
            repo,
            [hub.CommitOperationAdd(name, content) for name, content in contents.items()],
            commit_message=options.message or f"Upload {publication.name} with Auricle",
            revision=options.branch,
            create_pr=options.create_pr,
        )
    sizes = {name: len(c) if isinstance(c, bytes) else c.stat().st_size for name, c in contents.items()}
    revision = commit.pr_revision or options.branch or ""
    return PushResult(repo, str(commit.pr_url or commit.commit_url), commit.oid, sizes, revision)

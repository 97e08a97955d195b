"""Options of what is published on the hub."""

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class PushOptions:
    """How a file is published.

    Attributes:
        private: make a repository that does not exist yet one that only its owner sees.
        branch: to commit to; it is made where it does not exist. By default the main one.
        create_pr: propose the commit as a pull request.
        message: of the commit.
        replace_card: write the card anew, where the repository has one already.
    """

    private: bool = False
    branch: str | None = None
    create_pr: bool = False
    message: str | None = None
    replace_card: bool = False

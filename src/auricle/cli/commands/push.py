"""``auricle push``."""

import time
from typing import Annotated

from cyclopts import Parameter

from auricle.cli.formatting import format_size
from auricle.cli.options import DEFAULT_OUTPUT, Flag, Output
from auricle.cli.screen import Screen
from auricle.options.hub import PushOptions


def push(
    model: str,
    repo: str,
    /,
    *,
    options: Annotated[PushOptions, Parameter(name="*", negative="")] = PushOptions(),
    dry_run: Flag = False,
    output: Output = DEFAULT_OUTPUT,
) -> None:
    """Publish a model, prior or classifier on the Hugging Face Hub.

    Args:
        model: the file, or a shipped model's or prior's name.
        repo: owner/name on the hub; it is made where it does not exist.
        dry_run: print the card and send nothing.
    """
    screen, started = Screen(output), time.perf_counter()
    if dry_run:
        from auricle.api.push import publication_of

        publication = publication_of(model, repo)
        values = {"repo": repo, "files": [publication.name, "config.json", "README.md"], "card": publication.card}
        screen.result(publication.card.splitlines(), values)
        return
    from auricle import push

    result = push(model, repo, options)
    elapsed = time.perf_counter() - started
    sizes = ", ".join(f"{name} {format_size(size)}" for name, size in result.files.items())
    screen.result(
        (f"{result.url}: {sizes}", f"{result.place} names it, hf://{repo}@{result.commit[:12]} just as it is now"),
        {"repo": repo, "url": result.url, "commit": result.commit, "files": result.files, "elapsed_seconds": elapsed},
    )

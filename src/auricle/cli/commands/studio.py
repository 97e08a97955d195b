"""``auricle studio``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from auricle.options.studio import StudioOptions


def studio(
    folder: Path = Path(),
    /,
    *,
    options: Annotated[StudioOptions, Parameter(name="*", negative="")] = StudioOptions(),
) -> None:
    """Open a page to collect, train on, compress, make and label sounds in the browser.

    Args:
        folder: the library of sounds; the current folder by default.
    """
    from auricle import run_studio

    run_studio(folder, options)

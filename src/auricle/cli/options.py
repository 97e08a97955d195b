"""Options that every verb has."""

from dataclasses import dataclass
from typing import Annotated, final

from cyclopts import Parameter

Flag = Annotated[bool, Parameter(negative="", show_default=False)]
"""An option that is there or not; there is no ``--no-`` form of it."""


@final
@Parameter(name="*")
@dataclass(frozen=True)
class Output:
    """How a verb reports.

    Attributes:
        json: print the result as one JSON object on standard output; progress goes to standard error.
        quiet: print neither progress nor the result; errors and --json still speak.
    """

    json: Flag = False
    quiet: Flag = False


DEFAULT_OUTPUT = Output()

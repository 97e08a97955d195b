"""How far a run is."""

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[float, float], None]
"""Is told how many seconds of sound are done, of how many, 0 where nobody knows. Starts over at a second try."""

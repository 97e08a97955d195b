"""The demo: real recordings compressed at two bitrates, and a page to listen to them."""

from auricle.demo.show import Demo, run
from auricle.demo.versions import ExcerptVersion

__all__ = ["Demo", "ExcerptVersion", "run"]

"""The demo: real recordings compressed at two bitrates, and a page to listen to them."""

from auricle.demo.show import Demo, run
from auricle.demo.takes import Take

__all__ = ["Demo", "Take", "run"]

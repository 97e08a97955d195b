"""The command line: one file per verb, each of which calls one public function."""

from auricle.cli.main import main

__all__ = ["main"]

"""Seeing and hearing a run while it trains: its history, verdicts on its health, a page, and trackers."""

from auricle.watch.health import RunHealth, examine_run, is_run, verdicts
from auricle.watch.history import HISTORY, History, read_history
from auricle.watch.page import PAGE
from auricle.watch.recorder import Recorder
from auricle.watch.trackers import TENSORBOARD, check_trackers

__all__ = [
    "HISTORY",
    "PAGE",
    "TENSORBOARD",
    "History",
    "Recorder",
    "RunHealth",
    "check_trackers",
    "examine_run",
    "is_run",
    "read_history",
    "verdicts",
]

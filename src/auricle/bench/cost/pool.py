"""Scoring sounds in this process or in several at once."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, final

from auricle.bench.cost.cost import ONE_THREAD
from auricle.held_signals import end_on_signals, signals_held


@final
class _ImmediateExecutor(Executor):
    """Calls what is submitted, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def _initialise_worker() -> None:
    """Called first in a process that scores: it ends with the one that asked for the scores, however that ends."""
    end_on_signals(unwind=False)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@final
class _SpawningExecutor(ProcessPoolExecutor):
    """Processes that are started afresh, whole, as work for them comes."""

    def __init__(self, jobs: int) -> None:
        super().__init__(jobs, multiprocessing.get_context("spawn"), _initialise_worker)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        with signals_held():
            return super().submit(fn, *args, **kwargs)


@contextmanager
def scoring_pool(jobs: int) -> Iterator[Executor]:
    """An executor of so many processes besides this one, each on one thread; with 1, of this process alone.

    The processes are started afresh, which needs a program whose main module may be imported.
    """
    if jobs <= 1:
        yield _ImmediateExecutor()
        return
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)  # libraries look at it when they are loaded
    try:
        with _SpawningExecutor(jobs) as pool:
            try:
                yield pool
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)  # whoever interrupts does not wait for the rest
                raise
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})

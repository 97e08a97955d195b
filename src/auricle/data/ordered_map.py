"""Work on a few threads, its results in order."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def ordered_map(
    function: Callable[[_Item], _Result], items: Iterable[_Item], *, threads: int, queue: int
) -> Generator[_Result]:
    """Yield ``function(item)`` of each item, in order; at most ``queue`` results wait for a slow one before them.

    Close the generator where it may not come to its end: then nothing is at work any more.
    """
    with ThreadPoolExecutor(threads) as pool:
        futures: deque[Future[_Result]] = deque()
        try:
            for item in items:
                futures.append(pool.submit(function, item))
                if len(futures) > queue:
                    yield futures.popleft().result()
            while futures:
                yield futures.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

"""Places that are named by a URL (``s3://bucket/folder``, ``https://…``, ``memory://…``), through fsspec."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from auricle.errors import AuricleError, DataError

if TYPE_CHECKING:
    from pathlib import Path

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def is_url(text: "str | Path") -> bool:
    """Whether a place is named by a URL; ``C:\\sounds`` is none."""
    scheme, mark, _ = str(text).partition("://")
    return bool(mark) and len(scheme) > 1 and scheme.replace("+", "").replace(".", "").replace("-", "").isalnum()


def public_url(url: str) -> str:
    """A URL without the password and the query that may be in it, for messages."""
    scheme, mark, place = url.partition("://")
    host, slash, path = re.split("[?#]", place, maxsplit=1)[0].partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}" if mark else url


@contextmanager
def driver_errors(url: str, problem: str, advice: str = "") -> Iterator[None]:
    """Inside the block, drivers raise what they like: say it in one line.

    Raises:
        DataError: something went wrong.
    """
    try:
        yield
    except AuricleError:
        raise
    except ImportError as error:
        scheme = url.partition("://")[0]
        raise DataError(f"reading {scheme}:// needs a driver that is not installed: {error}") from error
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _DISK_FULL:
            raise
        words = " ".join(str(error).split()).rstrip(". ")[:300]
        reason = ": ".join(filter(None, (type(error).__name__, words)))
        raise DataError(f"{problem} {public_url(url)}: {reason}{advice}") from error


def open_url(url: str) -> tuple[Any, str]:
    """Its fsspec file system, and the path there.

    Raises:
        DataError: there is no driver for it.
    """
    from fsspec.core import url_to_fs

    with driver_errors(url, "can't open", "; use a local folder or another URL"):
        return url_to_fs(url)

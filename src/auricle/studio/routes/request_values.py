"""What routes have in common: the studio behind a request, and its body as plain values."""

from typing import Any

from starlette.requests import Request

from auricle.errors import OptionError
from auricle.studio.server.studio import Studio


def studio_of(request: Request) -> Studio:
    """The server that was asked."""
    return request.app.state.studio


async def arguments(request: Request, *required: str) -> dict[str, Any]:
    """The JSON object of a request.

    Raises:
        OptionError: it is none, or lacks a name.
    """
    try:
        values = await request.json()
    except (ValueError, RecursionError) as error:
        raise OptionError("the request holds no JSON") from error
    if not isinstance(values, dict):
        raise OptionError("the request holds no JSON object")
    if missing := [name for name in required if name not in values]:
        raise OptionError(f"the request lacks {', '.join(missing)}")
    return values

"""Who may ask the server, and how much may be sent: checked before anything else sees a request."""

import hmac
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from auricle.options.studio import StudioOptions, is_loopback

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_MAX_REQUEST = 1 << 20
UPLOADS = "/api/uploads"
_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "media-src 'self' blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@final
@dataclass(frozen=True)
class Access:
    """What a request must show.

    Attributes:
        token: of this start of the server.
        port: that it listens at.
        options: where it listens, and whether other machines may come.
    """

    token: str
    port: int
    options: StudioOptions

    def allows_host(self, host: str) -> bool:
        """Whether a page of this Host may ask: no name that a stranger's DNS could point here."""
        name, _, port = host.rpartition(":") if not host.endswith("]") and ":" in host else (host, "", "80")
        name = name.strip("[]").lower()
        if port != str(self.port):
            return False
        if is_loopback(name):
            return True
        if not self.options.allow_remote:
            return False
        return name in (self.options.host, socket.gethostname().lower()) or _is_address(name)

    def allows_token(self, authorization: str) -> bool:
        """Whether the header is ``Bearer`` and the token."""
        return hmac.compare_digest(authorization.encode(), f"Bearer {self.token}".encode())

    def seal(self, text: str) -> str:
        """What proves that the server itself has named ``text`` to whoever asks."""
        return hmac.digest(self.token.encode(), text.encode(), "sha256").hex()[:32]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


@final
class Guard:
    """ASGI middleware in front of everything.

    Args:
        app: what answers.
        access: what a request must show.
    """

    def __init__(self, app: "ASGIApp", access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer, or refuse: 421 another host, 403 another origin, 401 without token, 413 too much."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        limit = self._access.options.max_upload * 1_000_000 if scope["path"] == UPLOADS else _MAX_REQUEST
        refusal = self._refusal(scope["path"], headers, limit)
        if refusal is not None:
            await _refuse(send, *refusal)
            return
        await self._app(scope, _counted(receive, limit), _with_headers(send))

    def _refusal(self, path: str, headers: Mapping[str, str], limit: int) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if not self._access.allows_host(host):
            return 421, "this server does not answer for that host"
        origin = headers.get("origin")
        if origin is not None and origin != f"http://{host}":
            return 403, "requests from other pages are refused"
        is_private = path.startswith(("/api/", "/file/", "/library/", "/thumb/"))
        if is_private and headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return 403, "requests from other pages are refused"
        if path.startswith("/api/") and not self._access.allows_token(headers.get("authorization", "")):
            return 401, "open the address that auricle studio printed: it holds the token"
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdecimal()):
            return 400, "the length of the request is no number"
        if len(length) > 18 or int(length) > limit:
            return 413, too_large(limit)
        return None


def too_large(limit: int) -> str:
    """What whoever sends too much is told."""
    return f"that is more than {limit / 1e6:g} MB: send less, or start auricle studio with a larger --max-upload"


def _counted(receive: "Receive", limit: int) -> "Receive":
    """The same bytes, up to a limit: a request need not say how long it is."""
    received = 0

    async def counting() -> "Message":
        from starlette.exceptions import HTTPException

        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise HTTPException(413, too_large(limit))
        return message

    return counting


def _with_headers(send: "Send") -> "Send":
    async def sending(message: "Message") -> None:
        if message["type"] == "http.response.start":
            extra = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
            message = {**message, "headers": [*message.get("headers", ()), *extra]}
        await send(message)

    return sending


async def _refuse(send: "Send", status: int, reason: str) -> None:
    from starlette.responses import JSONResponse

    async def no_body() -> "Message":
        return {"type": "http.disconnect"}

    await JSONResponse({"error": reason}, status, {"Connection": "close"})(
        {"type": "http"}, no_body, _with_headers(send)
    )

"""The application: routes of all rooms, files, the page; every refusal as one line of JSON."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from importlib import resources

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from auricle.errors import AuricleError
from auricle.html import asset
from auricle.studio.routes import compress, items, jobs, label, make, sounds, train
from auricle.studio.server.guard import Guard
from auricle.studio.server.lane import SupersededError, WorkerLostError
from auricle.studio.server.studio import Studio

_SHARED = {"page.css": ("html", "text/css"), "tally.js": ("bench/report", "text/javascript")}
"""Files of other pages that the studio's shares, and where they lie."""


def application(studio: Studio, on_start: Callable[[], None]) -> ASGIApp:
    """What uvicorn serves; ``on_start`` is called when it does, and handles signals."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        watching = asyncio.create_task(studio.watch_jobs())
        on_start()
        yield
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        await studio.lane.close()
        await studio.looks.close()

    page = resources.files("auricle") / "studio" / "page"
    routes = [
        Route("/", lambda request: FileResponse(str(page / "index.html"), headers={"Cache-Control": "no-cache"})),
        Route("/shared/{name}", _shared),
        *compress.ROUTES,
        *items.ROUTES,
        *jobs.ROUTES,
        *label.ROUTES,
        *make.ROUTES,
        *sounds.ROUTES,
        *train.ROUTES,
        Mount("/page", StaticFiles(directory=str(page))),
    ]
    handlers = {AuricleError: _user_error, HTTPException: _http_error}
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)
    app.state.studio = studio
    return Guard(app, studio.access)


async def _shared(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _SHARED:
        raise HTTPException(404, "there is no such page")
    room, kind = _SHARED[name]
    return Response(asset(room, name), media_type=kind)


async def _user_error(request: Request, error: Exception) -> Response:
    status = 409 if isinstance(error, SupersededError) else 502 if isinstance(error, WorkerLostError) else 400
    return JSONResponse({"error": str(error)}, status)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code)

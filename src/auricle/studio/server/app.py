"""The application: routes of all rooms, files, the page; every refusal as one line of JSON."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from auricle.errors import AuricleError
from auricle.studio.routes import compress, items, jobs, label, make, sounds, train
from auricle.studio.server import page
from auricle.studio.server.guard import Guard
from auricle.studio.server.studio import Studio
from auricle.studio.server.worker_client import SupersededError, WorkerLostError


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
        await studio.model_worker.close()
        await studio.listing_worker.close()

    routes = [
        *page.ROUTES,
        *compress.ROUTES,
        *items.ROUTES,
        *jobs.ROUTES,
        *label.ROUTES,
        *make.ROUTES,
        *sounds.ROUTES,
        *train.ROUTES,
    ]
    handlers = {AuricleError: _user_error, HTTPException: _http_error, Exception: _our_error}
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)
    app.state.studio = studio
    return Guard(app, studio.access)


async def _user_error(request: Request, error: Exception) -> Response:
    status = 409 if isinstance(error, SupersededError) else 502 if isinstance(error, WorkerLostError) else 400
    return JSONResponse({"error": str(error)}, status)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code)


async def _our_error(request: Request, error: Exception) -> Response:
    """What nobody thought of: the page shows the line, and the traceback goes to the log."""
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    return JSONResponse({"error": f"this failed ({reason})"}, 500)

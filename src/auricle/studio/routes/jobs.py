"""Jobs: what runs and waits, as it changes."""

import json
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from auricle.studio.routes.request_values import arguments, studio_of

_HEARTBEAT_SECONDS = 15.0


async def events(request: Request) -> Response:
    """The list of jobs, again whenever it changes (server-sent events)."""
    studio = studio_of(request)

    async def lines() -> AsyncIterator[str]:
        while True:
            yield f"event: jobs\ndata: {json.dumps(studio.job_changes.jobs)}\n\n"
            while not await studio.job_changes.wait(_HEARTBEAT_SECONDS):
                yield ": still here\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def cancel(request: Request) -> Response:
    """End a job or take it out of the queue."""
    values = await arguments(request, "id")
    studio_of(request).queue.cancel(str(values["id"]))
    return JSONResponse({})


ROUTES = (Route("/api/events", events), Route("/api/jobs/cancel", cancel, methods=["POST"]))

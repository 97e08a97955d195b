"""The room Make."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auricle.errors import OptionError
from auricle.studio.routes.request_values import arguments, studio_of

_NEWEST = 200
_LATEST = 1e15
"""In milliseconds: what lies beyond, such as infinity, is no time, and no answer could hold it."""


async def priors(request: Request) -> Response:
    """What can make sounds."""
    return JSONResponse(await studio_of(request).model_worker.ask("list_priors", {}))


async def kept(request: Request) -> Response:
    """Sounds that were made and not discarded, the oldest first."""
    studio = studio_of(request)
    items = [item.facts for item in studio.workspace.all_items()]
    oldest_first = sorted((facts for facts in items if facts.get("kept")), key=lambda facts: facts["kept"])
    return JSONResponse({"sounds": [studio.with_urls(facts, facts["id"]) for facts in oldest_first[-_NEWEST:]]})


async def sounds(request: Request) -> Response:
    """New sounds."""
    return await _several(request, "make_sounds", "prior")


async def notes(request: Request) -> Response:
    """Tuned notes."""
    return await _several(request, "make_notes", "prior", "notes", "velocity")


async def variations(request: Request) -> Response:
    """Variations of a sound."""
    return await _several(request, "make_variations", "id")


async def _several(request: Request, task: str, *required: str) -> Response:
    studio, values = studio_of(request), await arguments(request, *required)
    answer = await studio.model_worker.ask(task, values)
    return JSONResponse({"sounds": [studio.with_urls(facts, facts["id"]) for facts in answer["sounds"]]})


async def keep(request: Request) -> Response:
    """Keep a sound, or discard it."""
    studio, values = studio_of(request), await arguments(request, "id", "kept")
    item, kept = studio.workspace.item(values["id"]), values["kept"]
    if kept is False:
        item.remove()
        return JSONResponse({})
    if not isinstance(kept, int | float) or not -_LATEST < kept < _LATEST:
        raise OptionError("a sound is kept since a time: give its number, or false to discard the sound")
    return JSONResponse(studio.with_urls(item.add(kind="made", kept=float(kept)), item.id))


async def blend(request: Request) -> Response:
    """What lies between up to four sounds."""
    return await _newest(request, "blend", "ids", "shares")


async def move(request: Request) -> Response:
    """A sound moved along directions."""
    return await _newest(request, "move", "id", "amounts")


async def _newest(request: Request, task: str, *required: str) -> Response:
    """A task of which only the newest question is answered."""
    studio, values = studio_of(request), await arguments(request, *required)
    facts = await studio.model_worker.ask(task, values, key=task)
    return JSONResponse(studio.with_urls(facts, facts["id"]))


async def directions(request: Request) -> Response:
    """The names of a prior's directions."""
    return JSONResponse(await studio_of(request).model_worker.ask("find_directions", await arguments(request, "prior")))


async def pack(request: Request) -> Response:
    """A set as one file."""
    studio, values = studio_of(request), await arguments(request, "ids")
    facts = await studio.model_worker.ask("pack_set", values)
    return JSONResponse(studio.with_urls(facts, facts["id"]))


ROUTES = (
    Route("/api/make/priors", priors),
    Route("/api/make/kept", kept),
    Route("/api/make/sounds", sounds, methods=["POST"]),
    Route("/api/make/notes", notes, methods=["POST"]),
    Route("/api/make/variations", variations, methods=["POST"]),
    Route("/api/make/keep", keep, methods=["POST"]),
    Route("/api/make/blend", blend, methods=["POST"]),
    Route("/api/make/move", move, methods=["POST"]),
    Route("/api/make/directions", directions, methods=["POST"]),
    Route("/api/make/pack", pack, methods=["POST"]),
)

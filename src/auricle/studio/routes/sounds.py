"""The room Sounds."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auricle.errors import OptionError
from auricle.studio.routes.request_values import arguments, studio_of
from auricle.studio.server.catalog import FINDINGS
from auricle.studio.server.jobs import read_json

_MOST_IDS = 20_000


async def listed(request: Request) -> Response:
    """Every sound of the folder, the labels, and what the doctor has found."""
    studio = studio_of(request)
    values = await studio.listing_worker.ask("list_sounds", {}, key="list")
    findings = read_json(studio.workspace.state / FINDINGS)
    return JSONResponse({**values, "labels": studio.library.labels(), "findings": findings or None})


async def looks(request: Request) -> Response:
    """How some sounds look, with the addresses of their files."""
    studio = studio_of(request)
    values = await studio.listing_worker.ask("look_at", {"ids": await _ids(request)})
    for id, look in values["looks"].items():
        look["url"] = studio.sound_url(id)
        if look.get("thumb"):
            look["thumb_url"] = studio.thumb_url(id)
    return JSONResponse(values)


async def opened(request: Request) -> Response:
    """A sound to hear and see large."""
    studio = studio_of(request)
    facts = await studio.listing_worker.ask("open_listed", await arguments(request, "id"), key="open")
    return JSONResponse(studio.with_urls(facts, facts["id"]))


async def examine(request: Request) -> Response:
    """Begin to look for what is wrong."""
    return JSONResponse({"job": studio_of(request).queue.add("examine", "Check the sounds", {})})


async def remove(request: Request) -> Response:
    """Take sounds out of the folder; this can be undone."""
    return JSONResponse(await studio_of(request).listing_worker.ask("remove_sounds", {"ids": await _ids(request)}))


async def restore(request: Request) -> Response:
    """Put them back."""
    return JSONResponse(await studio_of(request).listing_worker.ask("restore_sounds", {"ids": await _ids(request)}))


async def _ids(request: Request) -> list[str]:
    ids = (await arguments(request, "ids"))["ids"]
    if not isinstance(ids, list) or len(ids) > _MOST_IDS:
        raise OptionError(f"name a list of up to {_MOST_IDS} sounds")
    return [str(id) for id in ids]


ROUTES = (
    Route("/api/sounds/list", listed),
    Route("/api/sounds/looks", looks, methods=["POST"]),
    Route("/api/sounds/open", opened, methods=["POST"]),
    Route("/api/sounds/examine", examine, methods=["POST"]),
    Route("/api/sounds/remove", remove, methods=["POST"]),
    Route("/api/sounds/restore", restore, methods=["POST"]),
)

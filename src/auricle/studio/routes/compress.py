"""The room Compress."""

from importlib import resources

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auricle.errors import OptionError
from auricle.studio.routes.request_values import arguments, studio_of

_EXAMPLES = ("speech_1", "speech_2", "music_1", "music_2", "rooster", "tabla")
_SHORT_SECONDS = 60.0


async def example(request: Request) -> Response:
    """One of the recordings in the package, as if it had been sent."""
    studio, values = studio_of(request), await arguments(request, "name")
    name = values["name"]
    if name not in _EXAMPLES:
        raise OptionError(f"there is no example of that name: choose one of {', '.join(_EXAMPLES)}")
    item = studio.workspace.new_item(kind="sound", name=f"{name}.flac", source="source.flac")
    data = (resources.files("auricle") / "demo" / "sounds" / f"{name}.flac").read_bytes()
    item.file("source.flac").write_bytes(data)
    return JSONResponse(studio.with_urls(await studio.model_worker.ask("open_sound", {"id": item.id}), item.id))


async def models(request: Request) -> Response:
    """What can compress."""
    return JSONResponse(await studio_of(request).listing_worker.ask("list_models", {}))


async def warm_up(request: Request) -> Response:
    """Load what will be needed soon."""
    return JSONResponse(await studio_of(request).model_worker.ask("warm_up", await arguments(request), key="warm up"))


async def opened(request: Request) -> Response:
    """What is known of a sound or an .aur file that was sent."""
    studio, values = studio_of(request), await arguments(request, "id")
    item = studio.workspace.item(values["id"])
    return JSONResponse(studio.with_urls(item.facts, item.id))


async def preview(request: Request) -> Response:
    """The sound at a bitrate; of several questions that wait, the newest is answered."""
    studio, values = studio_of(request), await arguments(request, "id", "codec", "kbps")
    facts = await studio.model_worker.ask("preview", values, key=f"preview {values['id']} {values['codec']}")
    return JSONResponse(studio.with_urls(facts, values["id"]))


async def whole(request: Request) -> Response:
    """The .aur file: at once of a short sound, as a job of a long one."""
    studio, values = studio_of(request), await arguments(request, "id", "kbps")
    facts = studio.workspace.item(values["id"]).facts
    if not {"source", "seconds"} <= facts.keys():
        raise OptionError("only a sound that was sent, recorded or opened can be compressed")
    if facts["seconds"] > _SHORT_SECONDS:
        id = studio.queue.add("compress_whole", f"Compress {facts['name']}", values)
        return JSONResponse({"job": id})
    done = await studio.model_worker.ask("compress_whole", values)
    return JSONResponse(studio.with_urls(done, values["id"]))


async def repair(request: Request) -> Response:
    """What can be saved of a damaged .aur file."""
    studio, values = studio_of(request), await arguments(request, "id")
    facts = await studio.model_worker.ask("repair_aur", values)
    return JSONResponse({**studio.with_urls(facts, facts["id"]), "aur_url": studio.item_url(facts["id"], "source.aur")})


async def file_url(request: Request) -> Response:
    """The address of a job's file."""
    studio, values = studio_of(request), await arguments(request, "id", "file")
    path = studio.workspace.item(values["id"]).file(values["file"])
    if not path.is_file():
        raise OptionError("this file is no longer there")
    return JSONResponse({"url": studio.item_url(values["id"], values["file"])})


ROUTES = (
    Route("/api/compress/models", models),
    Route("/api/compress/example", example, methods=["POST"]),
    Route("/api/compress/opened", opened, methods=["POST"]),
    Route("/api/compress/preview", preview, methods=["POST"]),
    Route("/api/compress/whole", whole, methods=["POST"]),
    Route("/api/compress/repair", repair, methods=["POST"]),
    Route("/api/warm-up", warm_up, methods=["POST"]),
    Route("/api/file", file_url, methods=["POST"]),
)

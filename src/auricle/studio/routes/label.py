"""The room Label."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auricle.errors import OptionError
from auricle.printable import printable
from auricle.studio.routes.request_values import arguments, studio_of
from auricle.studio.server.library import LABELS
from auricle.studio.server.studio import attachment


async def read(request: Request) -> Response:
    """Begin to listen to the folder."""
    studio = studio_of(request)
    return JSONResponse({"job": studio.queue.add("read_library", "Listen to the folder", await arguments(request))})


async def library(request: Request) -> Response:
    """The map with the addresses of its sounds, and the labels so far."""
    studio = studio_of(request)
    values = studio.library.read()
    sounds = [
        {**sound, "name": printable(sound["name"]), "url": studio.sound_url(sound["id"])} for sound in values["sounds"]
    ]
    return JSONResponse({**values, "sounds": sounds, "labels": studio.library.labels()})


async def label(request: Request) -> Response:
    """Give sounds a label; none takes it away."""
    values = await arguments(request, "ids", "label")
    ids, text = values["ids"], values["label"]
    if not isinstance(ids, list) or not isinstance(text, str | None):
        raise OptionError("a label is text, and goes to a list of sounds")
    return JSONResponse({"labels": studio_of(request).library.label([str(id) for id in ids], text)})


async def suggest(request: Request) -> Response:
    """What to label next."""
    return JSONResponse(await studio_of(request).model_worker.ask("suggest_next", {}, key="suggest"))


async def similar(request: Request) -> Response:
    """What is most like a sound."""
    return JSONResponse(
        await studio_of(request).model_worker.ask("find_similar", await arguments(request, "id"), key="similar")
    )


async def judge(request: Request) -> Response:
    """The confusion matrix."""
    return JSONResponse(await studio_of(request).model_worker.ask("judge_classes", {}))


async def learn(request: Request) -> Response:
    """A classifier of the labels so far, and its files."""
    studio = studio_of(request)
    facts = await studio.model_worker.ask("save_classifier", {})
    files = [[title, studio.item_url(facts["id"], name)] for name, title in facts["files"]]
    return JSONResponse({**facts, "files": files})


async def timeline(request: Request) -> Response:
    """What is heard when in a recording."""
    return JSONResponse(await studio_of(request).model_worker.ask("hear_timeline", await arguments(request, "id")))


async def table(request: Request) -> Response:
    """The labels, as `auricle classify` reads them."""
    path = studio_of(request).workspace.state / LABELS
    text = path.read_bytes() if path.exists() else b"path,label\r\n"
    return Response(text, media_type="text/csv", headers={"Content-Disposition": attachment(LABELS)})


ROUTES = (
    Route("/api/label/read", read, methods=["POST"]),
    Route("/api/label/library", library),
    Route("/api/label/label", label, methods=["POST"]),
    Route("/api/label/suggest", suggest, methods=["POST"]),
    Route("/api/label/similar", similar, methods=["POST"]),
    Route("/api/label/judge", judge, methods=["POST"]),
    Route("/api/label/learn", learn, methods=["POST"]),
    Route("/api/label/timeline", timeline, methods=["POST"]),
    Route("/api/label/labels.csv", table),
)
